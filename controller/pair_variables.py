"""Variables of servers that are valid for each alone, but not together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import permutations
from typing import Any

from controller.server_variables import ServerVariables, VariableFaults
from leasemerge.faults import Fault, show

# What a server of the pair has, and its peer's variable that must have the same value.
_PAIRED = {
    "dhcpd": {
        "dhcpd_failover_name": "dhcpd_failover_name",
        "dhcpd_failover_address": "dhcpd_failover_peer_address",
        "dhcpd_failover_port": "dhcpd_failover_peer_port",
    },
    "kea": {"kea_address": "kea_peer_address", "kea_port": "kea_port"},
}
# Through a proxy or a tunnel, one address may be that of several machines.
_CONNECTION = (
    *("ansible_host", "ansible_port", "ansible_ssh_port", "ansible_connection"),
    *("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"),
)
_SERVERS = ("dhcp_servers", "tinydns_servers", "dnscache_servers")
# The server, its variable, the problem and the remedy.
_Found = tuple[ServerVariables, str, str, str]


def faults(site: Mapping[str, Any], server_of: Callable[[str], ServerVariables]) -> list[Fault]:
    """Return a fault for what differs between the pair, and for a connection to another server.

    `site` and each variable alone have no faults.
    """
    addresses = {row["name"]: row["address"] for group in _SERVERS for row in site.get(group) or ()}
    servers = [server_of(name) for name in addresses]
    pair = [server for server in servers if server.name in site["servers"]]
    found = VariableFaults()
    for server, key, problem, remedy in (
        *_of_pair(pair, _PAIRED[site.get("dhcp_server", "dhcpd")]),
        *_of_connections(servers, addresses, site),
    ):
        found.add(server, key, problem, remedy)
    return [*found]


def _of_pair(pair: list[ServerVariables], paired: Mapping[str, str]) -> Iterator[_Found]:
    reported = set()
    for own, theirs in paired.items():
        for server, peer in permutations(pair, 2):
            if None in (server.value(own), peer.value(theirs)):
                continue
            if str(server.value(own)) == str(peer.value(theirs)):
                continue
            # At the one that is written, not at a default.
            at, key, other, expected = server, own, peer, theirs
            if own not in server.written:
                at, key, other, expected = peer, theirs, server, own
            # A group's variable is both servers'; a name that differs does so both ways.
            place = own if own == theirs else (key, at.place(key))
            if place not in reported:
                yield (
                    at,
                    key,
                    f"it is {show(at.value(key))}, but {expected} of {other.name} is "
                    f"{show(other.value(expected))}, so the two would not connect",
                    "set both to the same value",
                )
            reported.add(place)


def _of_connections(
    servers: list[ServerVariables], addresses: Mapping[str, str], site: Mapping[str, Any]
) -> Iterator[_Found]:
    owners = {address: f"the address of {name}" for name, address in addresses.items()}
    floating = [row["address"] for row in site["name_servers"]]
    floating += [row.get("resolver_address") for row in site.get("dnscache_servers") or ()]
    owners |= dict.fromkeys(
        filter(None, floating), "a floating address, which several servers hold"
    )
    reached: dict[tuple[str, ...], str] = {}
    for server in servers:
        target = server.value("ansible_host")
        if not isinstance(target, str):
            continue
        connection = tuple(str(server.value(key)) for key in _CONNECTION)
        other = reached.setdefault(connection, server.name)
        if target in owners and target != addresses[server.name]:
            problem = f"it is {target}, {owners[target]}"
            yield server, "ansible_host", problem, "write an address of this server alone"
        elif other != server.name:
            yield (
                server,
                "ansible_host",
                f"it is {show(target)}, as for {other}, with the same port",
                "write an address of this server alone, or its own ansible_port",
            )
