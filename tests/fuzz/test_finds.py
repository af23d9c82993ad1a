"""What the fuzzer found once, and a short run of it with the same damage every time."""

from __future__ import annotations

import random

import pytest

from .fuzz_leases import check, finds, fuzz, seeds


@pytest.mark.parametrize(("name", "data"), [*finds()], ids=[name for name, _ in finds()])
def test_find(name: str, data: bytes) -> None:
    """What once broke a rule no longer does."""
    assert name
    check(data)


def test_seeds() -> None:
    """Nothing breaks a rule before it is damaged."""
    for data in seeds():
        check(data[:3000])


def test_a_short_run() -> None:
    """A few hundred damaged files break no rule."""
    turns = iter(range(300))
    count, broken = fuzz(random.Random(20260921), lambda: next(turns, None) is not None)
    assert (count, broken) == (300, [])
