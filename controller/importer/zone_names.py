"""Find which names of the zone data are hosts', and the one address that counts for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .conflicts import Conflicts, Kind
from .source import DhcpConfig, Record, Subnet, ZoneData, home_of
from .tinydns import pointed_address
from .values import label_of


@dataclass(frozen=True, slots=True)
class ZoneNames:
    """The names in the zone data, in the domains of the subnets."""

    home: Mapping[str, Record]
    """A full name's first address, with its line."""
    labels_at: Mapping[str, tuple[str, ...]]
    """The labels of an address in the domain of its subnet, in file order, the one with the PTR
    first."""
    more_at: Mapping[str, tuple[str, ...]]
    """The other addresses of an address' names, which have no other name."""
    aliases: tuple[Record, ...]
    """The CNAMEs."""
    loose: tuple[Record, ...]
    """All records that belong to no host."""


def find_names(
    config: DhcpConfig,
    zone_data: ZoneData,
    domain: str,
    subnets: Sequence[Subnet],
    name_servers: Sequence[tuple[str, str]],
    machines: set[str],
    conflicts: Conflicts,
) -> ZoneNames:
    """Find the names of hosts and the records; `machines` are the addresses of known machines."""
    all_of, loose = _addresses_of(zone_data, domain, subnets, name_servers, machines)
    all_of, more_at = _with_one_home(config, all_of, loose, conflicts)
    pointers = _pointers(zone_data, domain, subnets, all_of, loose, conflicts)
    home = {name: known[0] for name, known in all_of.items()}
    labels_at: dict[str, list[str]] = {}
    for name, record in home.items():
        labels_at.setdefault(record.value, []).append(name.partition(".")[0])
    for address, labels in labels_at.items():
        below = domain_at(address, subnets, domain)
        lines = {label: home[f"{label}.{below}"] for label in labels}
        _put_pointed_first(address, labels, lines, pointers.get(address), conflicts)
    placed = {"a", "glue", "ptr", "cname"}
    loose += [record for record in zone_data.records if record.kind not in placed]
    delegated = {r.name for r in zone_data.of("ns") if r.name not in {domain, *zone_data.zones}}
    used = {record.value for record in zone_data.of("ns") if record.name in delegated}
    loose += [replace(record, kind="a") for record in zone_data.of("glue") if record.name in used]
    kept = {*home, *(record.name for record in loose), *(name for name, _ in name_servers)}
    # Nobody misses what tinydns makes of a short name (a.ns.ZONE).
    short = tuple(f".ns.{zone}" for zone in zone_data.zones)
    for glue in {glue.name: glue for glue in zone_data.of("glue")}.values():
        if glue.name not in kept and not glue.name.endswith(short):
            conflicts.add(Kind.NAME_SERVER_GONE, glue.where, server=glue.name, address=glue.value)
    return ZoneNames(
        home,
        {address: tuple(labels) for address, labels in labels_at.items()},
        more_at,
        tuple(zone_data.of("cname")),
        tuple(loose),
    )


def find_name_servers(
    zone_data: ZoneData, domain: str, conflicts: Conflicts
) -> tuple[tuple[str, str], ...]:
    """Return the full name and the address of each name server of the domain."""
    addresses: dict[str, str] = {}
    for record in (*zone_data.of("glue"), *zone_data.of("a")):
        addresses.setdefault(record.name, record.value)
    servers: dict[str, str] = {}
    for record in zone_data.of("ns"):
        if record.name == domain:
            if record.value in addresses:
                servers.setdefault(record.value, addresses[record.value])
            else:
                conflicts.add(Kind.FOREIGN_NAME_SERVER, record.where, server=record.value)
    return tuple(servers.items())


def label_in(name: str, domain: str) -> str | None:
    """Return the label of a name directly below the domain; None if that is not a hostname."""
    head, _, rest = name.partition(".")
    return head if rest == domain and label_of(head) == head else None


def domain_at(address: str | None, subnets: Sequence[Subnet], domain: str) -> str:
    """Return the domain of an address: its subnet's own, or else the site's."""
    home = home_of(address, subnets) if address else None
    return (home.domain if home else None) or domain


def _addresses_of(
    zone_data: ZoneData,
    domain: str,
    subnets: Sequence[Subnet],
    name_servers: Sequence[tuple[str, str]],
    machines: set[str],
) -> tuple[dict[str, list[Record]], list[Record]]:
    """Collect the addresses of each name that can be a host's; also return all other records.

    The names and addresses of mere aliases of name servers are in neither.
    """
    of_servers = set(name_servers)
    # A name server's address with other names is a machine's, on which tinydns answers.
    busy = machines | {
        record.value
        for record in zone_data.of("a")
        if (record.name, record.value) not in of_servers
    }
    aliases = {(name, address) for name, address in name_servers if address not in busy}
    all_of: dict[str, list[Record]] = {}
    loose: list[Record] = []
    for record in (*zone_data.of("a"), *zone_data.of("glue")):
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
    config: DhcpConfig,
    all_of: Mapping[str, list[Record]],
    loose: list[Record],
    conflicts: Conflicts,
) -> tuple[dict[str, list[Record]], dict[str, tuple[str, ...]]]:
    """Put the address that counts for each name first; also return those that go with it.

    A name with several addresses is a host's if these have no other name. If they do, it is a
    name for several hosts: records. If dhcpd has such a host, its address is the one that counts.
    """
    of_dhcpd = {(label_of(host.name), a) for host in config.hosts for a in host.addresses}
    with_host = {address for host in config.hosts for address in host.addresses}
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
            conflicts.add(
                Kind.SEVERAL_ADDRESSES, first.where, label=label, kept=first.value, others=shown
            )
    return homes, more_at


def _put_pointed_first(
    address: str,
    labels: list[str],
    home: Mapping[str, Record],
    pointer: str | None,
    conflicts: Conflicts,
) -> None:
    pointed = [label for label in labels if home[label].pointed]
    first = pointer or (pointed[0] if pointed else None)
    if len(pointed) > 1:
        shown = ", ".join(pointed)
        where = home[pointed[1]].where
        conflicts.add(Kind.SEVERAL_POINTERS, where, address=address, labels=shown, kept=first)
    if first in labels:
        labels.remove(first)
        labels.insert(0, first)
    if first is None and len(labels) > 1:
        where = home[labels[0]].where
        conflicts.add(Kind.NO_POINTER, where, address=address, kept=labels[0])


def _pointers(
    zone_data: ZoneData,
    domain: str,
    subnets: Sequence[Subnet],
    all_of: Mapping[str, list[Record]],
    loose: list[Record],
    conflicts: Conflicts,
) -> dict[str, str]:
    """Read the PTRs with a line of their own, and note those that nothing points back to."""
    pointers: dict[str, str] = {}
    for record in zone_data.of("ptr"):
        address = pointed_address(record.name)
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
            conflicts.add(
                Kind.POINTER_WITHOUT_NAME, record.where, address=address, label=label, has=has
            )
    return pointers
