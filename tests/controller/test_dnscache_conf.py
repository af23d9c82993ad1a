"""The networks that dnscache serves, as the names of its files: no daemon checks them."""

from __future__ import annotations

import pytest

from controller.dnscache_conf import DnscacheConfError, dnscache_prefixes


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
    assert dnscache_prefixes(networks) == prefixes


@pytest.mark.parametrize("network", ["10.1.1.1/24", "fd00::/64", "office"])
def test_network_that_dnscache_can_not_serve_is_refused(network: str) -> None:
    with pytest.raises(DnscacheConfError, match="dnscache cannot serve this network"):
        dnscache_prefixes([network])
