"""A valid site that has every key, for the tests of the checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from leasemerge import inventory_check

EVERY_KEY = Path(__file__).resolve().parents[1] / "golden/input/every-key.json"


def every_key() -> dict[str, Any]:
    """Read the valid site."""
    site: dict[str, Any] = json.loads(EVERY_KEY.read_text())
    return site


def faults(site: object) -> list[str]:
    """Return the sentences of a site's faults."""
    return [str(fault) for fault in inventory_check.faults(site)]
