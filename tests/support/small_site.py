"""The smallest site that has all of site.json's keys: one pinned host, one subnet, the pair."""

from __future__ import annotations

from typing import Any

SITE: dict[str, Any] = {
    "domain": "office.internal",
    "reverse_zones": ["1.1.10.in-addr.arpa"],
    "name_servers": [
        {"name": "ns1", "address": "10.1.1.3"},
        {"name": "ns2", "address": "10.1.1.4"},
    ],
    "fixed_hosts": [
        {
            "name": "foobar",
            "fixed_address": "10.1.1.15",
            "hardware_ethernet": ["de:ad:be:ef:ca:fe"],
            "aliases": ["www"],
        }
    ],
    "subnets": [{"network": "10.1.1.0/24", "ranges": [["10.1.1.100", "10.1.1.200"]]}],
    "servers": ["draco", "taurus"],
    "reserved_names": ["wpad", "isatap", "localhost"],
    "fixed_ttl": 3600,
    "lease_ttl": 60,
    "negative_ttl": 5,
}
