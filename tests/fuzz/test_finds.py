"""What the fuzzer found once, and a short run of it with the same damage every time."""

from __future__ import annotations

import random

import pytest

from tests.support import dhcpd_oracle

from . import fuzz_agreement
from .fuzz_leases import check, finds, fuzz, seeds


@pytest.mark.parametrize(("name", "data"), [*finds()], ids=[name for name, _ in finds()])
def test_former_find_breaks_no_rule(name: str, data: bytes) -> None:
    """What once broke a rule no longer does."""
    assert name
    check(data)


def test_undamaged_seeds_break_no_rule() -> None:
    """Nothing breaks a rule before it is damaged."""
    for data in seeds():
        check(data[:3000])


def test_damaged_files_break_no_rule() -> None:
    """A few hundred damaged files break no rule."""
    turns = iter(range(300))
    count, broken = fuzz(random.Random(20260921), lambda: next(turns, None) is not None)
    assert (count, broken) == (300, [])


@pytest.mark.skipif(
    not dhcpd_oracle.available(), reason="needs dhcpd, and the right to make a network namespace"
)
def test_damaged_files_mean_to_dhcpd_what_they_mean_to_us() -> None:
    """Of some hundred damaged files dhcpd reads some without a complaint, and means the same."""
    turns = iter(range(600))
    count, differing = fuzz_agreement.fuzz(
        random.Random(20261124), lambda: next(turns, None) is not None
    )
    assert differing == []
    assert count > 60
