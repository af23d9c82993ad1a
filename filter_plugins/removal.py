"""Filter that lists what a change removes from the network; controller.removal does the work."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller import removal
from controller.deployed import deployed_sites


def removals(site: Mapping[str, Any], slurped: Iterable[Mapping[str, Any]]) -> list[str]:
    """List what is deployed on a server but not in the site, if that is too much to be intended.

    ``slurped``: what the module slurp returned for site.json on each server; what it could not read
    is left out. Servers may differ after an aborted run.
    """
    lines: dict[str, None] = {}
    for deployed in deployed_sites(slurped):
        lines.update(dict.fromkeys(removal.removals(site, deployed)))
    return list(lines)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {"removals": removals}
