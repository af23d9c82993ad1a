"""What holds for every lease log, whatever is in it and however it is cut."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leasemerge import leases as subject
from leasemerge.leases import NEVER, STATES, Fault, Lease, LeaseLog, parse

thoroughly = settings(max_examples=300, deadline=None)

LAST = 2145916799  # 2037/12/31 23:59:59; what is later is never to dhcpd
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


@pytest.mark.parametrize("most", [300, subject.MAX_BLOCK])
@thoroughly
@given(data=logs, cuts=st.lists(st.integers(1, 300), max_size=40))
# In the layout of every other block, but too long.
@example(data=Lease("10.1.1.1", "free", hostname="x" * 300).render(), cuts=[16])
def test_chunks_make_no_difference(most: int, data: bytes, cuts: list[int]) -> None:
    """A log in chunks is the log in one piece, also where a block is too long."""
    longest, subject.MAX_BLOCK = subject.MAX_BLOCK, most
    try:
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
    finally:
        subject.MAX_BLOCK = longest


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
