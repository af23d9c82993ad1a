"""The units of each server, and what the status reads of it."""

from __future__ import annotations

from typing import Any

from controller import server_units

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
    assert server_units.server_units(SITE, "draco", KEA, ADDRESSES) == everything
    assert server_units.server_units(SITE, "scorpio", KEA, []) == ["dnscache.service"]


def test_what_is_read_of_a_server_with_every_role() -> None:
    """The zone data first and last; each log's parts in order; each daemon of an address."""
    read = server_units.server_reads(SITE, "draco", KEA, ADDRESSES, OWN, "/zone")
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
    assert server_units.server_reads(SITE, "taurus", KEA, [], [], "") == {
        "units": KEA["units"],
        "files": [
            ["leases", "/var/lib/kea/leases.csv.1"],
            ["leases", "/var/lib/kea/leases.csv"],
        ],
        "disks": ["/var/lib/kea"],
        "status": False,
    }
    assert server_units.server_reads(SITE, "scorpio", KEA, [], OWN, "") == {
        "units": ["dnscache.service", "dnscache@10.1.1.5.service"],
        "files": [],
        "disks": [],
        "status": False,
    }
