"""Filters between the inventory's servers and the roles' variables.

controller.servers does the work.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller.filters import filters
from controller.servers import (
    floating_addresses,
    server_macs,
    server_reads,
    server_table,
    server_units,
)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(floating_addresses, server_macs, server_reads, server_table, server_units)
