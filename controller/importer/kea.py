"""Read Kea's DHCPv4 configuration, or a bare list of its reservations.

Source: the Kea Administrator Reference Manual, "Kea Configuration" (JSON with `#`, `//` and `/* */`
comments, commas before a closing bracket, and `<?include "file"?>`) and "Host Reservations in
DHCPv4".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from .found import Found, Host, Pool, Remark, SourceError, Subnet, is_address, normal_mac, read_text

_LEXEME = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|//[^\n]*|/\*.*?\*/', re.DOTALL)
_INCLUDE = re.compile(r'<\?include\s+"([^"]+)"\s*\?>')
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(\s*[\]}])', re.DOTALL)
_TIMES = {
    "valid-lifetime": "default_lease_time",
    "min-valid-lifetime": "min_lease_time",
    "max-valid-lifetime": "max_lease_time",
}
_DONE = frozenset(
    {"hw-address", "ip-address", "hostname", "next-server", "boot-file-name", "option-data"}
    | {"user-context", "comment"}
)
# dhcpd.conf's names and types of the usual options: dhcp-options(5). The others need an eye.
_TEXTS = {12: "host-name", 15: "domain-name", 17: "root-path", 66: "tftp-server-name"}
_TEXTS |= {67: "bootfile-name"}
_ADDRESSES = {1: "subnet-mask", 3: "routers", 4: "time-servers", 6: "domain-name-servers"}
_ADDRESSES |= {7: "log-servers", 9: "lpr-servers", 28: "broadcast-address", 42: "ntp-servers"}
_ADDRESSES |= {44: "netbios-name-servers"}
_NAMES = {**_TEXTS, **_ADDRESSES, 119: "domain-search"}
_OTHER_NAMES = {"boot-file-name": "bootfile-name"}


def read(path: Path) -> Found:
    """Read a file. Error: SourceError where it is no JSON even without its comments."""
    text = _without_comments(path)
    try:
        data = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise SourceError(f"{path}:{line}: this is no JSON: {error}.") from error
    reader = _Reader(path, text)
    try:
        if isinstance(data, list):
            reader.reservations(data)
        else:
            reader.server(data.get("Dhcp4", data))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SourceError(f"{path}: this is JSON, but no configuration of Kea: {error}.") from error
    return reader.found()


def _without_comments(path: Path, depth: int = 0) -> str:
    """Make JSON of Kea's JSON; every line stays where it is."""

    def blanked(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith('"') else "\n" * match[0].count("\n")

    def included(match: re.Match[str]) -> str:
        name = Path(match[1])
        beside = path.parent / (name.name if name.is_absolute() else name)
        if depth > 10:
            raise SourceError(f"{path}: the includes go too deep.")
        return _without_comments(beside if beside.is_file() else name, depth + 1).replace("\n", " ")

    text = _INCLUDE.sub(included, _LEXEME.sub(blanked, read_text(path)))
    return _LAST_COMMA.sub(lambda match: match[1] or match[2], text)


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._domain: str | None = None
        self._resolvers: tuple[str, ...] = ()
        self._hosts: list[Host] = []
        self._subnets: list[Subnet] = []
        self._times: dict[str, int] = {}
        self._options: dict[str, str] = {}
        self._remarks: list[Remark] = []

    def found(self) -> Found:
        return Found(
            domain=self._domain,
            hosts=tuple(self._hosts),
            subnets=tuple(self._subnets),
            resolvers=self._resolvers,
            times=self._times,
            options=self._options,
            remarks=tuple(self._remarks),
        )

    def server(self, data: Mapping[str, Any]) -> None:
        self._times = _times(data)
        options = self._option_data(data, str(self._path))
        self._domain = options.pop("domain-name", '""').strip('"').lower().rstrip(".") or None
        servers = options.pop("domain-name-servers", "")
        self._resolvers = tuple(part.strip() for part in servers.split(",") if part)
        self._options = options
        self.reservations(data.get("reservations", []))
        for subnet in data.get("subnet4", []):
            self._subnet(subnet, None)
        for shared in data.get("shared-networks", []):
            for subnet in shared.get("subnet4", []):
                self._subnet(subnet, str(shared.get("name")))
        for key in ("client-classes", "option-def", "hooks-libraries"):
            if data.get(key):
                self._left_out(
                    key, "write what is needed of it as dhcpd.conf text", str(self._path)
                )

    def _subnet(self, data: Mapping[str, Any], shared_network: str | None) -> None:
        network = IPv4Network(data["subnet"], strict=False)
        where = self._where(str(data["subnet"]))
        options = self._option_data(data, where)
        routers = tuple(part.strip() for part in options.pop("routers", "").split(",") if part)
        pools = []
        for entry in data.get("pools", []):
            place = self._where(str(entry["pool"]))
            pools.append(Pool((_ends(str(entry["pool"])),), (), place))
            if entry.keys() - {"pool", "option-data", "comment", "user-context", "pool-id"}:
                self._left_out(f"the pool {entry['pool']}", "its classes", place)
        self._subnets.append(
            Subnet(
                network,
                where,
                tuple(pools),
                routers,
                shared_network,
                {**_times(data), **({"options": options} if options else {})},
            )
        )
        self.reservations(data.get("reservations", []))

    def reservations(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Take the reservations of a subnet, or of the server."""
        for entry in entries:
            key = str(entry.get("hw-address") or entry.get("ip-address") or entry.get("hostname"))
            where = self._where(key)
            mac = normal_mac(entry.get("hw-address"))
            shown = entry.get("hostname") or entry.get("ip-address") or json.dumps(entry)
            if mac is None:
                others = ", ".join(sorted(entry.keys() - _DONE)) or "no hw-address"
                told = f"Reservation {shown} is known by {others}, not by a MAC address."
                self._remarks.append(Remark("left out", where, told))
            else:
                for other in sorted(entry.keys() - _DONE):
                    self._left_out(f"{other} of the reservation {shown}", "no place for it", where)
            settings: dict[str, Any] = {}
            if entry.get("next-server") not in (None, "", "0.0.0.0"):
                settings["next_server"] = entry["next-server"]
            if entry.get("boot-file-name"):
                settings["filename"] = entry["boot-file-name"]
            options = self._option_data(entry, where)
            if options:
                settings["options"] = options
            address = entry.get("ip-address")
            addresses = (address,) if isinstance(address, str) and is_address(address) else ()
            hardware = () if mac is None else (mac,)
            if addresses or hardware:
                name = str(entry.get("hostname") or "")
                self._hosts.append(Host(name, where, addresses, hardware, settings))

    def _option_data(self, data: Mapping[str, Any], where: str) -> dict[str, str]:
        options = {}
        for entry in data.get("option-data", []):
            name, value = _option_name(entry), str(entry.get("data", ""))
            if name in _ADDRESSES.values():
                options[name] = value
            elif name in _TEXTS.values():
                options[name] = json.dumps(value)
            elif name == "domain-search":
                options[name] = ", ".join(json.dumps(part.strip()) for part in value.split(","))
            else:
                self._left_out(f"option {name} {value}", "dhcpd.conf writes it otherwise", where)
        return options

    def _where(self, value: str) -> str:
        """Find the line of a value; JSON has no memory of it."""
        at = self._text.find(json.dumps(value))
        return f"{self._path}:{self._text.count(chr(10), 0, max(at, 0)) + 1}"

    def _left_out(self, text: str, why: str, where: str) -> None:
        self._remarks.append(Remark("left out", where, f"{text}: {why}."))


def _option_name(entry: Mapping[str, Any]) -> str:
    """Return dhcpd's name of an option that Kea has by name or by code; its code if it is rare."""
    space = entry.get("space", "dhcp4")
    if space != "dhcp4":
        return f"{entry.get('name') or entry['code']} of the space {space}"
    if entry.get("name"):
        name = str(entry["name"])
        return _OTHER_NAMES.get(name, name)
    return _NAMES.get(int(entry["code"]), str(entry["code"]))


def _ends(pool: str) -> tuple[str, str]:
    """Read `first - last`, or a prefix."""
    if "/" in pool:
        network = IPv4Network(pool.replace(" ", ""), strict=False)
        return str(network[0]), str(network[-1])
    first, _, last = pool.partition("-")
    return str(IPv4Address(first.strip())), str(IPv4Address(last.strip()))


def _times(data: Mapping[str, Any]) -> dict[str, int]:
    return {ours: int(data[theirs]) for theirs, ours in _TIMES.items() if theirs in data}
