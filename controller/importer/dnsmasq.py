"""Read dnsmasq's configuration: the lines `dhcp-host`, `dhcp-range`, and the names it serves.

Source: dnsmasq(8). A file of `dhcp-hostsfile` is read too: it has the lines without the word.
"""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from .found import (
    Found,
    Host,
    Pool,
    Record,
    Records,
    Remark,
    Subnet,
    is_address,
    label_of,
    normal_mac,
    read_text,
)

# "45m", "1h", "2d", "1w", "infinite"; without a letter seconds.
_TIME = re.compile(r"(\d+)([smhdw]?)|infinite", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# A hardware type goes before: 06-aa:bb:cc:dd:ee:ff is no Ethernet address, which is type 1.
_TYPED = re.compile(r"([0-9A-Fa-f]{2})-((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})")
_SILENT = frozenset(
    {
        "domain-needed",
        "bogus-priv",
        "dhcp-authoritative",
        "expand-hosts",
        "interface",
        "bind-interfaces",
    }
    | {
        "listen-address",
        "no-resolv",
        "no-hosts",
        "no-poll",
        "server",
        "cache-size",
        "log-dhcp",
        "user",
    }
    | {"group", "dhcp-leasefile", "log-queries", "log-facility", "except-interface", "strict-order"}
)


def read(path: Path) -> tuple[Found, Records]:
    """Read a dnsmasq.conf, or a file of `dhcp-hostsfile`. Error: SourceError."""
    reader = _Reader(path)
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        text = line.partition("#")[0].strip()
        if text:
            reader.read_line(text, f"{path}:{number}")
    return reader.found(), reader.records()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._domain: str | None = None
        self._hosts: list[Host] = []
        self._subnets: dict[IPv4Network, Subnet] = {}
        self._routers: dict[str, tuple[tuple[str, ...], str]] = {}
        self._resolvers: tuple[str, ...] = ()
        self._tags: dict[str, IPv4Network] = {}
        self._times: dict[str, int] = {}
        self._records: list[Record] = []
        self._remarks: list[Remark] = []

    def found(self) -> Found:
        for tag, (routers, where) in self._routers.items():
            networks = [self._tags[tag]] if tag in self._tags else [*self._subnets]
            for network in networks:
                inside = tuple(a for a in routers if IPv4Address(a) in network)
                if inside:
                    self._subnets[network] = replace(self._subnets[network], routers=inside)
            if not networks:
                self._left_out(f"option router {', '.join(routers)}", "no dhcp-range has it", where)
        return Found(
            domain=self._domain,
            hosts=tuple(self._hosts),
            subnets=tuple(self._subnets.values()),
            resolvers=self._resolvers,
            times=self._times,
            remarks=tuple(self._remarks),
        )

    def records(self) -> Records:
        # To dnsmasq a host's name is a name in DNS as well.
        named = {record.name for record in self._records}
        for host in self._hosts:
            label = label_of(host.name) if host.name else None
            if label and self._full(label) not in named:
                self._records += [
                    Record("a", self._full(label), address, host.where, pointed=True)
                    for address in host.addresses
                ]
        return Records(tuple(self._records))

    def read_line(self, text: str, where: str) -> None:
        key, equals, value = text.partition("=")
        key = key.strip().lower()
        parts = [part.strip() for part in value.split(",")]
        if not equals and "," in text and ":" in text.partition(",")[0]:
            key, parts = "dhcp-host", [part.strip() for part in text.split(",")]
        match key:
            case "dhcp-host":
                self._host(text, parts, where)
            case "dhcp-range":
                self._range(text, parts, where)
            case "dhcp-option":
                self._option(text, parts, where)
            case "domain":
                self._domain = parts[0].lower().rstrip(".")
            case "host-record":
                self._host_record(parts, where)
            case "address":
                self._address(text, value, where)
            case "cname":
                # The last may be the seconds that the names may be cached.
                *aliases, target = parts[:-1] if parts[-1].isdecimal() else parts
                for alias in aliases:
                    self._records.append(
                        Record("cname", self._full(alias), self._full(target), where)
                    )
            case _ if key not in _SILENT:
                self._left_out(text, "the inventory has no place for it", where)

    def _host(self, text: str, parts: list[str], where: str) -> None:
        name = ""
        addresses: list[str] = []
        hardware: list[str] = []
        times: dict[str, int] = {}
        for part in parts:
            typed = _TYPED.fullmatch(part)
            mac = normal_mac(part if typed is None else typed[2] if typed[1] in {"01", "1"} else "")
            if mac is not None:
                hardware.append(mac)
            elif is_address(part):
                addresses.append(part)
            elif re.fullmatch(r"set:\S+", part):
                text_of_tag = f"{part} of dhcp-host: only dnsmasq has tags"
                self._remarks.append(Remark("left out", where, f"{text_of_tag}."))
            elif _TIME.fullmatch(part):
                times = _lease_times(part)
            elif re.fullmatch(r"[\w.-]+", part) and part not in {"ignore", "*"} and typed is None:
                if name:
                    told = f"{name} of dhcp-host: it has a second name, {part}, which it keeps."
                    self._remarks.append(Remark("left out", where, told))
                name = part
            elif part:
                # A wildcard, a client identifier, an IPv6 address, `ignore`.
                self._left_out(text, f"{part} cannot be said of a fixed host", where)
                return
        if not hardware:
            self._left_out(
                text, "it names no hardware address, so that dhcpd cannot know it", where
            )
        lines = [f"{key.replace('_', '-')} {seconds};" for key, seconds in times.items()]
        self._hosts.append(
            Host(
                name,
                where,
                tuple(addresses),
                tuple(hardware),
                {"extra": "\n".join(lines) + "\n"} if lines else {},
            )
        )

    def _range(self, text: str, parts: list[str], where: str) -> None:
        tags = [part for part in parts if re.match(r"(set|tag|interface|constructor):", part)]
        rest = [part for part in parts if part not in tags]
        addresses = [part for part in rest if is_address(part)]
        times = [part for part in rest if _TIME.fullmatch(part)]
        if not addresses:
            self._left_out(text, "no IPv4 range", where)
            return
        first = addresses[0]
        masks = [part for part in addresses[1:] if part.startswith("255.")]
        last = next((part for part in addresses[1:2] if part not in masks), None)
        if not masks:
            told = f"The dhcp-range {first} has no netmask; a /24 was taken for it."
            self._remarks.append(Remark("chosen", where, told))
        network = IPv4Network(f"{first}/{masks[0] if masks else 24}", strict=False)
        subnet = self._subnets.get(network, Subnet(network, where))
        if last is not None:
            pool = Pool(((first, last),), (), where)
            subnet = replace(subnet, pools=(*subnet.pools, pool))
        if times:
            subnet = replace(subnet, settings={**subnet.settings, **_lease_times(times[0])})
        self._subnets[network] = subnet
        for tag in tags:
            if tag.startswith("set:"):
                self._tags[tag.removeprefix("set:")] = network
            elif tag.startswith("tag:"):
                self._left_out(tag, "only dnsmasq has tags", where)

    def _option(self, text: str, parts: list[str], where: str) -> None:
        tags = [part.removeprefix("tag:") for part in parts if part.startswith("tag:")]
        rest = [part for part in parts if not part.startswith(("tag:", "set:"))]
        name, values = rest[0].lower().removeprefix("option:"), tuple(rest[1:])
        known = bool(values) and all(map(is_address, values))
        if name in {"3", "router"} and known and len(tags) < 2:
            self._routers[tags[0] if tags else ""] = (values, where)
        elif name in {"6", "dns-server"} and known and not tags:
            self._resolvers = values
        else:
            self._left_out(text, "write it as an option in site.yml", where)

    def _host_record(self, parts: list[str], where: str) -> None:
        addresses = [part for part in parts if is_address(part)]
        pointed = True
        for part in parts:
            if is_address(part) or part.isdigit():
                continue
            if ":" in part:
                self._left_out(part, "an IPv6 address", where)
                continue
            for address in addresses:
                self._records.append(Record("a", self._full(part), address, where, pointed))
            pointed = False

    def _address(self, text: str, value: str, where: str) -> None:
        *names, address = value.strip("/").split("/")
        if not is_address(address):
            self._left_out(text, "no IPv4 address", where)
            return
        for name in names:
            self._records.append(Record("a", self._full(name), address, where))
            told = f"dnsmasq gives {address} for every name below {name} too; tinydns will not."
            self._remarks.append(Remark("chosen", where, told))

    def _full(self, name: str) -> str:
        name = name.lower().rstrip(".")
        return name if "." in name or self._domain is None else f"{name}.{self._domain}"

    def _left_out(self, text: str, why: str, where: str) -> None:
        self._remarks.append(Remark("left out", where, f"{text}: {why}."))


def _lease_times(text: str) -> dict[str, int]:
    """Turn dnsmasq's one lease time into dhcpd's two; `infinite` is all ones (dhcpd.conf(5))."""
    match = _TIME.fullmatch(text)
    assert match is not None, text
    number, unit = match[1], (match[2] or "").lower()
    seconds = int(number) * _UNITS[unit] if number else 2**32 - 1
    return {"default_lease_time": seconds, "max_lease_time": seconds}
