"""dnsmasq's hosts: the lines of dhcp-host, of the files that it names, and of /etc/ethers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any

from .dhcpd_text import of_host, quoted
from .dnsmasq_files import Line, LineRemarks
from .dnsmasq_tags import WILD_MAC, Tags, octets_or_text, of_wild_mac
from .dnsmasq_times import TIME, lease_times
from .found import Host, Section, is_address, is_ipv6, normal_mac

# A hardware type comes first: 06-aa:bb:cc:dd:ee:ff is not an Ethernet address, which is type 1.
_TYPED = re.compile(r"([0-9A-Fa-f]{1,2})-((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})")
_HOSTNAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


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
        parts = line.parts
        if line.key == "ethers-line":
            parts = line.value.split()[:2]
        names: list[str] = []
        addresses: list[str] = []
        ipv6: list[str] = []
        hardware: list[str] = []
        clients: list[str] = []
        settings: dict[str, Any] = {}
        tags: list[str] = []
        ignored = False
        for part in filter(None, parts):
            typed = _TYPED.fullmatch(part)
            mac = normal_mac(typed[2] if typed and int(typed[1], 16) == 1 else part)
            if mac is not None and (typed is None or int(typed[1], 16) == 1):
                hardware.append(mac)
            elif is_address(part):
                addresses.append(part)
            elif part.startswith("[") and is_ipv6(part.strip("[]").partition("/")[0]):
                self._ipv6(line, part, ipv6)
            elif part.startswith("id:"):
                clients.append(part.removeprefix("id:"))
            elif part.startswith(("set:", "net:")):
                tags.append(part.partition(":")[2])
            elif part.startswith("tag:"):
                self._remarks.no_place(
                    line, f"{part}: a fixed host is known by its MAC address alone"
                )
            elif part == "ignore":
                ignored = True
            elif TIME.fullmatch(part) and part.lower() != "deprecated":
                settings = of_host(lease_times(part))
            elif WILD_MAC.fullmatch(part):
                clients.append(part)
            elif _HOSTNAME.fullmatch(part):
                names.append(part)
            else:
                self._remarks.no_place(line, f"{part} has no place with a fixed host")
        if len(names) > 1:
            self._remarks.add(
                Section.LEFT_OUT,
                line.where,
                f"{names[0]} of dhcp-host: it has a second name, {names[1]}; the last one counts.",
            )
        host = Host(
            names[-1] if names else "",
            line.where,
            tuple(addresses),
            tuple(hardware),
            settings,
            ipv6=tuple(ipv6),
        )
        if ignored:
            self._ignored(line, host, clients)
        elif hardware and (addresses or names or ipv6):
            if clients:
                why = "dhcpd knows the host by its MAC address"
                self._remarks.no_place(line, f"{', '.join(clients)}: {why}")
            self.all.append(host)
            for tag in tags:
                self._tags.named(tag).hosts.append(len(self.all) - 1)
                self._tags.named(tag).macs.extend(host.hardware)
        else:
            self._unusual_host(line, host, clients, tags)

    def _ipv6(self, line: Line, part: str, ipv6: list[str]) -> None:
        address = IPv6Address(part.strip("[]").partition("/")[0])
        if int(address) >> 64:
            ipv6.append(str(address))
        else:
            self._remarks.no_place(
                line, f"{part}: the network of an IPv6 address is written out here"
            )

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
