"""The stream between two servers: what is rendered is decoded, in whatever pieces it comes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasemerge.lease import Lease
from leasemerge.protocol import (
    ALIVE,
    COMPLETE,
    Blocks,
    Complete,
    Decoder,
    Event,
    Hello,
    ProtocolError,
    log_line,
)
from leasemerge.store import MAX_IDENTITY
from tests.support.examples import lease

FIRST, SECOND, THIRD = lease(100, "one"), lease(101, 'a "quoted" #name'), lease(102)
HELLO = Hello("draco", "5d1e")
STREAM = b"".join(
    [
        HELLO.render(),
        log_line("draco", "5d1e"),
        FIRST.render(),
        SECOND.render(),
        ALIVE,
        log_line("taurus~", ""),
        THIRD.render(),
        COMPLETE,
    ]
)


def decode(*chunks: bytes) -> list[Event]:
    """Feed a decoder; return all events."""
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def leases_by_log(events: list[Event]) -> list[tuple[str, str, Lease]]:
    """Take the leases, each with its log and the generation of that."""
    blocks = [event for event in events if isinstance(event, Blocks)]
    return [(part.log, part.generation, lease) for part in blocks for lease in part.leases]


def test_1_a_stream_is_what_was_sent() -> None:
    """The sender, the blocks with their log and its generation, and that it is all."""
    events = decode(STREAM)
    assert events[0] == HELLO
    assert events[-1] == Complete()
    assert leases_by_log(events) == [
        ("draco", "5d1e", FIRST),
        ("draco", "5d1e", SECOND),
        ("taurus~", "", THIRD),
    ]
    assert not any(event.damage for event in events if isinstance(event, Blocks))


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_2_it_may_come_in_any_pieces(cuts: list[int]) -> None:
    """A line or a block that is not whole yet waits for its rest."""
    ends = [0, *sorted(cuts), len(STREAM)]
    events = decode(*(STREAM[start:end] for start, end in pairwise(ends)))
    assert leases_by_log(events) == leases_by_log(decode(STREAM))
    assert [event for event in events if not isinstance(event, Blocks)] == [HELLO, Complete()]


def test_3_a_block_is_reported_when_it_is_whole() -> None:
    """Not when the next one begins: a grant must not wait for the one after it."""
    decoder = Decoder()
    list(decoder.feed(HELLO.render() + log_line("draco", "5d1e") + FIRST.render()[:-1]))
    assert leases_by_log(list(decoder.feed(b"\n"))) == [("draco", "5d1e", FIRST)]


def test_4_damage_is_counted_and_costs_itself() -> None:
    """What is no block is skipped; those around it count."""
    torn = b"lease 10.1.1.9 {\n  binding state sideways;\n}\n"
    start = HELLO.render() + log_line("draco", "5d1e")
    events = decode(start + FIRST.render() + torn + THIRD.render())
    assert [row[2] for row in leases_by_log(events)] == [FIRST, THIRD]
    assert sum(event.damage for event in events if isinstance(event, Blocks)) == 1


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (b"SSH-2.0-OpenSSH\n" * 20, "not a stream of leases"),
        (b"#leasemerge log draco 5d1e\n", "not a stream of leases"),
        (b"#leasemerge feed 2 draco 5d1e\n", "not a stream of leases"),
        (b"#leasemerge feed 1 dr\xe4co 5d1e\n", "a word that is not a name"),
        (b"#leasemerge feed 1 ../draco 5d1e\n", "a word that is not a name"),
        (HELLO.render() + FIRST.render(), "leases of no known log"),
        (HELLO.render() + log_line("d" * 81, ""), "a word that is not a name"),
        (HELLO.render() + b"lease {" * 2 * MAX_IDENTITY, "a block that never ends"),
    ],
)
def test_5_what_is_no_stream_of_ours_is_refused(stream: bytes, problem: str) -> None:
    """At once, so that it neither fills the memory nor names a file."""
    with pytest.raises(ProtocolError, match=problem):
        decode(stream)


def test_6_the_largest_lease_that_is_kept_fits() -> None:
    """Even with every character of its name written as an escape, and the last one yet to come."""
    large = lease(100, "\x01" * (MAX_IDENTITY - 1), uid=None)
    block = large.render()
    events = decode(HELLO.render(), log_line("draco", ""), block[:-1], block[-1:])
    assert leases_by_log(events) == [("draco", "", large)]
