"""Read Pi-hole's pihole.toml (version 6) as the dnsmasq lines that Pi-hole generates from it.

Source: the comments of the file itself. An older Pi-hole writes dnsmasq's own files: /etc/dnsmasq.d
and the hosts file custom.list.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from leasemerge.ranges import is_address

from .dnsmasq_files import Line
from .remarks import Remark, Section
from .source import SourceError
from .source_files import read_text


def read(path: Path) -> tuple[list[Line], list[Remark]]:
    """Return dnsmasq's lines, and what has no place. Raises SourceError: when it is not TOML."""
    text = read_text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{path}: this is not TOML: {error}.") from error
    reader = _Reader(path, text)
    reader.read(data)
    return reader.lines, reader.remarks


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self.lines: list[Line] = []
        self.remarks: list[Remark] = []
        self._path = path
        self._text = text

    def read(self, data: Mapping[str, Any]) -> None:
        dhcp, dns, misc = (_table(data, key) for key in ("dhcp", "dns", "misc"))
        domain = dns.get("domain") or dhcp.get("domain")
        name = domain.get("name") if isinstance(domain, Mapping) else domain
        if name:
            self._add("domain", str(name))
        if dhcp.get("active") is True:
            self._range(dhcp)
            self._add("dhcp-authoritative", "")  # as Pi-hole always is
        self._all("dhcp-host", dhcp.get("hosts"))
        if dhcp.get("ignoreUnknownClients") is True:
            self._add("dhcp-ignore", "tag:!known", "ignoreUnknownClients")
        self._all("hosts-line", dns.get("hosts"))
        if dns.get("hostRecord"):
            self._add("host-record", str(dns["hostRecord"]))
        self._all("cname", dns.get("cnameRecords"))
        for server in _texts(dns.get("upstreams")):
            self._add("server", server)
        if dns.get("dnssec") is True:
            self._add("dnssec", "")
        if _table(dns, "blocking").get("active") is not False:
            text = "Pi-hole blocks the names on its lists, and dnscache blocks none."
            self.remarks.append(Remark(Section.LEFT_OUT, self._where("[dns]"), text))
        for server in _texts(dns.get("revServers")):
            active, network, address, *zone = [part.strip() for part in server.split(",")] + [
                ""
            ] * 3
            if active == "true":
                self._add("rev-server", f"{network},{address}", server)
                if zone[0]:
                    self._add("server", f"/{zone[0]}/{address}", server)
        if misc.get("etc_dnsmasq_d") is True:
            text = "Pi-hole reads the files of /etc/dnsmasq.d too: import them along with this one."
            self.remarks.append(Remark(Section.LEFT_OUT, self._where("etc_dnsmasq_d"), text))
        for line in _texts(misc.get("dnsmasq_lines")):
            key, _, value = line.partition("=")
            self._add(key.strip().lower(), value.strip(), line)

    def _range(self, dhcp: Mapping[str, Any]) -> None:
        first, last = str(dhcp.get("start", "")), str(dhcp.get("end", ""))
        mask, time = str(dhcp.get("netmask", "")), str(dhcp.get("leaseTime", ""))
        if not is_address(first) or not is_address(last):
            where = self._where("start")
            text = f"start {first} and end {last} of dhcp: no range of addresses."
            self.remarks.append(Remark(Section.LEFT_OUT, where, text))
            return
        parts = [first, last, mask if is_address(mask) and mask != "0.0.0.0" else "", time or "24h"]
        self._add("dhcp-range", ",".join(filter(None, parts)), first)
        router = str(dhcp.get("router", ""))
        if is_address(router) and router != "0.0.0.0":
            self._add("dhcp-option", f"3,{router}", router)
        if dhcp.get("ipv6") is True:
            text = "ipv6 of dhcp: DHCPv6 is not deployed."
            self.remarks.append(Remark(Section.LEFT_OUT, self._where("ipv6"), text))

    def _all(self, key: str, values: object) -> None:
        for value in _texts(values):
            self._add(key, value)

    def _add(self, key: str, value: str, shown: str = "") -> None:
        self.lines.append(Line(key, value, self._where(shown or value)))

    def _where(self, value: str) -> str:
        """Find the line of a value; the TOML parser does not keep it."""
        at = max(self._text.find(f'"{value}"'), 0) or max(self._text.find(value), 0)
        return f"{self._path}:{self._text.count(chr(10), 0, at) + 1}"


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _texts(values: object) -> Iterable[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
