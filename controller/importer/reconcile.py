"""Make one inventory of the DHCP server's and the name server's data: the passes, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .conflicts import Conflict, Kind, conflict, sentences
from .fixedhost import FixedHost
from .found import Found, Records, Remark, Subnet
from .resolve import domain_at, resolve
from .settle import settle


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the import writes. The lists of servers hold names of fixed hosts."""

    domain: str
    hosts: tuple[FixedHost, ...]
    subnets: tuple[Subnet, ...]
    dhcp_servers: tuple[str, ...]
    """The primary, then the secondary."""
    name_servers: tuple[tuple[str, str], ...]
    """Name and alias address of each tinydns."""
    dnscache_servers: tuple[str, ...]
    reserved_names: tuple[str, ...]
    records: tuple[str, ...]
    """Lines of site_records."""
    zones: tuple[str, ...]
    ipv6_networks: tuple[str, ...]
    forward_zones: Mapping[str, Sequence[str]]
    upstream_resolvers: tuple[str, ...]
    times: Mapping[str, int]
    options: Mapping[str, str]
    extra: tuple[str, ...]
    ttl: int | None
    role_variables: Mapping[str, object]
    remarks: tuple[Remark, ...]

    def domain_of(self, host: FixedHost) -> str:
        """Return the domain that a host is in unless it has one of its own."""
        return domain_at(host.addresses[0] if host.addresses else None, self.subnets, self.domain)


def reconcile(
    found: Found,
    records: Records,
    domain: str | None = None,
    conflicts: Sequence[Conflict] = (),
) -> Inventory:
    """Make the inventory. `conflicts` are those that were found before, between the files.

    Raises SourceError when no source has the domain.
    """
    resolved, found, in_names = resolve(found, records, domain)
    settled, in_tables = settle(resolved, found, records.ttl)
    variables = dict(found.role_variables)
    if settled.pool_extra:
        variables["dhcpd_pool_extra"] = settled.pool_extra
    authoritative = []
    if found.authoritative is False:
        variables["dhcpd_authoritative"] = False
    elif found.authoritative is None and found.subnets:
        authoritative = [conflict(Kind.NOT_AUTHORITATIVE, found.source)]
    return Inventory(
        domain=resolved.domain,
        hosts=settled.hosts,
        subnets=settled.subnets,
        dhcp_servers=settled.dhcp_servers,
        name_servers=settled.name_servers,
        dnscache_servers=settled.dnscache_servers,
        reserved_names=settled.reserved_names,
        records=settled.records,
        zones=resolved.zones,
        ipv6_networks=settled.ipv6_networks,
        forward_zones=records.forward_zones,
        upstream_resolvers=records.upstream_resolvers,
        times=found.times,
        options=found.options,
        extra=(*found.extra, *settled.kept),
        ttl=records.ttl,
        role_variables=variables,
        remarks=(
            *found.remarks,
            *records.remarks,
            *sentences([*conflicts, *in_names, *in_tables, *authoritative]),
        ),
    )
