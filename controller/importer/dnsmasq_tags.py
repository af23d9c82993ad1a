"""Turn dnsmasq's tags into dhcpd conditions.

A tag is set for the clients of a subnet, for hosts, or for clients that send certain options.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from . import options
from .dhcpd_text import all_of, any_of, octets, quoted
from .dnsmasq_codes import option_code
from .dnsmasq_files import Line, LineRemarks
from .values import number

KEYS = frozenset(
    {"dhcp-match", "dhcp-vendorclass", "dhcp-userclass", "dhcp-mac", "dhcp-circuitid", "tag-if"}
    | {"dhcp-remoteid", "dhcp-name-match", "dhcp-subscrid"}
)
"""The lines that set a tag for the clients that match."""
WILD_MAC = re.compile(r"(?:[0-9A-Fa-f]{1,2}|\*)(?::(?:[0-9A-Fa-f]{1,2}|\*)){5}")


@dataclass(slots=True)
class Tag:
    """What sets a tag."""

    networks: list[IPv4Network] = field(default_factory=list)
    hosts: list[int] = field(default_factory=list)
    """Their indices in the list of hosts."""
    macs: list[str] = field(default_factory=list)
    """The MAC addresses of these hosts."""
    conditions: list[str] = field(default_factory=list)
    """As dhcpd writes them."""


class Tags:
    """All tags of a configuration."""

    def __init__(self, lines: Sequence[Line], remarks: LineRemarks) -> None:
        """Find every tag that a line sets, even in a way that dhcpd does not know."""
        self.definitions: dict[str, None] = {}
        """The definitions of options that conditions need."""
        self._tags: dict[str, Tag] = {}
        self._set = {tag for line in lines for tag in _tags_set(line)}
        # The name of the interface that a client's request came in on is a tag of the client.
        self._interfaces = _interfaces(lines)
        self._remarks = remarks

    def __contains__(self, name: str) -> bool:
        """Return whether a line that was read sets or names a tag."""
        return name in self._tags

    def named(self, tag: str) -> Tag:
        """Return a tag, by its name or as it is written in a line: set:NAME."""
        return self._tags.setdefault(tag.partition(":")[2] if ":" in tag else tag, Tag())

    def read(self, line: Line) -> None:
        """Turn what sets a tag into a dhcpd condition."""
        head, *rest = line.parts
        name = head.partition(":")[2] if head.startswith(("set:", "net:")) else head
        text = ",".join(rest)
        condition: str | None = None
        if line.key == "dhcp-mac" and WILD_MAC.fullmatch(text):
            condition = of_wild_mac(text)
        elif line.key == "dhcp-vendorclass" and not text.startswith("enterprise:"):
            condition = f"option vendor-class-identifier ~= {_pattern(text)}"
        elif line.key == "dhcp-userclass":
            condition = f"option user-class ~= {_pattern(text)}"
        elif line.key == "dhcp-circuitid":
            condition = f"option agent.circuit-id = {octets_or_text(text)}"
        elif line.key == "dhcp-remoteid":
            condition = f"option agent.remote-id = {octets_or_text(text)}"
        elif line.key == "dhcp-name-match":
            condition = f"option host-name ~= {_pattern('^' + text.rstrip('*'), anchored=True)}"
        elif line.key == "dhcp-match":
            condition = self._match(rest)
        elif line.key == "tag-if":
            sets = [part[4:] for part in line.parts if part.startswith("set:")]
            wanted = [part for part in line.parts if part.startswith("tag:")]
            condition = self.condition(wanted)
            if condition is not None:
                for tag in sets:
                    self.named(tag).conditions.append(condition)
                return
        if condition is None:
            self._remarks.no_place(line, "dhcpd has no such condition")
        else:
            self.named(name).conditions.append(condition)

    def _match(self, rest: Sequence[str]) -> str | None:
        """Read the condition of dhcp-match: an option is sent, or has this value."""
        code = option_code(rest[0]) if rest else None
        if code is None:
            return None
        name = options.name_of(code)
        encapsulated = code in (43, 125, 175)
        of_space = rest[0].startswith(("vi-encap", "encap", "vendor"))
        if of_space or (encapsulated and len(rest) > 1):
            return None
        if (written := options.option(code, ["1"])) and written.definition:
            self.definitions[written.definition] = None
        if len(rest) == 1:
            return f"exists {name}"
        value = ",".join(rest[1:])
        as_number = number(value)
        if as_number is not None:
            size = {93: 2, 13: 2, 57: 2}.get(code, 1 if as_number < 256 else 2)
            return f"option {name} = {octets(as_number.to_bytes(4)[-size:])}"
        if re.fullmatch(r"([0-9A-Fa-f]{1,2}|\*)(:([0-9A-Fa-f]{1,2}|\*))+", value):
            return _of_octets(f"option {name}", value)
        return f"option {name} ~= {_pattern(value)}"

    def condition(self, tags: Iterable[str]) -> str | None:
        """Return the dhcpd condition that all these tags are set; None if there is none."""
        conditions = []
        for each in tags:
            if self.is_always(each):
                continue
            name = each.partition(":")[2] if ":" in each else each
            negated, name = name.startswith("!"), name.removeprefix("!")
            tag = self._tags.get(name, Tag())
            parts = [*tag.conditions, *(f"hardware = 1:{mac}" for mac in tag.macs)]
            if name == "known":
                parts = ["known"]
            if not parts:
                return None
            whole = any_of(parts)
            conditions.append(f"not ({whole})" if negated else whole)
        return all_of(conditions) or None

    def is_always(self, tag: str) -> bool:
        """Return whether every client has a tag.

        It is the negation of one that nothing sets, or the name of the only interface.
        """
        name = tag.partition(":")[2]
        if name.startswith("!"):
            return name[1:] not in self._set | self._interfaces | {"known"}
        return self._interfaces == {name}

    def is_interface(self, name: str) -> bool:
        """Return whether a tag is the name of an interface that dnsmasq listens on."""
        return name in self._interfaces


def _interfaces(lines: Iterable[Line]) -> frozenset[str]:
    """Name the interfaces that dnsmasq is configured to listen on, except the loopback."""
    parts = [part for line in lines if line.key == "interface" for part in line.parts]
    return frozenset(part.partition(":")[0] for part in parts) - {"", "lo"}


def _tags_set(line: Line) -> Iterable[str]:
    """Name the tags that a line sets for a client or a range."""
    first = line.parts[0]
    parts = [part for part in line.parts if part.startswith(("set:", "net:"))]
    if line.key in {"dhcp-range", "dhcp-host", "tag-if", *KEYS}:
        yield from (part.partition(":")[2] for part in parts)
    # The old form has no prefix before the tag.
    if line.key in KEYS - {"tag-if"} or (line.key == "dhcp-range" and ":" not in first):
        yield first.rpartition(":")[2]


def of_wild_mac(text: str) -> str:
    """Write the condition that a MAC address matches one with stars: `00:20:e0:*:*:*`."""
    return _of_octets("hardware", text, first=1) or "substring(hardware, 0, 1) = 01"


def _of_octets(value: str, text: str, first: int = 0) -> str:
    """Write the condition that a value begins with these octets, where a star is any octet.

    `first` is the offset of the first of them.
    """
    parts = text.lower().split(":")
    conditions = []
    at = 0
    while at < len(parts):
        end = at
        while end < len(parts) and parts[end] != "*":
            end += 1
        if end > at:
            wanted = octets(bytes(int(part, 16) for part in parts[at:end]))
            conditions.append(f"substring({value}, {at + first}, {end - at}) = {wanted}")
        at = end + 1
    # One per line: an inventory with short lines is easier to read.
    return " and\n        ".join(conditions)


def _pattern(text: str, *, anchored: bool = False) -> str:
    """Write text as a dhcpd regular expression that matches it anywhere."""
    head, text = ("^", text[1:]) if anchored else ("", text)
    return quoted(head + re.sub(r"([\\.^$*+?()\[\]{}|])", r"\\\1", text))


def octets_or_text(text: str) -> str:
    """Write hex pairs as octets, and anything else as text."""
    if re.fullmatch(r"[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2})+", text):
        return ":".join(part.zfill(2) for part in text.lower().split(":"))
    return quoted(text)
