"""The site: what the merge must know of the inventory, in site.json's format (docs/design.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from .inventory_check import DEFAULT_RESERVED_NAMES, Fault, faults
from .ranges import normal_mac, zone_prefix

DEFAULT_FIXED_TTL = 3600
DEFAULT_LEASE_TTL = 60
DEFAULT_NEGATIVE_TTL = 5


class SiteError(ValueError):
    """The site has faults: `faults` holds every one of them, a sentence each."""

    def __init__(self, faults: Iterable[Fault | str]) -> None:
        """Keep the sentences; the message is all of them, one a line."""
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
    fixed_address: str | None = None
    hardware_ethernet: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subnet:
    """A network in CIDR form, its dynamic ranges as (first, last) addresses, and its wire."""

    network: str
    ranges: tuple[tuple[str, str], ...] = ()
    shared_network: str | None = None


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

    @classmethod
    def from_dict(cls, data: object) -> Site:
        """Return the site of site.json's object. Raises SiteError: with every fault it has."""
        found = faults(data)
        if found or not isinstance(data, Mapping):
            raise SiteError(found)
        return _site(data)

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """Labels that no lease may take, each with what holds it, in words (rules 4 and 7)."""
        owners = dict.fromkeys(self.reserved_names, "a reserved name")
        owners.update((server.name, "the name of a name server") for server in self.name_servers)
        for host in self.fixed_hosts:
            owners.update(
                (alias, f"an alias of the fixed host {host.name}") for alias in host.aliases
            )
            owners[host.name] = "the name of a fixed host"
        return owners

    @cached_property
    def addresses(self) -> Mapping[str, str]:
        """Addresses that no lease may take, each with the label of its owner (rule 4)."""
        addresses = {server.address: server.name for server in self.name_servers}
        addresses.update(
            (host.fixed_address, host.name)
            for host in self.fixed_hosts
            if host.fixed_address is not None
        )
        return addresses

    @cached_property
    def by_hardware(self) -> Mapping[str, FixedHost]:
        """Find the fixed host of a MAC address."""
        return {mac: host for host in self.fixed_hosts for mac in host.hardware_ethernet}

    @cached_property
    def _wires(self) -> Sequence[tuple[IPv4Network, str]]:
        return [
            (IPv4Network(subnet.network), subnet.shared_network or subnet.network)
            for subnet in self.subnets
        ]

    def same_network(self, one: str, other: str) -> bool:
        """Return whether two addresses lie in one subnet, or in two of one shared network."""
        wires = [
            next((wire for network, wire in self._wires if IPv4Address(address) in network), None)
            for address in (one, other)
        ]
        return None not in wires and wires[0] == wires[1]

    @cached_property
    def _reverse_prefixes(self) -> frozenset[str]:
        return frozenset(zone_prefix(zone) for zone in self.reverse_zones)

    def has_reverse(self, address: str) -> bool:
        """Tell whether the address lies in one of our reverse zones."""
        prefixes = self._reverse_prefixes
        head = address.rpartition(".")[0]
        while head:
            if head in prefixes:
                return True
            head = head.rpartition(".")[0]
        return False


def _site(data: Mapping[str, Any]) -> Site:
    """Make the site of an object without faults; a list may be absent or null there."""
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
    )


def _fixed_host(row: Mapping[str, Any]) -> FixedHost:
    return FixedHost(
        row["name"].lower(),
        row.get("fixed_address"),
        tuple(normal_mac(mac) or mac for mac in row.get("hardware_ethernet") or ()),
        tuple(alias.lower() for alias in row.get("aliases") or ()),
    )


def _subnet(row: Mapping[str, Any]) -> Subnet:
    return Subnet(
        str(IPv4Network(row["network"])),
        tuple((first, last) for first, last in row.get("ranges") or ()),
        row.get("shared_network"),
    )
