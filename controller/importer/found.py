"""What an existing configuration says, whatever the format it was written in."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Literal

# The inventory's own rules for labels, MAC addresses and ranges: the ones the servers apply.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "roles/lease_merge/files"))

from leasemerge import labels, ranges, site

normal_mac = ranges.normal_mac
free_ranges = ranges.free_ranges

# A site that owns nothing: a hostname is judged by its letters alone.
_NO_SITE = site.Site("example", (), (), (), (), (), reserved_names=frozenset())

Settings = Mapping[str, Any]
"""What a fixed host or a subnet may have for dhcpd alone: ``options`` (name to dhcpd.conf text),
``next_server``, ``filename``, lease times in seconds, and ``extra`` (dhcpd.conf text)."""


class SourceError(ValueError):
    """A file cannot be understood; the message begins with file and line."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence for whoever reviews the import."""

    kind: Literal["disagreement", "left out", "kept as text", "chosen"]
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Host:
    """A host that a DHCP server knows. `addresses` may hold names, as dhcpd.conf's may."""

    name: str
    where: str
    addresses: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    settings: Settings = field(default_factory=dict)
    text: str = ""
    """The host as dhcpd.conf text that can stand alone; empty if the source is no dhcpd.conf."""
    odd: str = ""
    """Why a line of the inventory cannot say all of it; empty if it can."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Ranges with statements of their own, such as a pool for the members of a class."""

    ranges: tuple[tuple[str, str], ...]
    statements: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Subnet:
    """A network and what its clients are given."""

    network: IPv4Network
    where: str
    pools: tuple[Pool, ...] = ()
    routers: tuple[str, ...] = ()
    shared_network: str | None = None
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """All that a DHCP server's configuration says."""

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
    """Variables of the role dhcpd that this site sets otherwise than the role does."""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A line of zone data. `name` is in lower case without the last dot."""

    kind: Literal["a", "glue", "ptr", "cname", "ns"]
    """`glue` is the address that a line for a name server gives it."""
    name: str
    value: str
    where: str
    pointed: bool = False
    """For an address: the same line makes the PTR."""


@dataclass(frozen=True, slots=True)
class Records:
    """All that a name server's data says."""

    records: tuple[Record, ...] = ()
    zones: tuple[str, ...] = ()
    ttl: int | None = None
    """Seconds that most names may be cached, where the data says so."""
    remarks: tuple[Remark, ...] = ()

    def of(self, kind: str) -> Iterator[Record]:
        """Yield the records of one kind, in the order of the file."""
        return (record for record in self.records if record.kind == kind)


def read_text(path: Path) -> str:
    """Read a file that people wrote over the years: UTF-8, or else Latin-1, with any line ends."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n")


def label_of(name: str) -> str | None:
    """Make a DNS label of a name as a published lease's would be; None if nothing is left."""
    try:
        return labels.label(name, _NO_SITE)
    except labels.HostnameError:
        return None


def is_address(text: str) -> bool:
    """Tell whether it is an IPv4 address in its usual form."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def home_of(address: str, subnets: Iterable[Subnet]) -> Subnet | None:
    """Find the subnet that an address lies in."""
    number = IPv4Address(address)
    return next((subnet for subnet in subnets if number in subnet.network), None)


def number_of(address: str) -> int:
    """Give an address as a number, to sort by."""
    return int(IPv4Address(address))
