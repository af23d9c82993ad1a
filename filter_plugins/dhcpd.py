"""Filters that shape the inventory's tables into dhcpd.conf's blocks.

Source: dhcpd.conf(5), "The subnet statement", "The shared-network statement", "The host statement".
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "roles/lease_merge/files"))

from leasemerge import site as leasemerge_site

# What a host block may have besides its addresses.
_STATEMENTS = frozenset({"next_server", "filename", "options", "extra"})


def dhcpd_networks(
    subnets: Iterable[Mapping[str, Any]],
    fixed_hosts: Sequence[Mapping[str, Any]],
    reserved: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Group subnets as dhcpd.conf nests them, with their ranges written around fixed addresses.

    Returns a list in the order of the inventory of ``shared_network`` (a name or None) and
    ``subnets``, each with ``address``, ``netmask`` and ``ranges`` added. Error: a bad network.
    """
    taken = [host["fixed_address"] for host in fixed_hosts if host["fixed_address"]] + [*reserved]
    networks: dict[object, dict[str, Any]] = {}
    for subnet in subnets:
        try:
            network = IPv4Network(subnet["network"])
            ranges = leasemerge_site.free_ranges(subnet.get("ranges", []), taken)
        except (KeyError, ValueError) as exc:
            raise AnsibleFilterError(f"The subnet {dict(subnet)!r} is not usable: {exc}.") from exc
        shaped = {
            **subnet,
            "address": str(network.network_address),
            "netmask": str(network.netmask),
            "ranges": ranges,
        }
        name = subnet.get("shared_network")
        group = networks.setdefault(name or network, {"shared_network": name, "subnets": []})
        group["subnets"].append(shaped)
    return list(networks.values())


def dhcpd_hosts(fixed_hosts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write one entry for each hardware address, since a host block takes a single one.

    The first block of a host bears its name, a further one its name and a number: ``name-2``
    could be another host's name, ``name.2`` cannot. ``plain`` tells that an entry has none of the
    statements that a template would have to look for one by one.
    """
    return [
        {
            **host,
            "hardware_ethernet": mac,
            "block": host["name"] + (f".{number}" if number > 1 else ""),
            "plain": _STATEMENTS.isdisjoint(host),
        }
        for host in fixed_hosts
        for number, mac in enumerate(host["hardware_ethernet"], start=1)
    ]


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {"dhcpd_networks": dhcpd_networks, "dhcpd_hosts": dhcpd_hosts}
