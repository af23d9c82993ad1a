"""The inventory's tables as dhcpd.conf's blocks.

Source: dhcpd.conf(5), "The subnet statement", "The shared-network statement", "The host statement".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from itertools import chain
from typing import Any

from leasemerge.ranges import free_ranges, listed

# Statements with one bare word, in the order in which they are written.
_WORDS = ("default_lease_time", "min_lease_time", "max_lease_time", "next_server")


class DhcpdConfError(ValueError):
    """A table of the inventory cannot be written as dhcpd.conf has it."""


def dhcpd_networks(
    subnets: Iterable[Mapping[str, Any]],
    fixed_hosts: str | Sequence[Mapping[str, Any]],
    reserved: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Group subnets as dhcpd.conf nests them, with their ranges written around fixed addresses.

    Returns a list, in inventory order, of ``shared_network`` (a name or None) and ``subnets``, each
    with ``address``, ``netmask`` and ``pools`` added: the pool of its ``ranges``, then its own
    ``pools``, without those that have no address left. Raises DhcpdConfError: when a network is
    bad.
    """
    fixed = (listed(host["fixed_address"]) for host in host_rows(fixed_hosts))
    taken = [*chain.from_iterable(fixed), *reserved]
    networks: dict[object, dict[str, Any]] = {}
    for subnet in subnets:
        try:
            network = IPv4Network(subnet["network"])
            pools = [
                {**pool, "ranges": free_ranges(pool.get("ranges") or [], taken)}
                for pool in ({"ranges": subnet.get("ranges")}, *(subnet.get("pools") or []))
            ]
        except (KeyError, ValueError) as exc:
            raise DhcpdConfError(f"The subnet {dict(subnet)!r} is not usable: {exc}.") from exc
        shaped = {
            **subnet,
            "address": str(network.network_address),
            "netmask": str(network.netmask),
            "pools": [pool for pool in pools if pool["ranges"]],
        }
        name = subnet.get("shared_network")
        group = networks.setdefault(name or network, {"shared_network": name, "subnets": []})
        group["subnets"].append(shaped)
    return list(networks.values())


def dhcpd_statements(item: Mapping[str, Any], search: Sequence[str] = ()) -> list[str]:
    """Write the statements of a scope (the whole network, a subnet, a host) as a list of lines.

    The keys of ``item`` are domain (searched first, then those of ``search``), default_lease_time,
    min_lease_time, max_lease_time (seconds), next_server, filename, options (name to value, or to a
    list that is joined with commas), extra (raw text); all may be absent or null.
    """
    lines = []
    if item.get("domain") is not None:
        domains = dict.fromkeys([item["domain"], *search])
        lines.append(f'option domain-name "{item["domain"]}";')
        quoted = ", ".join(f'"{name}"' for name in domains)
        lines.append(f"option domain-search {quoted};")
    lines += [
        f"{key.replace('_', '-')} {item[key]};" for key in _WORDS if item.get(key) is not None
    ]
    if item.get("filename") is not None:
        lines.append(f'filename "{item["filename"]}";')
    lines += [
        f"option {option} {', '.join(map(str, _flat(value)))};"
        for option, value in sorted((item.get("options") or {}).items())
    ]
    return lines + str(item.get("extra") or "").strip().splitlines()


def dhcpd_host_blocks(
    fixed_hosts: str | Sequence[Mapping[str, Any]], search: Sequence[str] = ()
) -> str:
    """Write a host block for each hardware address, since a block takes only one.

    Of several fixed addresses dhcpd assigns the one in the client's subnet. The first block of a
    host has its name, the others its name and a number: ``name-2`` could be another host's name,
    ``name.2`` cannot. If ``use-host-decl-names`` is on, dhcpd sends a client the name of its block:
    the other blocks have the host's name as an option, which takes precedence. Done here because
    the template would be half a second slower with 5,000 hosts.
    """
    return "".join(_host_blocks(host_rows(fixed_hosts), search))


def host_rows(table: str | Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a table of fixed hosts, which may be given as its JSON text.

    Raises DhcpdConfError: when the text is not JSON.
    """
    if not isinstance(table, str):
        return table
    try:
        rows: list[dict[str, Any]] = json.loads(table)
    except ValueError as exc:
        raise DhcpdConfError(f"The table of fixed hosts is not JSON ({exc}).") from exc
    return rows


def _host_blocks(fixed_hosts: Iterable[Mapping[str, Any]], search: Sequence[str]) -> Iterator[str]:
    for host in fixed_hosts:
        addresses = ", ".join(listed(host["fixed_address"]))
        statements = [f"fixed-address {addresses};"] if addresses else []
        statements += dhcpd_statements(host, search)
        for number, mac in enumerate(host["hardware_ethernet"], start=1):
            block, lines = host["name"], [f"hardware ethernet {mac};", *statements]
            if number > 1:
                block += f".{number}"
                if not any("option host-name" in line for line in statements):
                    lines.append(f'option host-name "{host["name"]}";')
            body = "".join(f"    {line}\n" for line in lines)
            yield f"host {block} {{\n{body}}}\n"


def _flat(value: object) -> Iterator[object]:
    """Yield the values of a list of lists of any depth, or a single value that is not a list."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
    elif value is not None:
        yield value
