"""The inventory as the checks read it: how rows and keys are named, what an unknown key means."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from leasemerge import inventory_check
from leasemerge.inventory import Inventory, Row, is_edge
from tests.support.every_key import every_key


def test_a_row_is_named_with_its_place() -> None:
    """By its name, else by its number; a key may stand elsewhere than its row."""
    row = Row("Host", "name", 0, {"name": "pc", "where": "a.yml:7", "places": {"mac": "b.yml:1"}})
    assert str(row) == "host pc (a.yml:7)"
    assert row.where("mac") == "Host pc (b.yml:1)"
    assert row.where("aliases") == "Host pc (a.yml:7)"
    assert Row("Host", "name", 4, {}).who == "Host number 5"


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("mac", "write hardware_ethernet"),
        ("Hardware-Ethernet", "write hardware_ethernet"),
        ("hardware_ethernt", "write hardware_ethernet"),
        ("colour", "use aliases, hardware_ethernet"),
    ],
)
def test_the_remedy_of_an_unknown_key_is_the_key_that_is_meant(key: str, remedy: str) -> None:
    """By what it is called elsewhere, or what is close to it; else every key is named."""
    inventory = Inventory({}, {})
    row = Row("Host", "name", 0, {"name": "pc", key: "x"})
    inventory.check_row(row, {"name": None, "hardware_ethernet": None, "aliases": None})
    assert [(fault.where, fault.remedy) for fault in inventory.faults] == [("Host pc", remedy)]


@pytest.mark.parametrize(
    ("address", "network", "edge"),
    [
        ("10.1.1.0", "10.1.1.0/24", True),
        ("10.1.1.255", "10.1.1.0/24", True),
        ("10.1.1.1", "10.1.1.0/24", False),
        ("10.1.1.0", "10.1.1.0/31", False),
        ("10.1.1.0", "10.1.1.0/32", False),
    ],
)
def test_the_edges_of_a_network(address: str, network: str, edge: bool) -> None:
    """No host has the first or the last address, where a network has more than two."""
    assert is_edge(IPv4Address(address), IPv4Network(network)) is edge


def test_a_sentence_has_the_name_that_a_setting_is_known_by() -> None:
    """A key of site.json is a variable of another name in the inventory."""
    names = {"mclt": "site_mclt", "dnscache_servers": "the group dnscache_servers"}
    found = inventory_check.check(every_key() | {"mclt": None, "dnscache_servers": []}, names)
    assert [fault.problem for fault in found.faults] == [
        "site_mclt is missing",
        "the group dnscache_servers is empty, so clients would have no resolver",
    ]
