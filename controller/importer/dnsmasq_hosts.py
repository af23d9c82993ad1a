"""Read dnsmasq's hosts: the lines of dhcp-host, of the files that it names, and of /etc/ethers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address

from leasemerge.ranges import is_address, normal_mac

from .dhcpd_text import of_host, quoted
from .dnsmasq_files import Line, LineRemarks
from .dnsmasq_tags import WILD_MAC, Tags, octets_or_text, of_wild_mac
from .dnsmasq_times import TIME, lease_times
from .remarks import Section
from .source import Host, Settings
from .values import is_ipv6

# A hardware type comes first: 06-aa:bb:cc:dd:ee:ff is not an Ethernet address, which is type 1.
_TYPED = re.compile(r"([0-9A-Fa-f]{1,2})-((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})")
_HOSTNAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


@dataclass(slots=True)
class _Entry:
    """The parts of a line, sorted by what they are."""

    names: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    ipv6: list[str] = field(default_factory=list)
    hardware: list[str] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    """Client identifiers, and MAC addresses with stars."""
    tags: list[str] = field(default_factory=list)
    """The tags that it sets."""
    settings: Settings = field(default_factory=dict)
    ignored: bool = False

    def host(self, where: str) -> Host:
        return Host(
            self.names[-1] if self.names else "",
            where,
            tuple(self.addresses),
            tuple(self.hardware),
            self.settings,
            ipv6=tuple(self.ipv6),
        )


class Hosts:
    """The hosts of a configuration."""

    def __init__(self, tags: Tags, remarks: LineRemarks) -> None:
        """Add to `tags` those that hosts set, and to `remarks` what a fixed host cannot have."""
        self.all: list[Host] = []
        self.refused: list[str] = []
        """The hosts that get no address, as dhcpd.conf text."""
        self._tags = tags
        self._remarks = remarks

    def read(self, line: Line) -> None:
        """Read a line of dhcp-host or of /etc/ethers."""
        entry = self._parse(line)
        host = entry.host(line.where)
        if entry.ignored:
            self._ignored(line, host, entry.clients)
        elif host.hardware and (host.addresses or host.name or host.ipv6):
            if entry.clients:
                why = "dhcpd knows the host by its MAC address"
                self._remarks.no_place(line, f"{', '.join(entry.clients)}: {why}")
            self.all.append(host)
            for tag in entry.tags:
                self._tags.named(tag).hosts.append(len(self.all) - 1)
                self._tags.named(tag).macs.extend(host.hardware)
        else:
            self._unusual_host(line, host, entry.clients, entry.tags)

    def _parse(self, line: Line) -> _Entry:
        """Sort the parts of a line by what they are; note those without a place."""
        entry = _Entry()
        parts = line.value.split()[:2] if line.key == "ethers-line" else line.parts
        for part in filter(None, parts):
            if (mac := _mac(part)) is not None:
                entry.hardware.append(mac)
            elif is_address(part):
                entry.addresses.append(part)
            elif part.startswith("[") and is_ipv6(part.strip("[]").partition("/")[0]):
                address = IPv6Address(part.strip("[]").partition("/")[0])
                if int(address) >> 64:
                    entry.ipv6.append(str(address))
                else:
                    why = "the network of an IPv6 address is written out here"
                    self._remarks.no_place(line, f"{part}: {why}")
            elif part.startswith("id:"):
                entry.clients.append(part.removeprefix("id:"))
            elif part.startswith(("set:", "net:")):
                entry.tags.append(part.partition(":")[2])
            elif part.startswith("tag:"):
                why = "a fixed host is known by its MAC address alone"
                self._remarks.no_place(line, f"{part}: {why}")
            elif part == "ignore":
                entry.ignored = True
            elif TIME.fullmatch(part) and part.lower() != "deprecated":
                entry.settings = of_host(lease_times(part))
            elif WILD_MAC.fullmatch(part):
                entry.clients.append(part)
            elif _HOSTNAME.fullmatch(part):
                entry.names.append(part)
            else:
                self._remarks.no_place(line, f"{part} has no place with a fixed host")
        if len(entry.names) > 1:
            first, second, *_ = entry.names
            text = f"{first} of dhcp-host: it has a second name, {second}; the last one counts."
            self._remarks.add(Section.LEFT_OUT, line.where, text)
        return entry

    def _ignored(self, line: Line, host: Host, clients: Sequence[str]) -> None:
        """Write a client that gets no address, which dhcpd can do for a MAC address."""
        for mac in host.hardware:
            block = f"host ignored-{mac.replace(':', '')}"
            self.refused.append(f"{block} {{\n    hardware ethernet {mac};\n    deny booting;\n}}")
            self._remarks.add(
                Section.KEPT, line.where, f"{mac} is ignored: deny booting, in site_extra."
            )
        if not host.hardware:
            shown = host.name or ", ".join(clients)
            self._remarks.no_place(line, f"{shown} cannot be ignored without a MAC address")

    def _unusual_host(
        self, line: Line, host: Host, clients: Sequence[str], tags: Sequence[str]
    ) -> None:
        """Read a line that has no MAC address, or only sets tags."""
        wild = [client for client in clients if WILD_MAC.fullmatch(client)]
        ids = [client for client in clients if client not in wild]
        conditions = [f"hardware = 1:{mac}" for mac in host.hardware]
        conditions += [of_wild_mac(mac) for mac in wild]
        conditions += [
            f"option dhcp-client-identifier = {octets_or_text(i)}" for i in ids if i != "*"
        ]
        if host.addresses and not wild and (host.name or ids) and "*" not in ids:
            key = (
                f"option dhcp-client-identifier {octets_or_text(ids[0])};"
                if ids
                else f"host-identifier option host-name {quoted(host.name)};"
            )
            block = re.sub(r"[^a-z0-9-]+", "-", (host.name or f"id-{host.addresses[0]}").lower())
            address = ", ".join(host.addresses)
            lines = [f"    {key}", f"    fixed-address {address};"]
            lines += [] if host.name else ["    use-host-decl-names off;"]
            lines += [f"    {text}" for text in str(host.settings.get("extra", "")).splitlines()]
            what = "its client identifier" if ids else "the name it sends"
            self.all.append(
                replace(
                    host,
                    text="\n".join([f"host {host.name or block} {{", *lines, "}"]),
                    irregular=f"it is known by {what}, not by a MAC address",
                )
            )
        elif tags and conditions:
            for tag in tags:
                self._tags.named(tag).conditions += conditions
        elif host.hardware:
            self._remarks.no_place(line, "it has neither a name nor an address")
        elif wild:
            self._remarks.no_place(line, f"{', '.join(wild)}: a fixed host has whole MAC addresses")
        elif host.name and tags:
            name = quoted(host.name)
            for tag in tags:
                self._tags.named(tag).conditions.append(f"option host-name = {name}")
        elif host.addresses or host.ipv6 or host.name:
            self._remarks.no_place(line, "it names no MAC address, so that dhcpd cannot know it")


def _mac(part: str) -> str | None:
    """Return the MAC address that a part is; None if it is not one, or not of Ethernet."""
    typed = _TYPED.fullmatch(part)
    return normal_mac(typed[2] if typed and int(typed[1], 16) == 1 else part)
