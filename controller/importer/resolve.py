"""Find the one domain, the table of subnets, and every name and address: the first pass.

It decides what belongs to the site; `settle` then makes fixed hosts of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from leasemerge.ranges import is_address, reverse_zones

from .conflicts import Conflicts, Kind
from .source import DhcpConfig, Host, SourceError, Subnet, ZoneData, home_of
from .zone_names import ZoneNames, domain_at, find_name_servers, find_names

_REVERSE = ".in-addr.arpa"
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class ResolvedHost:
    """A host of the DHCP server with its addresses resolved."""

    host: Host
    inside: tuple[str, ...]
    """Its addresses that lie in a subnet."""
    irregular: str
    """Why a line of the inventory cannot express all of it; empty if it can."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The sources with every name and address found."""

    domain: str
    subnets: tuple[Subnet, ...]
    hosts: tuple[ResolvedHost, ...]
    servers: tuple[tuple[str, str], ...]
    """("primary", address), ("secondary", address); a name where its address is unknown."""
    resolvers: tuple[str, ...]
    """Addresses of resolvers that lie in the subnets."""
    names: ZoneNames
    name_servers: tuple[tuple[str, str], ...]
    """The full name and address of each."""
    has_zone_data: bool
    zones: tuple[str, ...]
    """The zones other than the domain, those of subnets, and the reverse zones of subnets."""

    def domain_of(self, address: str | None) -> str:
        """Return the domain that a host with this address is named in."""
        return domain_at(address, self.subnets, self.domain)

    @property
    def machines(self) -> frozenset[str]:
        """The addresses of servers, so that no alias can be at them."""
        return frozenset({address for _, address in self.servers} | {*self.resolvers})


def resolve(
    config: DhcpConfig, zone_data: ZoneData, domain: str | None, conflicts: Conflicts
) -> tuple[Resolved, DhcpConfig]:
    """Resolve every name and address; also return what remains of `config`.

    Raises SourceError: when no source has the domain.
    """
    config = _from_subnets(config)
    domain = (domain or _choose_domain(config, zone_data, conflicts)).lower().strip(".")
    addresses = _address_book(config, zone_data, domain)
    servers = tuple(
        (role, addresses.get(name.lower().rstrip("."), name)) for role, name in config.servers
    )
    config = replace(
        config,
        resolvers=tuple(addresses.get(n.lower().rstrip("."), n) for n in config.resolvers),
    )
    subnets = _all_subnets(config, zone_data, domain, conflicts)
    of_subnets = {subnet.domain for subnet in subnets}
    of_networks = reverse_zones(str(subnet.network) for subnet in subnets)
    zones = tuple(
        zone
        for zone in (*zone_data.zones, *zone_data.lone_names)
        if zone not in {domain, *of_subnets, *of_networks} and not zone.endswith(".ip6.arpa")
    )
    resolvers = _resolvers(config.resolvers, subnets, conflicts)
    name_servers = find_name_servers(zone_data, domain, conflicts)
    machines = {address for _, address in servers} | {*resolvers}
    machines |= {address for host in config.hosts for address in host.addresses}
    names = find_names(config, zone_data, domain, subnets, name_servers, machines, conflicts)
    hosts = tuple(_resolved(host, names, subnets, domain) for host in config.hosts)
    resolved = Resolved(
        domain=domain,
        subnets=subnets,
        hosts=hosts,
        servers=servers,
        resolvers=resolvers,
        names=names,
        name_servers=name_servers,
        has_zone_data=bool(zone_data.zones),
        zones=zones,
    )
    return resolved, config


def _from_subnets(config: DhcpConfig) -> DhcpConfig:
    """Take domain and resolvers from the subnets, if only they have them."""

    def usual(option: str) -> str:
        values = Counter(
            subnet.settings["options"][option]
            for subnet in config.subnets
            if option in subnet.settings.get("options", {})
        )
        return str(values.most_common(1)[0][0]) if values else ""

    domain = config.domain or _domain(usual("domain-name")) or None
    resolvers = config.resolvers or _parts(usual("domain-name-servers"))
    return replace(config, domain=domain, resolvers=resolvers)


def _choose_domain(config: DhcpConfig, zone_data: ZoneData, conflicts: Conflicts) -> str:
    zones = [zone for zone in zone_data.zones if not zone.endswith(_REVERSE)]
    mine = config.domain
    if mine is not None and (not zones or mine in zones):
        return mine
    if not zones:
        raise SourceError("No source has the domain; name it with --domain.")
    names = [record.name for record in zone_data.of("a")]
    chosen = max(zones, key=lambda zone: sum(name.endswith(f".{zone}") for name in names))
    if mine is not None:
        shown = ", ".join(zones)
        conflicts.add(Kind.OTHER_DOMAIN, "domain-name", mine=mine, zones=shown, kept=chosen)
    return chosen


def _address_book(config: DhcpConfig, zone_data: ZoneData, domain: str) -> dict[str, str]:
    """Map each name to its first address, from the zone data, or else from dhcpd."""
    book: dict[str, str] = {}
    for record in zone_data.records:
        if record.kind in {"a", "glue"}:
            book.setdefault(record.name, record.value)
    for host in config.hosts:
        for address in filter(is_address, host.addresses):
            book.setdefault(host.name.lower(), address)
    below = f".{domain}"
    for name, address in list(book.items()):
        if name.endswith(below):
            book.setdefault(name.removesuffix(below), address)
        elif "." not in name:
            book.setdefault(name + below, address)
            book.setdefault(f"{name}.{config.domain}", address)
    return book


def _all_subnets(
    config: DhcpConfig, zone_data: ZoneData, domain: str, conflicts: Conflicts
) -> tuple[Subnet, ...]:
    """Add to dhcpd's subnets those that only the zone data knows, by their reverse zones."""
    subnets: dict[IPv4Network, Subnet] = {}
    for subnet in config.subnets:
        other = subnets.get(subnet.network)
        if other is None:
            trimmed = _without_repeats(subnet, config.resolvers, domain, conflicts)
            subnets[subnet.network] = _with_domain(trimmed, zone_data, conflicts)
        else:
            conflicts.add(
                Kind.SUBNET_TWICE,
                subnet.where,
                network=subnet.network,
                other=other.where,
                what="content",
            )
    addresses = [record.value for record in zone_data.of("a")]
    for zone in zone_data.zones:
        octets = zone.removesuffix(_REVERSE).split(".")[::-1]
        if not zone.endswith(_REVERSE) or len(octets) > 3:
            continue
        first = ".".join((octets + ["0"] * 3)[:4])
        if not is_address(first):
            continue
        network = IPv4Network((first, 8 * len(octets)))
        if any(known.overlaps(network) for known in subnets):
            continue
        if any(home_of(address, [Subnet(network, "")]) for address in addresses):
            conflicts.add(Kind.SUBNET_OF_ZONE, zone, network=network)
            subnets[network] = Subnet(network, zone)
    return tuple(subnets.values())


def _without_repeats(
    subnet: Subnet, resolvers: Sequence[str], domain: str, conflicts: Conflicts
) -> Subnet:
    """Leave out of a subnet the domain and the resolvers that are set for the whole file, too."""
    settings = dict(subnet.settings)
    options = dict(settings.pop("options", {}))
    if _domain(options.get("domain-name", "")) == domain:
        del options["domain-name"]
    servers = _parts(options.get("domain-name-servers", ""))
    if servers and servers == tuple(resolvers):
        del options["domain-name-servers"]
    elif servers:
        shown = options["domain-name-servers"]
        conflicts.add(
            Kind.RESOLVERS_OF_SUBNET, subnet.where, network=subnet.network, resolvers=shown
        )
    if options:
        settings["options"] = options
    return replace(subnet, settings=settings)


def _with_domain(subnet: Subnet, zone_data: ZoneData, conflicts: Conflicts) -> Subnet:
    """Name the hosts of a subnet in the domain that its clients are sent, if it is a zone here."""
    options = dict(subnet.settings.get("options", {}))
    domain = subnet.domain or _domain(options.get("domain-name", ""))
    if not _DOMAIN.fullmatch(domain):
        return replace(subnet, domain=None)
    if zone_data.zones and domain not in zone_data.zones:
        below = (".".join(("", domain)), domain)
        if not any(record.name.endswith(below) for record in zone_data.of("a")):
            return replace(subnet, domain=None)
    options.pop("domain-name", None)
    conflicts.add(Kind.DOMAIN_OF_SUBNET, subnet.where, network=subnet.network, domain=domain)
    settings = {key: value for key, value in subnet.settings.items() if key != "options"}
    if options:
        settings["options"] = options
    return replace(subnet, domain=domain, settings=settings)


def _resolvers(
    resolvers: Sequence[str], subnets: Sequence[Subnet], conflicts: Conflicts
) -> tuple[str, ...]:
    """Keep the resolvers that are machines of this site."""
    kept = []
    for resolver in dict.fromkeys(resolvers):
        if not is_address(resolver):
            why = "has no address here"
        elif home_of(resolver, subnets) is None:
            why = "lies in none of the subnets"
        else:
            kept.append(resolver)
            continue
        where = "domain-name-servers"
        conflicts.add(Kind.FOREIGN_RESOLVER, where, resolver=resolver, why=why)
    return tuple(kept)


def _resolved(host: Host, names: ZoneNames, subnets: Sequence[Subnet], domain: str) -> ResolvedHost:
    """Resolve a host's addresses; note why it is irregular if that fails."""
    inside: list[str] = []
    outside: list[str] = []
    irregular = host.irregular
    for text in host.addresses:
        name = text.lower().rstrip(".")
        record = names.home.get(name) or names.home.get(f"{name}.{domain}")
        if is_address(text):
            address = text
        elif record is not None:
            address = record.value
        else:
            why = f"its address {text} is a name that the zone data does not have"
            irregular = irregular or why
            continue
        (outside if home_of(address, subnets) is None else inside).append(address)
    if outside:
        lies = "lies" if len(outside) == 1 else "lie"
        irregular = irregular or f"its address {', '.join(outside)} {lies} in none of the subnets"
    return ResolvedHost(host, tuple(dict.fromkeys(inside)), irregular)


def _domain(option: str) -> str:
    return option.strip('"').lower().strip(". ")


def _parts(option: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in option.split(",") if part.strip())
