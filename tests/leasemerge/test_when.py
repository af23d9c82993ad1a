"""Times as people write them, on Thursday, 26 November 2026 at 12:00 in Berlin."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from leasemerge.when import TimeError, parse_time, show_time

NOW = 1_795_690_800


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the time zone of the machine."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("now", "Thu 2026-11-26 12:00:00 +0100"),
        ("@1795690800", "Thu 2026-11-26 12:00:00 +0100"),
        ("2026-11-24 10:00", "Tue 2026-11-24 10:00:00 +0100"),
        ("2026-11-24T10:00:05Z", "Tue 2026-11-24 11:00:05 +0100"),
        ("2026-11-24", "Tue 2026-11-24 00:00:00 +0100"),
        ("2026-07-01 10:00", "Wed 2026-07-01 10:00:00 +0200"),
        ("on Tuesday at 10:00", "Tue 2026-11-24 10:00:00 +0100"),
        ("tue 9:30", "Tue 2026-11-24 09:30:00 +0100"),
        ("thursday 11:59", "Thu 2026-11-26 11:59:00 +0100"),
        ("thursday 12:01", "Thu 2026-11-19 12:01:00 +0100"),
        ("friday", "Fri 2026-11-20 00:00:00 +0100"),
        ("today 08:00", "Thu 2026-11-26 08:00:00 +0100"),
        ("yesterday 23:59", "Wed 2026-11-25 23:59:00 +0100"),
        ("10:00", "Thu 2026-11-26 10:00:00 +0100"),
        ("13:00", "Wed 2026-11-25 13:00:00 +0100"),
        ("2h", "Thu 2026-11-26 10:00:00 +0100"),
        ("90 minutes ago", "Thu 2026-11-26 10:30:00 +0100"),
        ("1 week", "Thu 2026-11-19 12:00:00 +0100"),
    ],
)
def test_1_a_time(text: str, shown: str) -> None:
    """What names no day is the last such time."""
    assert show_time(parse_time(text, NOW)) == shown


@pytest.mark.parametrize(
    "text", ["", "noon", "tuesday 25:00", "tuesday noon", "2026-13-01", "3 fortnights"]
)
def test_2_no_time(text: str) -> None:
    """The message shows what a time looks like."""
    with pytest.raises(TimeError, match="tuesday 10:00, yesterday 10:00"):
        parse_time(text, NOW)
