"""Read what dnsmasq sends its clients: the lines of dhcp-option, dhcp-boot and pxe-service.

A line with a tag goes to the subnets or hosts that set it, or else into a dhcpd condition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from leasemerge.ranges import is_address

from . import options
from .dhcpd_text import any_of, quoted, statements, when
from .dnsmasq_codes import option_code
from .dnsmasq_files import Line, LineRemarks
from .dnsmasq_tags import Tags
from .remarks import Section
from .source import Host, Subnet, joined_settings
from .values import number

KEYS = frozenset({"dhcp-option", "dhcp-option-force", "dhcp-option-pxe"})
_SWITCHES = {
    "dhcp-broadcast": "always-broadcast true;",
    "dhcp-ignore-clid": "ignore-client-uids true;",
}
# Machine types as pxe-service names them: RFC 4578 section 2.1.
_PXE_TYPES = {
    "x86pc": 0, "pc98": 1, "ia64_efi": 2, "alpha": 3, "arc_x86": 4, "intel_lean_client": 5,
    "ia32_efi": 6, "x86-64_efi": 7, "xscale_efi": 8, "bc_efi": 9, "arm32_efi": 10, "arm64_efi": 11,
}  # fmt: skip


class DnsmasqOptions:
    """What clients are sent, in all or in some of the subnets."""

    def __init__(
        self,
        own: Sequence[str],
        subnets: dict[IPv4Network, Subnet],
        hosts: list[Host],
        tags: Tags,
        remarks: LineRemarks,
    ) -> None:
        """Add to `subnets` and `hosts` what is for them; `own` are dnsmasq's own addresses."""
        self.resolvers: tuple[str, ...] = ()
        self.domain: str | None = None
        self.of_all: dict[str, str] = {}
        self.definitions: dict[str, None] = {}
        self.statements: list[str] = []
        """What else is for all clients, and what is for some clients in every subnet."""
        self.explicit: dict[int, set[IPv4Network | None]] = {3: set(), 6: set()}
        """Options 3 and 6 that a line sets, so that dnsmasq does not send its own address."""
        # What only some clients get: the names of the settings, and the text.
        self._conditional: list[tuple[frozenset[str], str]] = []
        self._own = own
        self._subnets = subnets
        self._hosts = hosts
        self._tags = tags
        self._remarks = remarks

    def read(self, line: Line) -> None:
        """Read a line of dhcp-option."""
        tags, rest = _tags_and_option(line)
        tags = [tag for tag in tags if not self._tags.is_always(tag)]
        kinds = [p for p in rest if p.startswith(("vendor:", "encap:", "vi-encap:"))]
        if kinds:
            self._remarks.no_place(line, f"{kinds[0]}: write it as dhcpd.conf text")
            return
        code = option_code(rest[0]) if rest else None
        if rest and rest[0].startswith("option6:"):
            self._remarks.no_place(line, "DHCPv6 is not deployed")
            return
        if code is None:
            self._remarks.no_place(
                line, "an option unknown here; write it as an option in site.yml"
            )
            return
        values = [value for value in rest[1:] if value]
        if line.key == "dhcp-option-force" and values:
            text = f"{line.text} is always sent; dhcpd sends what a client asks for."
            self._remarks.add(Section.CHOSEN, line.where, text)
        networks: set[IPv4Network | None] = {None}
        if tags:
            networks = {n for tag in tags for n in self._tags.named(tag).networks}
        if code in self.explicit:
            self.explicit[code] |= networks
        if not values:
            if code not in self.explicit:
                self._remarks.no_place(
                    line, "an option without a value: dhcpd sends it only with one"
                )
            return
        if "0.0.0.0" in values:
            own = self._own_address(line, networks)
            if own is None:
                return
            values = [own if value == "0.0.0.0" else value for value in values]
        self._place(line, code, tags, values)

    def _place(self, line: Line, code: int, tags: Sequence[str], values: Sequence[str]) -> None:
        """Place an option and its values where the inventory has them."""
        if code == 6 and {*values} <= {*self._own}:
            text = (
                f"{line.text}: that is dnsmasq itself; now clients get the group dnscache_servers."
            )
            self._remarks.add(Section.CHOSEN, line.where, text)
        elif code == 3 and not tags and all(map(is_address, values)):
            self._routers(line, values)
        elif code == 6 and not tags and all(map(is_address, values)):
            self.resolvers = tuple(values)
        elif code == 15 and not tags:
            self.domain = values[0].lower().strip(".") or self.domain
        elif (written := options.option(code, values)) is None:
            self._remarks.no_place(line, "its value does not fit the option")
        elif written.definition:
            self.definitions[written.definition] = None
            self._apply(line, tags, {"extra": f"option {written.name} {written.value};\n"})
        else:
            self._apply(line, tags, {"options": {written.name: written.value}})

    def place_interfaces(self, lines: Sequence[Line]) -> None:
        """Find each interface's subnet by its router; its name is a tag of its clients."""
        for line in lines if len(self._subnets) > 1 else ():
            tags, rest = _tags_and_option(line) if line.key in KEYS else ([], [])
            name = tags[0].partition(":")[2] if len(tags) == 1 else ""
            if not self._tags.is_interface(name) or not rest or option_code(rest[0]) != 3:
                continue
            routers = [IPv4Address(part) for part in rest[1:] if is_address(part)]
            for network in self._subnets:
                tag = self._tags.named(name)
                if any(router in network for router in routers) and network not in tag.networks:
                    tag.networks.append(network)
                    text = f"The clients of the interface {name} are those of {network} now."
                    self._remarks.add(Section.CHOSEN, line.where, text)

    def _own_address(self, line: Line, networks: Set[IPv4Network | None]) -> str | None:
        """Return the address that 0.0.0.0 stands for, dnsmasq's own; None if it is unknown."""
        own = [
            address
            for address in self._own
            if any(n is None or IPv4Address(address) in n for n in networks)
        ]
        if len(own) != 1:
            self._remarks.no_place(
                line, "0.0.0.0 stands for dnsmasq's own address; write the new one"
            )
            return None
        return own[0] if own[0] != "0.0.0.0" else None  # it listens on every address

    def _routers(self, line: Line, values: Sequence[str]) -> None:
        """Add routers to the subnets that they lie in."""
        placed = False
        for network in self._subnets:
            inside = tuple(a for a in values if IPv4Address(a) in network)
            if inside:
                placed = True
                routers = {"options": {"routers": ", ".join(inside)}}
                self._apply_to_subnet(network, routers)
        if not placed:
            self._remarks.no_place(line, "no dhcp-range is in the network of this router")

    def read_boot(self, line: Line) -> None:
        """Read a line of dhcp-boot."""
        tags = [p for p in line.parts if p.startswith(("tag:", "net:"))]
        file, *servers = [p for p in line.parts if p not in tags] or [""]
        addresses = [part for part in servers if is_address(part)]
        settings: dict[str, Any] = {"filename": file} if file else {}
        unknown_server = False
        if not file and not any(servers):
            self._remarks.no_place(line, "it names no file")
            return
        if addresses:
            settings["next_server"] = addresses[0]
        elif len(servers) > 1 and servers[1]:
            settings["next_server"] = servers[1]
        elif file and not re.match(r"[a-z]+://", file):
            own = [*self._own]
            if len(own) == 1:
                settings["next_server"] = own[0]
            else:
                unknown_server = True
        if servers and servers[0] and not is_address(servers[0]):
            settings["extra"] = f"server-name {quoted(servers[0])};\n"
        if settings and self._apply(line, tags, settings) and unknown_server:
            text = "its server is dnsmasq itself: write next_server beside filename"
            self._remarks.no_place(line, text)

    def read_pxe(self, line: Line) -> None:
        """Read a line of pxe-service; dhcpd has no menu, and boots a machine's one file."""
        tags = [p for p in line.parts if p.startswith(("tag:", "net:"))]
        parts = [p for p in line.parts if p not in tags]
        if line.key == "pxe-prompt" or len(parts) < 3 or number(parts[2]) is not None:
            self._remarks.no_place(line, "dhcpd shows no boot menu")
            return
        machine = _PXE_TYPES.get(parts[0].lower(), number(parts[0]))
        if machine is None or machine > 65535:
            self._remarks.no_place(line, f"{parts[0]} is not a type of machine")
            return
        file = parts[2] if "." in parts[2] else f"{parts[2]}.0"
        settings: dict[str, Any] = {"filename": file}
        if len(parts) > 3 and is_address(parts[3]):
            settings["next_server"] = parts[3]
        elif len(self._own) == 1:
            settings["next_server"] = self._own[0]
        high, low = divmod(machine, 256)
        name = f"pxe-type-{machine}"
        self._tags.named(name).conditions[:] = [f"option pxe-system-type = {high:02x}:{low:02x}"]
        if self._apply(line, [*tags, f"tag:{name}"], settings):
            text = f"{line.text}: such a machine boots {file} now, without a menu."
            self._remarks.add(Section.CHOSEN, line.where, text)

    def read_switch(self, line: Line) -> None:
        """Read a line that dhcpd has a statement for, with the tags of its clients."""
        tags = [part if ":" in part else f"tag:{part}" for part in line.parts if part]
        self._apply(line, tags, {"extra": f"{_SWITCHES[line.key]}\n"})

    def _apply(self, line: Line, tags: Sequence[str], settings: Mapping[str, Any]) -> bool:
        """Apply settings to the clients with all the tags; return whether that was possible."""
        tags = [tag for tag in tags if not self._tags.is_always(tag)]
        names = [tag.partition(":")[2] for tag in tags]
        places = [name for name in names if name in self._tags and not name.startswith("!")]
        networks = dict.fromkeys(n for name in places for n in self._tags.named(name).networks)
        hosts = [index for name in places for index in self._tags.named(name).hosts]
        if not names:
            self._apply_to_all(settings)
            return True
        if len(names) == 1 and (networks or hosts):
            for network in networks:
                self._apply_to_subnet(network, settings)
            for index in hosts:
                host = self._hosts[index]
                self._hosts[index] = replace(
                    host, settings=joined_settings(host.settings, settings)
                )
            if not self._tags.named(names[0]).conditions:
                return True
        of_subnet = next((name for name in places if self._tags.named(name).networks), None)
        others = [tag for tag, name in zip(tags, names, strict=True) if name != of_subnet]
        if len(names) == 1:
            of_subnet, others = None, list(tags)
            condition = any_of(self._tags.named(names[0]).conditions) or self._tags.condition(tags)
        else:
            condition = self._tags.condition(others)
        if condition is None:
            shown = ", ".join(names)
            self._remarks.no_place(line, f"nothing here that dhcpd knows sets the tag {shown}")
            return False
        text = when(condition, statements(settings))
        if of_subnet is None:
            self.statements.append(text)
            self._conditional.append((_keys(settings), text))
        else:
            for network in dict.fromkeys(self._tags.named(of_subnet).networks):
                self._apply_to_subnet(network, {"extra": text + "\n"})
        return True

    def _apply_to_all(self, settings: Mapping[str, Any]) -> None:
        self.of_all.update(settings.get("options", {}))
        rest = {key: value for key, value in settings.items() if key != "options"}
        self.statements += statements(rest)

    def _apply_to_subnet(self, network: IPv4Network, settings: Mapping[str, Any]) -> None:
        subnet = self._subnets[network]
        routers = subnet.routers
        option_map = dict(settings.get("options", {}))
        if "routers" in option_map:
            routers = tuple(part.strip() for part in option_map.pop("routers").split(","))
        new = {key: value for key, value in settings.items() if key != "options"}
        if option_map:
            new["options"] = option_map
        joined = joined_settings(subnet.settings, new)
        self._subnets[network] = replace(subnet, routers=routers, settings=joined)

    def repeat_conditions(self) -> None:
        """Repeat what some clients get in the subnets that set the same for all of theirs.

        In dnsmasq a client's tag overrides a subnet's; in dhcpd it is the other way round.
        """
        for network, subnet in self._subnets.items():
            own = _keys(subnet.settings)
            texts = [text for keys, text in self._conditional if keys & own]
            extra = str(subnet.settings.get("extra", ""))
            if texts:
                settings = {**subnet.settings, "extra": "\n".join([*texts, extra])}
                self._subnets[network] = replace(subnet, settings=settings)


def _tags_and_option(line: Line) -> tuple[list[str], list[str]]:
    """Split a line of dhcp-option into its tags, and the option with its values."""
    tags = [p for p in line.parts if p.startswith(("tag:", "net:"))]
    rest = [p for p in line.parts if not p.startswith(("tag:", "set:", "net:"))]
    kinds = ("option", "vendor:", "encap:", "vi-encap:")
    while rest and option_code(rest[0]) is None and not rest[0].startswith(kinds):
        tags.append(f"tag:{rest.pop(0)}")  # the old form of a tag, without its word
    return tags, rest


def _keys(settings: Mapping[str, Any]) -> frozenset[str]:
    """Name the statements that settings become, without their values."""
    written = (re.match(r"option \S+|\S+", line) for line in statements(settings))
    return frozenset(match[0] for match in written if match)
