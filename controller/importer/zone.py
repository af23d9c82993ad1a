"""Write the records that belong to no host as lines of site_records (docs/inventory.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

from leasemerge.ranges import reverse_zones
from leasemerge.record_data import RecordError, reverse_name
from leasemerge.records import parse

from .conflicts import Conflicts, Kind
from .host_line import HostLine
from .resolve import Resolved
from .source import Record
from .tinydns import pointed_address

# The kinds whose value ends with a name.
_WITH_TARGET = frozenset({"mx", "srv", "ns", "cname", "ptr"})


def zone_records(
    resolved: Resolved,
    hosts: Sequence[HostLine],
    cnames: Iterable[Record],
    ttl: int | None,
    conflicts: Conflicts,
) -> tuple[list[str], list[str], list[Record]]:
    """Return the lines of site_records, site_ipv6_networks, and the IPv6 addresses of hosts.

    IPv6 addresses of hosts are also added to `hosts`. `cnames` are those that are no host's alias.
    """
    loose = [*resolved.names.loose, *_flattened(cnames)]
    table = _Table(resolved, hosts, loose, ttl, conflicts)
    for record in loose:
        table.add(record)
    networks = {
        str(IPv6Network((address, 64), strict=False)) for host in hosts for address in host.ipv6
    }
    return list(table.lines), sorted(networks), table.ipv6


class _Table:
    """The lines of site_records, without what hosts and zones have already."""

    def __init__(
        self,
        resolved: Resolved,
        hosts: Sequence[HostLine],
        loose: Sequence[Record],
        ttl: int | None,
        conflicts: Conflicts,
    ) -> None:
        self.lines: dict[str, None] = {}
        self.ipv6: list[Record] = []
        """The IPv6 addresses of hosts."""
        self._domain = resolved.domain
        self._zones = _zones(resolved)
        self._owners = {
            f"{label}.{host.domain}": host for host in hosts for label in (host.name, *host.aliases)
        }
        self._at = {address: host for host in hosts for address in host.addresses}
        self._names = {record.name for record in loose} | self._owners.keys()
        self._pointed = {record.name for record in loose if record.kind == "ptr"}
        # tinydns serves all addresses of a name with the TTL of the last one.
        self._ttls = {record.name: record.ttl for record in loose if record.kind == "a"}
        self._ttl = ttl
        self._conflicts = conflicts

    def add(self, record: Record) -> None:
        """Add a record, or note why it is left out."""
        owner = self._owners.get(record.name)
        if not _in(record.name, self._zones):
            self._leave_out(record, "it lies in no zone of this site")
        elif record.kind == "aaaa" and owner is not None:
            self._add_ipv6(owner, record)
        elif record.kind == "ptr":
            host = self._at.get(pointed_address(record.name) or "")
            if host is None:
                self._add_line(record)
            else:
                self._leave_out(record, f"the PTR is that of {host.name}")
        elif owner is not None and record.kind in {"a", "ns", "cname"}:
            self._leave_out(record, f"{owner.name} is a host with that name")
        elif (
            record.kind == "cname"
            and _in(record.value, self._zones)
            and record.value not in self._names
        ):
            self._conflicts.add(
                Kind.ALIAS_OF_NOTHING,
                record.where,
                name=record.name,
                target=record.value,
                domain=self._domain,
            )
        elif record.kind == "ns" and record.name.startswith("*."):
            self._leave_out(record, "tinydns does not delegate a wildcard")
        elif record.kind == "a":
            self._add_address(record)
        elif record.kind != "ns" or record.name not in self._zones:
            self._add_line(record)

    def _add_address(self, record: Record) -> None:
        """Add an address, and the PTR that its line also makes."""
        self._add_line(replace(record, ttl=self._ttls.get(record.name)))
        reverse = reverse_name(record.value)
        if (
            record.pointed
            and reverse not in self._pointed
            and _in(reverse, self._zones)
            and record.value not in self._at
        ):
            self._pointed.add(reverse)
            self._add_line(Record("ptr", reverse, record.name, record.where, ttl=record.ttl))

    def _add_ipv6(self, host: HostLine, record: Record) -> None:
        if IPv6Address(record.value).is_link_local:
            self._leave_out(record, "a link-local address is no address for others")
        elif record.value not in host.ipv6:
            host.ipv6.append(record.value)
        self.ipv6.append(record)

    def _add_line(self, record: Record) -> None:
        line = _line(record, self._domain, self._ttl)
        try:
            parse(line, self._domain)
        except RecordError as error:
            self._leave_out(record, error.problem)
        else:
            self.lines[line] = None

    def _leave_out(self, record: Record, why: str) -> None:
        self._conflicts.add(
            Kind.RECORD_WITHOUT_PLACE,
            record.where,
            name=record.name,
            type=record.kind.upper(),
            value=record.value,
            why=why,
        )


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
