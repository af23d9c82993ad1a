"""What holds for every lease log, whatever is in it and however it is cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leasemerge import log as subject
from leasemerge.block import MAX_BLOCK
from leasemerge.lease import Lease
from leasemerge.log import LeaseLog, Skipped, parse
from tests.support.lease_texts import few, leases, logs

thoroughly = settings(max_examples=300)


def state(log: LeaseLog) -> tuple[dict[str, Lease], dict[str, tuple[str, str]], int, list[Skipped]]:
    """Return all that a log knows."""
    return dict(log.leases), log.failover, log.damage, log.skipped


@thoroughly
@given(st.lists(few))
def test_the_last_block_of_each_address_counts(blocks: list[Lease]) -> None:
    """Rule 1 of the merge."""
    log = parse(b"".join(lease.render() for lease in blocks))
    assert dict(log.leases) == {lease.address: lease for lease in blocks}


@pytest.fixture(params=[300, MAX_BLOCK])
def _longest_block(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "MAX_BLOCK", request.param)
        yield


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
    """Reading what is already known returns nothing new."""
    known = {address: lease.render() for address, lease in parse(data).leases.items()}
    log = parse(b"".join(known.values()))
    log.feed(b"".join(known.values()))
    assert {address: lease.render() for address, lease in log.leases.items()} == known
    assert not log.skipped


@thoroughly
@given(st.datetimes(datetime(1970, 1, 1), datetime(2037, 12, 31, 23, 59, 59)))
def test_every_second_is_read(time: datetime) -> None:
    """A date means the second that the calendar has."""
    text = time.strftime("%w %Y/%m/%d %H:%M:%S")
    lease = parse(f"lease 10.1.1.5 {{ ends {text}; }}".encode()).leases["10.1.1.5"]
    assert lease.ends == int(time.replace(tzinfo=UTC, microsecond=0).timestamp())
