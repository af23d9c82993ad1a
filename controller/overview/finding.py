"""A finding: one sentence about what is wrong; and what the findings are based on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from leasemerge.site import Site

from .names_served import Service
from .pools import Pool
from .readings import Reading

Kind = Literal[
    "abandoned",
    "boot",
    "clock",
    "disk",
    "dns",
    "error",
    "failover",
    "feed",
    "holders",
    "leasemerge",
    "moved",
    "off",
    "pool",
    "serving",
    "standby",
    "unit",
    "zone",
]
"""`off`: a server that cannot be reached; `serving`: no DHCP server answers; `dns`: what a name
server or resolver answers; `holders`, `moved`, `standby`: which servers hold its address; `boot`: a
unit that is not started at boot; `error`: one that leasemerge reports."""


class Cause(NamedTuple):
    """What may be wrong: what a finding is about, and what other findings may follow from."""

    kind: Kind
    server: str = ""
    """The server that has it; empty if it is not one server's."""
    of: str = ""
    """Its part that is affected: a unit, an address, a range, the source of a feed."""


JOURNAL = "journalctl -u {unit} on {server} has the reason."


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that needs attention."""

    cause: Cause
    """What it is about."""
    text: str
    step: str
    """What to do next."""
    because: Sequence[Cause] = ()
    """What it follows from, if that is found too; the first one found counts."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the findings are based on."""

    site: Site
    subnets: Sequence[Mapping[str, Any]]
    readings: Sequence[Reading]
    """In the inventory's order."""
    services: Sequence[Service]
    pools: Sequence[Pool]
    zone_differences: Sequence[Mapping[str, Any]]
    tinydns: frozenset[str]
    """The servers that run tinydns and leasemerge."""
    now: int
