"""Define what a source has: the configuration of a DHCP server, or the data of a name server.

The readers of all formats return these types.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from .remarks import Remark

Settings = Mapping[str, Any]
"""What a fixed host, a subnet or a pool may have only for dhcpd: ``options`` (name to dhcpd.conf
text), ``next_server``, ``filename``, lease times in seconds, ``extra`` (dhcpd.conf text); a pool
also ``allow`` and ``deny`` (lists of text)."""


class SourceError(ValueError):
    """A file cannot be understood; the message begins with file and line."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host that a DHCP server knows. `addresses` may hold names, as dhcpd.conf's may."""

    name: str
    where: str
    addresses: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    settings: Settings = field(default_factory=dict)
    text: str = ""
    """The host as dhcpd.conf text that can stand alone; empty if it need not be kept as text."""
    irregular: str = ""
    """Why a line of the inventory cannot express all of it; empty if it can."""
    ipv6: tuple[str, ...] = ()
    declared_in: IPv4Network | None = None
    """The subnet whose declaration it stands in, and whose options it thus inherits."""
    inherited: Settings = field(default_factory=dict)
    """The settings of that subnet."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Ranges, with rules of their own where there are any, such as a pool for a class."""

    ranges: tuple[tuple[str, str], ...]
    settings: Settings
    where: str


@dataclass(frozen=True, slots=True)
class Subnet:
    """A network and what its clients get."""

    network: IPv4Network
    where: str
    pools: tuple[Pool, ...] = ()
    routers: tuple[str, ...] = ()
    shared_network: str | None = None
    settings: Settings = field(default_factory=dict)
    domain: str | None = None
    """The domain of its names, if the source has one just for it."""


@dataclass(frozen=True, slots=True)
class DhcpConfig:
    """All that a DHCP server's configuration holds."""

    source: str = ""
    """The file, as sentences name it."""
    domain: str | None = None
    hosts: tuple[Host, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    resolvers: tuple[str, ...] = ()
    times: Mapping[str, int] = field(default_factory=dict)
    """Seconds: ``default_lease_time``, ``min_lease_time``, ``max_lease_time``, ``mclt``."""
    options: Mapping[str, str] = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    servers: tuple[tuple[str, str], ...] = ()
    """The failover pair: ("primary", address), ("secondary", address)."""
    role_variables: Mapping[str, object] = field(default_factory=dict)
    """Variables of the role dhcpd whose values differ from the role's defaults."""
    authoritative: bool | None = None
    """Whether the server is; None if the file does not set it."""
    sends_names: tuple[str, str] | None = None
    """The program that sends each host its name, requested or not, and its file.

    dhcpd has a statement for it.
    """
    remarks: tuple[Remark, ...] = ()

    @property
    def names_are_sent(self) -> bool:
        """Whether a client is sent the name of its host declaration."""
        if self.sends_names is not None:
            return True
        texts = [*self.extra, *(str(s.settings.get("extra", "")) for s in self.subnets)]
        texts += [str(host.settings.get("extra", "")) for host in self.hosts]
        on = re.compile(r"use-host-decl-names\s+(on|true)", re.IGNORECASE)
        return any(on.search(text) for text in texts)


@dataclass(frozen=True, slots=True)
class Record:
    """A record of zone data. `name` is in lower case without the last dot."""

    kind: str
    """``a``, ``aaaa``, ``cname``, ``ptr``, ``ns``, ``mx``, ``txt``, ``srv``, ``caa``, ``TYPE<n>``,
    or ``glue``: the address in a line for a name server."""
    name: str
    value: str
    """As in a zone file (RFC 1035 section 5.1), names absolute without the last dot."""
    where: str
    pointed: bool = False
    """For an address: the same line makes the PTR."""
    ttl: int | None = None


@dataclass(frozen=True, slots=True)
class ZoneData:
    """All that a name server's data holds."""

    records: tuple[Record, ...] = ()
    zones: tuple[str, ...] = ()
    ttl: int | None = None
    """The usual TTL in seconds, if the data has one."""
    lone_names: tuple[str, ...] = ()
    """Names outside the zones: each becomes a zone of its own, which hides no other name."""
    forward_zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Others' zones, each with the addresses of its name servers."""
    upstream_resolvers: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def of(self, kind: str) -> Iterator[Record]:
        """Yield the records of one kind, in the order of the file."""
        return (record for record in self.records if record.kind == kind)


def home_of(address: str, subnets: Iterable[Subnet]) -> Subnet | None:
    """Find the smallest subnet that an address lies in."""
    value = IPv4Address(address)
    homes = [subnet for subnet in subnets if value in subnet.network]
    return max(homes, key=lambda subnet: subnet.network.prefixlen, default=None)


def joined_settings(outer: Settings, inner: Settings) -> dict[str, Any]:
    """Override the settings of an outer scope with those of an inner one."""
    joined = {**outer, **inner}
    if "options" in outer and "options" in inner:
        joined["options"] = {**outer["options"], **inner["options"]}
    if "extra" in outer and "extra" in inner:
        joined["extra"] = outer["extra"] + inner["extra"]
    return joined
