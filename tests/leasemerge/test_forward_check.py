"""Zones and resolvers of others that are valid; golden/ has the faults."""

from __future__ import annotations

from tests.support.every_key import every_key, faults


def test_a_fixed_host_may_serve_a_zone_that_has_none_of_our_names() -> None:
    site = every_key()
    host = site["fixed_hosts"][-1]
    host["fixed_address"] = "10.1.1.30"
    zones = {"ad.example.net": [host["fixed_address"]], "3.168.192.in-addr.arpa": ["192.0.2.9"]}
    assert faults(site | {"forward_zones": zones}) == []
    (sentence,) = faults(
        site | {"forward_zones": {f"{host['name']}.{site['domain']}": ["192.0.2.9"]}}
    )
    assert "which is never answered here" in sentence


def test_our_own_zone_below_a_forwarded_one_is_served_here() -> None:
    site = every_key()
    above = site["domain"].partition(".")[2]
    assert faults(site | {"forward_zones": {above: ["192.0.2.9"]}}) == []
