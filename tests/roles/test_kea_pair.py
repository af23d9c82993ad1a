"""What the watcher of a Kea pair logs. The rest of kea-pair is for the lab's tests and drills."""

from __future__ import annotations

import kea_pair


def test_a_peer_that_is_away_for_long_is_logged_twice() -> None:
    """One slow answer is nothing; an absence has a line when it is noticed and one at its end."""
    lines, misses = [], 0
    away = "Connection refused"
    for reason in ["", away, "", *[away] * 1000, "", ""]:
        misses, line = kea_pair.counted(misses, reason)
        lines.append(line)
    assert [line for line in lines if line] == [
        "The peer does not answer: Connection refused.",
        "The peer answers again.",
    ]
    assert lines.index("The peer answers again.") == 1003
