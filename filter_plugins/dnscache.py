"""Filter of the role dnscache; controller.dnscache_conf does the work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller.dnscache_conf import DnscacheConfError, dnscache_prefixes
from controller.filters import filters


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(dnscache_prefixes, sentences=(DnscacheConfError,))
