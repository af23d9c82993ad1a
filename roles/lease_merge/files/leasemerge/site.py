"""The site: what the merge needs from the inventory, in site.json's format (docs/design.md)."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path
from typing import Any

from .faults import Fault
from .inventory_check import faults
from .ranges import listed, normal_mac, subnet_ranges
from .record_data import PTR, reverse_name
from .records import Record, parse
from .zone_check import DEFAULT_RESERVED_NAMES

EARLIER = "~"
"""What is appended to a server's name to name the log of what it has lost (module store)."""

DEFAULT_FIXED_TTL = 3600
DEFAULT_LEASE_TTL = 60
DEFAULT_NEGATIVE_TTL = 5


class SiteError(ValueError):
    """The site has faults: `faults` holds every one of them, as a sentence each."""

    def __init__(self, faults: Iterable[Fault | str]) -> None:
        """Keep the sentences; the message is all of them, one per line."""
        self.faults = [str(fault) for fault in faults]
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class NameServer:
    """A tinydns: its label in the domain, and the alias address it listens on."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class FixedHost:
    """A machine of the group `fixed_hosts`: labels in lower case, MAC addresses with colons."""

    name: str
    fixed_addresses: tuple[str, ...] = ()
    hardware_ethernet: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ipv6_addresses: tuple[str, ...] = ()
    domain: str | None = None
    """Its own domain; None for that of its first address (`Site.domain_of_host`)."""


@dataclass(frozen=True, slots=True)
class Subnet:
    """A network in CIDR form, its dynamic ranges as (first, last) addresses, and its link."""

    network: str
    ranges: tuple[tuple[str, str], ...] = ()
    shared_network: str | None = None
    domain: str | None = None
    """The domain of its hosts and clients; None for the site's."""


@dataclass(frozen=True)
class Site:
    """A site without faults. TTLs are seconds; `servers` are in order, the primary first."""

    domain: str
    reverse_zones: tuple[str, ...]
    name_servers: tuple[NameServer, ...]
    fixed_hosts: tuple[FixedHost, ...]
    subnets: tuple[Subnet, ...]
    servers: tuple[str, ...]
    reserved_names: frozenset[str] = frozenset(DEFAULT_RESERVED_NAMES)
    fixed_ttl: int = DEFAULT_FIXED_TTL
    lease_ttl: int = DEFAULT_LEASE_TTL
    negative_ttl: int = DEFAULT_NEGATIVE_TTL
    zones: tuple[str, ...] = ()
    """Zones for records alone, in addition to the domains and the reverse zones."""
    records: tuple[Record, ...] = ()

    @classmethod
    def from_dict(cls, data: object) -> Site:
        """Return the site of site.json's object. Raises SiteError: when it has faults."""
        found = faults(data)
        if found or not isinstance(data, Mapping):
            raise SiteError(found)
        return cls.without_check(data)

    @classmethod
    def without_check(cls, data: Mapping[str, Any]) -> Site:
        """Return the site of an object in which no fault was found."""
        return _site(data)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The domains that hosts are named in, the site's own first."""
        subnets = (subnet.domain for subnet in self.subnets)
        hosts = (host.domain for host in self.fixed_hosts)
        named = {domain for domain in (*subnets, *hosts) if domain is not None}
        return (self.domain, *sorted(named - {self.domain}))

    @cached_property
    def logs(self) -> tuple[str, ...]:
        """The log of each server, then what each has lost: where two tie, the earlier one counts.

        It is the server order of rules 2 and 3.
        """
        return (*self.servers, *(server + EARLIER for server in self.servers))

    @cached_property
    def all_zones(self) -> tuple[str, ...]:
        """Every zone that is served, each once."""
        return tuple(dict.fromkeys((*self.domains, *self.zones, *self.reverse_zones)))

    def domain_of(self, address: str) -> str:
        """Return the domain that the client with an IPv4 address is named in."""
        if len(self.domains) == 1:
            return self.domain
        subnet = self._subnet_of(address)
        return self.domain if subnet is None else subnet.domain or self.domain

    def domain_of_host(self, host: FixedHost) -> str:
        """Return the domain that a fixed host is named in, wherever it is."""
        if host.domain is not None:
            return host.domain
        return self.domain_of(host.fixed_addresses[0]) if host.fixed_addresses else self.domain

    def owner(self, label: str, domain: str) -> str | None:
        """Return, in words, what holds a label in a domain if no lease may take it (rule 7)."""
        if label in self.reserved_names:
            return "a reserved name"
        return self._owners.get(f"{label}.{domain}")

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        owners = dict.fromkeys((record.name for record in self.records), "the name of a record")
        owners.update((zone, "a zone") for zone in self.all_zones)
        owners.update(
            (f"{server.name}.{self.domain}", "the name of a name server")
            for server in self.name_servers
        )
        for host in self.fixed_hosts:
            domain = self.domain_of_host(host)
            owners.update(
                (f"{alias}.{domain}", f"an alias of the fixed host {host.name}")
                for alias in host.aliases
            )
            owners[f"{host.name}.{domain}"] = "the name of a fixed host"
        return owners

    @cached_property
    def addresses(self) -> Mapping[str, str]:
        """Addresses that no lease may take, each with the label of its owner (rule 4)."""
        addresses = {server.address: server.name for server in self.name_servers}
        addresses.update(
            (address, host.name) for host in self.fixed_hosts for address in host.fixed_addresses
        )
        return addresses

    @cached_property
    def by_hardware(self) -> Mapping[str, FixedHost]:
        """The fixed host of each MAC address."""
        return {mac: host for host in self.fixed_hosts for mac in host.hardware_ethernet}

    def same_network(self, one: str, other: str) -> bool:
        """Return whether two addresses lie in one subnet, or in two of one shared network."""
        subnets = (self._subnet_of(one), self._subnet_of(other))
        wires = [subnet and (subnet.shared_network or subnet.network) for subnet in subnets]
        return wires[0] is not None and wires[0] == wires[1]

    @cached_property
    def _subnets_by_start(self) -> tuple[list[int], list[tuple[int, Subnet]]]:
        """The first address of each subnet in ascending order, with its last one and the subnet."""
        rows = []
        for subnet in self.subnets:
            network = IPv4Network(subnet.network)
            rows.append((int(network.network_address), int(network.broadcast_address), subnet))
        rows.sort(key=lambda row: row[0])
        return [start for start, _, _ in rows], [(end, subnet) for _, end, subnet in rows]

    def _subnet_of(self, address: str) -> Subnet | None:
        number = int(IPv4Address(address))
        starts, rows = self._subnets_by_start
        index = bisect_right(starts, number) - 1
        if index < 0 or number > rows[index][0]:
            return None
        return rows[index][1]

    def leasing_subnet(self, address: str) -> Subnet | None:
        """Return the subnet in one of whose ranges an address lies."""
        subnet, value = self._subnet_of(address), IPv4Address(address)
        for first, last in () if subnet is None else subnet.ranges:
            if IPv4Address(first) <= value <= IPv4Address(last):
                return subnet
        return None

    @cached_property
    def _reverse_zones(self) -> frozenset[str]:
        return frozenset(self.reverse_zones)

    @cached_property
    def _pointers(self) -> frozenset[str]:
        return frozenset(record.name for record in self.records if record.type == PTR)

    def has_pointer(self, address: str) -> bool:
        """Return whether a name of the address has its PTR (rule 8).

        The address lies in one of our reverse zones, and no record has its PTR.
        """
        name = reverse_name(address)
        if name in self._pointers:
            return False
        while name:
            if name in self._reverse_zones:
                return True
            name = name.partition(".")[2]
        return False


def read_site(path: Path) -> Site:
    """Return the site of a file.

    Raises OSError: when it cannot be read; SiteError: when it has faults.
    """
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SiteError([f"Site: {path} is not JSON ({error}); fix it."]) from error
    return Site.from_dict(data)


def _site(data: Mapping[str, Any]) -> Site:
    """Return the site of an object without faults; a list may be absent or null there."""
    return Site(
        domain=data["domain"].lower(),
        reverse_zones=tuple(sorted(zone.lower() for zone in data["reverse_zones"] or ())),
        name_servers=tuple(
            NameServer(row["name"].lower(), row["address"]) for row in data["name_servers"]
        ),
        fixed_hosts=tuple(_fixed_host(row) for row in data["fixed_hosts"] or ()),
        subnets=tuple(_subnet(row) for row in data["subnets"] or ()),
        servers=tuple(data["servers"] or ()),
        reserved_names=frozenset(
            name.lower() for name in data.get("reserved_names", DEFAULT_RESERVED_NAMES) or ()
        ),
        fixed_ttl=data.get("fixed_ttl", DEFAULT_FIXED_TTL),
        lease_ttl=data.get("lease_ttl", DEFAULT_LEASE_TTL),
        negative_ttl=data.get("negative_ttl", DEFAULT_NEGATIVE_TTL),
        zones=tuple(zone.lower() for zone in data.get("zones") or ()),
        records=tuple(parse(line, data["domain"].lower()) for line in data.get("records") or ()),
    )


def _fixed_host(row: Mapping[str, Any]) -> FixedHost:
    return FixedHost(
        row["name"].lower(),
        tuple(listed(row.get("fixed_address"))),
        tuple(normal_mac(mac) or mac for mac in row.get("hardware_ethernet") or ()),
        tuple(alias.lower() for alias in row.get("aliases") or ()),
        tuple(str(IPv6Address(address)) for address in listed(row.get("ipv6_address"))),
        _lower(row.get("domain")),
    )


def _subnet(row: Mapping[str, Any]) -> Subnet:
    return Subnet(
        str(IPv4Network(row["network"])),
        tuple((first, last) for first, last in subnet_ranges(row)),
        row.get("shared_network"),
        _lower(row.get("domain")),
    )


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
