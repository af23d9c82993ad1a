"""Read OpenWrt's /etc/config/dhcp as the dnsmasq lines that OpenWrt generates from it.

Source: OpenWrt's documentation, "DHCP and DNS configuration". The interfaces' addresses are in
/etc/config/network, a copy of which must be beside the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from leasemerge.ranges import is_address

from .dnsmasq_files import Line, read_named
from .remarks import Remark, Section
from .source import SourceError
from .source_files import beside, read_text
from .values import number

_DEFAULT_TIME = "12h"
_UCI = re.compile(
    r"""(?P<space>[ \t\r\f\v]+|\#[^\n]*|\\\n) | (?P<end>[\n;]) | '(?P<single>[^']*)'
    | "(?P<double>(?:[^"\\]|\\.)*)" | (?P<escaped>\\.) | (?P<plain>[^\s'"\\#;]+) | (?P<stray>.)""",
    re.DOTALL | re.VERBOSE,
)
# Options of the sections that affect neither clients nor names, or only IPv6.
_SILENT = frozenset({
    "add_local_domain", "add_local_fqdn", "add_local_hostname", "allservers", "boguspriv",
    "cachesize", "dhcphostsfile", "dhcpleasemax", "dns_redirect", "dnsforwardmax", "domainneeded",
    "ednspacket_max", "expandhosts", "filterwin2k", "instance",
    "interface", "leasefile", "local", "local_addn_hosts", "localise_queries", "localservice",
    "localuse", "logdhcp", "logfacility", "logqueries", "max_cache_ttl", "maxport", "minport",
    "min_cache_ttl", "nonegcache", "noping", "nonwildcard", "notinterface",
    "queryport", "quietdhcp", "rebind_domain", "rebind_localhost",
    "resolvfile", "sequential_ip", "serversfile", "strictorder", "nohosts",
})  # fmt: skip
_IPV6 = frozenset({
    "dhcpv6", "dns", "dns_service", "domain", "duid", "hostid", "master", "max_preferred_lifetime",
    "max_valid_lifetime", "ndp", "ndproxy_routing", "ndproxy_slave", "preferred_lifetime",
    "prefix_filter", "ra", "ra_default", "ra_dns", "ra_flags", "ra_hoplimit", "ra_lifetime",
    "ra_management", "ra_maxinterval", "ra_mininterval", "ra_mtu", "ra_offlink", "ra_preference",
    "ra_reachabletime", "ra_retranstime", "ra_slaac", "ra_useleasetime", "ra_advrouter", "dhcpv4",
})  # fmt: skip
_TAGS = {
    "match": "dhcp-match", "mac": "dhcp-mac", "vendorclass": "dhcp-vendorclass",
    "userclass": "dhcp-userclass", "circuitid": "dhcp-circuitid", "remoteid": "dhcp-remoteid",
    "subscrid": "dhcp-subscrid",
}  # fmt: skip


@dataclass(slots=True)
class _Section:
    """A section: its type, its name, and the values of its options."""

    kind: str
    name: str
    where: str
    values: dict[str, list[str]] = field(default_factory=dict)

    def get(self, key: str) -> str:
        """Return the last value of an option, empty if there is none."""
        return self.values.get(key, [""])[-1]

    def words(self, key: str) -> list[str]:
        """Return all values, also several in one option."""
        return [word for value in self.values.get(key, []) for word in value.split()]


def read(path: Path) -> tuple[list[Line], list[Remark]]:
    """Return dnsmasq's lines, and what has no place. Raises SourceError: when it is not UCI."""
    reader = _Reader(path)
    for section in _sections(path):
        reader.section(section)
    return reader.lines, reader.remarks


def _sections(path: Path) -> list[_Section]:
    """Read a UCI file: `config TYPE NAME`, then `option NAME VALUE` or `list NAME VALUE`."""
    sections: list[_Section] = []
    for where, words in _commands(path):
        match words:
            case ["config", kind, *names]:
                sections.append(_Section(kind, names[0] if names else "", where))
            case ["package", *_]:
                pass
            case ["option" | "list" as word, key, value] if sections:
                values = sections[-1].values
                values[key] = [*values.get(key, []), value] if word == "list" else [value]
            case _:
                raise SourceError(f"{where}: this is not a line of OpenWrt's configuration.")
    return sections


def _commands(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the words of each command, and where it begins (libuci's file.c).

    A line end or a semicolon ends it, unless it is quoted; a # begins a comment, even in a word.
    """
    words: list[str] = []
    line, begins, open_word = 1, 1, False
    for match in _UCI.finditer(read_text(path) + "\n"):
        text, kind = match[0], match.lastgroup
        if kind == "stray":
            raise SourceError(f"{path}:{line}: a quotation mark is not closed.")
        if kind in {"plain", "single", "double", "escaped"}:
            part = text[1:] if kind == "escaped" else text if kind == "plain" else text[1:-1]
            part = re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) if kind == "double" else part
            begins = begins if words else line
            words = [*words[:-1], words[-1] + part] if open_word else [*words, part]
        elif kind == "end" and words:
            yield f"{path}:{begins}", words
            words = []
        open_word = kind in {"plain", "single", "double", "escaped"}
        line += text.count("\n")


class _Reader:
    """Turn sections into lines."""

    def __init__(self, path: Path) -> None:
        self.lines: list[Line] = []
        self.remarks: list[Remark] = []
        self._path = path
        self._interfaces = self._read_interfaces()
        for interfaces in self._interfaces.values():
            for interface in interfaces:
                self._line("interface-address", str(interface), f"{path}:1")

    def _read_interfaces(self) -> Mapping[str, list[IPv4Interface]]:
        path = beside(self._path, "/etc/config/network")
        if path is None:
            return {}
        interfaces: dict[str, list[IPv4Interface]] = {}
        for section in _sections(path):
            if section.kind != "interface" or section.get("proto") not in {"static", ""}:
                continue
            for address in section.words("ipaddr"):
                mask = section.get("netmask") or "24"
                try:
                    whole = address if "/" in address else f"{address}/{mask}"
                    interface = IPv4Interface(whole)
                except ValueError:
                    continue
                if not interface.ip.is_loopback:
                    interfaces.setdefault(section.name, []).append(interface)
        return interfaces

    def section(self, section: _Section) -> None:
        """Read one section."""
        if section.kind in _TAGS:
            tag, value = section.get("networkid"), section.get(section.kind)
            self._line(_TAGS[section.kind], f"set:{tag},{value}", section.where)
            self._options(section, tag, {"networkid", section.kind})
            return
        handlers = {
            "dnsmasq": self._dnsmasq,
            "dhcp": self._dhcp,
            "host": self._host,
            "domain": self._domain,
            "hostrecord": self._domain,
            "cname": self._cname,
            "mxhost": self._mxhost,
            "srvhost": self._srvhost,
            "tag": self._tag,
            "boot": self._boot,
        }
        if section.kind in handlers:
            handlers[section.kind](section)
        elif section.kind != "odhcpd":
            self._left_out(section, f"the section {section.kind}", "the inventory has no place")

    def _dnsmasq(self, section: _Section) -> None:
        lists = {
            "server": "server", "address": "address", "addnhosts": "addn-hosts",
            "rev_server": "rev-server", "dhcp_option": "dhcp-option", "listen_address":
            "listen-address", "ipset": "ipset", "bogusnxdomain": "bogus-nxdomain",
        }  # fmt: skip
        flags = {"authoritative": "dhcp-authoritative", "readethers": "read-ethers"}
        flags |= {"enable_tftp": "enable-tftp", "dnssec": "dnssec", "noresolv": "no-resolv"}
        flags |= {"rebind_protection": "stop-dns-rebind", "localmx": "localmx", "selfmx": "selfmx"}
        flags |= {"filter_a": "filter-a", "filter_aaaa": "filter-aaaa"}
        names = {"domain": "domain", "dhcp_boot": "dhcp-boot", "tftp_root": "tftp-root"}
        names |= {"confdir": "conf-dir", "dhcpscript": "dhcp-script", "port": "port"}
        text: list[str] = []
        for key, values in section.values.items():
            if key in lists:
                text += [f"{lists[key]}={value}" for value in values]
            elif key in flags and values[-1] in {"1", "on", "true", "yes"}:
                text.append(flags[key])
            elif key in names:
                text.append(f"{names[key]}={values[-1]}")
            elif key not in _SILENT | flags.keys():
                shown = f"{key} {' '.join(values)}"
                self._left_out(section, shown, "the inventory has no place for it")
        for line in text:
            key, _, value = line.partition("=")
            if key in {"addn-hosts", "conf-dir"}:
                lines, remarks = read_named(self._path, Line(key, value, section.where))
                self.lines += lines
                self.remarks += remarks
            else:
                self._line(key, value, section.where)

    def _dhcp(self, section: _Section) -> None:
        name = section.get("interface") or section.name
        known = {"interface", "start", "limit", "leasetime", "ignore", "dynamicdhcp", "networkid"}
        known |= {"force", "netmask", "dhcp_option", "dhcp_option_force", "instance", "tags"}
        for key in sorted(section.values.keys() - known - _IPV6):
            self._left_out(section, f"{key} of {name}", "the inventory has no place for it")
        if section.get("ignore") == "1":
            return
        if section.get("dhcpv6") in {"server", "hybrid"} or section.get("ra") == "server":
            self._left_out(
                section, f"IPv6 of {name}", "DHCPv6 and its advertisements stay on the old machine"
            )
        interfaces = self._interfaces.get(name, [])
        if not interfaces:
            why = "its address is not here; copy /etc/config/network beside this file"
            self._left_out(section, f"the pool of the interface {name}", why)
            return
        network = interfaces[0].network
        if is_address(section.get("netmask")):
            try:
                whole = f"{interfaces[0].ip}/{section.get('netmask')}"
                network = IPv4Network(whole, strict=False)
            except ValueError:
                self._left_out(section, f"netmask of {name}", "it is not a netmask")
        ends = _pool(network, section)
        if ends is None:
            why = f"start and limit do not lie in {network}"
            self._left_out(section, f"the pool of the interface {name}", why)
            return
        tag = section.get("networkid") or name
        time = section.get("leasetime") or _DEFAULT_TIME
        last = "static" if section.get("dynamicdhcp") == "0" else ends[1]
        parts = (f"set:{tag}", ends[0], last, str(network.netmask), time)
        self._line("dhcp-range", ",".join(parts), section.where)
        for value in section.values.get("dhcp_option", []):
            self._line("dhcp-option", f"tag:{tag},{value}", section.where)
        for value in section.values.get("dhcp_option_force", []):
            self._line("dhcp-option-force", f"tag:{tag},{value}", section.where)

    def _host(self, section: _Section) -> None:
        known = {"name", "mac", "ip", "leasetime", "tag", "match_tag", "broadcast", "dns"}
        known |= {"networkid"}
        for key in sorted(section.values.keys() - known - {"duid", "hostid", "instance"}):
            self._left_out(section, f"{key} of a host", "the inventory has no place for it")
        if section.get("hostid"):
            self._left_out(section, f"hostid {section.get('hostid')}", "its network is not here")
        tags = [*section.words("tag"), *section.words("networkid")]
        parts = [*section.words("mac"), *(f"set:{tag}" for tag in tags)]
        parts += [f"tag:{tag}" for tag in section.words("match_tag")]
        parts += [section.get(key) for key in ("ip", "name", "leasetime") if section.get(key)]
        self._line("dhcp-host", ",".join(parts), section.where)

    def _domain(self, section: _Section) -> None:
        for name in section.words("name"):
            for address in section.words("ip"):
                self._line("hosts-line", f"{address} {name}", section.where)

    def _cname(self, section: _Section) -> None:
        self._line("cname", f"{section.get('cname')},{section.get('target')}", section.where)

    def _mxhost(self, section: _Section) -> None:
        parts = (section.get("domain"), section.get("relay"), section.get("pref"))
        self._line("mx-host", ",".join(parts), section.where)

    def _srvhost(self, section: _Section) -> None:
        keys = ("srv", "target", "port", "class", "weight")
        self._line("srv-host", ",".join(map(section.get, keys)), section.where)

    def _tag(self, section: _Section) -> None:
        self._options(section, section.name, {"force"})

    def _boot(self, section: _Section) -> None:
        tags = "".join(f"tag:{tag}," for tag in section.words("networkid"))
        parts = (section.get("filename"), section.get("servername"), section.get("serveraddress"))
        self._line("dhcp-boot", f"{tags}{','.join(parts)}", section.where)
        known = {"filename", "servername", "serveraddress", "networkid", "force", "instance"}
        self._options(section, section.get("networkid"), known)

    def _options(self, section: _Section, tag: str, known: set[str]) -> None:
        """Read the DHCP options of a section that has a tag."""
        for value in section.values.get("dhcp_option", []):
            head = f"tag:{tag}," if tag else ""
            self._line("dhcp-option", head + value, section.where)
        for key in sorted(section.values.keys() - known - {"dhcp_option", "force", "instance"}):
            shown = f"{key} of the {section.kind} {section.name}".rstrip()
            self._left_out(section, shown, "the inventory has no place for it")

    def _line(self, key: str, value: str, where: str) -> None:
        self.lines.append(Line(key, value.rstrip(","), where))

    def _left_out(self, section: _Section, what: str, why: str) -> None:
        self.remarks.append(Remark(Section.LEFT_OUT, section.where, f"{what}: {why}."))


def _pool(network: IPv4Network, section: _Section) -> tuple[str, str] | None:
    """Return the ends of the pool: `start` counts from the network's address, or is an address."""
    start, limit = section.get("start") or "100", number(section.get("limit") or "150")
    offset = number(start)
    if offset is not None:
        first = int(network.network_address) + offset
    elif is_address(start):
        first = int(IPv4Address(start))
    else:
        return None
    if limit is None or limit < 1:
        return None
    last = min(first + limit - 1, int(network.broadcast_address) - 1)
    if first > last or first < int(network.network_address):
        return None
    return str(IPv4Address(first)), str(IPv4Address(last))
