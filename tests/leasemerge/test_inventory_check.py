"""Every fault of a site is found, and reported in a sentence with what to do.

golden/input/every-key.json is a valid site that has every key. A case in golden/errors is
what it has otherwise (`with`), lacks (`without`) or is instead, and beside it the exact sentences.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasemerge import inventory_check
from leasemerge.faults import Inventory
from leasemerge.site import Site, SiteError
from tests.support.small_site import SITE

GOLDEN = Path(__file__).parent.parent / "golden"
EVERY_KEY = GOLDEN / "input" / "every-key.json"
CASES = sorted(path.stem for path in (GOLDEN / "errors").glob("*.json"))


def base() -> dict[str, Any]:
    """Read the valid site."""
    site: dict[str, Any] = json.loads(EVERY_KEY.read_text())
    return site


def faulty(case: str) -> object:
    """Make the site of a case."""
    change = json.loads((GOLDEN / "errors" / f"{case}.json").read_text())
    if "instead" in change:
        return change["instead"]
    site = base() | change.get("with", {})
    return {key: value for key, value in site.items() if key not in change.get("without", [])}


def faults(site: object) -> list[str]:
    """Return the sentences of a site's faults."""
    return [str(fault) for fault in inventory_check.faults(site)]


def test_a_site_that_is_well_has_no_fault() -> None:
    """Without this every case below would prove nothing."""
    assert faults(base()) == []


@pytest.mark.parametrize("case", CASES)
def test_the_sentences_of_a_fault(case: str) -> None:
    """One fault alone: exactly its sentences."""
    expected = (GOLDEN / "errors" / f"{case}.txt").read_text().splitlines()
    assert faults(faulty(case)) == expected


def test_every_fault_has_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every place in the package that reports a fault is reached by a case."""
    calls = {
        (str(path), node.lineno)
        for path in Path(inventory_check.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "fault"
    }
    reached = set()
    original = Inventory.fault

    def note(self: Any, who: Any, what: str, remedy: str) -> None:
        caller = sys._getframe(1)
        reached.add((caller.f_code.co_filename, caller.f_lineno))
        original(self, who, what, remedy)

    monkeypatch.setattr(Inventory, "fault", note)
    for case in CASES:
        faults(faulty(case))
    assert calls - reached == set(), "These lines report a fault that no case has."


def test_all_faults_at_once() -> None:
    """Faults of different hosts and keys do not hide one another."""
    site = base()
    site["fixed_hosts"] += [
        {"name": "one", "fixed_address": "10.1.1.999"},
        {"name": "two_", "fixed_address": "10.1.1.15"},
        {"name": "three", "hardware_ethernet": ["xx"], "aliases": ["wpad"]},
    ]
    site["subnets"][0]["ranges"] = [["10.1.1.100", "10.1.1.255"]]
    site["mclt"] = 0
    site["name_servers"][0]["address"] = "10.1.2.3"
    found = faults(site)
    assert [sentence.split(";")[0] for sentence in found] == [
        "Site: mclt is 0",
        "Subnet 10.1.1.0/24 (inventory/group_vars/all/site.yml:15): the range 10.1.1.100 to "
        "10.1.1.255 takes in the network or broadcast address of 10.1.1.0/24",
        "Host one: the address 10.1.1.999 is not an IPv4 address",
        "Host two_: the name two_ is not a DNS label",
        "Host two_: the address 10.1.1.15 is already that of host foobar "
        "(inventory/fixed_hosts.yml:18)",
        "Host three: the MAC address xx is not six pairs of hexadecimal digits",
        "Host three: the alias wpad is a reserved name",
        "Name server ns1 (inventory/servers.yml:10): the alias_address 10.1.2.3 does not lie in "
        "the subnet 10.1.1.0/24 of its server's 10.1.1.5",
    ]


def test_from_dict_raises_every_fault() -> None:
    """The error carries the same sentences."""
    site = base() | {"lease_ttl": 0, "domain": "-"}
    with pytest.raises(SiteError) as error:
        Site.from_dict(site)
    assert error.value.faults == faults(site)
    assert len(error.value.faults) == 2


def test_only_the_keys_of_site_json() -> None:
    """What only a deployment knows may be absent, and what is not known is ignored."""
    assert faults(SITE) == []
    assert faults(SITE | {"a_key_of_tomorrow": 1}) == []


@pytest.mark.parametrize(
    "host",
    [
        {"name": "h", "fixed_address": "10.1.1.20"},
        {"name": "h", "hardware_ethernet": ["02:00:00:00:00:01"]},
        {"name": "h", "fixed_address": None, "hardware_ethernet": ["02:00:00:00:00:01"]},
        {
            "name": "h",
            "fixed_address": "10.1.1.150",
            "hardware_ethernet": ["02:00:00:00:00:01", "02-00-00-00-00-0A"],
        },
        {"name": "H1", "fixed_address": "10.1.1.20", "aliases": ["1", "a-b"]},
        {"name": "h", "hardware_ethernet": ["0200.0000.0001"], "extra": "x;\ny;"},
        {
            "name": "h",
            "hardware_ethernet": ["020000000001"],
            "next_server": "10.1.1.1",
            "filename": "a/b",
            "options": {"ntp-servers": ["10.1.1.5", "10.1.1.6"], "tftp.mode": 1},
        },
    ],
)
def test_a_fixed_host_in_each_of_its_forms(host: dict[str, Any]) -> None:
    """No MAC, several MACs, a MAC and no address, an address inside a range: all are valid."""
    site = base()
    site["fixed_hosts"].append(host)
    assert faults(site) == []


def test_a_note_about_a_range_that_fixed_hosts_fill() -> None:
    """It is allowed, so the deployment goes on, but nobody gets an address from it."""
    site = base()
    site["subnets"][0]["ranges"] = [["10.1.1.15", "10.1.1.15"], ["10.1.1.100", "10.1.1.110"]]
    found = inventory_check.check(site)
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Subnet 10.1.1.0/24 (inventory/group_vars/all/site.yml:15): no address of the range "
        "10.1.1.15 to 10.1.1.15 is left to lease; extend it, or remove it."
    ]


def test_a_note_about_a_floating_address_that_nobody_stands_by_for() -> None:
    """A group of one machine works."""
    site = base() | {"tinydns_servers": [{"name": "draco", "address": "10.1.1.5"}]}
    site["name_servers"] = site["name_servers"][:1]
    found = inventory_check.check(site)
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Name server ns1 (inventory/servers.yml:10): nobody stands by for 10.1.1.3; add another "
        "machine of its subnet to tinydns_servers, or know that nobody answers there while draco "
        "is away."
    ]


def test_a_sentence_has_the_name_that_a_setting_is_known_by() -> None:
    """A key of site.json is a variable of another name in the inventory."""
    names = {"mclt": "site_mclt", "dnscache_servers": "the group dnscache_servers"}
    found = inventory_check.check(base() | {"mclt": None, "dnscache_servers": []}, names)
    assert [fault.problem for fault in found.faults] == [
        "site_mclt is missing",
        "the group dnscache_servers is empty, so clients would have no resolver",
    ]


def test_a_network_without_any_range_is_valid() -> None:
    """Fixed hosts alone need no dynamic addresses."""
    site = base()
    for subnet in site["subnets"]:
        subnet.pop("ranges")
    assert faults(site) == []


def test_reverse_zones_may_hold_more_than_a_subnet() -> None:
    """A zone above, or two zones side by side, hold a subnet just as well."""
    site = base() | {"reverse_zones": ["10.in-addr.arpa"]}
    assert faults(site) == []
    site["subnets"] = [{"network": "10.1.0.0/22"}]
    site["reverse_zones"] = [f"{octet}.1.10.in-addr.arpa" for octet in range(4)]
    assert faults(site) == []
    site["reverse_zones"].pop()
    assert len(faults(site)) == 1


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["10.1.1.7", "10.1.1.0/24", "x", "02:00:00:00:00:01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(key=st.sampled_from(sorted(base())), value=_ANYTHING)
def test_no_value_breaks_the_check(key: str, value: object) -> None:
    """Whatever stands at a key, the answer is sentences of one line, never a traceback."""
    found = faults(base() | {key: value})
    assert all("\n" not in sentence and sentence.endswith(".") for sentence in found)
    if not found:
        Site.from_dict(base() | {key: value})


@given(
    table=st.sampled_from(
        ["fixed_hosts", "subnets", "name_servers", "dhcp_servers", "dnscache_servers"]
    ),
    key=st.sampled_from(
        [
            *["name", "fixed_address", "hardware_ethernet", "aliases", "where", "address", "role"],
            *["network", "ranges", "routers", "shared_network", "server_address", "filename"],
            *["pools", "options", "extra", "default_lease_time", "next_server", "unresolved"],
        ]
    ),
    value=_ANYTHING,
)
def test_no_value_of_an_entry_breaks_the_check(table: str, key: str, value: object) -> None:
    """The same inside each table."""
    site = base()
    site[table][0][key] = value
    assert all("\n" not in sentence and sentence.endswith(".") for sentence in faults(site))


def test_what_has_no_meaning_with_kea_is_noted() -> None:
    site = base() | {"dhcp_server": "kea", "mclt": 90000}
    for pool in site["subnets"][0]["pools"]:
        for key in ("allow", "deny", "extra"):
            del pool[key]
    found = inventory_check.check(site)
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Site: mclt has no meaning with Kea, whose servers report a lease to each other before "
        "they grant it; remove it when the network is not to go back to dhcpd."
    ]
