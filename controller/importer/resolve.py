"""The first pass: one domain, one table of subnets, addresses for names, names for addresses.

It decides what belongs to the site; `settle` then makes fixed hosts of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from leasemerge.ranges import reverse_zones

from .conflicts import Conflict, Kind, conflict
from .found import (
    Found,
    Host,
    Record,
    Records,
    SourceError,
    Subnet,
    home_of,
    is_address,
    label_of,
)
from .tinydns import address_of

_REVERSE = ".in-addr.arpa"
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Names:
    """The names that the zone data has, in the domains of the subnets."""

    home: Mapping[str, Record]
    """A full name's first address, with its line."""
    labels_at: Mapping[str, tuple[str, ...]]
    """The labels of an address in the domain of its subnet, in the order of the file, the one with
    the PTR first."""
    more_at: Mapping[str, tuple[str, ...]]
    """The further addresses of an address' names, which nothing else is at."""
    aliases: tuple[Record, ...]
    """The CNAMEs."""
    loose: tuple[Record, ...]
    """All records that are no host's."""


@dataclass(frozen=True, slots=True)
class ResolvedHost:
    """A host of the DHCP server with its addresses as numbers."""

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
    names: Names
    name_servers: tuple[tuple[str, str], ...]
    """Full name and address of each."""
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
    found: Found, records: Records, domain: str | None
) -> tuple[Resolved, Found, list[Conflict]]:
    """Find every name and address; return also what of `found` goes on as it is.

    Raises SourceError when no source has the domain.
    """
    conflicts: list[Conflict] = []
    found = _from_subnets(found)
    domain = (domain or _choose_domain(found, records, conflicts)).lower().strip(".")
    addresses = _address_book(found, records, domain)
    servers = tuple(
        (role, addresses.get(name.lower().rstrip("."), name)) for role, name in found.servers
    )
    found = replace(
        found,
        resolvers=tuple(addresses.get(n.lower().rstrip("."), n) for n in found.resolvers),
    )
    subnets = _all_subnets(found, records, domain, conflicts)
    of_subnets = {subnet.domain for subnet in subnets}
    of_networks = reverse_zones(str(subnet.network) for subnet in subnets)
    zones = tuple(
        zone
        for zone in (*records.zones, *records.lone_names)
        if zone not in {domain, *of_subnets, *of_networks} and not zone.endswith(".ip6.arpa")
    )
    resolvers = _resolvers(found.resolvers, subnets, conflicts)
    name_servers = _name_servers(records, domain, conflicts)
    machines = {address for _, address in servers} | {*resolvers}
    machines |= {address for host in found.hosts for address in host.addresses}
    names = _names(found, records, domain, subnets, name_servers, machines, conflicts)
    hosts = tuple(_resolved(host, names, subnets, domain) for host in found.hosts)
    resolved = Resolved(
        domain, subnets, hosts, servers, resolvers, names, name_servers, bool(records.zones), zones
    )
    return resolved, found, conflicts


def label_in(name: str, domain: str) -> str | None:
    """Take the label out of a name right below the domain; None if that is no host's name."""
    head, _, rest = name.partition(".")
    return head if rest == domain and label_of(head) == head else None


def domain_at(address: str | None, subnets: Sequence[Subnet], domain: str) -> str:
    """Return the domain of an address: its subnet's own, or else the site's."""
    home = home_of(address, subnets) if address else None
    return (home.domain if home else None) or domain


def _from_subnets(found: Found) -> Found:
    """Take domain and resolvers from the subnets, where only they have them."""

    def usual(option: str) -> str:
        values = Counter(
            subnet.settings["options"][option]
            for subnet in found.subnets
            if option in subnet.settings.get("options", {})
        )
        return str(values.most_common(1)[0][0]) if values else ""

    domain = found.domain or _domain(usual("domain-name")) or None
    resolvers = found.resolvers or _parts(usual("domain-name-servers"))
    return replace(found, domain=domain, resolvers=resolvers)


def _choose_domain(found: Found, records: Records, conflicts: list[Conflict]) -> str:
    zones = [zone for zone in records.zones if not zone.endswith(_REVERSE)]
    mine = found.domain
    if mine is not None and (not zones or mine in zones):
        return mine
    if not zones:
        raise SourceError("No source has the domain; name it with --domain.")
    names = [record.name for record in records.of("a")]
    chosen = max(zones, key=lambda zone: sum(name.endswith(f".{zone}") for name in names))
    if mine is not None:
        shown = ", ".join(zones)
        conflicts.append(
            conflict(Kind.OTHER_DOMAIN, "domain-name", mine=mine, zones=shown, kept=chosen)
        )
    return chosen


def _address_book(found: Found, records: Records, domain: str) -> dict[str, str]:
    """Map each name to its first address, as the zone data has it, or else dhcpd."""
    book: dict[str, str] = {}
    for record in records.records:
        if record.kind in {"a", "glue"}:
            book.setdefault(record.name, record.value)
    for host in found.hosts:
        for address in filter(is_address, host.addresses):
            book.setdefault(host.name.lower(), address)
    below = f".{domain}"
    for name, address in list(book.items()):
        if name.endswith(below):
            book.setdefault(name.removesuffix(below), address)
        elif "." not in name:
            book.setdefault(name + below, address)
            book.setdefault(f"{name}.{found.domain}", address)
    return book


def _all_subnets(
    found: Found, records: Records, domain: str, conflicts: list[Conflict]
) -> tuple[Subnet, ...]:
    """Add to dhcpd's subnets those that only the zone data knows, by their reverse zones."""
    subnets: dict[IPv4Network, Subnet] = {}
    for subnet in found.subnets:
        other = subnets.get(subnet.network)
        if other is None:
            trimmed = _without_repeats(subnet, found.resolvers, domain, conflicts)
            subnets[subnet.network] = _with_domain(trimmed, records, conflicts)
        else:
            conflicts.append(
                conflict(
                    Kind.SUBNET_TWICE,
                    subnet.where,
                    network=subnet.network,
                    other=other.where,
                    what="content",
                )
            )
    addresses = [record.value for record in records.of("a")]
    for zone in records.zones:
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
            conflicts.append(conflict(Kind.SUBNET_OF_ZONE, zone, network=network))
            subnets[network] = Subnet(network, zone)
    return tuple(subnets.values())


def _without_repeats(
    subnet: Subnet, resolvers: Sequence[str], domain: str, conflicts: list[Conflict]
) -> Subnet:
    """Leave out of a subnet the domain and the resolvers that the whole file has as well."""
    settings = dict(subnet.settings)
    options = dict(settings.pop("options", {}))
    if _domain(options.get("domain-name", "")) == domain:
        del options["domain-name"]
    servers = _parts(options.get("domain-name-servers", ""))
    if servers and servers == tuple(resolvers):
        del options["domain-name-servers"]
    elif servers:
        shown = options["domain-name-servers"]
        conflicts.append(
            conflict(
                Kind.RESOLVERS_OF_SUBNET, subnet.where, network=subnet.network, resolvers=shown
            )
        )
    if options:
        settings["options"] = options
    return replace(subnet, settings=settings)


def _with_domain(subnet: Subnet, records: Records, conflicts: list[Conflict]) -> Subnet:
    """Name the hosts of a subnet in the domain that its clients are sent, if it is a zone here."""
    options = dict(subnet.settings.get("options", {}))
    domain = subnet.domain or _domain(options.get("domain-name", ""))
    if not _DOMAIN.fullmatch(domain):
        return replace(subnet, domain=None)
    if records.zones and domain not in records.zones:
        below = (".".join(("", domain)), domain)
        if not any(record.name.endswith(below) for record in records.of("a")):
            return replace(subnet, domain=None)
    options.pop("domain-name", None)
    conflicts.append(
        conflict(Kind.DOMAIN_OF_SUBNET, subnet.where, network=subnet.network, domain=domain)
    )
    settings = {key: value for key, value in subnet.settings.items() if key != "options"}
    if options:
        settings["options"] = options
    return replace(subnet, domain=domain, settings=settings)


def _resolvers(
    resolvers: Sequence[str], subnets: Sequence[Subnet], conflicts: list[Conflict]
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
        conflicts.append(conflict(Kind.FOREIGN_RESOLVER, where, resolver=resolver, why=why))
    return tuple(kept)


# The names in the zone data.


def _name_servers(
    records: Records, domain: str, conflicts: list[Conflict]
) -> tuple[tuple[str, str], ...]:
    addresses: dict[str, str] = {}
    for record in (*records.of("glue"), *records.of("a")):
        addresses.setdefault(record.name, record.value)
    found: dict[str, str] = {}
    for record in records.of("ns"):
        if record.name == domain:
            if record.value in addresses:
                found.setdefault(record.value, addresses[record.value])
            else:
                conflicts.append(
                    conflict(Kind.FOREIGN_NAME_SERVER, record.where, server=record.value)
                )
    return tuple(found.items())


def _names(
    found: Found,
    records: Records,
    domain: str,
    subnets: Sequence[Subnet],
    name_servers: Sequence[tuple[str, str]],
    machines: set[str],
    conflicts: list[Conflict],
) -> Names:
    all_of, loose = _addresses_of(records, domain, subnets, name_servers, machines)
    all_of, more_at = _with_one_home(found, all_of, loose, conflicts)
    pointers = _pointers(records, domain, subnets, all_of, loose, conflicts)
    home = {name: known[0] for name, known in all_of.items()}
    labels_at: dict[str, list[str]] = {}
    for name, record in home.items():
        labels_at.setdefault(record.value, []).append(name.partition(".")[0])
    for address, labels in labels_at.items():
        below = domain_at(address, subnets, domain)
        lines = {label: home[f"{label}.{below}"] for label in labels}
        _put_pointed_first(address, labels, lines, pointers.get(address), conflicts)
    placed = {"a", "glue", "ptr", "cname"}
    loose += [record for record in records.records if record.kind not in placed]
    delegated = {r.name for r in records.of("ns") if r.name not in {domain, *records.zones}}
    used = {record.value for record in records.of("ns") if record.name in delegated}
    loose += [replace(record, kind="a") for record in records.of("glue") if record.name in used]
    kept = {*home, *(record.name for record in loose), *(name for name, _ in name_servers)}
    # What tinydns makes of a short name (a.ns.ZONE) is nobody's to miss.
    short = tuple(f".ns.{zone}" for zone in records.zones)
    conflicts += [
        conflict(Kind.NAME_SERVER_GONE, glue.where, server=glue.name, address=glue.value)
        for glue in {glue.name: glue for glue in records.of("glue")}.values()
        if glue.name not in kept and not glue.name.endswith(short)
    ]
    return Names(
        home,
        {address: tuple(labels) for address, labels in labels_at.items()},
        more_at,
        tuple(records.of("cname")),
        tuple(loose),
    )


def _addresses_of(
    records: Records,
    domain: str,
    subnets: Sequence[Subnet],
    name_servers: Sequence[tuple[str, str]],
    machines: set[str],
) -> tuple[dict[str, list[Record]], list[Record]]:
    """Gather the addresses of each name that can be a host's; return also all other records.

    The names and addresses of mere aliases of name servers are in neither.
    """
    of_servers = set(name_servers)
    # A name server's address with more names is a machine's: tinydns answers at it.
    busy = machines | {
        record.value for record in records.of("a") if (record.name, record.value) not in of_servers
    }
    aliases = {(name, address) for name, address in name_servers if address not in busy}
    all_of: dict[str, list[Record]] = {}
    loose: list[Record] = []
    for record in (*records.of("a"), *records.of("glue")):
        if (record.name, record.value) in aliases or (
            record.kind == "glue" and record.value not in busy
        ):
            continue
        home = home_of(record.value, subnets)
        at_edge = (
            home is not None
            and home.network.prefixlen < 31
            and record.value in (str(home.network[0]), str(home.network[-1]))
        )
        below = domain_at(record.value, subnets, domain)
        if home is None or at_edge or label_in(record.name, below) is None:
            if record.kind == "a":
                loose.append(record)
            continue
        known = all_of.setdefault(record.name, [])
        same = next((r for r in known if r.value == record.value), None)
        if same is None:
            known.append(record)
        elif record.pointed and not same.pointed:
            known[known.index(same)] = record
    return all_of, loose


def _with_one_home(
    found: Found,
    all_of: Mapping[str, list[Record]],
    loose: list[Record],
    conflicts: list[Conflict],
) -> tuple[dict[str, list[Record]], dict[str, tuple[str, ...]]]:
    """Put the one address of each name that counts first; return also which go with it.

    A name with several addresses is a host's if these have no other name. If they have, it is a
    name for several hosts: records. If dhcpd has such a host, its address is the one.
    """
    of_dhcpd = {(label_of(host.name), a) for host in found.hosts for a in host.addresses}
    with_host = {address for host in found.hosts for address in host.addresses}
    names_at = Counter(record.value for known in all_of.values() for record in known)
    outside = {record.name: record for record in loose}
    homes: dict[str, list[Record]] = {}
    more_at: dict[str, tuple[str, ...]] = {}
    for name, known in all_of.items():
        label = name.partition(".")[0]
        best = next((r for r in known if (label, r.value) in of_dhcpd), None)
        others = [record for record in known if record is not (best or known[0])]
        shared = [r for r in others if names_at[r.value] > 1 or r.value in with_host]
        if best is None and (shared or name in outside) and len(known) + (name in outside) > 1:
            loose.extend(known)
            continue
        first = best or known[0]
        homes[name] = [first, *(record for record in others if record not in shared)]
        if len(homes[name]) > 1:
            more_at[first.value] = tuple(record.value for record in homes[name][1:])
        if shared:
            shown = ", ".join(record.value for record in shared)
            conflicts.append(
                conflict(
                    Kind.SEVERAL_ADDRESSES, first.where, label=label, kept=first.value, others=shown
                )
            )
    return homes, more_at


def _put_pointed_first(
    address: str,
    labels: list[str],
    home: Mapping[str, Record],
    pointer: str | None,
    conflicts: list[Conflict],
) -> None:
    pointed = [label for label in labels if home[label].pointed]
    first = pointer or (pointed[0] if pointed else None)
    if len(pointed) > 1:
        shown = ", ".join(pointed)
        where = home[pointed[1]].where
        conflicts.append(
            conflict(Kind.SEVERAL_POINTERS, where, address=address, labels=shown, kept=first)
        )
    if first in labels:
        labels.remove(first)
        labels.insert(0, first)
    if first is None and len(labels) > 1:
        where = home[labels[0]].where
        conflicts.append(conflict(Kind.NO_POINTER, where, address=address, kept=labels[0]))


def _pointers(
    records: Records,
    domain: str,
    subnets: Sequence[Subnet],
    all_of: Mapping[str, list[Record]],
    loose: list[Record],
    conflicts: list[Conflict],
) -> dict[str, str]:
    """Read the PTRs that stand alone, and note those that nothing points back to."""
    pointers: dict[str, str] = {}
    for record in records.of("ptr"):
        address = address_of(record.name)
        below = domain_at(address, subnets, domain)
        label = label_in(record.value, below)
        if address is None or label is None:
            loose.append(record)
        elif any(known.value == address for known in all_of.get(record.value, [])):
            pointers.setdefault(address, label)
        elif any(other.name == record.value and other.value == address for other in loose):
            loose.append(record)
        else:
            has = ", ".join(known.value for known in all_of.get(record.value, [])) or "no address"
            conflicts.append(
                conflict(
                    Kind.POINTER_WITHOUT_NAME, record.where, address=address, label=label, has=has
                )
            )
    return pointers


def _resolved(host: Host, names: Names, subnets: Sequence[Subnet], domain: str) -> ResolvedHost:
    """Turn a host's addresses into numbers; note why it is irregular if that fails."""
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
