"""What a change of the fixed hosts means for clients, in sentences."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from controller import pins
from pins import pin_patterns, pin_warnings

NOW = 1_000_000
OLD = {"name": "nas", "fixed_address": "10.9.1.20", "hardware_ethernet": ["02:00:00:00:00:20"]}
LAPTOP = "02:00:00:00:00:01"


def site(*hosts: dict[str, Any]) -> dict[str, Any]:
    """Make a site of fixed hosts, with one range."""
    subnets = [{"network": "10.9.1.0/24", "ranges": [["10.9.1.100", "10.9.1.200"]]}]
    return {"fixed_hosts": list(hosts), "subnets": subnets, "default_lease_time": 3600}


def host(name: str, address: str | list[str], *macs: str) -> dict[str, Any]:
    """Make a fixed host."""
    return {"name": name, "fixed_address": address, "hardware_ethernet": list(macs)}


def lease(address: str, mac: str, hostname: str | None = None, ends: int | str = NOW + 600) -> str:
    """Make a line of `leasemerge dump`."""
    row = {"address": address, "state": "active", "ends": ends}
    return json.dumps({**row, "hardware": mac, "hostname": hostname})


def warnings(new: dict[str, Any], before: dict[str, Any], *dump: str) -> list[str]:
    """Return the sentences."""
    return pins.sentences(new, pins.changes(new, before), dump, NOW)


def test_pin_at_an_address_that_another_client_leases() -> None:
    before, after = site(OLD), site(OLD, host("printer", "10.9.1.150", "02:00:00:00:00:02"))
    # The server that did not receive the client has its lease without the hostname.
    dump = [lease("10.9.1.150", LAPTOP, "laptop"), lease("10.9.1.150", LAPTOP)]
    (sentence,) = warnings(after, before, *dump)
    assert "printer is pinned to 10.9.1.150, which laptop (02:00:00:00:00:01) leases" in sentence
    assert "(10 min): until then both may use it." in sentence


def test_lease_that_never_ends_is_in_use_until_released() -> None:
    """`leasemerge dump` has `never` for it, and no number."""
    after = site(OLD, host("printer", "10.9.1.150", "02:00:00:00:00:02"))
    (sentence,) = warnings(after, site(OLD), lease("10.9.1.150", LAPTOP, "laptop", ends="never"))
    assert "leases until it releases it (the lease never ends)" in sentence


def test_pin_of_a_client_that_leases_another_address() -> None:
    after = site(OLD, host("laptop", "10.9.1.30", LAPTOP))
    (sentence,) = warnings(after, site(OLD), lease("10.9.1.150", LAPTOP, "laptop"))
    assert "laptop is pinned to 10.9.1.30 and leases 10.9.1.150" in sentence
    assert sentence.endswith("It sends no client identifier, so its name is at 10.9.1.30 at once.")
    row = json.loads(lease("10.9.1.150", LAPTOP, "laptop")) | {"uid": "01:02"}
    (sentence,) = warnings(after, site(OLD), json.dumps(row))
    assert sentence.endswith("Its name is at the leased address until then.")


def test_pin_in_place_and_what_is_over_or_was_there_before_is_nothing() -> None:
    after = site(OLD, host("laptop", ["10.9.1.150"], LAPTOP))
    assert warnings(after, site(OLD), lease("10.9.1.150", LAPTOP, "laptop")) == []
    assert warnings(after, site(OLD), lease("10.9.1.150", "02:00:00:00:00:09", ends=NOW)) == []
    assert warnings(after, after, lease("10.9.1.150", "02:00:00:00:00:09")) == []


def test_pin_that_is_gone_and_lies_in_a_range() -> None:
    before = site(host("laptop", "10.9.1.150", LAPTOP), host("static", "10.9.1.151"), OLD)
    one, two = warnings(site(), before)
    assert "laptop gives up 10.9.1.150" in one
    assert "(within 1800 s)" in one
    assert "static gives up 10.9.1.151" in two
    assert "still uses" in two


def test_with_kea_no_address_has_two_users() -> None:
    """It refuses the client that has the address, and has a lease of each pinned host."""
    before, after = site(OLD), site(OLD, host("printer", "10.9.1.150", "02:00:00:00:00:02"))
    after["dhcp_server"] = "kea"
    (sentence,) = warnings(after, before, lease("10.9.1.150", LAPTOP, "laptop"))
    assert "it gets another address when it renews its lease, and printer this one" in sentence
    assert warnings(site() | {"dhcp_server": "kea"}, site(host("a", "10.9.1.150", LAPTOP))) == []
    (sentence,) = warnings(site() | {"dhcp_server": "kea"}, site(host("a", "10.9.1.150")))
    assert "Kea may lease it to any client, and DNS has no name for it" in sentence


def test_servers_without_a_site_have_nothing_to_compare_with() -> None:
    after = site(host("laptop", "10.9.1.30", LAPTOP))
    content = b64encode(json.dumps(site()).encode()).decode()
    assert pin_patterns(after, [{"failed": True}]) == []
    assert pin_patterns(after, [{}, {"content": content}]) == [f'"{LAPTOP}"', '"10.9.1.30"']
    dump = [lease("10.9.1.150", LAPTOP)]
    assert len(pin_warnings(after, [{"content": content}], dump, NOW + 0.5)) == 1
