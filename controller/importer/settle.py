"""Make the tables of the inventory, with one owner for each address and name: the second pass.

Each table has its module.
"""

from __future__ import annotations

from dataclasses import dataclass

from .conflicts import Conflicts, Kind
from .defaults import SITE_RESERVED_NAMES
from .host_line import HostLine
from .host_names import Owners, add_aliases, add_dhcp_names, name_hosts, named_only, times_lost
from .machines import fixed_hosts
from .resolve import Resolved
from .servers import Servers, find_servers
from .source import DhcpConfig, Host, Subnet
from .subnets import shaped
from .values import address_number
from .zone import zone_records


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables of the inventory, in which no two have the same name or address."""

    hosts: tuple[HostLine, ...]
    subnets: tuple[Subnet, ...]
    servers: Servers
    reserved_names: tuple[str, ...]
    records: tuple[str, ...]
    """Lines of site_records."""
    ipv6_networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """The tables, and what goes with them into dhcpd.conf."""

    tables: Tables
    kept: tuple[str, ...]
    """Hosts as dhcpd.conf text."""
    pool_extra: str
    """What every pool has."""


def settle(
    resolved: Resolved, config: DhcpConfig, ttl: int | None, conflicts: Conflicts
) -> Settled:
    """Make the tables; add to `conflicts` what had to give way."""
    hosts, texts = fixed_hosts(resolved, conflicts)
    owners = Owners(resolved.names, hosts)
    name_hosts(hosts, owners, resolved, config, conflicts)
    hosts += named_only(hosts, owners, resolved, conflicts)
    cnames = add_aliases(owners, resolved, conflicts)
    add_dhcp_names(hosts, owners, resolved, conflicts)
    servers = find_servers(hosts, owners, resolved, conflicts)
    by_label = {name.partition(".")[0]: host for name, host in owners.of.items()}
    reserved = tuple(name for name in SITE_RESERVED_NAMES if name not in by_label)
    for name in SITE_RESERVED_NAMES:
        if name in by_label:
            conflicts.add(Kind.NOT_RESERVED, by_label[name].where, label=name)
    lines, networks, ipv6 = zone_records(resolved, hosts, cnames, ttl, conflicts)
    times_lost(owners, resolved, cnames, ipv6, ttl, conflicts)
    subnets, pool_extra = shaped(resolved.subnets, config.times, conflicts)
    tables = Tables(
        hosts=tuple(sorted(hosts, key=_order)),
        subnets=subnets,
        servers=servers,
        reserved_names=reserved,
        records=tuple(lines),
        ipv6_networks=tuple(networks),
    )
    return Settled(tables, tuple(_renamed(host, owners) for host in texts), pool_extra)


def _renamed(host: Host, owners: Owners) -> str:
    """Rename a host kept as text if a fixed host's block has its name."""
    taken = {owner.name for owner in owners.of.values() if owner.hardware}
    label = host.name.lower()
    if label not in taken:
        return host.text
    head, mark, rest = host.text.partition(f"host {host.name}")
    number = 2
    while f"{label}-{number}" in taken:
        number += 1
    return f"{head}host {label}-{number}{rest}" if mark else host.text


def _order(host: HostLine) -> tuple[int, str]:
    """Sort by address; those without one come last, by name."""
    return (address_number(host.addresses[0]) if host.addresses else 2**32, host.name)
