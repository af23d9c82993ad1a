"""Filters of the role kea; controller.kea_config and kea_check do the work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller.filters import filters
from controller.kea_check import kea_refusals
from controller.kea_config import KeaConfigError, kea_config


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(kea_config, kea_refusals, sentences=(KeaConfigError,))
