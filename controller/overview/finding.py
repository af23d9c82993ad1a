"""A finding: one sentence about what is wrong; and what the findings are based on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leasemerge.site import Site

from .names_served import Service
from .pools import Pool
from .readings import Reading

Key = tuple[str, str]
"""A kind of fault and the server that has it."""

JOURNAL = "journalctl -u {unit} on {server} has the reason."


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that needs attention."""

    key: Key
    text: str
    step: str
    because: Sequence[Key] = ()


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
