"""The times that people type and read: in the time zone of the machine."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_AGO = re.compile(r"(\d+) ?(s|min|minute|h|hour|d|day|w|week)s?( ago)?")
_UNITS = {
    "s": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400,
    "w": 604800, "week": 604800,
}  # fmt: skip

FORMS = "2026-11-24 10:00, tuesday 10:00, yesterday 10:00, 10:00, 2h or @ and Unix seconds"


class TimeError(ValueError):
    """A text is not a time; the message lists what is."""


def parse_time(text: str, now: int) -> int:
    """Return Unix seconds; a time without a day is the last such time before ``now``.

    Raises TimeError: when the text is none of FORMS.
    """
    words = text.strip().lower()
    if re.fullmatch(r"@\d+", words):
        return int(words[1:])
    if ago := _AGO.fullmatch(words):
        return now - int(ago[1]) * _UNITS[ago[2]]
    # Weekdays also by their first three letters, and "on tuesday at 10:00" as people say it.
    words = " ".join(word for word in words.split() if word not in ("on", "at"))
    today = datetime.fromtimestamp(now).date()
    day, _, clock = words.partition(" ")
    if day == "now":
        return now
    if day in ("today", "yesterday"):
        date = today - timedelta(days=day == "yesterday")
        return _stamp(datetime.combine(date, _clock(clock, text)))
    for number, name in enumerate(_DAYS):
        if day in (name, name[:3]):
            date = today - timedelta(days=(today.weekday() - number) % 7)
            found = _stamp(datetime.combine(date, _clock(clock, text)))
            return found if found <= now else found - 7 * 86400
    if not clock and ":" in day and "-" not in day:
        found = _stamp(datetime.combine(today, _clock(day, text)))
        return found if found <= now else found - 86400
    try:
        return _stamp(datetime.fromisoformat(text.strip()))
    except ValueError as error:
        raise TimeError(f"{text!r} is not a time; write {FORMS}") from error


def show_time(stamp: int) -> str:
    """Return a time for people: local, with its offset from UTC."""
    local = datetime.fromtimestamp(stamp, UTC).astimezone()
    return f"{local:%a %Y-%m-%d %H:%M:%S %z}"


def _clock(text: str, whole: str) -> time:
    try:
        return time.fromisoformat(text.rjust(5, "0")) if text else time()
    except ValueError as error:
        raise TimeError(f"{whole!r} is not a time; write {FORMS}") from error


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp())
