"""A lease file as a log: what damage costs, in chunks or in one piece."""

from __future__ import annotations

import pytest

from leasemerge.block import MAX_BLOCK
from leasemerge.log import MAX_LISTED, LeaseLog, parse

from .test_block import AFTER, BLOCK, NINE, SIX


@pytest.mark.parametrize("cut", range(1, len(BLOCK) - 1))
def test_a_block_torn_anywhere_costs_itself(cut: int) -> None:
    """Wherever the writing stopped, what was complete before and after it counts."""
    nine = BLOCK.replace(b"10.1.1.5", b"10.1.1.9")
    for glue in (b"\n", b"\0\0\0\n"):
        log = parse(nine + BLOCK[:cut] + glue + AFTER)
        assert dict(log.leases) == {"10.1.1.9": NINE, "10.1.1.6": SIX}
        assert log.damage == 1
        assert log.skipped[0].line == nine.count(b"\n") + 1


def test_line_of_damage() -> None:
    """Damage is reported with the line on which the lost text begins, whatever the chunks are."""
    data = BLOCK + b"\n\n" + BLOCK[:70] + b"\n" + AFTER + b"frob;\n" + BLOCK
    lines = [data[: data.index(mark)].count(b"\n") + 1 for mark in (b"\n\nlease", b"frob")]
    for size in (1, 7, 100, len(data)):
        log = LeaseLog()
        for start in range(0, len(data), size):
            log.feed(data[start : start + size])
        assert [place.line for place in log.skipped] == [lines[0] + 2, lines[1]]


def test_failover_states() -> None:
    """The last state of each peer is known, also of a statement in the middle of the log."""
    statement = 'failover peer "%s" state {\n  my state %s at 1 2026/09/21 1:1:1;\n%s}\n'
    partner = "  partner state normal at 1 2026/09/21 1:1:1;\n"
    data = (statement % ("pair", "startup", partner)).encode() + BLOCK
    data += (statement % ("pair", "communications-interrupted", partner)).encode() + AFTER
    data += (statement % ("other", "recover", "")).encode()
    log = parse(data)
    assert log.failover == {
        "pair": ("communications-interrupted", "normal"),
        "other": ("recover", ""),
    }
    assert len(log.leases) == 2


def test_take_changed() -> None:
    """Each address is reported once for each time that it got new blocks."""
    log = parse(BLOCK + AFTER + BLOCK)
    assert log.take_changed() == {"10.1.1.5", "10.1.1.6"}
    assert log.take_changed() == set()
    log.feed(AFTER[:-1])
    assert log.take_changed() == {"10.1.1.6"}
    log.feed(b"\n" + BLOCK[:50])
    assert log.take_changed() == set()


@pytest.mark.parametrize(
    "endless",
    [
        b"lease 10.1.1.5 {\n" + b"  set x = 1;\n" * 9999,
        b'lease 10.1.1.5 {\n  client-hostname "' + b"x" * 99999,
        b"lease 10.1.1.5 {\n  # " + b"x" * 99999,
        b"x" * 99999,
        b"x " * 99999,
        b'"x" ' * 49999,
        b'" ' * 49999 + b'"',
        b"\0" * 99999,
        b"host a {\n" + b"  frob { }\n" * 9999,
    ],
)
@pytest.mark.parametrize("size", [997, 10**9])
def test_what_never_ends_is_given_up(endless: bytes, size: int) -> None:
    """The memory is bounded, it is one damage, and the next block is found."""
    data = endless + b"\n" + AFTER
    log = LeaseLog()
    for start in range(0, len(data), size):
        log.feed(data[start : start + size])
        assert len(log._text) <= MAX_BLOCK + 1024 + size
    assert dict(log.leases) == {"10.1.1.6": SIX}
    assert log.damage == 1


def test_faults_are_bounded() -> None:
    """All damage is counted, not all of it is kept."""
    log = parse(b"frob;\n" * 999)
    assert (log.damage, len(log.skipped)) == (999, MAX_LISTED)
