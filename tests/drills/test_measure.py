"""The drills' own arithmetic: a gap that is not seen would make every drill pass."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

DRILLS = Path(__file__).parents[2] / "molecule/failover"


@pytest.fixture(scope="module")
def measure() -> Any:
    """Import the drills, which are no part of what is installed anywhere."""
    sys.path.insert(0, str(DRILLS))
    try:
        return importlib.import_module("drills.watch").measure
    finally:
        sys.path.remove(str(DRILLS))


@pytest.fixture(scope="module")
def catalogue() -> Any:
    """Import the catalogue with every point."""
    sys.path.insert(0, str(DRILLS))
    try:
        importlib.import_module("drills.points")
        return importlib.import_module("drills.catalogue")
    finally:
        sys.path.remove(str(DRILLS))


def lease(asked: float, at: float) -> dict[str, Any]:
    """Report a client that began at ``asked`` and had its address at ``at``."""
    return {"kind": "lease", "asked": asked, "at": at}


def lookup(name: str, asked: float, at: float, *answer: str) -> dict[str, Any]:
    """Report a lookup."""
    return {"kind": "lookup", "name": name, "asked": asked, "at": at, "answer": list(answer)}


RIGHT = {"one": {"10.0.0.1"}, "two": {"10.0.0.2"}}


def test_no_new_client_for_a_time(measure: Any) -> None:
    """The gap reaches from one client's address to the next one's, whoever that is."""
    gaps = measure([lease(0, 1), lease(1, 2), lease(3, 9.5), lease(9, 10)], RIGHT, 0, 11)
    assert gaps.address == 7.5
    assert gaps.client == 6.5
    assert gaps.median == 1
    assert gaps.clients == 4


def test_nobody_was_served(measure: Any) -> None:
    """Silence until the end of the watch is a gap too."""
    gaps = measure([lease(0, 1), {"kind": "waiting", "asked": 2, "at": 30}], RIGHT, 0, 30)
    assert gaps.address == 29


def test_what_came_before_the_mark_does_not_count(measure: Any) -> None:
    """Only what a client felt since the mark is the failure's."""
    gaps = measure([lease(0, 20.5), lookup("one", 1, 19, "10.0.0.1")], RIGHT, 20, 21)
    assert (gaps.address, gaps.client, gaps.slowest, gaps.lookups) == (0.5, 0.5, 0, 0)


def test_one_name_fails_among_others_that_do_not(measure: Any) -> None:
    """Good answers for other names must not hide that one name is gone."""
    events = [
        lookup("one", 1, 1),
        lookup("two", 2, 2, "10.0.0.2"),
        lookup("one", 3, 3),
        lookup("two", 4, 4, "10.0.0.2"),
        lookup("one", 6, 6, "10.0.0.1"),
    ]
    gaps = measure(events, RIGHT, 0, 7)
    assert (gaps.lookup, gaps.failed, gaps.slowest, gaps.wrong) == (5, 2, 0, [])


def test_a_name_that_fails_until_the_end(measure: Any) -> None:
    """A failure that nothing ends lasts as long as it was seen."""
    events = [lookup("one", 1, 6), lookup("one", 5, 10)]
    gaps = measure(events, RIGHT, 0, 12)
    assert (gaps.lookup, gaps.slowest) == (9, 5)


def test_a_wrong_address_is_a_fault(measure: Any) -> None:
    """An answer that is not the name's address is a fault, however fast."""
    events = [lookup("one", 1, 1, "10.0.0.2"), lookup("two", 2, 2, "10.0.0.2")]
    assert measure(events, RIGHT, 0, 3).wrong == ["one was 10.0.0.2"]


def test_drills_are_chosen_by_name_by_point_or_all(catalogue: Any) -> None:
    """A name is one drill, a point all of its drills, in the catalogue's order."""
    names = [drill.name for drill in catalogue.DRILLS]
    assert len(set(names)) == len(names)
    assert [d.name for d in catalogue.chosen(["dhcpd/frozen-primary"])] == ["dhcpd/frozen-primary"]
    assert [d.name for d in catalogue.chosen(["link"])] == [n for n in names if n[:5] == "link/"]
    assert len(catalogue.chosen(["all"])) == len(names)
    assert catalogue.chosen(["2.5"]) == []
