"""What each server of the inventory is for."""

from __future__ import annotations

import pytest

from tests.overview.sample_network import FILTERS, SERVERS, SITE


@pytest.mark.parametrize(
    ("addresses", "resolvers", "expected"),
    [
        ({}, ["10.1.1.5", "10.1.1.7"], ["10.1.1.5", "", "10.1.1.7"]),
        # Where one has an address for it, the other stands by.
        ({"draco": "10.1.1.8"}, ["10.1.1.8"], ["10.1.1.8", "", ""]),
    ],
)
def test_a_resolver_is_what_clients_are_given(
    addresses: dict[str, str], resolvers: list[str], expected: list[str]
) -> None:
    caches = [
        row | {"resolver_address": addresses.get(row["name"], "")}
        for row in SITE["dnscache_servers"]
    ]
    site = SITE | {"dnscache_servers": caches}
    machines = FILTERS["machine_table"](SERVERS, site, resolvers)
    assert [machine["resolver"] for machine in machines] == expected
