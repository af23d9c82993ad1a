"""What the roles get of a checked site: no daemon checks it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.checked_site import FaultySiteError, checked_site

ROOT = Path(__file__).parents[2]


def test_site_json_has_nothing_that_only_the_inventory_check_needs() -> None:
    """Otherwise a comment that moves a line of the inventory would change the file."""
    office = json.loads((ROOT / "tests/golden/input/office/site.json").read_text())
    hosts = [
        row
        | {"where": "fixed_hosts.yml:7"}
        | ({"extra": "x;"} if row.get("hardware_ethernet") else {})
        for row in office["fixed_hosts"]
    ]
    subnets = [row | {"routers": []} for row in office["subnets"]]
    name_servers = [
        row | {"server": "draco", "server_address": "10.1.1.5"} for row in office["name_servers"]
    ]
    more = {"fixed_hosts": hosts, "subnets": subnets, "name_servers": name_servers, "mclt": 600}
    site = checked_site(office | more)
    assert site["faults"] == []
    content = json.loads(site["site_json"])
    assert content.keys() == office.keys()
    assert content["subnets"] == office["subnets"]
    assert content["name_servers"] == office["name_servers"]
    assert [row.keys() for row in content["fixed_hosts"]] == [
        row.keys() for row in office["fixed_hosts"]
    ]
    assert json.loads(site["fixed_hosts_json"]) == site["fixed_hosts"]


def test_a_faulty_site_has_no_text_to_deploy() -> None:
    faulty = {"domain": "office.internal", "fixed_hosts": 7}
    site = checked_site(faulty, keep_faults=True)
    assert site["faults"]
    assert "site_json" not in site
    with pytest.raises(FaultySiteError) as error:
        checked_site(faulty)
    assert str(error.value).splitlines()[1:] == site["faults"]
