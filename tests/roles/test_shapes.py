"""The filters that shape the inventory for the roles, where no daemon judges them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types

import dnscache
import servers


@pytest.mark.parametrize(
    ("networks", "prefixes"),
    [
        (["10.1.1.0/24"], ["10.1.1"]),
        (["10.1.2.0/23"], ["10.1.2", "10.1.3"]),
        (["10.0.0.0/8"], ["10"]),
        (["192.168.0.0/16", "192.168.0.0/16"], ["192.168"]),
        (["10.1.1.248/30"], ["10.1.1.248", "10.1.1.249", "10.1.1.250", "10.1.1.251"]),
    ],
)
def test_prefixes_cover_the_networks_exactly(networks: list[str], prefixes: list[str]) -> None:
    assert dnscache.dnscache_prefixes(networks) == prefixes


@pytest.mark.parametrize("network", ["10.1.1.1/24", "fd00::/64", "office"])
def test_network_that_dnscache_can_not_serve_is_refused(network: str) -> None:
    with pytest.raises(AnsibleFilterError, match="dnscache can not serve this network"):
        dnscache.dnscache_prefixes([network])


def test_table_has_a_row_for_each_server_and_tells_what_is_missing() -> None:
    hostvars = {"a": {"address": "10.0.0.1"}, "b": {}}
    assert servers.server_table(["a", "b"], hostvars, at="address") == [
        {"at": "10.0.0.1"},
        {"at": ""},
    ]


def test_site_json_has_nothing_that_only_the_inventory_check_needs() -> None:
    site = dict.fromkeys(servers.SITE_KEYS, "") | {
        "mclt": 600,
        "subnets": [{"network": "10.0.0.0/8", "ranges": [], "routers": ["10.0.0.1"]}],
        "fixed_hosts": [{"name": "a", "where": "fixed_hosts.yml:7", "extra": "x"}],
        "name_servers": [{"name": "ns1", "address": "10.0.0.3", "server": "a"}],
    }
    told = servers.site_json(site)
    assert list(told) == list(servers.SITE_KEYS)
    assert told["subnets"] == [{"network": "10.0.0.0/8", "ranges": []}]
    assert told["fixed_hosts"] == [{"name": "a"}]
    assert told["name_servers"] == [{"name": "ns1", "address": "10.0.0.3"}]
