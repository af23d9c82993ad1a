"""The inventory's servers as tables, and the roles' variables that follow from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from controller import unresolved
from controller.origins import place

#: keepalived's priorities: an address's home, and the first of the standbys, in the group's order.
#: A daemon that fails costs 100, so that any other machine is preferred.
HOME, FIRST_STANDBY = 200, 150


def server_table(
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    having: Iterable[str] = (),
    **columns: str,
) -> list[dict[str, Any]]:
    """Return one row for each host: a column's name to the value of the variable named.

    A host without the variable has an empty text there, for the inventory check to report. If one
    cannot be resolved, the row also has ``unresolved``, a variable's name to the reason, and
    ``where``. With ``having``, a host that has none of these variables has no row, unless no host
    has one.
    """
    hosts, needed = list(hosts), list(having)
    rows = [host for host in hosts if any(_has(hostvars[host], name) for name in needed)] or hosts
    return [_row(hostvars[host], columns) for host in rows]


def _has(variables: Mapping[str, Any], name: str) -> bool:
    """Return whether a variable is written, even with a value that is reported later."""
    try:
        return variables.get(name) not in (None, "")
    except unresolved.ERRORS:
        return True


def _row(variables: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column, name in columns.items():
        row[column] = ""
        try:
            value = variables.get(name, "")
            # A value that could not be resolved raises when it is used, not when it is passed on.
            str(value)
            row[column] = value
        except unresolved.ERRORS as exc:
            row.setdefault("unresolved", {})[name] = unresolved.reason(exc)
    if "unresolved" in row:
        row["where"] = place(name for name in variables if name in row["unresolved"])
    return row


def floating_addresses(site: Mapping[str, Any], server: str) -> list[dict[str, Any]]:
    """Return the floating addresses that a server may hold, as the role floating_address needs.

    Those are the addresses of each group that it is in, if it has an interface in their subnet.
    """
    resolvers = [
        {**row, "address": row["resolver_address"], "server": row["name"]}
        for row in site["dnscache_servers"]
        if row.get("resolver_address")
    ]
    return [
        *_of_group(site, server, site["name_servers"], "tinydns_servers", site["domain"]),
        *_of_group(site, server, resolvers, "dnscache_servers", "localhost"),
    ]


def _of_group(
    site: Mapping[str, Any],
    server: str,
    addresses: Iterable[Mapping[str, Any]],
    group: str,
    query: str,
) -> Iterator[dict[str, Any]]:
    networks = [IPv4Network(subnet["network"]) for subnet in site["subnets"]]
    for row in addresses:
        address = str(row["address"])
        network = next((n for n in networks if IPv4Address(address) in n), None)
        able = {
            member["name"]: str(member["address"])
            for member in site[group]
            if network is not None and IPv4Address(member["address"]) in network
        }
        if server not in able:
            continue
        order = [row["server"], *(name for name in able if name != row["server"])]
        rank = order.index(server)
        yield {
            "address": address,
            "virtual_router_id": int(row.get("virtual_router_id") or address.rpartition(".")[2]),
            "priority": FIRST_STANDBY + 1 - rank if rank else HOME,
            "peers": [able[name] for name in able if name != server],
            "unit": f"{group.partition('_')[0]}@{address}.service",
            "query": query,
        }


def server_macs(site: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the DNS servers' MAC addresses in the table of fixed hosts, by address.

    From its JSON text: Ansible would process every value of every host.
    """
    groups = ("tinydns_servers", "dnscache_servers")
    servers = {row["address"] for group in groups for row in site[group]}
    return {
        host["fixed_address"]: host["hardware_ethernet"]
        for host in json.loads(site["fixed_hosts_json"])
        if host["hardware_ethernet"]
        and isinstance(host["fixed_address"], str)
        and host["fixed_address"] in servers
    }
