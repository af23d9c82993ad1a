"""Read the zone data of tinydns.

Source: the tinydns-data page of djbdns. The inventory has a place for names and their addresses in
one zone and its reverse zones; every other record is listed.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from .found import Record, Records, Remark, is_address, read_text

_OCTAL = re.compile(r"\\([0-7]{1,3})")
_REVERSE = re.compile(r"((?:\d{1,3}\.){1,4})in-addr\.arpa")
_KINDS = {
    "@": "a mail exchanger",
    "'": "a text",
    ":": "a record of another type",
    "6": "an IPv6 address",
}
_KINDS |= {"3": "an IPv6 address", "%": "a location", "-": "a line that is switched off"}
# tinydns-data counts everything but SOA and NS a day long unless the line says otherwise.
_DEFAULT_TTL = 86400


def read(path: Path) -> Records:
    """Read a file `data`. Error: SourceError where it cannot be read."""
    reader = _Reader()
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        text = line.rstrip(" \t\r")
        if text and not text.startswith("#"):
            reader.read_line(text, f"{path}:{number}")
    return reader.records()


def address_of(reverse_name: str) -> str | None:
    """Turn `15.1.1.10.in-addr.arpa` into its address; None for what names no single address."""
    match = _REVERSE.fullmatch(reverse_name)
    if match is None:
        return None
    address = ".".join(reversed(match[1][:-1].split(".")))
    return address if is_address(address) else None


class _Reader:
    def __init__(self) -> None:
        self._records: list[Record] = []
        self._zones: list[str] = []
        self._ttls: Counter[int] = Counter()
        self._remarks: list[Remark] = []

    def records(self) -> Records:
        common = self._ttls.most_common(1)
        ttl = common[0][0] if common else None
        others = sum(self._ttls.values()) - self._ttls[ttl] if ttl is not None else 0
        if others:
            text = (
                f"{others} names may be cached for another time than {ttl} s; all are given that."
            )
            self._remarks.append(Remark("chosen", "zone data", text))
        return Records(
            tuple(self._records),
            tuple(dict.fromkeys(self._zones)),
            ttl,
            tuple(self._remarks),
        )

    def read_line(self, text: str, where: str) -> None:
        kind = text[0]
        fields = [_unescaped(part) for part in text[1:].split(":")] + [""] * 6
        name = _name(fields[0])
        match kind:
            case "." | "&":
                if kind == ".":
                    self._zones.append(name)
                self._name_server(name, fields[1], _name(fields[2]), where)
                self._timed(text, fields[4], fields[5], where)
            case "Z":
                self._zones.append(name)
            case "=" | "+" if name.startswith("*."):
                self._left_out(text, "a wildcard", where)
            case "=" | "+" if not is_address(fields[1]):
                self._left_out(text, "an address that is none", where)
            case "=" | "+":
                if self._timed(text, fields[3], fields[4], where):
                    self._records.append(Record("a", name, fields[1], where, kind == "="))
                    self._ttls[int(fields[2]) if fields[2].isdigit() else _DEFAULT_TTL] += 1
            case "^":
                if self._timed(text, fields[3], fields[4], where):
                    self._records.append(Record("ptr", name, _name(fields[1]), where))
            case "C":
                if self._timed(text, fields[3], fields[4], where):
                    self._records.append(Record("cname", name, _name(fields[1]), where))
            case _:
                self._left_out(text, _KINDS.get(kind, "a kind of line unknown here"), where)

    def _name_server(self, zone: str, address: str, server: str, where: str) -> None:
        # "If x contains a dot then it is the name, otherwise x.ns.fqdn."
        full = server if "." in server else f"{server}.ns.{zone}".lstrip(".")
        self._records.append(Record("ns", zone, full, where))
        if is_address(address):
            self._records.append(Record("glue", full, address, where))

    def _timed(self, text: str, stamp: str, location: str, where: str) -> bool:
        """Tell whether a record is for all time and everyone; list it if not."""
        if stamp or location:
            self._left_out(text, "a record for some time or for some clients", where)
        return not (stamp or location)

    def _left_out(self, text: str, what: str, where: str) -> None:
        self._remarks.append(Remark("left out", where, f"{text}: {what}."))


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8) & 0xFF), text)


def _name(text: str) -> str:
    return text.lower().rstrip(".")
