"""Find the fixed hosts that are the servers of the new network, or make them."""

from __future__ import annotations

from dataclasses import dataclass

from leasemerge.ranges import is_address

from .conflicts import Conflicts, Kind
from .host_line import HostLine
from .host_names import Owners
from .resolve import Resolved
from .source import home_of
from .values import label_of


@dataclass(frozen=True, slots=True)
class Servers:
    """The machines of each group of servers.yml."""

    dhcp: tuple[str, ...]
    """Names of fixed hosts: the primary, then the secondary."""
    tinydns: tuple[tuple[str, str], ...]
    """Name and alias address of each."""
    dnscache: tuple[str, ...]
    """Names of fixed hosts."""


def find_servers(
    hosts: list[HostLine], owners: Owners, resolved: Resolved, conflicts: Conflicts
) -> Servers:
    """Find the servers among the fixed hosts; add those that are missing to `hosts`."""

    def name_of(address: str, stem: str) -> str:
        return _server(address, stem, hosts, owners, resolved, conflicts)

    dhcp = tuple(
        name_of(address, f"dhcp{number}") for number, (_, address) in enumerate(resolved.servers, 1)
    )
    resolvers = tuple(
        name_of(address, f"resolver{number}")
        for number, address in enumerate(resolved.resolvers, 1)
    )
    tinydns = _name_servers(resolved, len(set(dhcp)), owners, conflicts)
    for group, servers in (
        ("dhcp_servers", dhcp),
        ("tinydns_servers", tinydns),
        ("dnscache_servers", resolvers),
    ):
        if not servers:
            conflicts.add(Kind.NO_SERVERS, "servers.yml", group=group)
    return Servers(dhcp, tinydns, tuple(dict.fromkeys(resolvers)))


def _server(
    address: str,
    stem: str,
    hosts: list[HostLine],
    owners: Owners,
    resolved: Resolved,
    conflicts: Conflicts,
) -> str:
    """Return the name of a server's fixed host; make one if there is none."""
    if not is_address(address):
        label = label_of(address) or stem
        owner = owners.owner(label, resolved.domain)
        if owner is None:
            conflicts.add(Kind.SERVER_WITHOUT_ADDRESS, "servers", server=address, label=label)
            return label
        return owner.name
    host = next((host for host in hosts if address in host.addresses), None)
    if host is None:
        domain = resolved.domain_of(address)
        name = stem if owners.is_free(stem, domain) else owners.free(stem, domain)
        host = HostLine(name, address, domain, [address])
        hosts.append(host)
        owners.claim([name], host)
        conflicts.add(Kind.SERVER_NAMED, address, address=address, label=name)
        if home_of(address, resolved.subnets) is None:
            conflicts.add(Kind.SERVER_OUTSIDE, address, address=address)
    return host.name


def _name_servers(
    resolved: Resolved, machines: int, owners: Owners, conflicts: Conflicts
) -> tuple[tuple[str, str], ...]:
    """Assign the name and address of a name server to each DHCP server's machine, in order."""
    named: list[tuple[str, str]] = []
    used: set[str] = set()
    busy = {address for host in owners.of.values() for address in host.addresses}
    for number, (full, address) in enumerate(resolved.name_servers, 1):
        label = full.partition(".")[0]
        if len(named) == machines:
            at_host = address in resolved.machines | busy
            kind = Kind.NAME_SERVER_NEEDS_ALIAS if at_host else Kind.NAME_SERVER_UNPLACED
            conflicts.add(kind, full, server=full, address=address)
            continue
        if owners.owner(label, resolved.domain) or label in used or label_of(label) != label:
            taken, label = label, f"ns{number}"
            while not owners.is_free(label, resolved.domain) or label in used:
                number += 1
                label = f"ns{number}"
            conflicts.add(Kind.NAME_SERVER_IS_HOST, full, server=full, label=label, taken=taken)
        elif full != f"{label}.{resolved.domain}":
            conflicts.add(
                Kind.NAME_SERVER_RENAMED, full, server=full, label=label, domain=resolved.domain
            )
        used.add(label)
        if address in resolved.machines | busy:
            conflicts.add(Kind.NAME_SERVER_NEEDS_ALIAS, full, address=address)
        named.append((label, address))
    return tuple(named)
