"""The state of a pair of Kea servers, which is not in their lease files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

# The role's watch writes here what Kea last reported about the pair: its own state and its peer's.
_PAIR = Path("/run/kea-watch/pair")
# It does so every five seconds.
_PAIR_FRESH = 30


def pair_state() -> Mapping[str, tuple[str, str]]:
    """Return the state of this server and of its partner, as Kea reports them to its watch.

    Under the key ``kea``; empty if the watch has written none for half a minute.
    """
    try:
        if time.time() - _PAIR.stat().st_mtime > _PAIR_FRESH:
            return {}
        own, partner = _PAIR.read_text().split()
    except (OSError, ValueError):
        return {}
    return {"kea": (own, partner)}
