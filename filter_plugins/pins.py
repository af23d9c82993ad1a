"""Filters that name clients affected by a change to fixed hosts; controller.pins does the work."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller import pins
from controller.deployed import deployed_sites


def pin_patterns(site: Mapping[str, Any], slurped: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what to look for in `leasemerge dump`: the pins that the deployed sites lack.

    ``slurped``: what the module slurp returned for site.json on each server; if none can be read,
    there is nothing to compare with.
    """
    return _changes(site, slurped).patterns


def pin_warnings(
    site: Mapping[str, Any], slurped: Iterable[Mapping[str, Any]], dump: Iterable[str], now: float
) -> list[str]:
    """Return a sentence for each client that the change to the fixed hosts affects."""
    return pins.sentences(site, _changes(site, slurped), map(str, dump), int(now))


def _changes(site: Mapping[str, Any], slurped: Iterable[Mapping[str, Any]]) -> pins.Changes:
    deployed = next(deployed_sites(slurped), None)
    return pins.Changes() if deployed is None else pins.changes(site, deployed)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {"pin_patterns": pin_patterns, "pin_warnings": pin_warnings}
