"""What Kea is configured with of the inventory."""

from __future__ import annotations

from typing import Any

import pytest

from controller.kea_config import KeaConfigError, kea_config

SETTINGS: dict[str, Any] = {
    "role": "primary",
    "server": "draco",
    "address": "10.1.1.5",
    "peer": "taurus",
    "peer_address": "10.1.1.6",
    "port": 8001,
    "interface": "eth0",
    "heartbeat_delay": 500,
    "max_response_delay": 1400,
    "sync_timeout": 10000,
    "standby_share": 20,
    "domain_name": "office.internal",
    "domain_search": ["office.internal"],
    "domain_name_servers": ["10.1.1.8"],
    "default_lease_time": 3600,
    "min_lease_time": 300,
    "max_lease_time": 86400,
    "cache_threshold": 0.0,
    "lfc_interval": 3600,
    "options": {},
    "subnets": [{"network": "10.1.1.0/24", "ranges": [["10.1.1.100", "10.1.1.199"]]}],
    "fixed_hosts": [],
    "reserved_addresses": [],
    "extra": {},
    "control_socket": "/run/kea/kea4-ctrl-socket",
    "lease_file": "/var/lib/kea/kea-leases4.csv",
    "key": "/etc/kea/pair.key",
    "certificate": "/etc/kea/pair.crt",
    "ca": "/etc/kea/pair-trusted.crt",
    "hooks_dir": "/usr/lib/x86_64-linux-gnu/kea/hooks",
    "host_commands": False,
}


def config(**changed: Any) -> dict[str, Any]:
    """Return the content under Dhcp4."""
    made: dict[str, Any] = kea_config(SETTINGS | changed)["Dhcp4"]
    return made


def test_each_server_has_a_part_of_a_range_for_new_clients() -> None:
    primary, secondary = (
        config(role=role)["subnet4"][0]["pools"] for role in ("primary", "secondary")
    )
    low, high = {"pool": "10.1.1.100 - 10.1.1.179"}, {"pool": "10.1.1.180 - 10.1.1.199"}
    guard = {"client-class": "RETURNING"}
    assert primary == [low, high | guard]
    assert secondary == [low | guard, high]


def test_options_have_the_names_and_the_values_of_kea() -> None:
    options = {
        "bootfile-name": '"a,b"',
        "ntp-servers": ["10.1.1.1", "10.1.1.2"],
        "ip-forwarding": "on",
    }
    made = {row["name"]: row["data"] for row in config(options=options)["option-data"]}
    assert made["boot-file-name"] == "a\\,b"
    assert made["ip-forwarding"] == "true"
    assert made["ntp-servers"] == "10.1.1.1, 10.1.1.2"
    assert "bootfile-name" not in made


@pytest.mark.parametrize("address", [None, "10.1.1.16"])
def test_a_host_of_another_domain_is_told_its_own(address: str | None) -> None:
    """As by dhcpd: its domain, which is searched first."""
    badge = {
        "name": "badge",
        "domain": "guests.office.internal",
        "fixed_address": address,
        "hardware_ethernet": ["02:00:5e:10:00:32"],
    }
    made = config(fixed_hosts=[badge])
    [row] = made["subnet4"][0]["reservations"] if address else made["reservations"]
    assert {option["name"]: option["data"] for option in row["option-data"]} == {
        "domain-name": "guests.office.internal",
        "domain-search": "guests.office.internal, office.internal",
    }


def test_extra_is_merged_and_does_not_replace_the_pair() -> None:
    extra = {"hooks-libraries": [{"library": "/x.so"}], "lease-database": {"lfc-interval": 60}}
    made = config(extra=extra)
    assert [hook["library"] for hook in made["hooks-libraries"]][-1] == "/x.so"
    assert len(made["hooks-libraries"]) == 3
    assert made["lease-database"]["lfc-interval"] == 60
    assert made["lease-database"]["type"] == "memfile"


@pytest.mark.parametrize("there", [True, False])
def test_the_hook_for_reservations_is_loaded_where_debian_has_it(there: bool) -> None:
    libraries = [hook["library"] for hook in config(host_commands=there)["hooks-libraries"]]
    names = [library.rpartition("/libdhcp_")[2] for library in libraries]
    assert ("host_cmds.so" in names) is there
    assert {"lease_cmds.so", "ha.so"} <= {*names}


def test_text_of_dhcpd_is_refused_with_its_place() -> None:
    subnets = [{"network": "10.1.1.0/24", "extra": "authoritative;"}]
    with pytest.raises(KeaConfigError, match=r"The subnet 10\.1\.1\.0/24 has extra"):
        config(subnets=subnets)
