"""Turn Kea's reservations into hosts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from leasemerge.ranges import is_address, normal_mac

from .dhcpd_text import octets, of_host, quoted, statements
from .kea_classes import Classes
from .kea_json import Object
from .kea_levels import Levels
from .remarks import Remarks, Section
from .source import Host

_IDENTIFIERS = ("hw-address", "client-id", "circuit-id", "flex-id", "duid")
_KEYS = frozenset(
    {*_IDENTIFIERS, "ip-address", "hostname", "next-server", "boot-file-name", "option-data"}
    | {"server-hostname", "user-context", "comment", "client-classes"}
)


class Reservations:
    """The reservations of one configuration, in their order."""

    def __init__(self, levels: Levels, classes: Classes, remarks: Remarks) -> None:
        """Add to `remarks` what a fixed host cannot have."""
        self.hosts: list[Host] = []
        self._levels = levels
        self._classes = classes
        self._remarks = remarks

    def read(self, entries: Sequence[Object]) -> None:
        """Read the reservations of a subnet, or of the server."""
        for entry in entries:
            shown = entry.text("hostname") or entry.text("ip-address") or "without a name"
            what = f"the reservation {shown}"
            settings = of_host(self._levels.settings(entry, what))
            mac = normal_mac(entry.get("hw-address"))
            address = entry.text("ip-address")
            if address and not is_address(address):
                self._remarks.left_out(entry.where, f"{address} of {what}", "it is not an address")
                address = ""
            self._levels.unknown(entry, _KEYS, what)
            for name in entry.get("client-classes") or ():
                if self._classes.is_member(str(name), mac):
                    continue
                why = "a fixed host is in no class; write what it is sent beside it"
                self._remarks.left_out(entry.where, f"the client class {name} of {what}", why)
            host = Host(
                entry.text("hostname"),
                entry.where,
                (address,) if address else (),
                () if mac is None else (mac,),
                settings,
            )
            if mac is None:
                self._irregular(entry, host, what)
            else:
                self.hosts.append(host)

    def _irregular(self, entry: Object, host: Host, what: str) -> None:
        """Keep what is identified by something other than a MAC address, in dhcpd's words."""
        key = next((key for key in _IDENTIFIERS if entry.text(key)), "")
        value = entry.text(key) if key else ""
        identifiers = {
            "client-id": f"option dhcp-client-identifier {_octets(value)};",
            "circuit-id": f"host-identifier option agent.circuit-id {_octets(value)};",
        }
        if key in identifiers:
            name = host.name or f"reserved-{'-'.join(host.addresses or ('x',)).replace('.', '-')}"
            lines = [identifiers[key]]
            lines += [f"fixed-address {address};" for address in host.addresses]
            lines += statements(host.settings)
            lines += [] if host.name else ["use-host-decl-names off;"]
            body = "".join(f"    {line}\n" for line in lines)
            block = re.sub(r"[^A-Za-z0-9.-]+", "-", name)
            why = f"it is known by its {key}, not by a MAC address"
            self.hosts.append(replace(host, text=f"host {block} {{\n{body}}}", irregular=why))
            return
        need = {
            "flex-id": "write it as a host with host-identifier and the option that its identifier "
            "expression takes",
            "duid": "write it as a host with option dhcp-client-identifier ff:IAID:DUID",
            "hw-address": f"{value} is not a MAC address",
        }.get(key, "it has none of hw-address, client-id and circuit-id")
        known = f"is known by {key}, not by a MAC address" if key else "is known by nothing"
        if host.addresses:
            self.hosts.append(replace(host, irregular=f"it {known}: {need}"))
        else:
            text = f"{what[0].upper()}{what[1:]} {known}: {need}."
            self._remarks.add(Section.LEFT_OUT, entry.where, text)


def _octets(text: str) -> str:
    """Write one of Kea's identifiers: text in quotation marks, or hex pairs."""
    if text.startswith("'"):
        return quoted(text.strip("'"))
    digits = re.sub(r"^0x|[:\s-]", "", text, flags=re.IGNORECASE)
    if re.fullmatch(r"([0-9A-Fa-f]{2})+", digits):
        return octets(bytes.fromhex(digits))
    return quoted(text)
