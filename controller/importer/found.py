"""What an existing configuration holds, whatever the format it was written in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address
from pathlib import Path
from typing import Any

from leasemerge import labels, site

# A site that owns nothing: only the characters of a hostname are checked.
_NO_SITE = site.Site("example", (), (), (), (), (), reserved_names=frozenset())
_NUMBER = re.compile(r"[0-9]{1,10}")

Settings = Mapping[str, Any]
"""What a fixed host, a subnet or a pool may have only for dhcpd: ``options`` (name to dhcpd.conf
text), ``next_server``, ``filename``, lease times in seconds, ``extra`` (dhcpd.conf text); a pool
also ``allow`` and ``deny`` (lists of text)."""


class SourceError(ValueError):
    """A file cannot be understood; the message begins with file and line."""


class Section(Enum):
    """A part of import.txt; the value is its heading."""

    DISAGREEMENT = "Disagreements: dhcpd, the zone data or one of them with itself"
    LEFT_OUT = "Left out: the inventory has no place for these; decide on each"
    KEPT = "Kept as dhcpd.conf text (extra)"
    CHOSEN = "Chosen for you"
    FAULT = "Faults of the result: fix these before the first deployment"


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence for the person who reviews the import."""

    section: Section
    where: str
    text: str


class Remarks(list[Remark]):
    """The sentences on one source, in their order."""

    def add(self, section: Section, where: str, text: str) -> None:
        """Add a sentence."""
        self.append(Remark(section, where, text))

    def left_out(self, where: str, what: str, why: str) -> None:
        """Note that something is left out, and why."""
        self.add(Section.LEFT_OUT, where, f"{what}: {why}.")


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
class Found:
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
class Records:
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


def read_text(path: Path) -> str:
    """Read a hand-written file: UTF-8, or else Latin-1, with any line ends."""
    return read_text_and_encoding(path)[0]


def read_text_and_encoding(path: Path) -> tuple[str, str]:
    """Read a file; also return its encoding: ``utf-8`` or ``latin-1``."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path}: {reason}") from error
    encoding = "utf-8"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, encoding = data.decode("latin-1"), "latin-1"
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def beside(by: Path, name: str) -> Path | None:
    """Find a copy of a file that `by` names, beside it: `/etc/x/y` may be `x/y` or `y` there."""
    parts = Path(name).parts[1:] if name.startswith("/") else Path(name).parts
    for number in range(len(parts)):
        path = by.parent.joinpath(*parts[number:])
        if is_file(path):
            return path
    return None


def is_file(path: Path) -> bool:
    """Return whether a path that a file names is a file; an impossible path is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def label_of(name: str) -> str | None:
    """Return a name's DNS label, as for a published lease; None if nothing is left."""
    try:
        return labels.label(name, _NO_SITE)
    except labels.HostnameError:
        return None


def number(text: str) -> int | None:
    """Read a decimal number of up to 32 bits; None for anything else."""
    return value if _NUMBER.fullmatch(text) and (value := int(text)) < 2**32 else None


def is_ipv6(text: str) -> bool:
    """Return whether it is an IPv6 address without a scope."""
    try:
        return IPv6Address(text).scope_id is None
    except AddressValueError:
        return False


def home_of(address: str, subnets: Iterable[Subnet]) -> Subnet | None:
    """Find the smallest subnet that an address lies in."""
    value = IPv4Address(address)
    homes = [subnet for subnet in subnets if value in subnet.network]
    return max(homes, key=lambda subnet: subnet.network.prefixlen, default=None)


def address_number(address: str) -> int:
    """Return an address as a number, to sort by."""
    return int(IPv4Address(address))


def joined_settings(outer: Settings, inner: Settings) -> dict[str, Any]:
    """Override the settings of an outer scope with those of an inner one."""
    joined = {**outer, **inner}
    if "options" in outer and "options" in inner:
        joined["options"] = {**outer["options"], **inner["options"]}
    if "extra" in outer and "extra" in inner:
        joined["extra"] = outer["extra"] + inner["extra"]
    return joined
