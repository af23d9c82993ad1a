"""Filters that lay out the lab for whatever network the inventory describes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types

#: Addresses at the top of every subnet that the lab takes for itself.
OWN_ADDRESSES = 16


def lab_networks(subnets: Iterable[Mapping[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """Make one podman network of each subnet.

    Its gateway is the subnet's router; podman's own addresses, which the clients drop at once,
    come from the top of the subnet. Raises AnsibleFilterError: for a subnet that is too small, or
    whose ranges reach up there.
    """
    networks = []
    for subnet in subnets:
        network = IPv4Network(subnet["network"])
        if network.num_addresses < 4 * OWN_ADDRESSES:
            raise AnsibleFilterError(f"The lab needs at least a /26, and {network} is smaller.")
        own = IPv4Network((int(network.broadcast_address) + 1 - OWN_ADDRESSES, 28))
        lower = next(own.subnets())
        pools = (subnet, *(subnet.get("pools") or ()))
        ranges = [ends for pool in pools for ends in pool.get("ranges") or ()]
        for first, last in ranges:
            if IPv4Address(last) >= own[0] and IPv4Address(first) <= own[-1]:
                raise AnsibleFilterError(
                    f"The lab needs {own} for itself; the range {first} to {last} reaches into it."
                )
        networks.append(
            {
                "name": re.sub(r"[./]", "-", f"{prefix}-{network}"),
                "network": str(network),
                "gateway": next(iter(subnet.get("routers", [])), str(own[-3])),
                # The lower half: podman would hand out the broadcast address too, as the last.
                "podman_range": str(lower),
                "podman_last": str(lower[-1]),
                "root_address": str(own[-2]),
                "relay_address": str(own[-4]),
                "probe_addresses": [str(own[-5]), str(own[-6])],
                "ranges": bool(ranges),
            }
        )
    return networks


def lab_outside(
    zones: Mapping[str, Iterable[str]],
    resolvers: Iterable[str],
    network: Mapping[str, Any],
) -> dict[str, list[str]]:
    """Return the addresses in a network that the inventory has of somebody else's name servers.

    With the zones of each (``site_forward_zones``); of a resolver (``site_upstream_resolvers``)
    none.
    """
    outside: dict[str, list[str]] = {address: [] for address in resolvers}
    for zone, addresses in zones.items():
        for address in addresses:
            if address not in resolvers:
                outside.setdefault(address, []).append(zone)
    return {address: served for address, served in outside.items() if _is_on(address, network)}


def lab_on(address: str, networks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Find the lab's network that an address lies in."""
    for network in networks:
        if IPv4Address(address) in IPv4Network(network["network"]):
            return dict(network)
    raise AnsibleFilterError(f"{address} lies in no subnet of the inventory.")


def lab_served(
    networks: Iterable[Mapping[str, Any]], servers: Iterable[str], *, served: bool = True
) -> list[dict[str, Any]]:
    """Keep the networks that a server is on, or with ``served=False`` those reached by a relay."""
    addresses = [IPv4Address(address) for address in servers]
    return [
        dict(network)
        for network in networks
        if any(a in IPv4Network(network["network"]) for a in addresses) is served
    ]


def lab_clients(
    networks: Sequence[Mapping[str, Any]],
    fixed_hosts: Sequence[Mapping[str, Any]],
    servers: Sequence[str],
) -> list[dict[str, Any]]:
    """Choose the lab's DHCP clients: name, program, mac, hostname and network of each.

    Every program once in the first network with ranges, one client behind the relay, and one
    for each kind of fixed host: with an address, with its name alone pinned, and with an address
    in more than one network, where it is not in the first.
    """
    here = next(n for n in lab_served(networks, servers) if n["ranges"])
    clients = [
        _client(name, program, f"02:00:5e:00:00:{number:02x}", name, here)
        for number, (name, program) in enumerate(
            [("laptop", "dhclient"), ("phone", "udhcpc"), ("kiosk", "networkd")], start=1
        )
    ]
    clients += [
        _client("remote", "dhclient", "02:00:5e:00:00:0f", "remote", network)
        for network in lab_served(networks, servers, served=False)[:1]
        if network["ranges"]
    ]
    with_mac = [host for host in fixed_hosts if host["hardware_ethernet"]]
    addressed = [
        host
        for host in with_mac
        if any(_is_on(address, here) for address in _addresses(host)[:1])
        and not {*_addresses(host)} & {*servers}
    ]
    named_only = [host for host in with_mac if not host["fixed_address"]]
    clients += [
        # What it calls itself must not matter: the inventory names it.
        _client(host["name"], "udhcpc", host["hardware_ethernet"][0], "anything", here)
        for host in addressed[:1] + named_only[:1]
    ]
    roaming = [
        _client(host["name"], "dhclient", host["hardware_ethernet"][0], "anything", network)
        for host in with_mac
        for network in networks
        if any(_is_on(address, network) for address in _addresses(host)[1:])
        and not _is_on(_addresses(host)[0], network)
    ]
    return clients + roaming[:1]


def _addresses(host: Mapping[str, Any]) -> Sequence[str]:
    """Return the fixed addresses of a host: none, one, or a list of them."""
    fixed = host["fixed_address"]
    return [fixed] if isinstance(fixed, str) else fixed or []


def _is_on(address: str, network: Mapping[str, Any]) -> bool:
    return IPv4Address(address) in IPv4Network(network["network"])


def _client(
    name: str, program: str, mac: str, hostname: str, network: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "name": name,
        "program": program,
        "mac": mac,
        "hostname": hostname,
        "network": network["name"],
    }


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {
            "lab_clients": lab_clients,
            "lab_networks": lab_networks,
            "lab_on": lab_on,
            "lab_outside": lab_outside,
            "lab_served": lab_served,
        }
