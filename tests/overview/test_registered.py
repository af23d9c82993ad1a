"""The readings, from what the playbook registered and from the inventory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.overview.sample_network import DHCPD, FILTERS, KEA, row

#: What derived.yml says of the DHCP server, as far as the report needs it.
SITE_DHCP = {"name": "dhcpd", "unit": "isc-dhcp-server.service"}


def test_readings_are_gathered_from_what_the_playbook_registered() -> None:
    reading = {
        "units": {"a.service": "active"},
        "disabled": ["a.service"],
        "disks": {"/var/lib/dhcp": [1, 2]},
        "offset": 0.5,
        "addresses": {"10.1.1.5": "eth0"},
        "status": "no json",
        "files": {"leases": "QQ==", "zone": None, "taurus": "Qg==", "draco~": None},
    }
    given = {"server": "10.1.1.3", "name": "office.internal", "type": "SOA", "values": None}
    hostvars: dict[str, Any] = {
        "draco": {"read_server": {"reading": reading}, "read_answers": {"answers": [given]}},
        "taurus": {"read_server": {"unreachable": True, "msg": "Task failed: no\n route."}},
    }
    for variables in hostvars.values():
        variables["site_dhcp"] = SITE_DHCP
    assert FILTERS["server_readings"](["draco", "taurus"], hostvars) == [
        {
            "server": "draco",
            "dhcp": DHCPD,
            "reachable": True,
            "reason": "",
            "leases": "QQ==",
            "zone": None,
            "zone_before": None,
            "memories": {"taurus": "Qg=="},
            "status": None,
            "units": {"a.service": "active"},
            "disabled": ["a.service"],
            "disks": {"/var/lib/dhcp": [1, 2]},
            "offset": 0.5,
            "addresses": {"10.1.1.5": "eth0"},
            "answers": [given],
        },
        row("taurus", reachable=False, reason="no route"),
    ]


@pytest.mark.parametrize(
    ("offset", "seconds"),
    # The controller waited for 30 s: a clock that is right seems to be up to that far ahead.
    [(27.0, 0.0), (100.0, 70.0), (-70.0, -70.0), (0.0, 0.0)],
)
def test_clock_is_not_ahead_by_what_a_busy_controller_waits(offset: float, seconds: float) -> None:
    read = {"reading": {"offset": offset, "time": 1000.0}}
    draco = {"read_server": read, "read_server_until": "1030.0", "site_dhcp": SITE_DHCP}
    (reading,) = FILTERS["server_readings"](["draco"], {"draco": draco})
    assert reading["offset"] == seconds


@pytest.mark.parametrize(
    ("site_dhcp", "variables", "expected"),
    [
        (SITE_DHCP, {}, DHCPD),
        (SITE_DHCP, {"dhcpd_failover_port": 519, "kea_port": 9}, DHCPD | {"port": 519}),
        (
            {"name": "kea", "unit": "kea.service"},
            {"kea_port": "8002"},
            KEA | {"port": 8002, "unit": "kea.service"},
        ),
        ({"name": "kea", "unit": KEA["unit"]}, {"dhcpd_failover_port": 9}, KEA),
    ],
)
def test_dhcp_server_and_its_port_are_those_of_the_inventory(
    site_dhcp: dict[str, str], variables: dict[str, Any], expected: dict[str, Any]
) -> None:
    hostvars = {"draco": {"site_dhcp": site_dhcp, **variables}}
    (reading,) = FILTERS["server_readings"](["draco"], hostvars)
    assert reading["dhcp"] == expected
