"""Wait for what another process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(what: str, true: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is true; fail with the sentence when it does not become so."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds} s: {what}.")
        time.sleep(0.01)
