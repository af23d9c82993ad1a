"""What the roles get of the servers in the inventory."""

from __future__ import annotations

import json

from controller import servers


def test_table_has_a_row_for_each_server_and_reports_what_is_missing() -> None:
    hostvars = {"a": {"address": "10.0.0.1"}, "b": {}}
    assert servers.server_table(["a", "b"], hostvars, at="address") == [
        {"at": "10.0.0.1"},
        {"at": ""},
    ]


def test_the_macs_of_the_servers_and_of_nobody_else() -> None:
    """A server may have none, and a host may have several addresses, which no server has."""
    macs = ["02:00:00:00:00:01", "02:00:00:00:00:02"]
    hosts = [
        {"name": "draco", "fixed_address": "10.1.1.5", "hardware_ethernet": macs},
        {"name": "taurus", "fixed_address": "10.1.1.6", "hardware_ethernet": []},
        {
            "name": "scorpio",
            "fixed_address": "10.1.1.7",
            "hardware_ethernet": ["02:00:00:00:00:03"],
        },
        {"name": "printer", "fixed_address": "10.1.1.9", "hardware_ethernet": macs},
        {"name": "roamer", "fixed_address": ["10.1.1.5", "10.1.2.5"], "hardware_ethernet": macs},
        {"name": "tablet", "fixed_address": None, "hardware_ethernet": macs},
    ]
    site = {
        "tinydns_servers": [{"address": "10.1.1.5"}, {"address": "10.1.1.6"}],
        "dnscache_servers": [{"address": "10.1.1.5"}, {"address": "10.1.1.7"}],
        "fixed_hosts_json": json.dumps(hosts),
    }
    expected = {"10.1.1.5": macs, "10.1.1.7": ["02:00:00:00:00:03"]}
    assert servers.server_macs(site) == expected
