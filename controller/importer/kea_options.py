"""Write the options of Kea's configuration as dhcpd.conf has them."""

from __future__ import annotations

import re

from . import options
from .dhcpd_text import quoted
from .kea_json import Object
from .remarks import Remarks, Section
from .values import number

# Kea's names for options that dhcpd calls something else.
_OTHER_NAMES = {
    "boot-file-name": 67, "classless-static-route": 121, "nis-servers": 41,
    "nisplus-domain-name": 64,
    "tcp-keepalive-interval": 38, "pop-server": 70, "font-servers": 48, "dhcp-renewal-time": 58,
    "tftp-server-name": 66, "wpad-url": 252, "name-servers": 5, "arp-cache-timeout": 35,
    "x-display-manager": 49, "streettalk-directory-assistance-server": 76, "v4-captive-portal": 114,
}  # fmt: skip
_DEFINED_TYPES = {
    "binary": "string", "boolean": "boolean", "empty": "string", "fqdn": "domain-name",
    "int8": "integer 8", "int16": "integer 16", "int32": "integer 32",
    "ipv4-address": "ip-address", "string": "text", "uint8": "unsigned integer 8",
    "uint16": "unsigned integer 16", "uint32": "unsigned integer 32",
}  # fmt: skip


class KeaOptions:
    """The options of one configuration, with those that it defines itself."""

    def __init__(self, remarks: Remarks) -> None:
        """Add to `remarks` what dhcpd cannot send."""
        self.definitions: dict[str, None] = {}
        """The definitions that dhcpd needs, in their order."""
        # Options that a definition in the file names, with their types.
        self._own: dict[int, tuple[str, list[str]]] = {}
        # Names that the file gives to options that dhcpd defines itself.
        self._known: dict[str, int] = {}
        self._remarks = remarks

    def of_level(self, data: Object, what: str) -> tuple[dict[str, str], list[str]]:
        """Return the options of a level, and the statements that need a definition before them."""
        given: dict[str, str] = {}
        extra: list[str] = []
        for entry in data.objects("option-data"):
            written = self._option(entry, what)
            if written is None:
                continue
            if written.definition:
                self.definitions[written.definition] = None
            if written.definition or written.name in {name for name, _ in self._own.values()}:
                # It can only follow its definition.
                extra.append(f"option {written.name} {written.value};")
            else:
                given[written.name] = written.value
        return given, extra

    def define(self, entry: Object) -> None:
        """Write the definition of an option."""
        name, code = entry.text("name"), number(entry.text("code"))
        what = f"the definition of the option {name}"
        space = entry.text("space") or "dhcp4"
        types = [part.strip() for part in entry.text("record-types").split(",") if part.strip()]
        types = types or [entry.text("type")]
        written = [_DEFINED_TYPES.get(kind, "") for kind in types]
        if (
            space != "dhcp4"
            or code is None
            or not all(written)
            or not re.fullmatch(r"[\w-]+", name)
        ):
            self._remarks.left_out(entry.where, what, "write it and its values as dhcpd.conf text")
            return
        if code in options.NAMED:
            self._known[name] = code  # dhcpd has its own definition
            return
        form = written[0] if len(written) == 1 else "{ " + ", ".join(written) + " }"
        array = "array of " if entry.get("array") else ""
        self.definitions[f"option {name} code {code} = {array}{form};"] = None
        self._own[code] = (name, types)

    def _option(self, entry: Object, what: str) -> options.Option | None:
        """Write an option with its value."""
        name, data = entry.text("name"), entry.text("data")
        shown = f"option {name or entry.text('code')} {data} of {what}"
        if (entry.text("space") or "dhcp4") != "dhcp4":
            self._remarks.left_out(entry.where, shown, f"the space {entry.text('space')}")
            return None
        if entry.get("always-send"):
            text = f"{shown} is always sent; dhcpd sends what a client requests."
            self._remarks.add(Section.CHOSEN, entry.where, text)
        code = number(entry.text("code")) or _OTHER_NAMES.get(name) or options.code_of(name)
        own = {own_name: own_code for own_code, (own_name, _) in self._own.items()}
        code = own.get(name, self._known.get(name, code))
        if code is None:
            self._remarks.left_out(entry.where, shown, "write it as dhcpd.conf text")
            return None
        octets = entry.get("csv-format") is False
        values = [data] if octets else _values(data)
        if code in self._own and not octets:
            kinds = self._own[code][1]
            # The values of a record are separated by spaces, those of an array by commas.
            value = (", " if len(kinds) == 1 else " ").join(
                quoted(part) if "string" in kinds else part for part in values
            )
            return options.Option(self._own[code][0], value) if value else None
        written = options.option(code, values, as_octets=octets)
        if written is None:
            self._remarks.left_out(entry.where, shown, "its value does not fit the option")
        return written


def _values(data: str) -> list[str]:
    """Split a value at its commas; a comma after a backslash belongs to the text."""
    parts = re.split(r"(?<!\\),", data)
    return [part.strip().replace("\\,", ",") for part in parts if part.strip()]
