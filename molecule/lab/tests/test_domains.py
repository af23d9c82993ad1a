"""Clients that move between subnets and domains, and clients that some pools exclude.

1. roaming: a pinned host in each subnet that it has an address in; a leased one in every subnet
2. pools: which clients get an address from which pool, from either server

    LAB_MORE=molecule/domains/inventory make lab

has three domains and pools of both kinds; what an inventory does not have is not tested.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from conftest import (
    DHCP,
    DHCP_SERVERS,
    LAB,
    NETWORK,
    PROJECT,
    RESOLVERS,
    SITE,
    dhcp_client,
    dig,
    eventually,
    machine,
    pair_is_healthy,
)
from leasemerge.record_data import reverse_name
from leasemerge.site import FixedHost

AUTHORITATIVE = [row["address"] for row in SITE["name_servers"]]
SERVERS = [*AUTHORITATIVE, *RESOLVERS]
ROAMING = [host for host in NETWORK.fixed_hosts if len(host.fixed_addresses) > 1]
WITH_RANGES = [network for network in LAB["networks"] if network["ranges"]]


# 1. Roaming


@pytest.fixture
def leases() -> Iterator[Path]:
    """Make a directory for a client's own leases."""
    directory = PROJECT / ".lab/roaming"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    yield directory
    shutil.rmtree(directory)


@pytest.mark.parametrize("host", ROAMING, ids=lambda host: host.name)
def test_pinned_host_is_given_its_address_of_each_subnet(host: FixedHost, leases: Path) -> None:
    name = f"{host.name}.{NETWORK.domain_of_host(host)}"
    for network in LAB["networks"]:
        own = [a for a in host.fixed_addresses if IPv4Address(a) in IPv4Network(network["network"])]
        if not own:
            continue
        mac, container = host.hardware_ethernet[0], f"roaming-{host.name}"
        with dhcp_client(container, "dhclient", mac, network["name"], leases) as address:
            assert address in own, f"in {network['network']}"
        for server in SERVERS:
            assert dig(server, name, "A") == sorted(host.fixed_addresses)
            assert dig(server, reverse_name(address), "PTR") == [f"{name}."]


def test_leased_client_has_its_name_in_the_domain_of_each_subnet(leases: Path) -> None:
    """It comes back with the lease of the other subnet, which the DHCP server refuses."""
    name, visited = "nomad", dict[str, str]()

    def is_named(server: str, former: str | None) -> None:
        for domain, held in visited.items():
            found = dig(server, f"{name}.{domain}", "A")
            assert found == [held], f"queried at {server}"
            assert dig(server, reverse_name(held), "PTR") == [f"{name}.{domain}."]
        if former not in (None, *visited.values()):
            assert dig(server, reverse_name(str(former)), "PTR") == []

    for network in [*WITH_RANGES, WITH_RANGES[0]]:
        with dhcp_client(name, "dhclient", "02:00:5e:00:00:e0", network["name"], leases) as address:
            assert address
            assert IPv4Address(address) in IPv4Network(network["network"])

            # One label is one client in a domain, so a subnet of a domain of its own lets it keep
            # its name in the former one until the lease ends.
            former = visited.get(NETWORK.domain_of(address))
            visited[NETWORK.domain_of(address)] = address
            for server in AUTHORITATIVE:
                eventually(partial(is_named, server, former))
    # Only now: in between, they would have kept each answer for its TTL.
    for server in RESOLVERS:
        is_named(server, former)


# 2. Pools

#: A client of each kind: the program that it runs, and whether the inventory has its MAC address.
KINDS = [(program, known) for program in ("dhclient", "udhcpc") for known in (False, True)]
WITH_POOLS = [subnet for subnet in SITE["subnets"] if subnet.get("pools")]
SMALL = 'members of "small"'


def is_permitted(pool: Mapping[str, Any], program: str, known: bool) -> bool:
    """Return whether a pool is for a client (dhcpd.conf(5), "Pool permit lists")."""
    of_client = {"known-clients" if known else "unknown-clients"}
    if program == "udhcpc":
        of_client.add(SMALL)
    allowed, denied = pool.get("allow") or (), pool.get("deny") or ()
    if {*allowed, *denied} - {"known-clients", "unknown-clients", SMALL}:
        pytest.skip("The inventory has rules that this test does not know.")
    return (not allowed or bool(of_client & {*allowed})) and not of_client & {*denied}


def is_in(pool: Mapping[str, Any], address: str) -> bool:
    """Return whether an address lies in a pool."""
    return any(
        IPv4Address(first) <= IPv4Address(address) <= IPv4Address(last)
        for first, last in pool["ranges"]
    )


@pytest.fixture(params=[None, *DHCP_SERVERS], ids=lambda server: f"without-{server or 'nobody'}")
def without(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Stop the DHCP server of a server for a while."""
    server: str | None = request.param
    if server is not None:
        machine(server).check_output("systemctl stop %s", DHCP["unit"])
    yield server
    if server is not None:
        machine(server).check_output("systemctl start %s", DHCP["unit"])
        eventually(pair_is_healthy, 60)


@pytest.mark.skipif(not WITH_POOLS, reason="the inventory has no pools")
def test_pool_is_for_those_that_its_rules_permit(without: str | None) -> None:
    running = {row["name"] for row in LAB["clients"]}
    hosts = [host for host in NETWORK.fixed_hosts if host.hardware_ethernet]
    leased = [host for host in hosts if not host.fixed_addresses and host.name not in running]
    run = [None, *DHCP_SERVERS].index(without)
    for subnet in WITH_POOLS:
        network = next(n for n in LAB["networks"] if n["network"] == subnet["network"])
        for number, (program, known) in enumerate(KINDS):
            if known and not leased:
                continue
            mac = leased[0].hardware_ethernet[0] if known else f"02:00:5e:00:{run:02x}:f{number}"
            permitted = [pool for pool in subnet["pools"] if is_permitted(pool, program, known)]
            if subnet.get("ranges"):
                permitted.append({"ranges": subnet["ranges"]})
            with dhcp_client(f"pool-{number}", program, mac, network["name"]) as address:
                kind = f"{'a known' if known else 'an unknown'} {program} in {subnet['network']}"
                if not permitted:
                    assert not address, f"{kind} has {address}."
                    continue
                assert address, f"{kind} is given no address."
                assert any(is_in(pool, address) for pool in permitted), f"{kind} has {address}."
