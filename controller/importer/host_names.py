"""Name every fixed host, and keep track of who owns each name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .conflicts import Conflicts, Kind
from .host_line import HostLine
from .resolve import Resolved
from .source import DhcpConfig, Record, Subnet, home_of, joined_settings
from .values import address_number, label_of
from .zone_names import ZoneNames, label_in


class Owners:
    """The fixed host that each full name belongs to."""

    def __init__(self, names: ZoneNames, hosts: Iterable[HostLine]) -> None:
        """Take note of the names in `names`, and of what the DHCP server calls `hosts`."""
        self.of: dict[str, HostLine] = {}
        # Names that a source has, so that no made-up name may be one of them.
        self._known = {*names.home, *(r.name for r in (*names.aliases, *names.loose))}
        self._known |= {f"{label}.{host.domain}" for host in hosts for label, _ in host.dhcp_names}

    def claim(self, labels: Iterable[str], host: HostLine) -> None:
        """Assign labels of its domain to a host."""
        self.of.update((f"{label}.{host.domain}", host) for label in labels)

    def owner(self, label: str, domain: str) -> HostLine | None:
        """Return the owner of a label in a domain."""
        return self.of.get(f"{label}.{domain}")

    def free(self, stem: str, domain: str) -> str:
        """Find a label that nobody has and no source knows: the stem plus a number."""
        number = 2
        while not self.is_free(f"{stem}-{number}", domain):
            number += 1
        return f"{stem}-{number}"

    def is_free(self, label: str, domain: str) -> bool:
        """Return whether nobody has a label, and no source knows it."""
        return f"{label}.{domain}" not in self.of and f"{label}.{domain}" not in self._known


def name_hosts(
    hosts: Sequence[HostLine],
    owners: Owners,
    resolved: Resolved,
    config: DhcpConfig,
    conflicts: Conflicts,
) -> None:
    """Name every host as the zone data names its address, or else as the DHCP server does."""
    labels_at = {address: list(labels) for address, labels in resolved.names.labels_at.items()}
    known = [host for host in hosts if any(a in labels_at for a in host.addresses)]
    for host in known:
        labels = [
            label
            for a in host.addresses
            for label in labels_at.get(a, ())
            if resolved.domain_of(a) == host.domain
        ]
        if not labels:  # named only in the domain of another of its addresses
            host.domain = resolved.domain_of(next(a for a in host.addresses if a in labels_at))
            labels = [label for a in host.addresses for label in labels_at.get(a, ())]
        host.name, *host.aliases = dict.fromkeys(labels)
        more = [a for b in host.addresses for a in resolved.names.more_at.get(b, ())]
        new = [address for address in more if address not in host.addresses]
        if new:
            host.addresses += new
            _note_pointers(host.where, host.name, host.addresses, conflicts)
        owners.claim(labels, host)
        for label, _ in host.dhcp_names:
            _note_other_name(host, label, resolved.names, conflicts)
    addresses = {address for host in hosts for address in host.addresses}
    # Hosts that need no change come first: a_b becomes a-b only if nobody is a-b.
    for host in sorted(hosts, key=lambda host: not _is_exact(host)):
        if host not in known:
            _name_as_in_dhcpd(host, addresses, labels_at, owners, resolved, config, conflicts)


def _note_other_name(host: HostLine, label: str, names: ZoneNames, conflicts: Conflicts) -> None:
    if label in (host.name, *host.aliases) or label.startswith("host-"):
        return
    other = names.home.get(f"{label}.{host.domain}")
    conflicts.add(
        Kind.ZONE_NAME_KEPT,
        host.where,
        address=host.shown,
        label=label,
        line=names.home[f"{host.name}.{host.domain}"].where,
        kept=host.name,
        elsewhere=f" The zone data has {label} at {other.value}." if other else "",
    )


def _name_as_in_dhcpd(
    host: HostLine,
    addresses: set[str],
    labels_at: Mapping[str, list[str]],
    owners: Owners,
    resolved: Resolved,
    config: DhcpConfig,
    conflicts: Conflicts,
) -> None:
    (label, written), *_ = host.dhcp_names
    elsewhere = resolved.names.home.get(f"{label}.{host.domain}")
    if elsewhere is not None and elsewhere.value not in addresses:
        values = {"label": label, "line": elsewhere.where, "address": elsewhere.value}
        inside = home_of(elsewhere.value, resolved.subnets) is not None
        if not host.addresses and inside:
            conflicts.add(Kind.ZONE_ADDRESS_TAKEN, host.where, **values)
            host.addresses = [elsewhere.value]
            host.aliases = [other for other in labels_at[elsewhere.value] if other != label]
            owners.claim(host.aliases, host)
            addresses.add(elsewhere.value)
        else:
            mine = host.shown
            conflicts.add(Kind.DHCPD_ADDRESS_KEPT, host.where, mine=mine, **values)
            labels_at[elsewhere.value].remove(label)
    elif host.addresses and resolved.has_zone_data:
        conflicts.add(Kind.NO_NAME_IN_ZONE, host.where, address=host.shown, label=label)
    host.name = label
    owner = owners.owner(label, host.domain)
    if owner is not None:
        host.name = owners.free(label, host.domain)
        other = f"the host at {owner.where}"
        conflicts.add(Kind.NAME_TAKEN, host.where, label=label, other=other, kept=host.name)
    elif not written:
        shown = host.addresses[0] if host.addresses else host.hardware[0]
        conflicts.add(Kind.NAMED, host.where, address=shown, new=host.name)
        if config.names_are_sent and host.hardware:  # not a made-up name
            off = {"extra": "use-host-decl-names off;\n"}
            host.settings = joined_settings(off, host.settings)
    elif _is_renamed(written, label, host.domain, config.names_are_sent):
        full = f"{label}.{host.domain}"
        new = label if "." not in written or written.lower() == full else full
        conflicts.add(Kind.RENAMED, host.where, old=written, new=new)
    owners.claim([host.name], host)


def _is_exact(host: HostLine) -> bool:
    """Return whether its label is its name as written, except for capitals."""
    label, written = host.dhcp_names[0] if host.dhcp_names else ("", "")
    return written.lower() in {label, f"{label}.{host.domain}"}


def _is_renamed(written: str, label: str, domain: str, sent: bool) -> bool:
    """Return whether people or clients see a different name than before."""
    return written != label if sent else written.lower() not in {label, f"{label}.{domain}"}


# Names that only the zone data has, and additional names.


def named_only(
    hosts: Sequence[HostLine],
    owners: Owners,
    resolved: Resolved,
    conflicts: Conflicts,
) -> list[HostLine]:
    """Make fixed hosts for the addresses that no DHCP server knows."""
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
                conflicts.add(
                    Kind.NAME_IN_RANGE, record.where, labels=shown, address=each, range=range_
                )
        if len(addresses) > 1:
            _note_pointers(record.where, shown, addresses, conflicts)
        host = HostLine(labels[0], record.where, domain, addresses, aliases=labels[1:])
        new.append(host)
        owners.claim(labels, host)
    return new


def _note_pointers(where: str, label: str, addresses: Sequence[str], conflicts: Conflicts) -> None:
    shown = ", ".join(addresses)
    conflicts.add(Kind.POINTERS_ADDED, where, label=label, addresses=shown)


def _range_of(address: str, subnets: Sequence[Subnet]) -> str | None:
    """Return the place of the range from which anyone may get an address."""
    home = home_of(address, subnets)
    number = address_number(address)
    for pool in home.pools if home else ():
        if any(address_number(a) <= number <= address_number(b) for a, b in pool.ranges):
            return pool.where
    return None


def add_aliases(owners: Owners, resolved: Resolved, conflicts: Conflicts) -> list[Record]:
    """Turn CNAMEs within a domain into aliases, even if one leads to another; return the rest.

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
                conflicts.add(
                    Kind.ALIAS_TAKEN,
                    record.where,
                    label=label,
                    host=host.name,
                    other=other.name,
                    place=other.where,
                )
    return waiting


def times_lost(
    owners: Owners,
    resolved: Resolved,
    cnames: Sequence[Record],
    ipv6: Sequence[Record],
    ttl: int | None,
    conflicts: Conflicts,
) -> None:
    """Note the names with a TTL of their own that are a host's now, grouped by TTL.

    `ipv6` are the hosts' addresses; `ttl` is the one that all names of hosts get.
    """
    names: dict[int, dict[str, str]] = {}
    for record in (*resolved.names.home.values(), *resolved.names.aliases, *ipv6):
        if record.ttl not in (None, ttl) and record.name in owners.of and record not in cnames:
            names.setdefault(record.ttl, {}).setdefault(record.name, record.where)
    for seconds, places in names.items():
        where = next(iter(places.values()))
        conflicts.add(Kind.TIME_LOST, where, names=", ".join(places), seconds=seconds)


def add_dhcp_names(
    hosts: Sequence[HostLine],
    owners: Owners,
    resolved: Resolved,
    conflicts: Conflicts,
) -> None:
    """Add the names of other declarations, and the names that hosts are sent, as aliases."""
    for host in hosts:
        by_zone = f"{host.name}.{host.domain}" in resolved.names.home
        for label, written in host.dhcp_names[1:]:
            if label in (host.name, *host.aliases) or not written or by_zone:
                continue  # the same name, no name, or a disagreement already noted
            owner = owners.owner(label, host.domain)
            if owner is not None:
                conflicts.add(
                    Kind.NAME_LOST, host.where, label=label, host=host.name, other=owner.name
                )
                continue
            host.aliases.append(label)
            owners.claim([label], host)
            conflicts.add(Kind.ALIAS_ADDED, host.where, label=label, host=host.name)
        _add_sent_name(host, owners, resolved, conflicts)


def _add_sent_name(
    host: HostLine, owners: Owners, resolved: Resolved, conflicts: Conflicts
) -> None:
    """Turn the `option host-name` of a host into an alias, or note that it is not in DNS."""
    sent = str(host.settings.get("options", {}).get("host-name", "")).strip('"')
    label = label_of(sent) if sent else None
    if not sent or label in (host.name, *host.aliases):
        return
    owner = owners.owner(label or "", host.domain)
    if label is not None and owners.is_free(label, host.domain) and not resolved.has_zone_data:
        host.aliases.append(label)
        owners.claim([label], host)
        conflicts.add(Kind.ALIAS_ADDED, host.where, label=label, host=host.name)
        return
    if owner is not None:
        why = f"that is {owner.name}"
    elif label is None:
        why = "it is not a DNS label"
    elif resolved.has_zone_data:
        why = "the zone data does not have it"
    else:
        why = "another source has it"
    conflicts.add(Kind.SENT_NAME_LOST, host.where, host=host.name, sent=sent, why=why)
