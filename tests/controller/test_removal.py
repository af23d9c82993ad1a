"""What may be taken away from a deployed network without allow_removal, and what may not."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from controller.removal import removals
from removal import removals as removals_filter


def site(hosts: int = 0, **ranges: list[list[str]]) -> dict[str, Any]:
    """Make a site of so many fixed hosts; `n1=[…]` are the ranges of 10.9.1.0/24."""
    return {
        "fixed_hosts": [{"name": f"h{number:03}"} for number in range(hosts)],
        "subnets": [
            {"network": f"10.9.{key[1:]}.0/24", "ranges": ends} for key, ends in ranges.items()
        ],
    }


@pytest.mark.parametrize(
    ("before", "after", "stops"),
    [
        (0, 5, False),
        (5, 5, False),
        (1, 0, False),
        (5, 4, False),
        (5, 3, True),
        (20, 18, False),
        (20, 17, True),
        (99, 90, False),
        (99, 89, True),
        (100, 90, False),
        (100, 89, True),
        (5000, 4990, False),
        (5000, 4989, True),
    ],
)
def test_removal_of_many_fixed_hosts_stops(before: int, after: int, stops: bool) -> None:
    """More than ten, or more than a tenth, but never a single one."""
    lines = removals(site(after), site(before))
    assert bool(lines) == stops
    if stops:
        gone = ", ".join(f"h{number:03}" for number in range(after, before))
        assert lines == [f"{before - after} of {before} fixed hosts: {gone}"]


def test_a_renamed_host_is_gone_and_one_in_other_letters_is_not() -> None:
    before = {"fixed_hosts": [{"name": "a"}, {"name": "b"}, {"name": "C"}]}
    assert removals({"fixed_hosts": [{"name": "A"}, {"name": "x"}, {"name": "c"}]}, before) == []
    assert removals({"fixed_hosts": [{"name": "y"}, {"name": "x"}, {"name": "c"}]}, before) == [
        "2 of 3 fixed hosts: a, b"
    ]


RANGE = [["10.9.1.100", "10.9.1.200"]]


def test_removed_subnet_is_listed_unless_another_covers_it() -> None:
    before = site(n1=RANGE, n2=[["10.9.2.100", "10.9.2.200"]])
    assert removals(site(n1=RANGE), before) == ["the subnet 10.9.2.0/24"]
    grown = {
        "subnets": [{"network": "10.9.0.0/22", "ranges": RANGE + before["subnets"][1]["ranges"]}]
    }
    assert removals(grown, before) == []


@pytest.mark.parametrize(
    ("after", "lines"),
    [
        ([], ["the range 10.9.1.100 to 10.9.1.200"]),
        ([["10.9.1.50", "10.9.1.99"]], ["the range 10.9.1.100 to 10.9.1.200"]),
        ([["10.9.1.150", "10.9.1.160"]], []),
        ([["10.9.1.50", "10.9.1.100"]], []),
    ],
)
def test_removed_range_is_listed_unless_it_only_shrinks(
    after: list[list[str]], lines: list[str]
) -> None:
    """One that is smaller is still there."""
    assert removals(site(n1=after), site(n1=RANGE)) == lines


def test_removals_of_several_servers_are_listed_once() -> None:
    """Each line once; a server that is away or bare has nothing to report."""

    def slurped(deployed: dict[str, Any]) -> dict[str, Any]:
        return {"content": b64encode(json.dumps(deployed).encode()).decode()}

    found = [slurped(site(9)), slurped(site(9)), {"failed": True}, slurped(site(4, n1=RANGE))]
    assert removals_filter(site(4), found) == [
        "5 of 9 fixed hosts: h004, h005, h006, h007, h008",
        "the subnet 10.9.1.0/24",
    ]
    assert removals_filter(site(4), [{"failed": True}]) == []
