"""When things are due, with a clock of the test's own."""

from __future__ import annotations

import math

import pytest

from leasemerge.schedule import (
    FIRST_READING,
    FIRST_WAIT,
    LONGEST,
    QUIET,
    RETRY_SECONDS,
    Every,
    Schedule,
)

STARTED = 1000.0


def _opens(schedule: Schedule, clock: float, caught_up: bool, peers: dict[str, str]) -> bool:
    """Return whether it is open once it knows this about the feeds."""
    schedule.note_feeds(clock, caught_up, peers)
    return schedule.open


def _open(*peers: str) -> Schedule:
    """Return a schedule whose first compile has been begun."""
    schedule = Schedule(STARTED, peers)
    assert _opens(schedule, STARTED, True, dict.fromkeys(peers, "following"))
    assert schedule.take_compile(STARTED)
    assert schedule.tick.take(STARTED)
    return schedule


def test_1_what_comes_again_is_due_at_once_and_then_at_intervals() -> None:
    """From when it was done: what was missed is not done several times."""
    every = Every(2)
    assert every.take(100)
    assert not every.take(101.9)
    assert every.take(109)
    assert not every.take(110.9)
    assert every.take(111)


@pytest.mark.parametrize(
    ("state", "patience"),
    [("lost", FIRST_WAIT), ("connecting", FIRST_WAIT), ("reading", FIRST_READING)],
)
def test_2_at_first_the_peers_are_waited_for_and_not_for_ever(state: str, patience: float) -> None:
    """A peer that has begun is given more time to send everything."""
    schedule = Schedule(STARTED, ["taurus"])
    assert not _opens(schedule, STARTED + patience, True, {"taurus": state})
    assert _opens(schedule, STARTED + patience + 0.1, True, {"taurus": state})
    # What it does later closes nothing.
    assert _opens(schedule, STARTED + patience + 1, True, {"taurus": "lost"})


def test_3_a_peer_that_has_sent_everything_is_waited_for_no_more() -> None:
    """Even if it is lost before the own log has been read."""
    schedule = Schedule(STARTED, ["taurus", "scorpio"])
    following = {"taurus": "following", "scorpio": "following"}
    assert not _opens(schedule, STARTED, False, following)
    lost = {"taurus": "lost", "scorpio": "lost"}
    assert not _opens(schedule, STARTED + 1, False, lost)
    assert _opens(schedule, STARTED + 2, True, lost)


def test_4_while_it_waits_it_does_not_turn_in_circles() -> None:
    """The first compile is due, and it is not begun."""
    schedule = Schedule(STARTED, ["taurus"])
    assert schedule.tick.take(STARTED)
    assert not _opens(schedule, STARTED, True, {"taurus": "lost"})
    assert schedule.wait(STARTED, busy=False) == 1
    assert schedule.tick.take(STARTED + 2.5)
    assert schedule.wait(STARTED + 2.5, busy=False) == FIRST_WAIT - 2.5


def test_5_names_are_looked_at_for_news_and_when_a_lease_ends() -> None:
    """Once for each."""
    schedule = _open()
    assert schedule.take_publish(50, None), "At first everything is news."
    assert not schedule.take_publish(50, None)
    schedule.changed()
    schedule.changed()
    assert schedule.take_publish(50, 60)
    assert not schedule.take_publish(59, 60)
    assert schedule.take_publish(60, 60)


def test_6_a_change_of_names_compiles_nothing() -> None:
    """Only the text follows, when it has been quiet for a moment."""
    schedule = _open()
    schedule.published(STARTED)
    assert not schedule.take_text(STARTED + QUIET - 0.01)
    assert schedule.take_text(STARTED + QUIET)
    assert not schedule.take_text(STARTED + QUIET)
    assert not schedule.take_compile(STARTED + 1e9)


def test_7_ever_more_changes_do_not_put_the_text_off_for_ever() -> None:
    """At the latest it is written after a while."""
    schedule = _open()
    clock = STARTED
    while clock < STARTED + LONGEST:
        schedule.published(clock)
        assert not schedule.take_text(clock)
        clock += QUIET / 2
    assert schedule.take_text(clock)


def test_8_a_compile_writes_the_text_too() -> None:
    """It is not written twice."""
    schedule = _open()
    schedule.published(STARTED)
    schedule.compile(STARTED)
    assert schedule.take_compile(STARTED)
    assert not schedule.take_text(STARTED + 1e9)


def test_9_what_failed_is_tried_again_after_a_while() -> None:
    """News meanwhile do not make it hurry."""
    schedule = _open()
    schedule.compile_failed(STARTED)
    schedule.compile(STARTED + 1)
    assert not schedule.take_compile(STARTED + RETRY_SECONDS - 0.01)
    assert schedule.take_compile(STARTED + RETRY_SECONDS)
    schedule.text_failed(STARTED)
    assert not schedule.take_text(STARTED + RETRY_SECONDS - 0.01)
    assert schedule.take_text(STARTED + RETRY_SECONDS)


def test_10_the_wait_is_until_the_first_thing_that_is_due() -> None:
    """A publisher that is busy begins nothing else, so nothing else is waited for."""
    schedule = _open()
    schedule.tick.next = math.inf
    assert schedule.wait(STARTED, busy=False) == math.inf
    schedule.published(STARTED)
    assert schedule.wait(STARTED + 0.25, busy=False) == QUIET - 0.25
    assert schedule.wait(STARTED + 0.25, busy=True) == math.inf
    schedule.compile(STARTED)
    assert schedule.wait(STARTED + 0.25, busy=False) == 0
    schedule.tick.next = STARTED + 0.5
    assert schedule.wait(STARTED, busy=True) == 0.5
