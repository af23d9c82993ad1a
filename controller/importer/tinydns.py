"""Read the zone data of tinydns.

Source: the tinydns-data page of djbdns, and the IPv6 and SRV lines of its usual patches. A line
with a time stamp or a location has no place in an inventory and is listed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address
from pathlib import Path

from leasemerge.ranges import is_address

from .remarks import Remark, Section
from .source import Record, ZoneData
from .source_files import read_text
from .values import number

_OCTAL = re.compile(r"\\([0-7]{1,3})")
_REVERSE = re.compile(r"((?:\d{1,3}\.){1,4})in-addr\.arpa", re.ASCII)
_LEFT_OUT = {"%": "a location", "-": "a line that is switched off"}
# tinydns-data gives everything but SOA and NS a TTL of one day unless the line has one.
_DEFAULT_TTL = 86400


def read(path: Path) -> ZoneData:
    """Read a file `data`. Raises SourceError: when it cannot be read."""
    reader = _Reader()
    for line_number, line in enumerate(read_text(path).split("\n"), start=1):
        text = line.rstrip(" \t\r")
        if text and not text.startswith("#"):
            reader.read_line(text, f"{path}:{line_number}")
    return reader.zone_data()


def pointed_address(reverse_name: str) -> str | None:
    """Turn `15.1.1.10.in-addr.arpa` into its address; None if it is not that of one address."""
    match = _REVERSE.fullmatch(reverse_name)
    if match is None:
        return None
    address = ".".join(reversed(match[1][:-1].split(".")))
    return address if is_address(address) else None


def character_string(text: str) -> str:
    """Write a character string as in a zone file (RFC 1035 section 5.1)."""
    return '"' + "".join(map(_escaped, text)) + '"'


class _Reader:
    def __init__(self) -> None:
        self._records: list[Record] = []
        self._zones: list[str] = []
        self._ttls: Counter[int] = Counter()
        self._remarks: list[Remark] = []

    def zone_data(self) -> ZoneData:
        common = self._ttls.most_common(1)
        return ZoneData(
            tuple(self._records),
            tuple(dict.fromkeys(self._zones)),
            common[0][0] if common else None,
            remarks=tuple(self._remarks),
        )

    def read_line(self, text: str, where: str) -> None:
        kind = text[0]
        fields = [_unescaped(part) for part in text[1:].split(":")] + [""] * 8
        name = _name(fields[0])
        if kind in ".&":
            if kind == ".":
                self._zones.append(name)
            self._server(name, fields, where)
            self._check_time(text, fields[4:6], where)
        elif kind == "Z":
            self._zones.append(name)
        elif kind in _LEFT_OUT:
            self._left_out(text, _LEFT_OUT[kind], where)
        elif kind in _LINES:
            ttl_field, reader = _LINES[kind]
            if not self._check_time(text, fields[ttl_field + 1 : ttl_field + 3], where):
                return
            records = reader(name, fields)
            if not records:
                self._left_out(text, "a value that is none", where)
            ttl = number(fields[ttl_field])
            ttl = _DEFAULT_TTL if ttl is None else ttl
            for record_kind, record_name, value in records:
                if record_kind == "a" and kind in "=+":
                    self._ttls[ttl] += 1
                self._records.append(
                    Record(
                        record_kind,
                        record_name,
                        value,
                        where,
                        pointed=kind in "=6" and record_kind in {"a", "aaaa"},
                        ttl=ttl,
                    )
                )
        else:
            self._left_out(text, "a kind of line unknown here", where)

    def _server(self, zone: str, fields: list[str], where: str) -> None:
        full, address = _server_name(_name(fields[2]), "ns", zone), fields[1]
        self._records.append(Record("ns", zone, full, where))
        if is_address(address):
            self._records.append(Record("glue", full, address, where))

    def _check_time(self, text: str, stamp_and_location: list[str], where: str) -> bool:
        """Return whether a record is valid at all times and for everyone; list it if not."""
        if any(stamp_and_location):
            self._left_out(text, "a record for some time or for some clients", where)
        return not any(stamp_and_location)

    def _left_out(self, text: str, what: str, where: str) -> None:
        self._remarks.append(Remark(Section.LEFT_OUT, where, f"{text}: {what}."))


_LineRecords = list[tuple[str, str, str]]
"""Kind, name and value of each record of a line."""


def _address(name: str, fields: list[str]) -> _LineRecords:
    return [("a", name, fields[1])] if is_address(fields[1]) else []


def _ipv6(name: str, fields: list[str]) -> _LineRecords:
    if not re.fullmatch(r"[0-9a-fA-F]{32}", fields[1]):
        return []
    return [("aaaa", name, str(IPv6Address(int(fields[1], 16))))]


def _pointer(name: str, fields: list[str]) -> _LineRecords:
    return [("ptr", name, _name(fields[1]))]


def _alias(name: str, fields: list[str]) -> _LineRecords:
    return [("cname", name, _name(fields[1]))]


def _exchanger(name: str, fields: list[str]) -> _LineRecords:
    full = _server_name(_name(fields[2]), "mx", name)
    records = [("mx", name, f"{number(fields[3]) or 0} {full}")]
    return records + ([("a", full, fields[1])] if is_address(fields[1]) else [])


def _text(name: str, fields: list[str]) -> _LineRecords:
    return [("txt", name, character_string(fields[1]))]


def _service(name: str, fields: list[str]) -> _LineRecords:
    """Read an SRV line: name:address:server:port:priority:weight."""
    full = _server_name(_name(fields[2]), "srv", name)
    port, priority, weight = (number(field) or 0 for field in fields[3:6])
    records = [("srv", name, f"{priority} {weight} {port} {full}")]
    return records + ([("a", full, fields[1])] if is_address(fields[1]) else [])


def _generic(name: str, fields: list[str]) -> _LineRecords:
    code = number(fields[1])
    if code is None or not 0 < code < 65536:
        return []
    data = bytes(ord(char) & 0xFF for char in fields[2])
    kind, value = _decoded(code, data)
    return [(kind, name, value)]


_LINES: dict[str, tuple[int, Callable[[str, list[str]], _LineRecords]]] = {
    "=": (2, _address),
    "+": (2, _address),
    "3": (2, _ipv6),
    "6": (2, _ipv6),
    "^": (2, _pointer),
    "C": (2, _alias),
    "@": (4, _exchanger),
    "'": (2, _text),
    "S": (6, _service),
    ":": (3, _generic),
}
"""The field of the TTL, and the function that reads the line."""


def _decoded(code: int, data: bytes) -> tuple[str, str]:
    """Read the data of a line whose type is a number (RFC 3597)."""
    match code:
        case 1 if len(data) == 4:
            return "a", ".".join(map(str, data))
        case 16 if (strings := _strings(data)) is not None:
            return "txt", " ".join(character_string(part.decode("latin-1")) for part in strings)
        case 28 if len(data) == 16:
            return "aaaa", str(IPv6Address(data))
        case 33 if len(data) > 6 and (target := _wire_name(data[6:])) is not None:
            priority, weight, port = (int.from_bytes(data[at : at + 2]) for at in (0, 2, 4))
            return "srv", f"{priority} {weight} {port} {target}"
        case 257 if len(data) > 2 and len(data) >= 2 + data[1]:
            tag = data[2 : 2 + data[1]].decode("latin-1")
            value = data[2 + data[1] :].decode("latin-1")
            return "caa", f"{data[0]} {tag} {character_string(value)}"
    return f"TYPE{code}", f"\\# {len(data)} {data.hex()}".rstrip()


def _strings(data: bytes) -> list[bytes] | None:
    """Split length-prefixed character strings; None if they are truncated."""
    strings = []
    while data:
        if len(data) <= data[0] and data[0]:
            return None
        strings.append(data[1 : 1 + data[0]])
        data = data[1 + data[0] :]
    return strings or None


def _wire_name(data: bytes) -> str | None:
    """Read an uncompressed name; None if it is not one."""
    labels = []
    while data and data[0]:
        if data[0] > 63 or len(data) <= data[0]:
            return None
        labels.append(data[1 : 1 + data[0]].decode("latin-1").lower())
        data = data[1 + data[0] :]
    return ".".join(labels) if data == b"\0" else None


def _server_name(name: str, kind: str, zone: str) -> str:
    """Expand a short name: "If x contains a dot then it is the name, otherwise x.ns.fqdn."."""
    return name if "." in name else f"{name}.{kind}.{zone}".strip(".")


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if " " <= char <= "~" else "".join(f"\\{byte:03d}" for byte in _bytes(char))


def _bytes(char: str) -> bytes:
    # Octal escapes are octets; any other character is encoded as UTF-8.
    return bytes([ord(char)]) if ord(char) < 256 else char.encode()


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8) & 0xFF), text)


def _name(text: str) -> str:
    return text.lower().rstrip(".")
