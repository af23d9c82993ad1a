"""What holds for any leases at all."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from leasemerge.lease import NEVER, Lease
from leasemerge.log import LeaseLog, parse
from leasemerge.merge import Merge, merge
from leasemerge.names import Names
from leasemerge.record_data import AAAA, PTR, A, data_text, reverse_name
from leasemerge.site import Site
from leasemerge.zone import records_of, zone_data
from tests.support.examples import NOW, SITE, site, wide

ADDRESSES = [f"10.1.1.{number}" for number in (9, 15, 100, 101, 102, 103)] + [
    "10.9.1.7",
    "10.1.2.7",
]
TIMES = st.sampled_from([None, NEVER]) | st.integers(NOW - 3, NOW + 3)

blocks = st.dictionaries(
    st.sampled_from(ADDRESSES),
    st.builds(
        Lease,
        address=st.just(""),
        state=st.sampled_from(["active", "active", "active", "free", "released", "abandoned"]),
        starts=TIMES,
        ends=st.sampled_from([None, NEVER, NOW, NOW + 1, NOW + 60]),
        cltt=TIMES,
        hardware=st.sampled_from(
            ["02:00:00:00:01:01", "02:00:00:00:01:02", "02:00:00:00:00:09", "de:ad:be:ef:ca:fe"]
        ),
        uid=st.sampled_from([None, "01:aa", "01:bb"]),
        hostname=st.sampled_from([None, "pc", "pc", "x.y", "www", "wpad"])
        | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=70),
    ),
).map(lambda found: [replace(block, address=address) for address, block in found.items()])
pairs = st.fixed_dictionaries({"draco": blocks, "taurus": blocks})


def text(log: list[Lease]) -> bytes:
    """Write a lease file."""
    return b"".join(block.render() for block in log)


def from_files(files: dict[str, bytes]) -> bytes:
    """Make zone data of lease files."""
    logs = {server: parse(data).leases.values() for server, data in files.items()}
    return zone_data(merge(logs, site, NOW), site)


@contextmanager
def time_zone(name: str) -> Iterator[None]:
    """Be in another time zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


@given(
    logs=st.lists(
        st.tuples(st.sampled_from(["draco", "taurus", "x", "y", None]), blocks), max_size=4
    ),
    chance=st.randoms(use_true_random=False),
)
def test_order_never_changes_the_output(
    logs: list[tuple[str | None, list[Lease]]], chance: random.Random
) -> None:
    """Of the feeds, of the blocks of different addresses, of what comes between."""

    def result(one_by_one: bool) -> tuple[Names, bytes]:
        numbered = [
            (server, log, [block]) for log, (server, found) in enumerate(logs) for block in found
        ]
        chance.shuffle(numbered)
        machine = Merge(site)
        for server, log, found in numbered:
            machine.update(server, found, number=log)
            if one_by_one:
                machine.names(NOW + chance.randint(-3, 3))
        names = machine.names(NOW)
        return names, zone_data(names, site)

    assert result(False) == result(False) == result(True)


@given(logs=pairs, name=st.sampled_from(["UTC", "America/St_Johns", "Pacific/Kiritimati"]))
def test_the_time_zone_never_changes_the_output(logs: dict[str, list[Lease]], name: str) -> None:
    """Nor does summer time: dhcpd writes UTC."""
    files = {server: text(log) for server, log in logs.items()}
    here = from_files(files)
    with time_zone(name):
        assert from_files({server: text(log) for server, log in logs.items()}) == here
        assert from_files(files) == here


@given(logs=pairs, size=st.integers(1, 400))
def test_chunking_never_changes_the_output(logs: dict[str, list[Lease]], size: int) -> None:
    """A feed may be cut anywhere."""
    machine = Merge(site)
    for server, found in logs.items():
        data = text(found)
        log = LeaseLog()
        for start in range(0, len(data), size):
            log.feed(data[start : start + size])
            machine.update(server, [log.leases[address] for address in log.take_changed()])
            machine.names(NOW)
    files = {server: text(found) for server, found in logs.items()}
    assert zone_data(machine.names(NOW), site) == from_files(files)


@given(logs=pairs, older=blocks)
def test_replaying_a_log_changes_nothing(logs: dict[str, list[Lease]], older: list[Lease]) -> None:
    """Nor does what an address was before its last block."""
    once = {server: text(log) for server, log in logs.items()}
    has = {block.address for block in logs["draco"]}
    before = text([block for block in older if block.address in has])
    twice = {server: data + data for server, data in once.items()}
    assert from_files(twice) == from_files(once)
    assert from_files({**once, "draco": before + once["draco"]}) == from_files(once)


@given(logs=pairs)
def test_a_name_is_live_and_its_own_clients(logs: dict[str, list[Lease]]) -> None:
    """Some server has it so: this address is active now, for the client that has this name."""
    names = merge(logs, site, NOW)
    every = [block for log in logs.values() for block in log]
    for name in names.names:
        if name.source == "fixed":
            continue
        assert name.until is not None
        assert name.until > NOW
        assert any(
            block.address == name.address
            and block.state == "active"
            and block.ends == name.until
            and block.hardware == name.hardware
            for block in every
        )
        host = next(
            (h for h in SITE["fixed_hosts"] if name.hardware in h.get("hardware_ethernet", [])),
            None,
        )
        if host is not None:
            assert name.label in (host["name"], *host.get("aliases", []))
        else:
            assert any(
                block.hostname is not None
                and block.address == name.address
                and block.hardware == name.hardware
                for block in every
            )


@given(logs=pairs, of=st.sampled_from([site, wide]))
def test_every_a_has_its_ptr_and_back(logs: dict[str, list[Lease]], of: Site) -> None:
    """One address, one PTR, to a name that points back (rule 8); of IPv6 too."""
    data = zone_data(merge(logs, of, NOW), of)
    names = Counter(record for line in data.splitlines() for record in records_of(line))
    assert set(names.values()) == {1}, "Nothing is there twice."
    pointers = {record.name: record.target for record in names if record.type == PTR}
    assert len(pointers) == sum(record.type == PTR for record in names), "One address, one PTR."
    addresses = [record for record in names if record.type in (A, AAAA)]
    reverse = {(reverse_name(data_text(a.type, a.data)), a.name) for a in addresses}
    assert set(pointers.items()) <= reverse, "Each PTR points to a name that points back."
    for name, _ in reverse:
        inside = any(name.endswith(f".{zone}") for zone in of.reverse_zones)
        assert (name in pointers) is inside, f"{name} has a PTR where it is ours to give."


@given(logs=pairs, seconds=st.lists(st.integers(-5, 120), max_size=6))
def test_until_the_next_expiry_time_changes_nothing(
    logs: dict[str, list[Lease]], seconds: list[int]
) -> None:
    """The service may sleep until then, and not a second longer."""
    machine = Merge(site)
    for server, log in logs.items():
        machine.update(server, log)
    for second in seconds:
        now = NOW + second
        names = machine.names(now)
        assert names == merge(logs, site, now)
        ends = {name.until for name in names.names} - {None, NEVER}
        assert all(end is None or names.next_expiry is not None for end in ends)
        if names.next_expiry is not None:
            assert merge(logs, site, names.next_expiry - 1).names == names.names
            assert names.next_expiry > now
