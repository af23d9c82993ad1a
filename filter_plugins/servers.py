"""Filters of the inventory's servers; controller.servers and server_units do the work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller.filters import filters
from controller.server_units import server_reads, server_units
from controller.servers import floating_addresses, server_macs, server_table


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(floating_addresses, server_macs, server_reads, server_table, server_units)
