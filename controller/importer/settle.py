"""The second pass: what is one machine becomes one fixed host, and every name has one owner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Any

from .conflicts import Conflict, Kind, conflict
from .fixedhost import FixedHost
from .found import (
    Found,
    Host,
    Pool,
    Record,
    Settings,
    Subnet,
    home_of,
    is_address,
    joined_settings,
    label_of,
    number_of,
)
from .resolve import Names, Resolved, ResolvedHost, label_in
from .zone import zone_records

_POOL_KEYS = frozenset(
    {"allow", "deny", "options", "extra"}
    | {"default_lease_time", "min_lease_time", "max_lease_time"}
)
_TIMES = ("default_lease_time", "min_lease_time", "max_lease_time")
RESERVED = ("wpad", "isatap", "localhost")
"""site_reserved_names as the model has it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The tables of the inventory, without a name or an address that two would have."""

    hosts: tuple[FixedHost, ...]
    subnets: tuple[Subnet, ...]
    dhcp_servers: tuple[str, ...]
    name_servers: tuple[tuple[str, str], ...]
    dnscache_servers: tuple[str, ...]
    reserved_names: tuple[str, ...]
    kept: tuple[str, ...]
    """Hosts as dhcpd.conf text."""
    pool_extra: str
    """What every pool has."""
    records: tuple[str, ...]
    """The lines of site_records."""
    ipv6_networks: tuple[str, ...]


def settle(resolved: Resolved, found: Found, ttl: int | None) -> tuple[Settled, list[Conflict]]:
    """Make the tables, and the list of what had to give way."""
    conflicts: list[Conflict] = []
    hosts, texts = _fixed_hosts(resolved, conflicts)
    owners = _Owners(resolved.names, hosts)
    _name(hosts, owners, resolved, found, conflicts)
    hosts += _named_only(hosts, owners, resolved, conflicts)
    cnames = _add_aliases(owners, resolved, conflicts)
    _add_wishes(hosts, owners, resolved, conflicts)

    def server(address: str, stem: str) -> str:
        return _server(address, stem, hosts, owners, resolved, conflicts)

    dhcp_servers = tuple(
        server(address, f"dhcp{number}") for number, (_, address) in enumerate(resolved.servers, 1)
    )
    resolvers = tuple(
        server(address, f"resolver{number}") for number, address in enumerate(resolved.resolvers, 1)
    )
    machines = len(set(dhcp_servers))
    name_servers = _name_server_names(resolved, machines, owners, conflicts)
    for group, servers in (
        ("dhcp_servers", dhcp_servers),
        ("tinydns_servers", name_servers),
        ("dnscache_servers", resolvers),
    ):
        if not servers:
            conflicts.append(conflict(Kind.NO_SERVERS, "servers.yml", group=group))
    by_label = {name.partition(".")[0]: host for name, host in owners.of.items()}
    reserved = tuple(name for name in RESERVED if name not in by_label)
    conflicts += [
        conflict(Kind.NOT_RESERVED, by_label[name].where, label=name)
        for name in RESERVED
        if name in by_label
    ]
    lines, networks, ipv6 = zone_records(resolved, hosts, cnames, ttl, conflicts)
    conflicts += _times_lost(owners, resolved, cnames, ipv6, ttl)
    subnets, pool_extra = _shaped(resolved.subnets, found.times, conflicts)
    settled = Settled(
        tuple(sorted(hosts, key=_order)),
        subnets,
        dhcp_servers,
        name_servers,
        tuple(dict.fromkeys(resolvers)),
        reserved,
        tuple(_renamed(host, owners) for host in texts),
        pool_extra,
        tuple(lines),
        tuple(networks),
    )
    return settled, conflicts


# What is one machine.


def _fixed_hosts(
    resolved: Resolved, conflicts: list[Conflict]
) -> tuple[list[FixedHost], list[Host]]:
    """Make a fixed host of each machine; return also the hosts that are kept as text."""
    hosts: list[FixedHost] = []
    texts: list[Host] = []
    by_address: dict[str, FixedHost] = {}
    by_mac: dict[str, FixedHost] = {}
    irregular_macs: dict[str, Host] = {}

    def keep(host: Host, why: str) -> None:
        kind = Kind.HOST_AS_TEXT if host.text else Kind.HOST_LEFT_OUT
        known = "".join(f", {value}" for value in (*host.hardware, *host.addresses))
        conflicts.append(conflict(kind, host.where, host=_name_of(host), known=known, why=why))
        if host.text:
            texts.append(host)

    def add(item: ResolvedHost, addresses: Iterable[str]) -> FixedHost:
        wish = _wish(item)
        addresses = list(addresses)
        domain = resolved.domain_of(addresses[0] if addresses else None)
        fixed = FixedHost(
            "", item.host.where, domain, addresses, [*item.host.ipv6], wishes=[wish] if wish else []
        )
        hosts.append(fixed)
        by_address.update(dict.fromkeys(fixed.addresses, fixed))
        return fixed

    def add_names_only(item: ResolvedHost) -> None:
        """Its addresses keep their names, which dhcpd gives by text of its own."""
        free = [address for address in item.inside if address not in by_address]
        if free:
            add(item, free)
        wish = _wish(item)
        for address in item.inside:
            owner = by_address[address]
            if wish and wish not in owner.wishes and address not in free:
                owner.wishes.append(wish)

    def equip(fixed: FixedHost, host: Host) -> None:
        fixed.hardware += [mac for mac in host.hardware if mac not in fixed.hardware]
        by_mac.update(dict.fromkeys(host.hardware, fixed))

    for item in resolved.hosts:
        host = replace(item.host, settings=_with_inherited(item, resolved.subnets))
        if item.irregular:
            keep(host, item.irregular)
            irregular_macs.update(dict.fromkeys(host.hardware, host))
            add_names_only(item)
            continue
        for mac in irregular_macs.keys() & set(host.hardware):
            other = irregular_macs[mac].where
            conflicts.append(
                conflict(
                    Kind.MAC_AT_IRREGULAR, host.where, host=_name_of(host), mac=mac, other=other
                )
            )
        owner = next((by_mac[mac] for mac in host.hardware if mac in by_mac), None)
        neighbour = next((by_address[a] for a in item.inside if a in by_address), None)
        if owner is not None:
            _join_by_mac(owner, item, host, resolved.subnets, conflicts, keep, add_names_only)
            equip(owner, host) if owner.settings == host.settings else None
            by_address.update(dict.fromkeys(owner.addresses, owner))
        elif neighbour is None:
            fixed = add(item, item.inside)
            fixed.settings = host.settings
            equip(fixed, host)
        elif not neighbour.hardware:
            neighbour.settings = host.settings
            _extend(neighbour, item, by_address)
            equip(neighbour, host)
        elif dict(neighbour.settings) == _without_own_name(host.settings, neighbour):
            conflicts.append(
                conflict(Kind.HOSTS_JOINED, host.where, host=_name_of(host), other=neighbour.where)
            )
            _extend(neighbour, item, by_address)
            equip(neighbour, host)
        else:
            why = f"its address is that of the host at {neighbour.where}, with other settings"
            keep(host, why)
            add_names_only(item)
    return hosts, texts


def _without_own_name(settings: Settings, fixed: FixedHost) -> dict[str, Any]:
    """Leave out the host-name that the role sends the further cards of a host anyway."""
    given = dict(settings.get("options", {}))
    sent = label_of(str(given.get("host-name", "")).strip('"'))
    first = fixed.wishes[0][0] if fixed.wishes else None
    if sent is None or sent != first or "host-name" in fixed.settings.get("options", {}):
        return dict(settings)
    del given["host-name"]
    rest = {key: value for key, value in settings.items() if key != "options"}
    return {**rest, "options": given} if given else rest


def _extend(fixed: FixedHost, item: ResolvedHost, by_address: dict[str, FixedHost]) -> None:
    """Give a fixed host the name of another declaration, and its further addresses."""
    wish = _wish(item)
    if wish and wish not in fixed.wishes:
        fixed.wishes.append(wish)
    new = [address for address in item.inside if address not in by_address]
    fixed.addresses += new
    by_address.update(dict.fromkeys(new, fixed))


def _join_by_mac(
    owner: FixedHost,
    item: ResolvedHost,
    host: Host,
    subnets: Sequence[Subnet],
    conflicts: list[Conflict],
    keep: Callable[[Host, str], None],
    add_names_only: Callable[[ResolvedHost], None],
) -> None:
    """Settle a second declaration of one MAC address: dhcpd takes the first that fits a subnet."""
    mac = next(mac for mac in host.hardware if mac in owner.hardware)
    here = {home_of(address, subnets) and str(home_of(address, subnets)) for address in item.inside}
    homes = {str(home_of(address, subnets)) for address in owner.addresses}
    new = [address for address in item.inside if address not in owner.addresses]
    same_settings = dict(owner.settings) == dict(host.settings)
    values = {"host": _name_of(host), "other": owner.where}
    if new and here & homes:
        conflicts.append(conflict(Kind.MAC_TWICE, host.where, mac=mac, **values))
        add_names_only(item)
    elif new and owner.addresses and not same_settings:
        conflicts.append(conflict(Kind.MAC_WITH_OTHER_SETTINGS, host.where, mac=mac, **values))
        keep(host, f"its MAC address {mac} is that of the host at {owner.where}")
        add_names_only(item)
    else:
        if not same_settings and not owner.settings:
            owner.settings = host.settings
        elif not same_settings and host.settings:
            conflicts.append(conflict(Kind.SETTINGS_DIFFER, host.where, **values))
        conflicts.append(conflict(Kind.MAC_JOINED, host.where, **values))
        owner.addresses += new
        wish = _wish(item)
        if wish and wish not in owner.wishes:
            owner.wishes.append(wish)


def _with_inherited(item: ResolvedHost, subnets: Sequence[Subnet]) -> Settings:
    """Add what a host takes from the subnet it is declared in to where its address lies."""
    host = item.host
    homes = [home_of(address, subnets) for address in item.inside]
    if host.declared_in is None or any(
        home is None or home.network == host.declared_in for home in homes
    ):
        return host.settings
    return joined_settings(host.inherited, host.settings) if homes else host.settings


def _wish(item: ResolvedHost) -> tuple[str, str] | None:
    """Return the label that a host is called by, and its name as written; None for neither."""
    name = item.host.name
    label = None if is_address(name) else label_of(name)
    if label is None and item.inside:
        label = f"host-{item.inside[0].replace('.', '-')}"
    if label is None and item.host.hardware:
        label = f"host-{item.host.hardware[0].replace(':', '')}"
    return (label, name) if label else None


def _name_of(host: Host) -> str:
    return host.name or "without a name"


# What it is called.


class _Owners:
    """Which fixed host each full name is of."""

    def __init__(self, names: Names, hosts: Iterable[FixedHost]) -> None:
        self.of: dict[str, FixedHost] = {}
        # What no made-up name may be, for a source has it.
        self._known = {*names.home, *(r.name for r in (*names.aliases, *names.loose))}
        self._known |= {f"{label}.{host.domain}" for host in hosts for label, _ in host.wishes}

    def claim(self, labels: Iterable[str], host: FixedHost) -> None:
        """Give labels of its domain to a host."""
        self.of.update((f"{label}.{host.domain}", host) for label in labels)

    def owner(self, label: str, domain: str) -> FixedHost | None:
        """Return whose name a label is in a domain."""
        return self.of.get(f"{label}.{domain}")

    def free(self, stem: str, domain: str) -> str:
        """Find a label that nobody has and no source knows: the stem and a number."""
        number = 2
        while not self.is_free(f"{stem}-{number}", domain):
            number += 1
        return f"{stem}-{number}"

    def is_free(self, label: str, domain: str) -> bool:
        """Return whether nobody has a label, and no source knows it."""
        return f"{label}.{domain}" not in self.of and f"{label}.{domain}" not in self._known


def _name(
    hosts: Sequence[FixedHost],
    owners: _Owners,
    resolved: Resolved,
    found: Found,
    conflicts: list[Conflict],
) -> None:
    """Name every host: as the zone data calls its address, or else as the DHCP server does."""
    labels_at = {address: list(labels) for address, labels in resolved.names.labels_at.items()}
    known = [host for host in hosts if any(a in labels_at for a in host.addresses)]
    for host in known:
        labels = [
            label
            for a in host.addresses
            for label in labels_at.get(a, ())
            if resolved.domain_of(a) == host.domain
        ]
        if not labels:  # named only in the domain of a further address
            host.domain = resolved.domain_of(next(a for a in host.addresses if a in labels_at))
            labels = [label for a in host.addresses for label in labels_at.get(a, ())]
        host.name, *host.aliases = dict.fromkeys(labels)
        more = [a for b in host.addresses for a in resolved.names.more_at.get(b, ())]
        new = [address for address in more if address not in host.addresses]
        if new:
            host.addresses += new
            _note_pointers(host.where, host.name, host.addresses, conflicts)
        owners.claim(labels, host)
        for wish, _ in host.wishes:
            _note_other_name(host, wish, resolved.names, conflicts)
    addresses = {address for host in hosts for address in host.addresses}
    # Who is called that without a change first: a_b is a-b only where nobody is a-b.
    for host in sorted(hosts, key=lambda host: not _is_exact(host)):
        if host not in known:
            _name_as_in_dhcpd(host, addresses, labels_at, owners, resolved, found, conflicts)


def _note_other_name(host: FixedHost, wish: str, names: Names, conflicts: list[Conflict]) -> None:
    if wish in (host.name, *host.aliases) or wish.startswith("host-"):
        return
    other = names.home.get(f"{wish}.{host.domain}")
    conflicts.append(
        conflict(
            Kind.ZONE_NAME_KEPT,
            host.where,
            address=host.shown,
            wish=wish,
            line=names.home[f"{host.name}.{host.domain}"].where,
            kept=host.name,
            elsewhere=f" The zone data has {wish} at {other.value}." if other else "",
        )
    )


def _name_as_in_dhcpd(
    host: FixedHost,
    addresses: set[str],
    labels_at: Mapping[str, list[str]],
    owners: _Owners,
    resolved: Resolved,
    found: Found,
    conflicts: list[Conflict],
) -> None:
    (wish, written), *_ = host.wishes
    elsewhere = resolved.names.home.get(f"{wish}.{host.domain}")
    if elsewhere is not None and elsewhere.value not in addresses:
        values = {"wish": wish, "line": elsewhere.where, "address": elsewhere.value}
        inside = home_of(elsewhere.value, resolved.subnets) is not None
        if not host.addresses and inside:
            conflicts.append(conflict(Kind.ZONE_ADDRESS_TAKEN, host.where, **values))
            host.addresses = [elsewhere.value]
            host.aliases = [label for label in labels_at[elsewhere.value] if label != wish]
            owners.claim(host.aliases, host)
            addresses.add(elsewhere.value)
        else:
            mine = host.shown
            conflicts.append(conflict(Kind.DHCPD_ADDRESS_KEPT, host.where, mine=mine, **values))
            labels_at[elsewhere.value].remove(wish)
    elif host.addresses and resolved.has_zone_data:
        conflicts.append(conflict(Kind.NO_NAME_IN_ZONE, host.where, address=host.shown, wish=wish))
    host.name = wish
    owner = owners.owner(wish, host.domain)
    if owner is not None:
        host.name = owners.free(wish, host.domain)
        other = f"the host at {owner.where}"
        conflicts.append(
            conflict(Kind.NAME_TAKEN, host.where, wish=wish, other=other, kept=host.name)
        )
    elif not written:
        shown = host.addresses[0] if host.addresses else host.hardware[0]
        conflicts.append(conflict(Kind.NAMED, host.where, address=shown, new=host.name))
        if found.names_are_sent and host.hardware:  # not a name that was only made up
            off = {"extra": "use-host-decl-names off;\n"}
            host.settings = joined_settings(off, host.settings)
    elif _is_renamed(written, wish, host.domain, found.names_are_sent):
        full = f"{wish}.{host.domain}"
        new = wish if "." not in written or written.lower() == full else full
        conflicts.append(conflict(Kind.RENAMED, host.where, old=written, new=new))
    owners.claim([host.name], host)


def _is_exact(host: FixedHost) -> bool:
    """Tell whether its label is its name as written, but for capitals."""
    label, written = host.wishes[0] if host.wishes else ("", "")
    return written.lower() in {label, f"{label}.{host.domain}"}


def _is_renamed(written: str, label: str, domain: str, sent: bool) -> bool:
    """Return whether people or clients see another name than before."""
    return written != label if sent else written.lower() not in {label, f"{label}.{domain}"}


# Names that only the zone data has, and further names.


def _named_only(
    hosts: Sequence[FixedHost],
    owners: _Owners,
    resolved: Resolved,
    conflicts: list[Conflict],
) -> list[FixedHost]:
    """Make fixed hosts of the addresses that no DHCP server knows."""
    with_host = {address for host in hosts for address in host.addresses}
    new = []
    for address, all_labels in resolved.names.labels_at.items():
        domain = resolved.domain_of(address)
        labels = [
            label
            for label in all_labels
            if (owner := owners.owner(label, domain)) is None or address in owner.addresses
        ]
        if address in with_host or not labels:
            continue
        record = resolved.names.home[f"{labels[0]}.{domain}"]
        addresses = [address, *resolved.names.more_at.get(address, ())]
        shown = ", ".join(labels)
        for each in addresses:
            range_ = _range_of(each, resolved.subnets)
            if range_ is not None:
                conflicts.append(
                    conflict(
                        Kind.NAME_IN_RANGE, record.where, labels=shown, address=each, range=range_
                    )
                )
        if len(addresses) > 1:
            _note_pointers(record.where, shown, addresses, conflicts)
        host = FixedHost(labels[0], record.where, domain, addresses, aliases=labels[1:])
        new.append(host)
        owners.claim(labels, host)
    return new


def _note_pointers(
    where: str, label: str, addresses: Sequence[str], conflicts: list[Conflict]
) -> None:
    shown = ", ".join(addresses)
    conflicts.append(conflict(Kind.POINTERS_ADDED, where, label=label, addresses=shown))


def _range_of(address: str, subnets: Sequence[Subnet]) -> str | None:
    """Return the place of the range that gives an address to anyone."""
    home = home_of(address, subnets)
    number = number_of(address)
    for pool in home.pools if home else ():
        if any(number_of(a) <= number <= number_of(b) for a, b in pool.ranges):
            return pool.where
    return None


def _add_aliases(owners: _Owners, resolved: Resolved, conflicts: list[Conflict]) -> list[Record]:
    """Turn CNAMEs within a domain into aliases, also where one leads to another; return the rest.

    An alias of a host in another domain stays a CNAME.
    """
    waiting = list(resolved.names.aliases)
    progress = True
    while waiting and progress:
        progress = False
        for record in list(waiting):
            host = owners.of.get(record.value)
            label = label_in(record.name, host.domain) if host else None
            if host is None or label is None:
                continue
            waiting.remove(record)
            progress = True
            other = owners.of.get(record.name)
            if other is None:
                host.aliases.append(label)
                owners.claim([label], host)
            elif other is not host:
                conflicts.append(
                    conflict(
                        Kind.ALIAS_TAKEN,
                        record.where,
                        label=label,
                        host=host.name,
                        other=other.name,
                        place=other.where,
                    )
                )
    return waiting


def _times_lost(
    owners: _Owners,
    resolved: Resolved,
    cnames: Sequence[Record],
    ipv6: Sequence[Record],
    ttl: int | None,
) -> Iterator[Conflict]:
    """Note the names with another time to be cached that are a host's now, those of a time at once.

    `ipv6` are the hosts' addresses; `ttl` is what all names of hosts are given.
    """
    names: dict[int, dict[str, str]] = {}
    for record in (*resolved.names.home.values(), *resolved.names.aliases, *ipv6):
        if record.ttl not in (None, ttl) and record.name in owners.of and record not in cnames:
            names.setdefault(record.ttl, {}).setdefault(record.name, record.where)
    for seconds, found in names.items():
        where = next(iter(found.values()))
        yield conflict(Kind.TIME_LOST, where, names=", ".join(found), seconds=seconds)


def _add_wishes(
    hosts: Sequence[FixedHost],
    owners: _Owners,
    resolved: Resolved,
    conflicts: list[Conflict],
) -> None:
    """Add the names of further declarations, and the names that hosts are sent, as aliases."""
    for host in hosts:
        by_zone = f"{host.name}.{host.domain}" in resolved.names.home
        for wish, written in host.wishes[1:]:
            if wish in (host.name, *host.aliases) or not written or by_zone:
                continue  # the same name, no name, or a disagreement that is noted already
            owner = owners.owner(wish, host.domain)
            if owner is not None:
                values = {"label": wish, "host": host.name, "other": owner.name}
                conflicts.append(conflict(Kind.NAME_LOST, host.where, **values))
                continue
            host.aliases.append(wish)
            owners.claim([wish], host)
            values = {"label": wish, "host": host.name}
            conflicts.append(conflict(Kind.ALIAS_ADDED, host.where, **values))
        _add_sent_name(host, owners, resolved, conflicts)


def _add_sent_name(
    host: FixedHost, owners: _Owners, resolved: Resolved, conflicts: list[Conflict]
) -> None:
    """Make an alias of the `option host-name` of a host, or note that it is not in DNS."""
    sent = str(host.settings.get("options", {}).get("host-name", "")).strip('"')
    label = label_of(sent) if sent else None
    if not sent or label in (host.name, *host.aliases):
        return
    owner = owners.owner(label or "", host.domain)
    if label is not None and owners.is_free(label, host.domain) and not resolved.has_zone_data:
        host.aliases.append(label)
        owners.claim([label], host)
        values = {"label": label, "host": host.name}
        conflicts.append(conflict(Kind.ALIAS_ADDED, host.where, **values))
        return
    if owner is not None:
        why = f"that is {owner.name}"
    elif label is None:
        why = "it is no DNS label"
    elif resolved.has_zone_data:
        why = "the zone data does not have it"
    else:
        why = "another source has it"
    values = {"host": host.name, "sent": sent, "why": why}
    conflicts.append(conflict(Kind.SENT_NAME_LOST, host.where, **values))


# The servers.


def _server(
    address: str,
    stem: str,
    hosts: list[FixedHost],
    owners: _Owners,
    resolved: Resolved,
    conflicts: list[Conflict],
) -> str:
    """Name the fixed host of a server; make one if there is none."""
    if not is_address(address):
        label = label_of(address) or stem
        owner = owners.owner(label, resolved.domain)
        if owner is None:
            conflicts.append(
                conflict(Kind.SERVER_WITHOUT_ADDRESS, "servers", server=address, label=label)
            )
            return label
        return owner.name
    host = next((host for host in hosts if address in host.addresses), None)
    if host is None:
        domain = resolved.domain_of(address)
        name = stem if owners.is_free(stem, domain) else owners.free(stem, domain)
        host = FixedHost(name, address, domain, [address])
        hosts.append(host)
        owners.claim([name], host)
        conflicts.append(conflict(Kind.SERVER_NAMED, address, address=address, label=name))
        if home_of(address, resolved.subnets) is None:
            conflicts.append(conflict(Kind.SERVER_OUTSIDE, address, address=address))
    return host.name


def _name_server_names(
    resolved: Resolved, machines: int, owners: _Owners, conflicts: list[Conflict]
) -> tuple[tuple[str, str], ...]:
    """Give each DHCP server's machine the name and address of a name server, in their order."""
    named: list[tuple[str, str]] = []
    used: set[str] = set()
    busy = {address for host in owners.of.values() for address in host.addresses}
    for number, (full, address) in enumerate(resolved.name_servers, 1):
        label = full.partition(".")[0]
        if len(named) == machines:
            at_host = address in resolved.machines | busy
            kind = Kind.NAME_SERVER_NEEDS_ALIAS if at_host else Kind.NAME_SERVER_UNPLACED
            conflicts.append(conflict(kind, full, server=full, address=address))
            continue
        if owners.owner(label, resolved.domain) or label in used or label_of(label) != label:
            taken, label = label, f"ns{number}"
            while not owners.is_free(label, resolved.domain) or label in used:
                number += 1
                label = f"ns{number}"
            conflicts.append(
                conflict(Kind.NAME_SERVER_IS_HOST, full, server=full, label=label, taken=taken)
            )
        elif full != f"{label}.{resolved.domain}":
            values = {"server": full, "label": label, "domain": resolved.domain}
            conflicts.append(conflict(Kind.NAME_SERVER_RENAMED, full, **values))
        used.add(label)
        if address in resolved.machines | busy:
            conflicts.append(conflict(Kind.NAME_SERVER_NEEDS_ALIAS, full, address=address))
        named.append((label, address))
    return tuple(named)


# The subnets.


def _shaped(
    subnets: Sequence[Subnet], times: Mapping[str, int], conflicts: list[Conflict]
) -> tuple[tuple[Subnet, ...], str]:
    """Bring the pools into the inventory's form; return also what all of them have."""
    rules = [pool.settings for subnet in subnets for pool in subnet.pools]
    common = ""
    if rules and rules[0] and all(dict(rule) == dict(rules[0]) for rule in rules):
        common = "".join(f"{line}\n" for line in _pool_lines(rules[0]))
        subnets = [
            replace(s, pools=tuple(replace(pool, settings={}) for pool in s.pools)) for s in subnets
        ]
    return tuple(_shaped_subnet(subnet, times, conflicts) for subnet in subnets), common


def _shaped_subnet(subnet: Subnet, times: Mapping[str, int], conflicts: list[Conflict]) -> Subnet:
    """Join the ranges without rules, and keep the pools that have some."""
    subnet = _with_routers_inside(subnet, conflicts)
    pools = [pool for pool in _without_overlaps(subnet, conflicts) if pool.ranges]
    plain = [ends for pool in pools if not pool.settings for ends in pool.ranges]
    ranges = tuple(sorted(plain, key=lambda ends: number_of(ends[0])))
    shaped = [Pool(ranges, {}, subnet.where)] if ranges else []
    shaped += [
        replace(
            pool, settings=_in_order(_pool_settings(pool.settings), {**times, **subnet.settings})
        )
        for pool in pools
        if pool.settings
    ]
    return replace(subnet, pools=tuple(shaped), settings=_in_order(subnet.settings, times))


def _with_routers_inside(subnet: Subnet, conflicts: list[Conflict]) -> Subnet:
    """Make an option of routers that the inventory would take for a mistake."""
    if all(IPv4Address(router) in subnet.network for router in subnet.routers):
        return subnet
    shown = ", ".join(subnet.routers)
    conflicts.append(
        conflict(Kind.ROUTER_OUTSIDE, subnet.where, routers=shown, network=subnet.network)
    )
    given = {"options": {"routers": shown}}
    return replace(subnet, routers=(), settings=joined_settings(given, subnet.settings))


def _in_order(settings: Settings, outer: Mapping[str, Any]) -> dict[str, Any]:
    """Give a scope the lease times that dhcpd makes of its own and the outer ones.

    dhcpd takes any, and keeps the default between the least and the most; the inventory wants them
    in order.
    """
    own = {key: settings[key] for key in _TIMES if key in settings}
    if not own:
        return dict(settings)
    values = {**outer, **own}
    default = values.get("default_lease_time", 43200)
    most = values.get("max_lease_time", 86400)
    least = values.get("min_lease_time", min(300, most))
    most = max(least, most)
    default = max(least, min(default, most))
    ordered = dict(zip(_TIMES, (default, least, most), strict=True))
    changed = {key: ordered[key] for key in _TIMES if key in own or ordered[key] != values.get(key)}
    if "min_lease_time" not in values and least == 300:
        changed.pop("min_lease_time", None)
    if "max_lease_time" not in values and most == 86400:
        changed.pop("max_lease_time", None)
    return {**settings, **changed}


def _pool_settings(settings: Settings) -> dict[str, Any]:
    """Write as text what a pool of the inventory has no key for."""
    kept = {key: value for key, value in settings.items() if key in _POOL_KEYS}
    lines = _pool_lines({key: settings[key] for key in settings.keys() - kept.keys()})
    if lines:
        kept["extra"] = "".join(f"{line}\n" for line in lines) + str(kept.get("extra", ""))
    return kept


def _pool_lines(settings: Settings) -> list[str]:
    """Write the rules of a pool as dhcpd.conf text."""
    lines = [f"{word} {who};" for word in ("allow", "deny") for who in settings.get(word, ())]
    lines += [
        f"{key.replace('_', '-')} {settings[key]};"
        for key in ("default_lease_time", "min_lease_time", "max_lease_time", "next_server")
        if key in settings
    ]
    if "filename" in settings:
        lines.append(f'filename "{settings["filename"]}";')
    lines += [f"option {name} {value};" for name, value in settings.get("options", {}).items()]
    return lines + str(settings.get("extra", "")).splitlines()


def _without_overlaps(subnet: Subnet, conflicts: list[Conflict]) -> list[Pool]:
    """Keep every range inside its subnet, and every address in one range."""
    kept: list[tuple[int, int, int]] = []
    ranges: list[list[tuple[str, str]]] = []
    for index, pool in enumerate(subnet.pools):
        ranges.append([])
        for ends in pool.ranges:
            inside = _inside(ends, subnet, pool, conflicts)
            if inside is None:
                continue
            first, last = map(number_of, inside)
            other = next((k for k in kept if k[0] <= last and first <= k[1]), None)
            if other is None:
                kept.append((first, last, index))
                ranges[index].append(inside)
                continue
            of_other = _ends_of(other, ranges)
            values = {"first": ends[0], "last": ends[1], "network": subnet.network}
            if dict(subnet.pools[other[2]].settings) != dict(pool.settings):
                conflicts.append(
                    conflict(
                        Kind.RANGE_OF_RULES_OVERLAPS,
                        pool.where,
                        other_first=of_other[0],
                        other_last=of_other[1],
                        **values,
                    )
                )
                continue
            conflicts.append(conflict(Kind.RANGES_OVERLAP, pool.where, **values))
            merged = (
                min(of_other[0], inside[0], key=number_of),
                max(of_other[1], inside[1], key=number_of),
            )
            ranges[other[2]][ranges[other[2]].index(of_other)] = merged
            kept[kept.index(other)] = (number_of(merged[0]), number_of(merged[1]), other[2])
    return [
        replace(pool, ranges=tuple(ends)) for pool, ends in zip(subnet.pools, ranges, strict=True)
    ]


def _ends_of(
    kept: tuple[int, int, int], ranges: Sequence[Sequence[tuple[str, str]]]
) -> tuple[str, str]:
    return next(ends for ends in ranges[kept[2]] if number_of(ends[0]) == kept[0])


def _inside(
    ends: tuple[str, str], subnet: Subnet, pool: Pool, conflicts: list[Conflict]
) -> tuple[str, str] | None:
    """Take the network and broadcast address out of a range; None for one outside the subnet."""
    network = subnet.network
    first, last = ends
    if not network[0] <= type(network[0])(first) <= type(network[0])(last) <= network[-1]:
        values = {"first": first, "last": last, "network": network}
        conflicts.append(conflict(Kind.RANGE_OUTSIDE, pool.where, **values))
        return None
    if network.prefixlen < 31:
        first = str(network[1]) if first == str(network[0]) else first
        last = str(network[-2]) if last == str(network[-1]) else last
    if (first, last) != ends:
        conflicts.append(
            conflict(
                Kind.RANGE_AT_EDGE,
                pool.where,
                first=ends[0],
                last=ends[1],
                network=network,
                new_first=first,
                new_last=last,
            )
        )
    return (first, last) if number_of(first) <= number_of(last) else None


def _renamed(host: Host, owners: _Owners) -> str:
    """Give a host kept as text a block name that no fixed host's block has."""
    taken = {owner.name for owner in owners.of.values() if owner.hardware}
    label = host.name.lower()
    if label not in taken:
        return host.text
    head, mark, rest = host.text.partition(f"host {host.name}")
    number = 2
    while f"{label}-{number}" in taken:
        number += 1
    return f"{head}host {label}-{number}{rest}" if mark else host.text


def _order(host: FixedHost) -> tuple[int, str]:
    """Sort by address, and what has none by name at the end."""
    return (number_of(host.addresses[0]) if host.addresses else 2**32, host.name)
