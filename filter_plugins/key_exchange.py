"""Filters of the roles kea and lease_merge, whose servers exchange keys.

controller.key_exchange does the work.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller.filters import filters
from controller.key_exchange import SameKeyError, kea_trust, trusted_key_files


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(kea_trust, trusted_key_files, sentences=(SameKeyError,))
