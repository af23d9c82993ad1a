"""Read the names that dnsmasq serves and the servers it queries, as zone data.

Source: dnsmasq(8). A name outside the domain becomes a zone of its own, so that all other names in
its domain still resolve as before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

from leasemerge.ranges import is_address, reverse_zones

from .dnsmasq_files import Line, LineRemarks
from .remarks import Section
from .source import Host, Record, ZoneData
from .tinydns import character_string
from .values import is_ipv6, label_of, number

NAME_KEYS = frozenset(
    {"host-record", "address", "cname", "mx-host", "mx-target", "srv-host", "txt-record", "local"}
    | {"ptr-record", "caa-record", "dns-rr", "hosts-line", "server", "rev-server", "naptr-record"}
    | {"local-only", "synth-domain", "auth-server", "auth-zone", "auth-soa", "auth-sec-servers"}
    | {"auth-peer", "local-ttl"}
)
# Lines that only a full configuration has, not a hosts file.
_OF_A_CONFIGURATION = frozenset({"dhcp-range", "server", "domain", "domain-needed", "bogus-priv"})
_NOWHERE = frozenset({"0.0.0.0", "::", "127.0.0.1", "::1"})
_NAME = re.compile(r"[A-Za-z0-9_*]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")


class Namer:
    """Collect the records."""

    def __init__(
        self,
        lines: Sequence[Line],
        domain: str | None,
        domains: Sequence[tuple[int, int, str]],
    ) -> None:
        """Read `lines`; `domains` are those of address ranges: first, last, domain."""
        self._lines = lines
        self._domain = domain
        self._domains = domains
        self._records: list[Record] = []
        self._remarks = LineRemarks()
        self._zones: dict[str, None] = {}
        self._forward: dict[str, tuple[str, ...]] = {}
        self._upstream: list[str] = []
        self._blocked: list[Line] = []
        self._target = next((li.parts[0] for li in lines if li.key == "mx-target"), "")

    def zone_data(self, hosts: Sequence[Host]) -> ZoneData:
        """Return what the lines have, and the names of the DHCP server's hosts."""
        for line in self._lines:
            if line.key in NAME_KEYS:
                self._line(line)
        named = {record.name for record in self._records}
        for host in hosts:
            label = label_of(host.name) if host.name else None
            for address in host.addresses:
                if label and self._full(label, address) not in named:
                    full = self._full(label, address)
                    self._records.append(Record("a", full, address, host.where, pointed=True))
        for line in self._blocked[:1]:
            count = len(self._blocked)
            names = "name is" if count == 1 else "names are"
            text = f"{count} {names} blocked from here on, and dnscache blocks none."
            self._remarks.add(Section.LEFT_OUT, line.where, text)
        for record in self._records:
            self._make_zone(record)
        self._note_resolv_conf()
        return ZoneData(
            records=tuple(self._records),
            lone_names=tuple(self._zones),
            ttl=next((number(line.value) for line in self._lines if line.key == "local-ttl"), None),
            forward_zones=self._forward,
            upstream_resolvers=tuple(dict.fromkeys(self._upstream)),
            remarks=tuple(self._remarks),
        )

    def _note_resolv_conf(self) -> None:
        """Note that the servers dnsmasq queries are those of its machine's resolv.conf."""
        first = next((line for line in self._lines if line.key in _OF_A_CONFIGURATION), None)
        values = {line.key: line.value for line in self._lines}
        if first is None or self._upstream or "no-resolv" in values or values.get("port") == "0":
            return
        text = (
            "dnsmasq queries the name servers of its resolv.conf, dnscache those of the root; "
            "write site_upstream_resolvers where the network does not allow that."
        )
        self._remarks.add(Section.CHOSEN, first.where, text)

    def _make_zone(self, record: Record) -> None:
        """Make a zone for a name that lies outside the domains."""
        name = record.name.removeprefix("*.")
        ours = [self._domain, *(domain for _, _, domain in self._domains), *self._zones]
        inside = any(zone and (name == zone or name.endswith(f".{zone}")) for zone in ours)
        if not inside and record.kind != "ptr" and "." in name:
            self._zones[name] = None

    def _line(self, line: Line) -> None:
        parts = line.parts
        match line.key:
            case "host-record":
                self._host_record(line, parts)
            case "hosts-line":
                self._hosts_line(line)
            case "address":
                self._address(line)
            case "cname":
                # The last may be the TTL.
                *aliases, target = parts[:-1] if len(parts) > 2 and number(parts[-1]) else parts
                ttl = number(parts[-1]) if len(parts) > 2 else None
                for alias in aliases:
                    self._add("cname", alias, self._full(target), line, ttl=ttl)
            case "mx-host":
                name, target, preference = [*parts, "", ""][:3]
                exchanger = self._full(target or self._target or name)
                self._add("mx", name, f"{number(preference) or 1} {exchanger}", line)
            case "srv-host":
                name, target, port, priority, weight = [*parts, "", "", "", ""][:5]
                if not target:
                    self._remarks.no_place(line, "a service that is not offered")
                    return
                numbers = " ".join(str(number(n) or 0) for n in (priority, weight, port or "1"))
                self._add("srv", name, f"{numbers} {self._full(target)}", line)
            case "txt-record":
                texts = parts[1:] or [""]
                self._add("txt", parts[0], " ".join(map(character_string, texts)), line)
            case "ptr-record":
                name, target = [*parts, ""][:2]
                self._add("ptr", name, self._full(target), line)
            case "caa-record":
                name, flags, tag, value = [*parts, "", "", ""][:4]
                self._add(
                    "caa", name, f"{number(flags) or 0} {tag} {character_string(value)}", line
                )
            case "dns-rr":
                self._raw(line, parts)
            case "server" | "local" | "rev-server":
                self._server(line)
            case "mx-target" | "local-ttl":
                pass  # read before
            case _:
                self._remarks.no_place(line, "the inventory has no place for it")

    def _host_record(self, line: Line, parts: Sequence[str]) -> None:
        addresses = [part for part in parts if is_address(part)]
        v6 = [part for part in parts if is_ipv6(part)]
        names = [p for p in parts if p not in addresses and p not in v6 and number(p) is None]
        ttl = number(parts[-1])
        for place, name in enumerate(names):
            for address in addresses:
                first = place == 0
                self._add("a", name, address, line, pointed=first, ttl=ttl, address=address)
            for address in v6:
                self._add("aaaa", name, address, line, ttl=ttl)

    def _hosts_line(self, line: Line) -> None:
        address, *names = line.value.split()
        if address in _NOWHERE or address.startswith("127."):
            self._blocked += [line for name in names if "." in name and "localdomain" not in name]
            return
        kind = "a" if is_address(address) else "aaaa" if is_ipv6(address) else ""
        if not kind or not names:
            self._remarks.no_place(line, "no address and no name")
            return
        for place, name in enumerate(names):
            if kind == "aaaa" and (name.startswith("ip6-") or address.startswith(("fe", "ff"))):
                continue
            self._add(kind, name, address, line, pointed=place == 0, address=address)

    def _address(self, line: Line) -> None:
        *names, address = line.value.strip().split("/")[1:] or [line.value]
        names = [name for name in names if name]
        if address in {"#", ""} or address in _NOWHERE:
            self._blocked += [line] * max(1, len(names))
            return
        kind = "a" if is_address(address) else "aaaa" if is_ipv6(address) else ""
        if not kind or not names or "#" in names:
            self._remarks.no_place(line, "no name and its address")
            return
        for name in names:
            name = name.removeprefix("*").removeprefix(".")
            self._add(kind, name, address, line)
            # dnsmasq(8), address: "and any subdomain of it".
            self._add(kind, f"*.{name}", address, line)

    def _raw(self, line: Line, parts: Sequence[str]) -> None:
        code = number(parts[1]) if len(parts) > 1 else None
        data = re.sub(r"[:\s]", "", "".join(parts[2:]))
        if code is None or not re.fullmatch(r"([0-9A-Fa-f]{2})*", data):
            self._remarks.no_place(line, "no number of a type and no octets")
        else:
            self._add(f"TYPE{code}", parts[0], f"\\# {len(data) // 2} {data}".rstrip(), line)

    def _server(self, line: Line) -> None:
        """Read the resolvers that dnsmasq queries, for some zones or for all."""
        value = line.value.strip()
        zones: list[str] = []
        if line.key == "rev-server":
            network, _, value = value.partition(",")
            zones = _reverse_zones(network)
        elif value.startswith("/"):
            *zones, value = value.strip().split("/")[1:]
        zones = [zone.lower().strip(".") for zone in zones]
        address = re.split(r"[#@]", value)[0].strip()
        if not value or line.key == "local":
            return  # answered locally only, like everything in our zones
        if not is_address(address):
            if value != "#":
                self._remarks.no_place(line, "dnscache queries only addresses of IPv4")
            return
        port = re.search(r"#(\d+)", value)
        if port and port[1] != "53":
            self._remarks.no_place(line, f"dnscache queries only port 53, and not {port[1]}")
        elif IPv4Address(address).is_loopback:
            self._remarks.no_place(line, "it concerns only the old machine")
        elif not zones:
            self._upstream.append(address)
        elif "" in zones or any("*" in zone for zone in zones):
            self._remarks.no_place(line, "dnscache forwards whole zones only")
        else:
            for zone in zones:
                known = self._forward.get(zone, ())
                self._forward[zone] = tuple(dict.fromkeys((*known, address)))

    def _add(
        self,
        kind: str,
        name: str,
        value: str,
        line: Line,
        *,
        pointed: bool = False,
        ttl: int | None = None,
        address: str | None = None,
    ) -> None:
        if not _NAME.fullmatch(name):
            self._remarks.no_place(line, f"{name or 'nothing'} is not a name")
            return
        full = self._full(name, address)
        self._records.append(Record(kind, full, value, line.where, pointed=pointed, ttl=ttl))

    def _full(self, name: str, address: str | None = None) -> str:
        """Return a name in the domain, or in that of the address if it has its own."""
        absolute = name.endswith(".") or "." in name.removeprefix("*.").rstrip(".").lstrip("_")
        name = name.lower().rstrip(".")
        domain = self._domain
        if address is not None and is_address(address):
            at = int(IPv4Address(address))
            domain = next((d for a, b, d in self._domains if a <= at <= b), domain)
        if domain is None or (absolute and not re.fullmatch(r"_[^.]+\._[^.]+", name)):
            return name
        return f"{name}.{domain}"


def _reverse_zones(text: str) -> list[str]:
    """Name the reverse zones of a network; none if it is not an IPv4 network."""
    try:
        return reverse_zones([str(IPv4Network(text, strict=False))])
    except ValueError:
        return [""]
