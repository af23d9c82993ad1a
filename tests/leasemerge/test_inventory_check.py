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
from leasemerge.inventory import Inventory
from leasemerge.site import Site
from tests.support.every_key import every_key, faults
from tests.support.small_site import SITE

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(path.stem for path in (GOLDEN / "errors").glob("*.json"))


def faulty(case: str) -> object:
    """Make the site of a case."""
    change = json.loads((GOLDEN / "errors" / f"{case}.json").read_text())
    if "instead" in change:
        return change["instead"]
    site = every_key() | change.get("with", {})
    return {key: value for key, value in site.items() if key not in change.get("without", [])}


def test_a_valid_site_has_no_fault() -> None:
    """Without this every case below would prove nothing."""
    assert faults(every_key()) == []


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
    site = every_key()
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
        "10.1.1.255 includes the network or broadcast address of 10.1.1.0/24",
        "Host one: the address 10.1.1.999 is not an IPv4 address",
        "Host two_: the name two_ is not a DNS label",
        "Host two_: the address 10.1.1.15 is already that of host foobar "
        "(inventory/fixed_hosts.yml:18)",
        "Host three: the MAC address xx is not six pairs of hexadecimal digits",
        "Host three: the alias wpad is a reserved name",
        "Name server ns1 (inventory/servers.yml:10): the alias_address 10.1.2.3 does not lie in "
        "the subnet 10.1.1.0/24 of its server's 10.1.1.5",
    ]


def test_only_the_keys_of_site_json() -> None:
    """What only a deployment knows may be absent, and what is not known is ignored."""
    assert faults(SITE) == []
    assert faults(SITE | {"a_key_of_tomorrow": 1}) == []


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


@given(key=st.sampled_from(sorted(every_key())), value=_ANYTHING)
def test_no_value_breaks_the_check(key: str, value: object) -> None:
    """Whatever stands at a key, the answer is sentences of one line, never a traceback."""
    found = faults(every_key() | {key: value})
    assert all("\n" not in sentence and sentence.endswith(".") for sentence in found)
    if not found:
        Site.from_dict(every_key() | {key: value})


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
    site = every_key()
    site[table][0][key] = value
    assert all("\n" not in sentence and sentence.endswith(".") for sentence in faults(site))


def test_what_has_no_effect_with_kea_is_noted() -> None:
    """The pair may go back to dhcpd, which needs it."""
    split = {"name": "dhcpd_failover_split", "role": "dhcpd", "where": "dhcpd.yml:9"}
    site = every_key() | {"dhcp_server": "kea", "mclt": 90000, "idle_variables": [split]}
    for pool in site["subnets"][0]["pools"]:
        for key in ("allow", "deny", "extra"):
            del pool[key]
        for key in ("min_lease_time", "default_lease_time", "max_lease_time"):
            pool.pop(key, None)
    found = inventory_check.check(site)
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Site: mclt has no effect with Kea, whose servers report a lease to each other before "
        "they grant it; remove it unless the network is to go back to dhcpd.",
        "Variable dhcpd_failover_split (dhcpd.yml:9): it has no effect with Kea; remove it "
        "unless the network is to go back to dhcpd.",
    ]


def test_a_lease_time_of_a_pool_is_a_fault_with_kea() -> None:
    site = every_key()
    (pool, *_) = site["subnets"][0]["pools"]
    site["subnets"][0]["pools"] = [{"ranges": pool["ranges"], "max_lease_time": 43200}]
    assert faults(site) == []
    (sentence,) = faults(site | {"dhcp_server": "kea"})
    assert sentence.endswith(
        "max_lease_time is a lease time for one pool, which Kea does not support; "
        "set it for the subnet."
    )


def test_what_has_no_effect_with_dhcpd_is_noted() -> None:
    port = {"name": "kea_port", "role": "kea", "where": "kea.yml:9"}
    found = inventory_check.check(every_key() | {"idle_variables": [port]})
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Variable kea_port (kea.yml:9): it has no effect with dhcpd; remove it unless the "
        "network is to migrate to Kea."
    ]
