"""What a change to the inventory removes from the deployed network, and whether it is too much.

Both sites are in the form of site.json, or of a checked site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from leasemerge.ranges import subnet_ranges

# More fixed hosts than this at once, or a greater share, are probably not meant to go.
HOSTS_MAX = 10
SHARE_MAX = 0.1


def removals(site: Mapping[str, Any], deployed: Mapping[str, Any]) -> list[str]:
    """Return a line for each kind of thing that is removed, none if only little is.

    With any line the run needs `allow_removal`. A single fixed host may always go.
    """
    return [
        *_hosts(site.get("fixed_hosts") or (), deployed.get("fixed_hosts") or ()),
        *_subnets(site.get("subnets") or (), deployed.get("subnets") or ()),
    ]


def _hosts(after: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]) -> list[str]:
    names = {str(row["name"]).lower() for row in after}
    gone = sorted({str(row["name"]) for row in before if str(row["name"]).lower() not in names})
    if len(gone) <= 1 or len(gone) <= min(HOSTS_MAX, SHARE_MAX * len(before)):
        return []
    return [f"{len(gone)} of {len(before)} fixed hosts: {', '.join(gone)}"]


def _subnets(
    after: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    networks = [IPv4Network(row["network"]) for row in after]
    ranges = [ends for row in after for ends in _ranges(row)]
    for row in before:
        network = IPv4Network(row["network"])
        # One that has grown is still there.
        if not any(network.overlaps(other) for other in networks):
            yield f"the subnet {network}"
            continue
        for first, last in _ranges(row):
            if not any(first <= end and begin <= last for begin, end in ranges):
                yield f"the range {first} to {last}"


def _ranges(row: Mapping[str, Any]) -> list[tuple[IPv4Address, IPv4Address]]:
    return [(IPv4Address(first), IPv4Address(last)) for first, last in subnet_ranges(row)]
