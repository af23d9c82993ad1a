"""What follows from the inventory for each server: the roles' variables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from controller import unresolved
from controller.origins import place
from leasemerge.site import EARLIER

#: keepalived's priorities: an address's home, and the first of the standbys, in the group's order.
#: A daemon that fails costs 100, so that any other machine is preferred.
HOME, FIRST_STANDBY = 200, 150

# What leasemerge remembers of each log. It stands in for a server that is down, and for what a
# server has lost.
_STATE = "/var/lib/leasemerge"


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


def server_units(
    site: Mapping[str, Any],
    server: str,
    dhcp: Mapping[str, Any],
    addresses: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return the systemd units by which a server serves, in the order in which they start.

    ``dhcp`` is the variable site_dhcp, ``addresses`` are the floating addresses that the server may
    hold. keepalived is last, since it takes them once the daemons answer.
    """
    units: list[str] = []
    if _is_in(site, "dhcp_servers", server):
        units += dhcp["units"]
    if _is_in(site, "tinydns_servers", server):
        units += ["leasemerge.service", "tinydns.service"]
    if _is_in(site, "dnscache_servers", server):
        units.append("dnscache.service")
    if addresses:
        units.append("keepalived.service")
    return units


def server_reads(
    site: Mapping[str, Any],
    server: str,
    dhcp: Mapping[str, Any],
    addresses: Sequence[Mapping[str, Any]],
    fixed_daemons: Sequence[Mapping[str, Any]],
    data_dir: str,
) -> dict[str, Any]:
    """Return what the status reads on a server, as options of the module server_reading.

    In addition to server_units, the units are those of each daemon of an address and of their
    watcher. ``fixed_daemons`` are the daemons of addresses that do not move, ``data_dir`` is where
    tinydns has its zone data.
    """
    has_dhcp = _is_in(site, "dhcp_servers", server)
    has_tinydns = _is_in(site, "tinydns_servers", server)
    units = server_units(site, server, dhcp, addresses)
    if addresses:
        units.insert(units.index("keepalived.service"), "floating-address.service")
    units += [row["unit"] for row in (*addresses, *fixed_daemons)]
    units += [
        row["unit"].replace("@", "-spare@")
        for row in addresses
        if row["unit"].startswith("tinydns@")
    ]
    files: list[list[str]] = []
    disks: list[str] = []
    if has_dhcp:
        files += [["leases", f"{dhcp['lease_file']}{part}"] for part in dhcp["log_parts"]]
        disks.append(str(Path(dhcp["lease_file"]).parent))
    if has_tinydns:
        logs = [*site["servers"], *(f"{name}{EARLIER}" for name in site["servers"])]
        files += [[log, f"{_STATE}/{log}.leases"] for log in logs]
        # Before the leases and after them: what changed in between is no difference.
        zone = f"{data_dir}/data"
        files = [["zone_before", zone], *files, ["zone", zone]]
        disks += [_STATE, data_dir]
    return {"units": units, "files": files, "disks": disks, "status": has_tinydns}


def _is_in(site: Mapping[str, Any], group: str, server: str) -> bool:
    return any(row["name"] == server for row in site[group])
