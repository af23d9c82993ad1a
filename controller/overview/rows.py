"""Rows that the report and the view of a lease have in common.

Times are Unix seconds in and text in UTC out.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from leasemerge.lease import NEVER
from leasemerge.names import Loser, Name
from leasemerge.site import Site
from leasemerge.status import span


def utc(seconds: float) -> str:
    """Format a time for people, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def hardware_of(site: Site) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the MAC addresses of each fixed host, by each of its labels and its domain."""
    return {
        (label, site.domain_of_host(host)): host.hardware_ethernet
        for host in site.fixed_hosts
        for label in (host.name, *host.aliases)
    }


def host_row(
    name: Name, now: int, hardware: Mapping[tuple[str, str], Sequence[str]]
) -> dict[str, Any]:
    """Return a published name as a row of a table; `hardware` is what `hardware_of` returns."""
    until, left = "", ""
    if name.until is not None:
        until = "for ever" if name.until == NEVER else utc(name.until)
        left = "for ever" if name.until == NEVER else span(name.until - now)
    return {
        "name": name.label,
        "domain": name.domain,
        "address": name.address,
        "source": "alias" if name.alias else name.source,
        "server": name.server or "",
        "until": until,
        "left": left,
        "hardware": list(
            hardware.get((name.label, name.domain), ())
            or ([name.hardware] if name.hardware is not None else [])
        ),
    }


def loser_row(loser: Loser) -> dict[str, Any]:
    """Return a lease that lost its name as a row of a table."""
    return {
        "address": loser.address,
        "hostname": loser.hostname,
        "hardware": loser.hardware,
        "kind": loser.kind,
        "reason": loser.reason,
    }
