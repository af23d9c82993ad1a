"""Filters of the role dhcpd; controller.dhcpd_conf and dhcpd_check do the work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller.dhcpd_check import dhcpd_refusals
from controller.dhcpd_conf import (
    DhcpdConfError,
    dhcpd_host_blocks,
    dhcpd_networks,
    dhcpd_statements,
)
from controller.filters import filters


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(
            dhcpd_host_blocks,
            dhcpd_networks,
            dhcpd_refusals,
            dhcpd_statements,
            sentences=(DhcpdConfError,),
        )
