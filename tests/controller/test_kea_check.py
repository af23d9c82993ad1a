"""What the real Kea refuses, as the host, the subnet or the variable of the inventory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controller.kea_check import kea_refusals
from tests.controller.test_kea_config import SETTINGS

PROGRAM = "/usr/sbin/kea-dhcp4"
HOST = {
    "name": "nas",
    "hardware_ethernet": ["02:00:00:00:00:01", "02:00:00:00:00:02"],
    "fixed_address": "10.1.1.15",
    "where": "hosts.yml:7",
}


def faults(**changed: Any) -> list[str]:
    """Return the faults of both servers' configurations."""
    found: dict[str, None] = {}
    for role in ("primary", "secondary"):
        answer = kea_refusals(SETTINGS | changed | {"role": role}, PROGRAM)
        assert not answer["notes"], answer
        found |= dict.fromkeys(answer["faults"])
    return list(found)


def subnet(**keys: Any) -> dict[str, Any]:
    """Return a table of two subnets: one alone, and one with these keys in a shared network."""
    first, second = {"network": "10.1.1.0/24"}, {"network": "10.1.2.0/24", "shared_network": "x"}
    return {"subnets": [first, {**second, "ranges": [["10.1.2.100", "10.1.2.199"]], **keys}]}


def host(**keys: Any) -> dict[str, Any]:
    """Return a table of one host with these keys."""
    return {"fixed_hosts": [HOST | keys]}


def test_a_valid_inventory_is_accepted() -> None:
    """Every kind of entry, and no file of a server."""
    options = {"routers": ["10.1.1.1"], "bootfile-name": '"a,b"', "time-offset": -3600}
    extra = {"hooks-libraries": [{"library": "/nowhere/libdhcp_x.so"}], "lease-database": {"x": 1}}
    valid = {"options": options, "extra": extra, **host(next_server="nas", options=options)}
    assert faults(**valid, **subnet(filename="a", next_server="nas.office.internal")) == []
    for threshold in (0, 0.25, 1):
        assert faults(cache_threshold=threshold) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"options": {"ntp-server": "10.1.1.5"}},
            "Site: Kea refuses option ntp-server 10.1.1.5 (it has no option of this name)",
        ),
        (
            subnet(options={"bootfile-name": '"a"', "ntp_servers": "10.1.1.5"}),
            "Subnet 10.1.2.0/24: Kea refuses option ntp_servers 10.1.1.5 (it has no option of this "
            "name)",
        ),
        (
            host(options={"ntp-servers": "foo"}),
            "Host nas (hosts.yml:7): Kea refuses option ntp-servers foo (Failed to convert string "
            "to address 'foo')",
        ),
        (
            host(fixed_address=None, options={"interface-mtu": 99999}),
            "Host nas (hosts.yml:7): Kea refuses option interface-mtu 99999 (unable to convert "
            "'99999' to numeric type. This value is expected to be in the range of 0..65535)",
        ),
        (
            subnet(pools=[{"ranges": [["10.1.2.50", "10.1.2.59"]], "options": {"wpad": '"ü"'}}]),
            "Subnet 10.1.2.0/24: Kea refuses option wpad ü (it has no option of this name)",
        ),
        (
            host(next_server="nix"),
            "Host nas (hosts.yml:7): Kea refuses next_server: nix (it is neither an address nor "
            "the name of a fixed host that has one)",
        ),
        (
            subnet(next_server="nix"),
            "Subnet 10.1.2.0/24: Kea refuses next_server: nix (it is neither an address nor the "
            "name of a fixed host that has one)",
        ),
        (
            host(filename="f" * 128),
            f"Host nas (hosts.yml:7): Kea refuses filename: {'f' * 128} (boot file length must not "
            "exceed 127)",
        ),
        (
            {"extra": {"Dhcp4": {"valid-lifetime": 60}}},
            "Variable kea_extra: Kea refuses Dhcp4 (it has no such key in Dhcp4)",
        ),
        (
            {"extra": {"valid-lifetime": "60"}},
            "Variable kea_extra: Kea refuses valid-lifetime: 60 (syntax error, unexpected constant "
            "string, expecting integer)",
        ),
        (
            {"extra": {"client-classes": [{"name": "x", "test": "foo ="}]}},
            "Variable kea_extra: Kea refuses test: foo = (expression: [foo =] error: <string>:1.1: "
            "Invalid character: f at)",
        ),
    ],
)
def test_what_kea_refuses_is_named(changed: Mapping[str, Any], sentence: str) -> None:
    assert faults(**changed) == [f"{sentence}; correct it."]


def test_all_refusals_are_returned_at_once() -> None:
    """Kea stops at the first. The two MAC addresses of a host are one refusal."""
    found = faults(
        options={"ntp-servers": "foo", "time-offset": "1h"},
        **host(next_server="nix", filename="f" * 128),
        **subnet(shared_network="x", options={"ntp-server": "10.1.1.5"}),
    )
    assert [sentence.partition(":")[0] for sentence in found] == [
        *("Site", "Site"),
        *("Subnet 10.1.2.0/24",),
        *("Host nas (hosts.yml", "Host nas (hosts.yml"),
    ]


def test_key_that_a_later_kea_may_have_is_a_note(tmp_path: Any) -> None:
    """Debian 12 has 2.2; the servers check it themselves before anything is deployed."""
    answer = kea_refusals(SETTINGS | {"extra": {"valid-lifetimes": 60}}, PROGRAM)
    assert answer["faults"] == []
    assert answer["notes"] == [
        "Variable kea_extra: Kea refuses valid-lifetimes: 60 (it has no such key in Dhcp4); "
        "correct it, unless the servers' Kea does."
    ]
    assert kea_refusals(SETTINGS, str(tmp_path / "none")) == {"faults": [], "notes": []}
