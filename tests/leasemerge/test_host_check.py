"""What a fixed host may be; golden/errors/ has the faults."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.every_key import every_key, faults


@pytest.mark.parametrize(
    "host",
    [
        {"name": "h", "fixed_address": "10.1.1.20"},
        {"name": "h", "hardware_ethernet": ["02:00:00:00:00:01"]},
        {"name": "h", "fixed_address": None, "hardware_ethernet": ["02:00:00:00:00:01"]},
        {
            "name": "h",
            "fixed_address": "10.1.1.150",
            "hardware_ethernet": ["02:00:00:00:00:01", "02-00-00-00-00-0A"],
        },
        {"name": "H1", "fixed_address": "10.1.1.20", "aliases": ["1", "a-b"]},
        {"name": "h", "hardware_ethernet": ["0200.0000.0001"], "extra": "x;\ny;"},
        {
            "name": "h",
            "hardware_ethernet": ["020000000001"],
            "next_server": "10.1.1.1",
            "filename": "a/b",
            "options": {"ntp-servers": ["10.1.1.5", "10.1.1.6"], "tftp.mode": 1},
        },
    ],
)
def test_a_fixed_host_in_each_of_its_forms(host: dict[str, Any]) -> None:
    """No MAC, several MACs, a MAC and no address, an address inside a range: all are valid."""
    site = every_key()
    site["fixed_hosts"].append(host)
    assert faults(site) == []
