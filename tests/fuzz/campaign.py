"""The command line of a fuzzer: how long it runs, and the seed that makes a run again."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable


def arguments(description: str) -> tuple[int, Callable[[], bool]]:
    """Return the seed, and a function that is true until the time is over."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of a run before")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    return options.seed, lambda: time.monotonic() < end
