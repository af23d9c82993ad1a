"""What holds for every lease log, whatever is in it and however it is cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from leasemerge import leases as subject
from leasemerge.leases import NEVER, STATES, Fault, Lease, LeaseLog, dump_lines, in_order, parse

thoroughly = settings(max_examples=300, deadline=None)

LAST = 2**31 - 2  # one second later is never
times = st.none() | st.just(NEVER) | st.integers(0, LAST)
pairs = st.none() | st.binary(min_size=1, max_size=20).map(lambda octets: octets.hex(":"))
hostnames = st.none() | st.binary(max_size=40).map(
    lambda octets: octets.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)


def leases_of(addresses: st.SearchStrategy[str]) -> st.SearchStrategy[Lease]:
    """Return leases of these addresses."""
    states = st.sampled_from(sorted(STATES))
    return st.builds(Lease, addresses, states, times, times, times, pairs, pairs, hostnames)


leases = leases_of(st.ip_addresses(v=4).map(str))
# From few addresses, so that blocks follow each other.
few = leases_of(st.sampled_from([f"10.1.1.{number}" for number in range(4)]))

texts = st.sampled_from(
    [
        b'failover peer "pair" state {\n  my state normal at 1 2026/09/21 1:1:1;\n}\n',
        b'# a comment { " lease 10.1.1.1 {\n',
        b'host a { dynamic; set x = "}"; }\n',
        b"\n",
        b"\r\n  ",
        b"\xef\xbb\xbf",
        b"\0\0\0",
        b"frob;\n",
        b"}\n",
        b"{",
        b'"',
        b"lease ",
        b"lease 10.1.1.2 {\n",
        b"lease 10.1.1.2 { on expiry {",
        b'lease 10.1.1.2 {\n  client-hostname "',
        b"10.1.1.3 {\n",
        b"host b {\n",
        b"x" * 90,
    ]
)
logs = st.lists(few.map(Lease.render) | texts | st.binary(max_size=9), max_size=12).map(b"".join)

# As dhcpd writes them, which `render` does not: the client identifier as a string.
string_blocks = st.builds(
    lambda number, octets: (
        f'lease 10.1.1.{number} {{\n  binding state free;\n  uid "{octal(octets)}";\n}}\n'.encode()
    ),
    st.integers(0, 9),
    st.binary(min_size=1, max_size=9),
)


def octal(octets: bytes) -> str:
    """Return octets as the inside of a string."""
    return "".join(f"\\{octet:03o}" for octet in octets)


# What `render` and dhcpd write in another way, or not at all.
odd_blocks = st.builds(
    lambda number, statements: b"lease 10.1.1.%d {\n%s}\n" % (number, b"".join(statements)),
    st.integers(0, 9),
    st.lists(
        st.sampled_from(
            [
                b"  starts epoch 1790000000; # } lease\n",
                b"  ends never;\n",
                b"  ends soon;\n",
                b"  binding state backup;\n",
                b"  hardware ethernet 02:00:00:00:00:05;\n",
                b"  hardware infiniband 2:0;\n",
                b'  uid "";\n',
                b'  uid "a\\\\u0100\\"\\377}";\n',
                b'  uid "\\xff\\n\xff";\n',
                b"  uid 1:2;\n",
                b"  uid 01:02;\n",
                b'  set x = "}\\"";\n',
                b"  on expiry { lease 10.1.1.7 { } }\n",
                b'  client-hostname "";\n',
                b'  client-hostname "a\\\\b\xff";\n',
                b'  client-hostname "a}b";\n',
            ]
        ),
        max_size=5,
    ),
)


def state(log: LeaseLog) -> tuple[dict[str, Lease], dict[str, tuple[str, str]], int, list[Fault]]:
    """Return all that a log knows."""
    return dict(log.leases), log.failover, log.damage, log.faults


@thoroughly
@given(leases)
def test_a_rendered_lease_is_read_back(lease: Lease) -> None:
    """`render` and `parse` are each other's inverse."""
    log = parse(lease.render())
    assert dict(log.leases) == {lease.address: lease}
    assert not log.faults


@thoroughly
@given(st.lists(few))
def test_the_last_block_of_each_address_counts(blocks: list[Lease]) -> None:
    """Rule 1 of the merge."""
    log = parse(b"".join(lease.render() for lease in blocks))
    assert dict(log.leases) == {lease.address: lease for lease in blocks}


@pytest.fixture(params=[300, subject.MAX_BLOCK])
def _longest_block(request: pytest.FixtureRequest) -> Iterator[None]:
    longest, subject.MAX_BLOCK = subject.MAX_BLOCK, request.param
    yield
    subject.MAX_BLOCK = longest


@pytest.mark.usefixtures("_longest_block")
@thoroughly
@given(data=logs, cuts=st.lists(st.integers(1, 300), max_size=40))
# In the layout of every other block, but too long.
@example(data=Lease("10.1.1.1", "free", hostname="x" * 300).render(), cuts=[16])
def test_chunks_make_no_difference(data: bytes, cuts: list[int]) -> None:
    """A log in chunks is the log in one piece, also where a block is too long."""
    log, rest = LeaseLog(), data
    changed = set()
    for cut in cuts:
        log.feed(rest[:cut])
        changed |= log.take_changed()
        rest = rest[cut:]
    log.feed(rest)
    whole = parse(data)
    assert state(log) == state(whole)
    assert changed | log.take_changed() == whole.take_changed() == set(whole.leases)


@pytest.mark.usefixtures("_longest_block")
@thoroughly
@given(data=logs, cut=st.integers(0, 300), seen=st.booleans())
# Lost, in the one and in the other way.
@example(data=b"\nhost a { " + b"x " * 300, cut=1, seen=False)
@example(data=b'\nhost a { "' + b"x" * 600, cut=1, seen=False)
def test_what_follows_a_complete_log_may_be_read_on_its_own(
    data: bytes, cut: int, *, seen: bool
) -> None:
    """Two logs, one after the other, are one log."""
    log, later, whole = parse(data[:cut]), parse(data[cut:]), parse(data)
    assume(log.complete)
    before = log.take_changed() if seen else set()
    log.append(later)
    assert state(log) == state(whole)
    assert before | log.take_changed() == set(whole.leases)
    for rest in (b"lease 10.1.1.2 {", b'x";\n}\n', b"}\nfrob;", b"\nlease 10.1.1.3 {\n}\n"):
        log.feed(rest)
        whole.feed(rest)
        assert state(log) == state(whole)


@pytest.mark.parametrize("size", [1, 3, 200])
@thoroughly
@given(blocks=st.lists(leases.map(Lease.render) | string_blocks | odd_blocks, max_size=12))
@example(blocks=[b'lease 10.1.1.5 {\n  binding state free;\n  uid "\\377\\001";\n}\n'])
def test_the_dump_is_what_is_known(size: int, blocks: list[bytes]) -> None:
    """Whether many blocks are looked into at once or one by one, and whatever is beside them."""
    log = parse(b"".join(blocks))
    batch, subject._BATCH = subject._BATCH, size
    try:
        lines = b"".join(map(dump_lines, in_order(log))).decode().splitlines()
    finally:
        subject._BATCH = batch
    expected = [
        {key: "never" if value == NEVER else value for key, value in asdict(lease).items()}
        for lease in sorted(log.leases.values(), key=lambda lease: IPv4Address(lease.address))
    ]
    assert [json.loads(line) for line in lines] == expected


@thoroughly
@given(logs, leases, leases)
def test_damage_costs_no_neighbour(damage: bytes, before: Lease, after: Lease) -> None:
    """Whatever is between two blocks, both are read; the later one may be of the same address."""
    data = before.render() + damage + b"\n" + after.render()
    log = parse(data)
    assert log.leases[after.address] == after
    if before.address not in {after.address, *parse(damage + b"\n" + after.render()).leases}:
        assert log.leases[before.address] == before


@thoroughly
@given(logs)
def test_a_log_again_changes_nothing(data: bytes) -> None:
    """Reading what is already known tells nothing new."""
    known = {address: lease.render() for address, lease in parse(data).leases.items()}
    log = parse(b"".join(known.values()))
    log.feed(b"".join(known.values()))
    assert {address: lease.render() for address, lease in log.leases.items()} == known
    assert not log.faults


@thoroughly
@given(st.datetimes(datetime(1970, 1, 1), datetime(2037, 12, 31, 23, 59, 59)))
def test_every_second_is_read(time: datetime) -> None:
    """A date means the second that the calendar says."""
    text = time.strftime("%w %Y/%m/%d %H:%M:%S")
    lease = parse(f"lease 10.1.1.5 {{ ends {text}; }}".encode()).leases["10.1.1.5"]
    assert lease.ends == int(time.replace(tzinfo=UTC, microsecond=0).timestamp())
