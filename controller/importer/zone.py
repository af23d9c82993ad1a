"""The records that belong to no host, as lines of site_records (docs/inventory.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

from leasemerge.ranges import reverse_zones
from leasemerge.record_data import RecordError
from leasemerge.records import parse

from .conflicts import Conflicts, Kind
from .fixedhost import FixedHost
from .found import Record
from .resolve import Resolved
from .tinydns import address_of

# The kinds whose value ends with a name.
_WITH_TARGET = frozenset({"mx", "srv", "ns", "cname", "ptr"})


def zone_records(
    resolved: Resolved,
    hosts: Sequence[FixedHost],
    cnames: Iterable[Record],
    ttl: int | None,
    conflicts: Conflicts,
) -> tuple[list[str], list[str], list[Record]]:
    """Return the lines of site_records, site_ipv6_networks, and the IPv6 addresses of hosts.

    IPv6 addresses of hosts are also added to `hosts`. `cnames` are those that are no host's alias.
    """
    owners = {
        f"{label}.{host.domain}": host for host in hosts for label in (host.name, *host.aliases)
    }
    at = {address: host for host in hosts for address in host.addresses}
    zones = _zones(resolved)
    loose = [*resolved.names.loose, *_flattened(cnames)]
    names = {record.name for record in loose} | owners.keys()
    pointed = {record.name for record in loose if record.kind == "ptr"}
    # tinydns serves all addresses of a name with the TTL of the last one.
    ttls = {record.name: record.ttl for record in loose if record.kind == "a"}
    lines: dict[str, None] = {}
    of_hosts: list[Record] = []

    def leave_out(record: Record, why: str) -> None:
        conflicts.add(
            Kind.RECORD_WITHOUT_PLACE,
            record.where,
            name=record.name,
            type=record.kind.upper(),
            value=record.value,
            why=why,
        )

    def add(record: Record) -> None:
        """Add the line of a record that the inventory can hold."""
        line = _line(record, resolved.domain, ttl)
        try:
            parse(line, resolved.domain)
        except RecordError as error:
            leave_out(record, error.problem)
        else:
            lines[line] = None

    for record in loose:
        owner = owners.get(record.name)
        if not _in(record.name, zones):
            leave_out(record, "it lies in no zone of this site")
        elif record.kind == "aaaa" and owner is not None:
            _add_ipv6(owner, record, leave_out)
            of_hosts.append(record)
        elif record.kind == "ptr":
            host = at.get(address_of(record.name) or "")
            if host is None:
                add(record)
            else:
                leave_out(record, f"the PTR is that of {host.name}")
        elif owner is not None and record.kind in {"a", "ns", "cname"}:
            leave_out(record, f"{owner.name} is a host with that name")
        elif record.kind == "cname" and _in(record.value, zones) and record.value not in names:
            conflicts.add(
                Kind.ALIAS_OF_NOTHING,
                record.where,
                name=record.name,
                target=record.value,
                domain=resolved.domain,
            )
        elif record.kind == "ns" and record.name.startswith("*."):
            leave_out(record, "tinydns delegates nothing by a *")
        elif record.kind != "ns" or record.name not in zones:
            add(replace(record, ttl=ttls.get(record.name)) if record.kind == "a" else record)
            reverse = _reverse(record)
            if (
                reverse
                and reverse not in pointed
                and _in(reverse, zones)
                and (record.value not in at)
            ):
                pointed.add(reverse)
                add(Record("ptr", reverse, record.name, record.where, ttl=record.ttl))
    networks = {
        str(IPv6Network((address, 64), strict=False)) for host in hosts for address in host.ipv6
    }
    return list(lines), sorted(networks), of_hosts


def _zones(resolved: Resolved) -> frozenset[str]:
    """Name the zones that the servers of this inventory answer for."""
    of_subnets = {subnet.domain for subnet in resolved.subnets if subnet.domain}
    reverse = reverse_zones(str(subnet.network) for subnet in resolved.subnets)
    return frozenset({resolved.domain, *of_subnets, *resolved.zones, *reverse})


def _in(name: str, zones: frozenset[str]) -> bool:
    labels = name.split(".")
    return any(".".join(labels[number:]) in zones for number in range(len(labels)))


def _flattened(cnames: Iterable[Record]) -> list[Record]:
    """Point each CNAME to its final target: a CNAME of a CNAME costs an extra query."""
    records = list({record.name: record for record in cnames}.values())
    target = {record.name: record.value for record in records}
    flat = []
    for record in records:
        end, seen = record.value, {record.name}
        while end in target and end not in seen:
            seen.add(end)
            end = target[end]
        flat.append(Record("cname", record.name, end, record.where, ttl=record.ttl))
    return flat


def _add_ipv6(host: FixedHost, record: Record, leave_out: Callable[[Record, str], None]) -> None:
    address = IPv6Address(record.value)
    if address.is_link_local:
        leave_out(record, "a link-local address is no address for others")
    elif record.value not in host.ipv6:
        host.ipv6.append(record.value)


def _line(record: Record, domain: str, ttl: int | None) -> str:
    """Write a record with names relative to the domain."""
    value = record.value
    if record.kind in _WITH_TARGET:
        *numbers, target = value.split(" ")
        value = " ".join([*numbers, _relative(target, domain)])
    seconds = [str(record.ttl)] if record.ttl is not None and record.ttl != ttl else []
    return " ".join([_relative(record.name, domain), *seconds, record.kind.upper(), value])


def _relative(name: str, domain: str) -> str:
    if name == domain:
        return "@"
    return name.removesuffix(f".{domain}") if name.endswith(f".{domain}") else f"{name}."


def _reverse(record: Record) -> str:
    """Name the PTR that an address' line also makes; empty if it makes none."""
    if record.kind != "a" or not record.pointed:
        return ""
    return ".".join([*reversed(record.value.split(".")), "in-addr.arpa"])
