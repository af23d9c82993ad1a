"""What the roles get of the servers in the inventory."""

from __future__ import annotations

import json
from typing import Any

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


SITE: dict[str, Any] = {
    "servers": ["draco", "taurus"],
    "dhcp_servers": [{"name": "draco"}, {"name": "taurus"}],
    "tinydns_servers": [{"name": "draco"}],
    "dnscache_servers": [{"name": "draco"}, {"name": "scorpio"}],
}
KEA = {
    "units": ["kea-dhcp4-server.service", "kea-watch.service"],
    "lease_file": "/var/lib/kea/leases.csv",
    "log_parts": [".1", ""],
}
ADDRESSES = [
    {"unit": "tinydns@10.1.1.3.service"},
    {"unit": "dnscache@10.1.1.8.service"},
]
OWN = [{"unit": "dnscache@10.1.1.5.service"}]


def test_keepalived_starts_last_and_only_where_an_address_floats() -> None:
    everything = ["kea-dhcp4-server.service", "kea-watch.service", "leasemerge.service"]
    everything += ["tinydns.service", "dnscache.service", "keepalived.service"]
    assert servers.server_units(SITE, "draco", KEA, ADDRESSES) == everything
    assert servers.server_units(SITE, "scorpio", KEA, []) == ["dnscache.service"]


def test_what_is_read_of_a_server_with_every_role() -> None:
    """The zone data first and last; each log's parts in order; each daemon of an address."""
    read = servers.server_reads(SITE, "draco", KEA, ADDRESSES, OWN, "/zone")
    assert read["files"] == [
        ["zone_before", "/zone/data"],
        ["leases", "/var/lib/kea/leases.csv.1"],
        ["leases", "/var/lib/kea/leases.csv"],
        ["draco", "/var/lib/leasemerge/draco.leases"],
        ["taurus", "/var/lib/leasemerge/taurus.leases"],
        ["draco~", "/var/lib/leasemerge/draco~.leases"],
        ["taurus~", "/var/lib/leasemerge/taurus~.leases"],
        ["zone", "/zone/data"],
    ]
    assert read["disks"] == ["/var/lib/kea", "/var/lib/leasemerge", "/zone"]
    assert read["status"] is True
    assert read["units"][5:] == [
        "floating-address.service",
        "keepalived.service",
        "tinydns@10.1.1.3.service",
        "dnscache@10.1.1.8.service",
        "dnscache@10.1.1.5.service",
        "tinydns-spare@10.1.1.3.service",
    ]


def test_what_is_read_of_a_server_with_one_role() -> None:
    assert servers.server_reads(SITE, "taurus", KEA, [], [], "") == {
        "units": KEA["units"],
        "files": [
            ["leases", "/var/lib/kea/leases.csv.1"],
            ["leases", "/var/lib/kea/leases.csv"],
        ],
        "disks": ["/var/lib/kea"],
        "status": False,
    }
    assert servers.server_reads(SITE, "scorpio", KEA, [], OWN, "") == {
        "units": ["dnscache.service", "dnscache@10.1.1.5.service"],
        "files": [],
        "disks": [],
        "status": False,
    }
