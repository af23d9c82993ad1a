"""All that is known about one host, and the line that pins it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
import yaml

from controller.overview.registered import readings_of
from leasemerge.inventory_check import faults
from tests.overview.sample_network import DRACO, FILTERS, LAPTOP, NOW, PLAIN, healthy, lease


@pytest.mark.parametrize(
    "wanted", ["laptop", "LAPTOP.office.internal", "10.1.1.100", LAPTOP, "02-00-00-00-00-01"]
)
def test_a_lease_is_found_by_name_address_and_mac(wanted: str) -> None:
    view = FILTERS["lease_view"](healthy(), PLAIN, wanted, NOW)
    assert [name["name"] for name in view["names"]] == ["laptop"]
    assert [(block["log"], block["hostname"]) for block in view["blocks"]] == [
        ("draco", "laptop"),
        ("taurus", None),
    ]
    assert (
        view["line"]
        == f'    laptop: {{ fixed_address: 10.1.1.100, hardware_ethernet: "{LAPTOP}" }}'
    )


def test_every_mac_of_a_host_is_found_and_each_line_once() -> None:
    """By its name, an alias, an address or one MAC, whatever logs know of it."""
    macs = ["02:00:00:00:00:77", "02:00:00:00:00:78"]
    tablet = {"name": "tablet", "hardware_ethernet": macs, "aliases": ["slate"]}
    site = {**PLAIN, "fixed_hosts": [*PLAIN["fixed_hosts"], tablet]}
    held = lease("10.1.1.107", mac=macs[1], hostname="x") + lease("10.1.2.104", "free", mac=macs[0])
    rows = healthy(DRACO + held)
    rows[1]["memories"] = {"draco~": b64encode(held.encode()).decode()}
    for wanted in ("tablet", "slate", *macs):
        view = FILTERS["lease_view"](rows, site, wanted, NOW)
        assert [(block["address"], block["hardware"]) for block in view["blocks"]] == [
            ("10.1.1.107", macs[1]),
            ("10.1.2.104", macs[0]),
        ]
        assert {name["name"] for name in view["names"]} == {"tablet", "slate"}
        assert [name["hardware"] for name in view["names"]] == [macs, macs]


def test_a_host_that_is_pinned_where_it_was_leased_is_not_refused() -> None:
    pinned = lease("10.1.1.105", mac="02:00:00:00:00:05", hostname="printer")
    for wanted in ("printer", "10.1.1.105", "02:00:00:00:00:05"):
        view = FILTERS["lease_view"](healthy(DRACO + pinned), PLAIN, wanted, NOW)
        assert (view["losers"], view["pinned"]) == ([], ["10.1.1.105"])
        assert {name["name"] for name in view["names"]} == {"printer", "lp"}


def test_the_line_pins_the_host_where_it_is() -> None:
    line = FILTERS["lease_view"](healthy(), PLAIN, "phone", NOW)["line"]
    name, values = next(iter(yaml.safe_load(line).items()))
    pinned = {"name": name, **values, "hardware_ethernet": [values["hardware_ethernet"]]}
    site = {**PLAIN, "fixed_hosts": [*PLAIN["fixed_hosts"], pinned]}
    assert faults(site) == []
    names = {n.label: n for n in _names(site)}
    assert (names["phone"].address, names["phone"].source) == ("10.1.1.101", "fixed")


def test_a_host_with_its_name_pinned_keeps_what_its_line_has() -> None:
    tablet = {
        "name": "tablet",
        "hardware_ethernet": ["02:00:00:00:00:77", "02:00:00:00:00:78"],
        "aliases": ["slate"],
    }
    site = {**PLAIN, "fixed_hosts": [*PLAIN["fixed_hosts"], tablet]}
    held = lease("10.1.1.107", mac="02:00:00:00:00:78", hostname="anything")
    line = FILTERS["lease_view"](healthy(DRACO + held), site, "tablet", NOW)["line"]
    assert yaml.safe_load(line) == {
        "tablet": {
            "fixed_address": "10.1.1.107",
            "hardware_ethernet": ["02:00:00:00:00:77", "02:00:00:00:00:78"],
            "aliases": ["slate"],
        }
    }


def test_a_nameless_lease_gets_a_line_to_fill_in() -> None:
    nameless = lease("10.1.1.109", mac="02:00:00:00:00:09")
    view = FILTERS["lease_view"](healthy(DRACO + nameless), PLAIN, "02:00:00:00:00:09", NOW)
    assert view["names"] == []
    assert view["line"].strip().startswith("NAME: { fixed_address: 10.1.1.109,")


@pytest.mark.parametrize("wanted", ["printer", "10.1.1.106", "nobody", "10.1.1.250"])
def test_what_is_pinned_or_not_there_has_no_line(wanted: str) -> None:
    pinned = lease("10.1.1.106", mac="02:00:00:00:00:05", hostname="printer")
    rows = healthy(DRACO + pinned)
    assert FILTERS["lease_view"](rows, PLAIN, wanted, NOW)["line"] == ""


def _names(site: dict[str, Any]) -> Any:
    from controller.overview.readings import merged
    from leasemerge.site import Site

    return merged(readings_of(healthy()), Site.from_dict(site), NOW).names
