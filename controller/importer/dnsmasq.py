"""Read dnsmasq's configuration: its ranges and hosts, its options and tags, the names it serves.

Source: dnsmasq(8). Its files have no order: all lines are read before one counts. A tag becomes
the subnet or the host that sets it, or else a condition of dhcpd.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Any

from . import options
from .dnsmasq_files import Line
from .dnsmasq_names import NAME_KEYS, Namer
from .found import (
    Found,
    Host,
    Pool,
    Records,
    Remark,
    Section,
    SourceError,
    Subnet,
    home_of,
    is_address,
    is_ipv6,
    joined_settings,
    normal_mac,
    number,
)

# "45m", "1h", "2d", "1w", "infinite"; without a letter seconds.
_TIME = re.compile(r"([0-9]{1,9})([smhdw]?)|infinite|deprecated", re.IGNORECASE)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_FOR_EVER = 2**32 - 1
# site_min_lease_time, and dhcpd's own.
_LEAST = 300
# dnsmasq's own, where a range has none.
_DEFAULT_TIME = 3600
# A hardware type goes before: 06-aa:bb:cc:dd:ee:ff is no Ethernet address, which is type 1.
_TYPED = re.compile(r"([0-9A-Fa-f]{1,2})-((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})")
_WILD_MAC = re.compile(r"(?:[0-9A-Fa-f]{1,2}|\*)(?::(?:[0-9A-Fa-f]{1,2}|\*)){5}")
_HOSTNAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_MODES = frozenset(
    {"static", "proxy", "ra-only", "ra-names", "ra-stateless", "ra-advrouter", "slaac", "off-link"}
)
_OPTION_NAMES = {
    "netmask": 1, "time-offset": 2, "router": 3, "dns-server": 6, "log-server": 7,
    "lpr-server": 9, "boot-file-size": 13, "domain-name": 15, "swap-server": 16, "root-path": 17,
    "extension-path": 18, "ip-forward-enable": 19, "non-local-source-routing": 20,
    "max-datagram-reassembly": 22, "default-ttl": 23, "mtu": 26, "all-subnets-local": 27,
    "broadcast": 28, "router-discovery": 31, "router-solicitation": 32, "arp-timeout": 35,
    "tcp-ttl": 37, "tcp-keepalive": 38, "nis-domain": 40, "nis-server": 41, "ntp-server": 42,
    "vendor-encap": 43, "netbios-ns": 44, "netbios-dd": 45, "netbios-nodetype": 46,
    "netbios-scope": 47, "x-windows-fs": 48, "x-windows-dm": 49, "t1": 58, "t2": 59,
    "vendor-class": 60, "nis+-domain": 64, "nis+-server": 65, "tftp-server": 66,
    "bootfile-name": 67, "mobile-ip-home": 68, "smtp-server": 69, "pop3-server": 70,
    "nntp-server": 71, "irc-server": 74, "user-class": 77, "client-arch": 93,
    "posix-timezone": 100, "tzdb-timezone": 101, "domain-search": 119, "sip-server": 120,
    "classless-static-route": 121, "tftp-server-address": 150,
}  # fmt: skip
# Types of machines as pxe-service names them: RFC 4578 section 2.1.
_PXE_TYPES = {
    "x86pc": 0, "pc98": 1, "ia64_efi": 2, "alpha": 3, "arc_x86": 4, "intel_lean_client": 5,
    "ia32_efi": 6, "x86-64_efi": 7, "xscale_efi": 8, "bc_efi": 9, "arm32_efi": 10, "arm64_efi": 11,
}  # fmt: skip
# Of the old machine, or of what dnsmasq does in another way: nothing of them can be carried over.
_SILENT = frozenset({
    "all-servers", "auth-ttl", "bind-dynamic", "bind-interfaces", "bogus-priv", "cache-size",
    "clear-on-reload", "conntrack", "dhcp-authoritative", "dhcp-broadcast", "dhcp-fqdn",
    "dhcp-ignore-clid", "dhcp-ignore-names", "dhcp-lease-max", "dhcp-leasefile",
    "dhcp-no-override", "dhcp-proxy", "dhcp-rapid-commit", "dhcp-sequential-ip",
    "dns-forward-max", "dns-loop-detect", "dns-rrset", "dnssec", "dnssec-check-unsigned",
    "domain", "domain-needed", "dumpfile", "dumpmask", "edns-packet-max", "enable-dbus",
    "enable-ra", "enable-ubus", "except-interface", "expand-hosts", "fast-dns-retry",
    "filter-a", "filter-aaaa", "filter-rr", "filterwin2k", "group", "interface",
    "interface-address", "interface-name", "keep-in-foreground", "leasefile-ro",
    "listen-address", "local-service", "localise-queries", "localmx", "log-async",
    "log-debug", "log-dhcp", "log-facility", "log-queries", "max-cache-ttl", "max-port",
    "max-tcp-connections", "max-ttl", "min-cache-ttl", "min-port", "neg-ttl", "no-daemon",
    "no-dhcp-interface", "no-dhcpv4-interface", "no-hosts", "no-negcache", "no-ping", "no-poll",
    "no-resolv", "no-round-robin", "pid-file", "port", "port-limit", "query-port", "quiet-dhcp",
    "quiet-dhcp6", "quiet-ra", "ra-param", "read-ethers", "rebind-domain-ok",
    "rebind-localhost-ok", "resolv-file", "script-arp", "selfmx", "stop-dns-rebind",
    "strict-order", "trust-anchor", "use-stale-cache", "user",
})  # fmt: skip


def interpret(
    lines: Sequence[Line], remarks: Iterable[Remark], domain: str | None = None
) -> tuple[Found, Records]:
    """Make of the lines what they mean together.

    `domain` is the one that counts, whatever the lines have.
    """
    return _Reader(lines, list(remarks), domain).result()


@dataclass(slots=True)
class _Tag:
    """What sets a tag."""

    networks: list[IPv4Network] = field(default_factory=list)
    hosts: list[int] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    """Of dhcpd."""


class _Reader:
    """Read the lines, the ones that others depend on first."""

    def __init__(self, lines: Sequence[Line], remarks: list[Remark], domain: str | None) -> None:
        self._lines = lines
        self._remarks = remarks
        self._subnets: dict[IPv4Network, Subnet] = {}
        self._hosts: list[Host] = []
        self._tags: dict[str, _Tag] = {}
        self._resolvers: tuple[str, ...] = ()
        self._times: dict[str, int] = {}
        self._options: dict[str, str] = {}
        self._definitions: dict[str, None] = {}
        self._extra: list[str] = []
        self._pool_rules: list[str] = []
        # What only some clients are given: the names of the settings, and the text.
        self._conditional: list[tuple[frozenset[str], str]] = []
        # Tags that only some clients of a range have, each with the line of the range.
        self._classes: dict[str, Line] = {}
        # Every tag that a line sets, also in a way that dhcpd does not know.
        self._set = {tag for line in lines for tag in _tags_set(line)}
        # Options 3 and 6 that a line sets, so that dnsmasq does not send its own address.
        self._said: dict[int, set[IPv4Network | None]] = {3: set(), 6: set()}
        self._own = self._own_addresses()
        self._domain, self._domains = self._read_domains(domain)

    def result(self) -> tuple[Found, Records]:
        steps: tuple[tuple[frozenset[str], Callable[[Line], None]], ...] = (
            (frozenset({"dhcp-range"}), self._range),
            (frozenset({"dhcp-host", "ethers-line"}), self._host),
            (_TAG_KEYS, self._tag),
            (_OPTION_KEYS, self._option),
            (frozenset({"dhcp-boot"}), self._boot),
            (frozenset({"pxe-service", "pxe-prompt"}), self._pxe),
            (frozenset({"dhcp-ignore"}), self._ignore),
        )
        done = {key for keys, _ in steps for key in keys} | NAME_KEYS | _SILENT
        # What has no tag is for those that nothing with one is for: dhcpd takes the last.
        lines = sorted(self._lines, key=_has_tag)
        for keys, step in steps:
            for line in lines:
                if line.key in keys:
                    step(line)
        for line in self._lines:
            if line.key not in done:
                self._left_out(line, _WHY.get(line.key, "the inventory has no place for it"))
        self._say_defaults()
        self._repeat_conditions()
        namer = Namer(self._lines, self._domain, self._domains)
        records = namer.records(self._hosts)
        source = self._lines[0].where.rpartition(":")[0] if self._lines else ""
        extra = (*self._definitions, *self._extra)
        if self._hosts:
            extra = ("use-host-decl-names on;", *extra)
            self._remark(
                Section.CHOSEN,
                source,
                "dnsmasq sends each host its name; so does use-host-decl-names in site_extra.",
            )
        return (
            Found(
                source=source,
                domain=self._domain,
                hosts=tuple(self._hosts),
                subnets=tuple(self._subnets.values()),
                resolvers=self._resolvers,
                times=self._times,
                options=self._options,
                extra=extra,
                authoritative=True if self._has("dhcp-authoritative") else None,
                role_variables=(
                    {"dhcpd_pool_extra": "".join(f"{rule}\n" for rule in self._pool_rules)}
                    if self._pool_rules
                    else {}
                ),
                remarks=tuple(self._remarks),
            ),
            records,
        )

    def _has(self, key: str) -> bool:
        return any(line.key == key for line in self._lines)

    # The machine and its domains.

    def _own_addresses(self) -> list[tuple[str, int | None]]:
        """Return dnsmasq's own addresses, each with the length of its prefix where it is known."""
        own: list[tuple[str, int | None]] = []
        for line in self._lines:
            if line.key in {"listen-address", "interface-address"}:
                for part in line.parts:
                    address, _, prefix = part.partition("/")
                    if is_address(address) and not IPv4Address(address).is_loopback:
                        length = number(prefix)
                        own.append((address, length if length and length < 33 else None))
        return own

    def _read_domains(self, domain: str | None) -> tuple[str | None, list[tuple[int, int, str]]]:
        """Return the domain of all, and those of some: first address, last address, domain."""
        of_all = domain
        of_some: list[tuple[int, int, str]] = []
        for line in self._lines:
            if line.key != "domain":
                continue
            name, *where = line.parts
            name = name.lower().strip(".")
            if name == "#" or not name:
                self._left_out(line, "the domain of the old machine's resolv.conf; use --domain")
            elif not where or not where[0]:
                of_all = domain or name
            elif (span := _span(where)) is not None:
                of_some.append((*span, name))
            elif not is_ipv6(where[0].partition("/")[0]):
                self._left_out(line, "no network, and no range of addresses")
        if of_all is None and of_some:
            of_all = of_some[0][2]
        return of_all, [item for item in of_some if item[2] != of_all]

    def _domain_of(self, network: IPv4Network) -> str | None:
        first, last = int(network[0]), int(network[-1])
        return next((d for a, b, d in self._domains if a <= first and last <= b), None)

    # Ranges.

    def _range(self, line: Line) -> None:
        parts = [part for part in line.parts if part]
        while parts and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", parts[0]):
            parts = [*parts[1:], f"set:{parts[0]}"]  # the old form of a tag, without its word
            if all(part.startswith("set:") for part in parts):
                break
        tags = [part for part in parts if re.match(r"(set|tag|net|interface|constructor):", part)]
        rest = [part for part in parts if part not in tags]
        addresses = [part for part in rest if is_address(part)]
        if not addresses:
            v6 = any(":" in part for part in rest)
            self._left_out(line, "DHCPv6 is not deployed" if v6 else "no IPv4 range")
            return
        if "proxy" in rest:
            self._left_out(line, "the addresses are another server's; this one only boots")
            return
        first = addresses[0]
        last = addresses[1] if len(addresses) > 1 and not _is_mask(addresses[1]) else None
        masks = [part for part in addresses[1:] if _is_mask(part)]
        network = self._network(line, first, last, masks)
        subnet = self._subnets.get(network)
        if subnet is None:
            subnet = Subnet(network, line.where, domain=self._domain_of(network))
        times = [part for part in rest if _TIME.fullmatch(part)]
        settings = _lease_times(times[0]) if times else {}
        wanted = [part for part in tags if part.startswith(("tag:", "net:"))]
        if last is not None and int(IPv4Address(first)) > int(IPv4Address(last)):
            self._left_out(line, "its ends are the wrong way round")
            last = None
        if last is not None:
            rules = self._rules_of(wanted, line)
            pool = Pool(((first, last),), rules, line.where)
            subnet = replace(subnet, pools=(*subnet.pools, pool))
        if settings or not subnet.settings:
            default = {"default_lease_time": _DEFAULT_TIME, "max_lease_time": _DEFAULT_TIME}
            subnet = replace(subnet, settings={**default, **subnet.settings, **settings})
        self._subnets[network] = subnet
        for tag in tags:
            if tag.startswith("set:"):
                self._tag_named(tag).networks.append(network)

    def _network(
        self, line: Line, first: str, last: str | None, masks: Sequence[str]
    ) -> IPv4Network:
        if masks:
            return IPv4Network(f"{first}/{masks[0]}", strict=False)
        ends = [IPv4Address(first), IPv4Address(last or first)]
        known = [n for n in self._subnets if all(end in n for end in ends)]
        known += [
            IPv4Network(f"{address}/{length}", strict=False)
            for address, length in self._own
            if length
            and all(end in IPv4Network(f"{address}/{length}", strict=False) for end in ends)
        ]
        if known:
            return known[0]
        length = 24
        own = [IPv4Address(address) for address, _ in self._own]
        near = [a for a in own if str(a).split(".")[:2] == first.split(".")[:2]]
        if any(a in IPv4Network(f"{first}/24", strict=False) for a in near):
            near = []  # it has an address there: the others are of other networks
        while not all(
            end in IPv4Network(f"{first}/{length}", strict=False) for end in (*ends, *near)
        ):
            length -= 1
        network = IPv4Network(f"{first}/{length}", strict=False)
        text = (
            f"The dhcp-range {first} has no netmask, dnsmasq takes its interface's; {network} was "
            "taken for it."
        )
        self._remark(Section.CHOSEN, line.where, text)
        return network

    def _rules_of(self, tags: Sequence[str], line: Line) -> dict[str, Any]:
        """Return the rules of a pool for some clients; its class is defined when tags are read."""
        rules: dict[str, Any] = {}
        for tag in tags:
            name = tag.partition(":")[2]
            deny, name = name.startswith("!"), name.removeprefix("!")
            if name == "known":
                rules.setdefault("deny" if deny else "allow", []).append("known-clients")
            else:
                rules.setdefault("deny" if deny else "allow", []).append(f'members of "{name}"')
                self._tag_named(name)
                self._classes.setdefault(name, line)
        return rules

    # Hosts.

    def _host(self, line: Line) -> None:
        parts = line.parts
        if line.key == "ethers-line":
            parts = line.value.split()[:2]
        names: list[str] = []
        addresses: list[str] = []
        ipv6: list[str] = []
        hardware: list[str] = []
        clients: list[str] = []
        settings: dict[str, Any] = {}
        tags: list[str] = []
        ignored = False
        for part in filter(None, parts):
            typed = _TYPED.fullmatch(part)
            mac = normal_mac(typed[2] if typed and int(typed[1], 16) == 1 else part)
            if mac is not None and (typed is None or int(typed[1], 16) == 1):
                hardware.append(mac)
            elif is_address(part):
                addresses.append(part)
            elif part.startswith("[") and is_ipv6(part.strip("[]").partition("/")[0]):
                self._ipv6(line, part, ipv6)
            elif part.startswith("id:"):
                clients.append(part.removeprefix("id:"))
            elif part.startswith(("set:", "net:")):
                tags.append(part.partition(":")[2])
            elif part.startswith("tag:"):
                self._left_out(line, f"{part}: a fixed host is known by its MAC address alone")
            elif part == "ignore":
                ignored = True
            elif _TIME.fullmatch(part) and part.lower() != "deprecated":
                settings = {"extra": "".join(_time_lines(part))}
            elif _WILD_MAC.fullmatch(part):
                clients.append(part)
            elif _HOSTNAME.fullmatch(part):
                names.append(part)
            else:
                self._left_out(line, f"{part} has no place with a fixed host")
        if len(names) > 1:
            self._remark(
                Section.LEFT_OUT,
                line.where,
                f"{names[0]} of dhcp-host: it has a second name, {names[1]}; the last one counts.",
            )
        host = Host(
            names[-1] if names else "",
            line.where,
            tuple(addresses),
            tuple(hardware),
            settings,
            ipv6=tuple(ipv6),
        )
        if ignored:
            self._ignored(line, host, clients)
        elif hardware and (addresses or names or ipv6):
            if clients:
                why = "dhcpd knows the host by its MAC address"
                self._left_out(line, f"{', '.join(clients)}: {why}")
            self._hosts.append(host)
            for tag in tags:
                self._tags.setdefault(tag, _Tag()).hosts.append(len(self._hosts) - 1)
        else:
            self._unusual_host(line, host, clients, tags)

    def _ipv6(self, line: Line, part: str, ipv6: list[str]) -> None:
        address = IPv6Address(part.strip("[]").partition("/")[0])
        if int(address) >> 64:
            ipv6.append(str(address))
        else:
            self._left_out(line, f"{part}: the network of an IPv6 address is written out here")

    def _ignored(self, line: Line, host: Host, clients: Sequence[str]) -> None:
        """Write a client that gets no address: dhcpd has that for a MAC address."""
        for mac in host.hardware:
            block = f"host ignored-{mac.replace(':', '')}"
            self._extra.append(f"{block} {{\n    hardware ethernet {mac};\n    deny booting;\n}}")
            self._remark(
                Section.KEPT, line.where, f"{mac} is ignored: deny booting, in site_extra."
            )
        if not host.hardware:
            shown = host.name or ", ".join(clients)
            self._left_out(line, f"{shown} cannot be ignored without a MAC address")

    def _unusual_host(
        self, line: Line, host: Host, clients: Sequence[str], tags: Sequence[str]
    ) -> None:
        """Read a line that names no MAC address, or only sets tags."""
        wild = [client for client in clients if _WILD_MAC.fullmatch(client)]
        ids = [client for client in clients if client not in wild]
        conditions = [f"hardware = 1:{mac}" for mac in host.hardware]
        conditions += [_of_wild_mac(mac) for mac in wild]
        conditions += [f"option dhcp-client-identifier = {_client_id(i)}" for i in ids if i != "*"]
        if host.addresses and not wild and (host.name or ids) and "*" not in ids:
            key = (
                f"option dhcp-client-identifier {_client_id(ids[0])};"
                if ids
                else f"host-identifier option host-name {options.quoted(host.name)};"
            )
            block = re.sub(r"[^a-z0-9-]+", "-", (host.name or f"id-{host.addresses[0]}").lower())
            address = ", ".join(host.addresses)
            lines = [f"    {key}", f"    fixed-address {address};"]
            lines += [] if host.name else ["    use-host-decl-names off;"]
            lines += [f"    {text}" for text in str(host.settings.get("extra", "")).splitlines()]
            what = "its client identifier" if ids else "the name it sends"
            self._hosts.append(
                replace(
                    host,
                    text="\n".join([f"host {host.name or block} {{", *lines, "}"]),
                    irregular=f"it is known by {what}, not by a MAC address",
                )
            )
        elif tags and conditions:
            for tag in tags:
                self._tags.setdefault(tag, _Tag()).conditions += conditions
        elif host.hardware:
            self._left_out(line, "it has neither a name nor an address")
        elif wild:
            self._left_out(line, f"{', '.join(wild)}: a fixed host has whole MAC addresses")
        elif host.name and tags:
            name = options.quoted(host.name)
            for tag in tags:
                self._tags.setdefault(tag, _Tag()).conditions.append(f"option host-name = {name}")
        elif host.addresses or host.ipv6 or host.name:
            self._left_out(line, "it names no MAC address, so that dhcpd cannot know it")

    # Tags, and what is for some clients.

    def _tag_named(self, tag: str) -> _Tag:
        return self._tags.setdefault(tag.partition(":")[2] if ":" in tag else tag, _Tag())

    def _tag(self, line: Line) -> None:
        """Turn what sets a tag into a condition of dhcpd."""
        head, *rest = line.parts
        name = head.partition(":")[2] if head.startswith(("set:", "net:")) else head
        text = ",".join(rest)
        condition: str | None = None
        if line.key == "dhcp-mac" and _WILD_MAC.fullmatch(text):
            condition = _of_wild_mac(text)
        elif line.key == "dhcp-vendorclass" and not text.startswith("enterprise:"):
            condition = f"option vendor-class-identifier ~= {_pattern(text)}"
        elif line.key == "dhcp-userclass":
            condition = f"option user-class ~= {_pattern(text)}"
        elif line.key == "dhcp-circuitid":
            condition = f"option agent.circuit-id = {_octets(text)}"
        elif line.key == "dhcp-remoteid":
            condition = f"option agent.remote-id = {_octets(text)}"
        elif line.key == "dhcp-name-match":
            condition = f"option host-name ~= {_pattern('^' + text.rstrip('*'), anchored=True)}"
        elif line.key == "dhcp-match":
            condition = self._match(rest)
        elif line.key == "tag-if":
            sets = [part[4:] for part in line.parts if part.startswith("set:")]
            wanted = [part for part in line.parts if part.startswith("tag:")]
            condition = self._condition(wanted)
            if condition is not None:
                for tag in sets:
                    self._tag_named(tag).conditions.append(condition)
                return
        if condition is None:
            self._left_out(line, "dhcpd has no such condition")
        else:
            self._tag_named(name).conditions.append(condition)

    def _match(self, rest: Sequence[str]) -> str | None:
        """Read the condition of dhcp-match: an option is sent, or has this value."""
        code = _option_code(rest[0]) if rest else None
        if code is None:
            return None
        name = options.name_of(code)
        encapsulated = code in (43, 125, 175)
        of_space = rest[0].startswith(("vi-encap", "encap", "vendor"))
        if of_space or (encapsulated and len(rest) > 1):
            return None
        if (written := options.option(code, ["1"])) and written.definition:
            self._definitions[written.definition] = None
        if len(rest) == 1:
            return f"exists {name}"
        value = ",".join(rest[1:])
        as_number = number(value)
        if as_number is not None:
            size = {93: 2, 13: 2, 57: 2}.get(code, 1 if as_number < 256 else 2)
            return f"option {name} = {options.octets(as_number.to_bytes(4)[-size:])}"
        if re.fullmatch(r"([0-9A-Fa-f]{1,2}|\*)(:([0-9A-Fa-f]{1,2}|\*))+", value):
            return _of_octets(f"option {name}", value)
        return f"option {name} ~= {_pattern(value)}"

    def _condition(self, tags: Iterable[str]) -> str | None:
        """Return the condition of dhcpd that all these tags are set; None if there is none."""
        conditions = []
        for each in tags:
            if self._is_always(each):
                continue
            name = each.partition(":")[2] if ":" in each else each
            negated, name = name.startswith("!"), name.removeprefix("!")
            tag = self._tags.get(name, _Tag())
            parts = [*tag.conditions] + [
                f"hardware = 1:{mac}" for index in tag.hosts for mac in self._hosts[index].hardware
            ]
            if name == "known":
                parts = ["known"]
            if not parts:
                return None
            whole = _any(parts)
            conditions.append(f"not ({whole})" if negated else whole)
        if len(conditions) == 1:
            return conditions[0]
        return " and ".join(f"({condition})" for condition in conditions) or None

    def _is_always(self, tag: str) -> bool:
        """Tell whether every client has a tag: it is the opposite of one that nothing sets."""
        name = tag.partition(":")[2]
        return name.startswith("!") and name[1:] not in self._set | {"known"}

    def _give(self, line: Line, tags: Sequence[str], settings: Mapping[str, Any]) -> bool:
        """Apply settings to the clients with all the tags; return whether that was possible."""
        tags = [tag for tag in tags if not self._is_always(tag)]
        names = [tag.partition(":")[2] for tag in tags]
        places = [name for name in names if name in self._tags and not name.startswith("!")]
        networks = dict.fromkeys(n for name in places for n in self._tags[name].networks)
        hosts = [index for name in places for index in self._tags[name].hosts]
        if not names:
            self._give_all(settings)
            return True
        if len(names) == 1 and (networks or hosts):
            for network in networks:
                self._give_subnet(network, settings)
            for index in hosts:
                host = self._hosts[index]
                self._hosts[index] = replace(
                    host, settings=joined_settings(host.settings, settings)
                )
            if not self._tags[names[0]].conditions:
                return True
        of_subnet = next((name for name in places if self._tags[name].networks), None)
        others = [tag for tag, name in zip(tags, names, strict=True) if name != of_subnet]
        if len(names) == 1:
            of_subnet, others = None, list(tags)
            condition = _any(self._tags.get(names[0], _Tag()).conditions) or self._condition(tags)
        else:
            condition = self._condition(others)
        if condition is None:
            shown = ", ".join(names)
            self._left_out(line, f"nothing here that dhcpd knows sets the tag {shown}")
            return False
        text = options.when(condition, _statements(settings))
        if of_subnet is None:
            self._extra.append(text)
            self._conditional.append((_keys(settings), text))
        else:
            for network in dict.fromkeys(self._tags[of_subnet].networks):
                self._give_subnet(network, {"extra": text + "\n"})
        return True

    def _give_all(self, settings: Mapping[str, Any]) -> None:
        self._options.update(settings.get("options", {}))
        rest = {key: value for key, value in settings.items() if key != "options"}
        self._extra += _statements(rest)

    def _repeat_conditions(self) -> None:
        """Repeat what some clients are given in the subnets that give all of theirs the same.

        A subnet's tag gives way to a client's in dnsmasq, and goes before it in dhcpd.
        """
        for network, subnet in self._subnets.items():
            own = _keys(subnet.settings)
            texts = [text for keys, text in self._conditional if keys & own]
            extra = str(subnet.settings.get("extra", ""))
            if texts:
                settings = {**subnet.settings, "extra": "\n".join([*texts, extra])}
                self._subnets[network] = replace(subnet, settings=settings)

    def _give_subnet(self, network: IPv4Network, settings: Mapping[str, Any]) -> None:
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

    # Options.

    def _option(self, line: Line) -> None:
        tags = [p for p in line.parts if p.startswith(("tag:", "net:")) and ":" in p]
        rest = [p for p in line.parts if not p.startswith(("tag:", "set:", "net:"))]
        kinds = [p for p in rest if p.startswith(("vendor:", "encap:", "vi-encap:"))]
        if kinds:
            self._left_out(line, f"{kinds[0]}: write it as dhcpd.conf text")
            return
        while rest and _option_code(rest[0]) is None and not rest[0].startswith("option"):
            tags.append(f"tag:{rest.pop(0)}")  # the old form of a tag, without its word
        code = _option_code(rest[0]) if rest else None
        if rest and rest[0].startswith("option6:"):
            self._left_out(line, "DHCPv6 is not deployed")
            return
        if code is None:
            self._left_out(line, "an option unknown here; write it as an option in site.yml")
            return
        values = [value for value in rest[1:] if value]
        if line.key == "dhcp-option-force" and values:
            text = f"{line.text} is always sent; dhcpd sends what a client asks for."
            self._remark(Section.CHOSEN, line.where, text)
        networks: set[IPv4Network | None] = {None}
        if tags:
            networks = {n for tag in tags for n in self._tag_named(tag).networks}
        if code in self._said:
            self._said[code] |= networks
        if not values:
            if code not in self._said:
                self._left_out(line, "an option without a value: dhcpd sends it only with one")
            return
        if "0.0.0.0" in values:
            self._own_as_value(line, values, networks)
            if "0.0.0.0" in values:
                return
        if code == 6 and {*values} <= {address for address, _ in self._own}:
            text = (
                f"{line.text}: that is dnsmasq itself; now clients get the group dnscache_servers."
            )
            self._remark(Section.CHOSEN, line.where, text)
        elif code == 3 and not tags and all(map(is_address, values)):
            self._routers(line, values)
        elif code == 6 and not tags and all(map(is_address, values)):
            self._resolvers = tuple(values)
        elif code == 15 and not tags:
            self._domain = values[0].lower().strip(".") or self._domain
        else:
            written = options.option(code, values)
            if written is None:
                self._left_out(line, "its value does not fit the option")
                return
            if written.definition:
                self._definitions[written.definition] = None
                text = f"option {written.name} {written.value};"
                self._give(line, tags, {"extra": text + "\n"})
            else:
                self._give(line, tags, {"options": {written.name: written.value}})

    def _own_as_value(
        self, line: Line, values: list[str], networks: set[IPv4Network | None]
    ) -> None:
        """Replace 0.0.0.0, which stands for dnsmasq's own address, if that is known."""
        own = [
            address
            for address, _ in self._own
            if any(n is None or IPv4Address(address) in n for n in networks)
        ]
        if len(own) == 1:
            values[:] = [own[0] if value == "0.0.0.0" else value for value in values]
        else:
            self._left_out(line, "0.0.0.0 stands for dnsmasq's own address; write the new one")

    def _routers(self, line: Line, values: Sequence[str]) -> None:
        """Add routers to the subnets that they lie in."""
        placed = False
        for network in self._subnets:
            inside = tuple(a for a in values if IPv4Address(a) in network)
            if inside:
                placed = True
                routers = {"options": {"routers": ", ".join(inside)}}
                self._give_subnet(network, routers)
        if not placed:
            self._left_out(line, "no dhcp-range is in the network of this router")

    def _boot(self, line: Line) -> None:
        tags = [p for p in line.parts if p.startswith(("tag:", "net:"))]
        file, *servers = [p for p in line.parts if p not in tags]
        addresses = [part for part in servers if is_address(part)]
        settings: dict[str, Any] = {"filename": file} if file else {}
        unknown_server = False
        if addresses:
            settings["next_server"] = addresses[0]
        elif len(servers) > 1 and servers[1]:
            settings["next_server"] = servers[1]
        elif file and not re.match(r"[a-z]+://", file):
            own = [address for address, _ in self._own]
            if len(own) == 1:
                settings["next_server"] = own[0]
            else:
                unknown_server = True
        if servers and servers[0] and not is_address(servers[0]):
            settings["extra"] = f"server-name {options.quoted(servers[0])};\n"
        if settings and self._give(line, tags, settings) and unknown_server:
            text = "its server is dnsmasq itself: write next_server beside filename"
            self._left_out(line, text)

    def _pxe(self, line: Line) -> None:
        tags = [p for p in line.parts if p.startswith(("tag:", "net:"))]
        parts = [p for p in line.parts if p not in tags]
        if line.key == "pxe-prompt" or len(parts) < 3 or number(parts[2]) is not None:
            self._left_out(line, "dhcpd shows no boot menu")
            return
        machine = _PXE_TYPES.get(parts[0].lower(), number(parts[0]))
        if machine is None or machine > 65535:
            self._left_out(line, f"{parts[0]} is no type of machine")
            return
        file = parts[2] if "." in parts[2] else f"{parts[2]}.0"
        settings: dict[str, Any] = {"filename": file}
        if len(parts) > 3 and is_address(parts[3]):
            settings["next_server"] = parts[3]
        elif len(self._own) == 1:
            settings["next_server"] = self._own[0][0]
        high, low = divmod(machine, 256)
        name = f"pxe-type-{machine}"
        self._tags[name] = _Tag(conditions=[f"option pxe-system-type = {high:02x}:{low:02x}"])
        if self._give(line, [*tags, f"tag:{name}"], settings):
            text = f"{line.text}: such a machine boots {file} now, without a menu."
            self._remark(Section.CHOSEN, line.where, text)

    def _ignore(self, line: Line) -> None:
        tags = [p if ":" in p else f"tag:{p}" for p in line.parts if p]
        if tags in (["tag:!known"], ["tag:#known"]):
            self._pool_rules.append("deny unknown-clients;")
            return
        condition = self._condition(tags)
        if condition is None:
            self._left_out(line, "nothing here that dhcpd knows sets the tag")
        else:
            self._extra.append(options.when(condition, ["deny booting;"]))

    # What dnsmasq does unless a line sets it.

    def _say_defaults(self) -> None:
        for name, line in self._classes.items():
            condition = self._condition([f"tag:{name}"])
            if condition is None:
                why = (
                    f"nothing here that dhcpd knows sets the tag {name}; write `match if …;` into "
                    f'class "{name}" of site_extra, which nobody is in until then'
                )
                self._left_out(line, why)
            match = "" if condition is None else f"    match if {condition};\n"
            self._extra.append(f'class "{name}" {{\n{match}}}')
        for network, subnet in list(self._subnets.items()):
            if subnet.routers or None in self._said[3] or network in self._said[3]:
                continue
            own = [address for address, _ in self._own if IPv4Address(address) in network]
            if own:
                self._subnets[network] = replace(subnet, routers=(own[0],))
                text = f"dnsmasq sends the clients of {network} its own address {own[0]} as router."
                self._remark(Section.CHOSEN, subnet.where, text)
            elif subnet.pools or self._hosts_in(network):
                text = (
                    f"dnsmasq sends the clients of {network} its own address as router, which is "
                    "not here: write it as routers of the subnet."
                )
                self._remark(Section.LEFT_OUT, subnet.where, text)
        if self._subnets and not self._resolvers and not self._said[6]:
            first = next(iter(self._subnets.values()))
            text = (
                "dnsmasq sends clients its own address as name server; now they get the group "
                "dnscache_servers."
            )
            self._remark(Section.CHOSEN, first.where, text)

    def _hosts_in(self, network: IPv4Network) -> bool:
        subnets = [self._subnets[network]]
        return any(home_of(a, subnets) for host in self._hosts for a in host.addresses)

    def _remark(self, section: Section, where: str, text: str) -> None:
        self._remarks.append(Remark(section, where, text))

    def _left_out(self, line: Line, why: str) -> None:
        self._remark(Section.LEFT_OUT, line.where, f"{line.text}: {why}.")


_TAG_KEYS = frozenset(
    {"dhcp-match", "dhcp-vendorclass", "dhcp-userclass", "dhcp-mac", "dhcp-circuitid", "tag-if"}
    | {"dhcp-remoteid", "dhcp-name-match", "dhcp-subscrid"}
)
_OPTION_KEYS = frozenset({"dhcp-option", "dhcp-option-force", "dhcp-option-pxe"})
_WHY = {
    "enable-tftp": "no TFTP server is deployed",
    "tftp-root": "no TFTP server is deployed",
    "tftp-secure": "no TFTP server is deployed",
    "dhcp-script": "no script runs at a lease; leasemerge publishes names by itself",
    "dhcp-luascript": "no script runs at a lease; leasemerge publishes names by itself",
    "dhcp-hostsfile": "it is not here",
    "dhcp-relay": "a relay is no part of this",
    "ipset": "dnscache fills no sets of a firewall",
    "nftset": "dnscache fills no sets of a firewall",
    "dhcp-name-match": "dhcpd has no such condition",
    "shared-network": "write shared_network into the subnets",
    "bridge-interface": "it is about the old machine",
    "dhcp-alternate-port": "it is about the old machine",
    "bogus-nxdomain": "dnscache passes answers on as they are",
    "ignore-address": "dnscache passes answers on as they are",
    "alias": "dnscache passes answers on as they are",
    "dhcp-reply-delay": "dhcpd waits in another way",
}


def _span(parts: Sequence[str]) -> tuple[int, int] | None:
    """Read a network, or the first and last address of a range."""
    try:
        if "/" in parts[0]:
            network = IPv4Network(parts[0], strict=False)
            return int(network[0]), int(network[-1])
        ends = [IPv4Address(part) for part in parts[:2] if part and part != "local"]
    except ValueError:
        return None
    return (int(ends[0]), int(ends[-1])) if ends else None


def _is_mask(text: str) -> bool:
    if not text.startswith("255."):
        return False
    try:
        IPv4Network(f"0.0.0.0/{text}")
    except ValueError:
        return False
    return True


def _option_code(text: str) -> int | None:
    """Return the number of an option that is given by number or as option:name."""
    name = text.lower().removeprefix("option:").strip()
    code = number(name)
    if code is not None:
        return code if 0 < code < 255 else None
    return _OPTION_NAMES.get(name) if text.lower().startswith("option:") else None


def _keys(settings: Mapping[str, Any]) -> frozenset[str]:
    """Name the statements that settings become, without their values."""
    written = (re.match(r"option \S+|\S+", line) for line in _statements(settings))
    return frozenset(match[0] for match in written if match)


def _tags_set(line: Line) -> Iterable[str]:
    """Name the tags that a line sets for a client or a range."""
    first = line.parts[0]
    parts = [part for part in line.parts if part.startswith(("set:", "net:"))]
    if line.key in {"dhcp-range", "dhcp-host", "tag-if", *_TAG_KEYS}:
        yield from (part.partition(":")[2] for part in parts)
    # The old form has no word before the tag.
    if line.key in _TAG_KEYS - {"tag-if"} or (line.key == "dhcp-range" and ":" not in first):
        yield first.rpartition(":")[2]


def _has_tag(line: Line) -> bool:
    return any(re.match(r"(tag|net):", part) for part in line.parts) or bool(
        line.key in _OPTION_KEYS and re.match(r"[A-Za-z_]+[\w-]*$", line.parts[0])
    )


def _statements(settings: Mapping[str, Any]) -> list[str]:
    """Write settings as statements of dhcpd.conf."""
    lines = [f"option {name} {value};" for name, value in settings.get("options", {}).items()]
    if "filename" in settings:
        lines.append(f"filename {options.quoted(str(settings['filename']))};")
    if "next_server" in settings:
        lines.append(f"next-server {settings['next_server']};")
    return lines + str(settings.get("extra", "")).splitlines()


def _of_wild_mac(text: str) -> str:
    """Write the condition that a MAC address fits one with stars: `00:20:e0:*:*:*`."""
    return _of_octets("hardware", text, first=1) or "substring(hardware, 0, 1) = 01"


def _of_octets(value: str, text: str, first: int = 0) -> str:
    """Write the condition that a value has these octets, or any for a star, and then what it may.

    `first` is the place of the first of them.
    """
    parts = text.lower().split(":")
    conditions = []
    at = 0
    while at < len(parts):
        end = at
        while end < len(parts) and parts[end] != "*":
            end += 1
        if end > at:
            octets = options.octets(bytes(int(part, 16) for part in parts[at:end]))
            conditions.append(f"substring({value}, {at + first}, {end - at}) = {octets}")
        at = end + 1
    # A line each: an inventory with lines of a screen is easier to read.
    return " and\n        ".join(conditions)


def _any(conditions: Sequence[str]) -> str:
    """Join conditions of which one is enough; dhcpd's `or` and `and` need their brackets."""
    if len(conditions) == 1:
        return conditions[0]
    return " or ".join(f"({condition})" for condition in conditions)


def _pattern(text: str, *, anchored: bool = False) -> str:
    """Write text as a regular expression of dhcpd that matches where it stands anywhere."""
    head, text = ("^", text[1:]) if anchored else ("", text)
    return options.quoted(head + re.sub(r"([\\.^$*+?()\[\]{}|])", r"\\\1", text))


def _octets(text: str) -> str:
    if re.fullmatch(r"[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2})+", text):
        return ":".join(part.zfill(2) for part in text.lower().split(":"))
    return options.quoted(text)


def _client_id(text: str) -> str:
    return _octets(text)


def _lease_times(text: str) -> dict[str, int]:
    """Turn dnsmasq's one lease time into dhcpd's two; `infinite` is all ones (dhcpd.conf(5))."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise SourceError(f"{text} is no lease time.")
    unit = (match[2] or "").lower()
    seconds = min(int(match[1]) * _UNITS[unit], _FOR_EVER) if match[1] else _FOR_EVER
    seconds = max(seconds, 120)  # dnsmasq's least
    least = {"min_lease_time": seconds} if seconds < _LEAST else {}
    return {"default_lease_time": seconds, "max_lease_time": seconds, **least}


def _time_lines(text: str) -> list[str]:
    return [f"{key.replace('_', '-')} {value};\n" for key, value in _lease_times(text).items()]
