"""Read dnsmasq's configuration: its ranges and hosts, its options and tags, the names it serves.

Source: dnsmasq(8). The order of lines does not matter: all are read before any is interpreted. A
tag becomes the subnet or the host that sets it, or else a dhcpd condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from leasemerge.ranges import is_address

from . import dnsmasq_options, dnsmasq_tags
from .dhcpd_text import when
from .dnsmasq_files import Line, LineRemarks
from .dnsmasq_hosts import Hosts
from .dnsmasq_names import NAME_KEYS, Namer
from .dnsmasq_times import DEFAULT, TIME, lease_times
from .remarks import Remark, Section
from .source import DhcpConfig, Pool, Subnet, ZoneData, home_of
from .values import is_ipv6, number

# A tag without a prefix, which may be the name of an interface: vlan3@eth0, br0.10.
_OLD_TAG = re.compile(r"[A-Za-z_][\w.@-]*")
# About the old machine, or about how dnsmasq itself works: none of it can be carried over.
_SILENT = frozenset({
    "all-servers", "auth-ttl", "bind-dynamic", "bind-interfaces", "bogus-priv", "cache-size",
    "clear-on-reload", "conntrack", "dhcp-authoritative", "dhcp-fqdn", "dhcp-lease-max",
    "dhcp-leasefile", "dhcp-no-override", "dhcp-proxy", "dhcp-rapid-commit", "dhcp-sequential-ip",
    "dns-forward-max", "dns-loop-detect", "dns-rrset", "dnssec-check-unsigned", "domain",
    "domain-needed", "dumpfile", "dumpmask", "edns-packet-max", "enable-dbus", "enable-ra",
    "enable-ubus", "except-interface", "expand-hosts", "fast-dns-retry", "filterwin2k", "group",
    "interface", "interface-address", "keep-in-foreground", "leasefile-ro", "listen-address",
    "local-service", "localise-queries", "log-async", "log-debug", "log-dhcp", "log-facility",
    "log-queries", "max-cache-ttl", "max-port", "max-tcp-connections", "max-ttl", "min-cache-ttl",
    "min-port", "neg-ttl", "no-daemon", "no-dhcp-interface", "no-dhcpv4-interface", "no-hosts",
    "no-negcache", "no-ping", "no-poll", "no-resolv", "no-round-robin", "pid-file", "port",
    "port-limit", "query-port", "quiet-dhcp", "quiet-dhcp6", "quiet-ra", "ra-param", "read-ethers",
    "rebind-domain-ok", "rebind-localhost-ok", "resolv-file", "script-arp", "strict-order",
    "trust-anchor", "use-stale-cache", "user",
})  # fmt: skip
_WHY = {
    "enable-tftp": "no TFTP server is deployed",
    "tftp-root": "no TFTP server is deployed",
    "tftp-secure": "no TFTP server is deployed",
    "dhcp-script": "no script runs at a lease; leasemerge publishes names by itself",
    "dhcp-luascript": "no script runs at a lease; leasemerge publishes names by itself",
    "dhcp-hostsfile": "it is not here",
    "dhcp-relay": "a relay is not part of this project",
    "ipset": "dnscache fills no sets of a firewall",
    "nftset": "dnscache fills no sets of a firewall",
    "dhcp-name-match": "dhcpd has no such condition",
    "shared-network": "write shared_network into the subnets",
    "bridge-interface": "it concerns only the old machine",
    "dhcp-alternate-port": "it concerns only the old machine",
    "bogus-nxdomain": "dnscache passes answers on as they are",
    "ignore-address": "dnscache passes answers on as they are",
    "alias": "dnscache passes answers on as they are",
    "dhcp-reply-delay": "dhcpd waits in another way",
    "dhcp-ignore-names": "leasemerge publishes the names of leased clients",
    "dnssec": "dnscache does not validate",
    "filter-a": "dnscache passes answers on as they are",
    "filter-aaaa": "dnscache passes answers on as they are",
    "filter-rr": "dnscache passes answers on as they are",
    "stop-dns-rebind": "dnscache passes answers on as they are",
    "interface-name": "the address is the old machine's; write the name of the new one as a record",
    "localmx": "write the MX records into site_records",
    "selfmx": "write the MX records into site_records",
}


def interpret(
    lines: Sequence[Line], remarks: Iterable[Remark], domain: str | None = None
) -> tuple[DhcpConfig, ZoneData]:
    """Interpret the lines together.

    `domain` overrides that of the lines.
    """
    return _Reader(lines, LineRemarks(remarks), domain).result()


class _Reader:
    """Read the lines together."""

    def __init__(self, lines: Sequence[Line], remarks: LineRemarks, domain: str | None) -> None:
        self._lines = lines
        self._remarks = remarks
        self._subnets: dict[IPv4Network, Subnet] = {}
        self._pool_rules: list[str] = []
        self._refused: list[str] = []
        # Tags that only some clients of a range have, each with the line of the range.
        self._classes: dict[str, Line] = {}
        self._own = self._own_addresses()
        self._domain, self._domains = self._read_domains(domain)
        own = [address for address, _ in self._own]
        self._tags = dnsmasq_tags.Tags(lines, remarks)
        self._hosts = Hosts(self._tags, remarks)
        self._options = dnsmasq_options.DnsmasqOptions(
            own, self._subnets, self._hosts.all, self._tags, remarks
        )

    def result(self) -> tuple[DhcpConfig, ZoneData]:
        self._read_lines()
        classes = self._class_texts()
        self._report_defaults()
        self._options.repeat_conditions()
        domain = self._options.domain or self._domain
        hosts = self._hosts.all
        zone_data = Namer(self._lines, domain, self._domains).zone_data(hosts)
        source = self._lines[0].where.rpartition(":")[0] if self._lines else ""
        pool_rules = "".join(f"{rule}\n" for rule in self._pool_rules)
        config = DhcpConfig(
            source=source,
            domain=domain,
            hosts=tuple(hosts),
            subnets=tuple(self._subnets.values()),
            resolvers=self._options.resolvers,
            options=self._options.of_all,
            extra=(
                *{**self._tags.definitions, **self._options.definitions},
                *self._hosts.refused,
                *self._options.statements,
                *self._refused,
                *classes,
            ),
            sends_names=("dnsmasq", source) if hosts else None,
            authoritative=True if self._has("dhcp-authoritative") else None,
            role_variables={"dhcpd_pool_extra": pool_rules} if pool_rules else {},
            remarks=tuple(self._remarks),
        )
        return config, zone_data

    def _read_lines(self) -> None:
        """Read the lines, those first that others depend on."""
        steps: tuple[tuple[frozenset[str], Callable[[Line], None]], ...] = (
            (frozenset({"dhcp-range"}), self._range),
            (frozenset({"dhcp-host", "ethers-line"}), self._hosts.read),
            (dnsmasq_tags.KEYS, self._tags.read),
            (dnsmasq_options.KEYS, self._options.read),
            (frozenset({"dhcp-boot"}), self._options.read_boot),
            (frozenset({"pxe-service", "pxe-prompt"}), self._options.read_pxe),
            (frozenset({"dhcp-broadcast", "dhcp-ignore-clid"}), self._options.read_switch),
            (frozenset({"dhcp-ignore"}), self._ignore),
        )
        done = {key for keys, _ in steps for key in keys} | NAME_KEYS | _SILENT
        # Lines without a tag come first, as defaults: dhcpd takes the last that applies.
        lines = sorted(self._lines, key=_has_tag)
        for keys, step in steps:
            for line in lines:
                if line.key in keys:
                    step(line)
            if "dhcp-range" in keys:
                self._options.place_interfaces(lines)
        for line in self._lines:
            if line.key not in done:
                self._remarks.no_place(
                    line, _WHY.get(line.key, "the inventory has no place for it")
                )

    def _has(self, key: str) -> bool:
        return any(line.key == key for line in self._lines)

    # The machine and its domains.

    def _own_addresses(self) -> list[tuple[str, int | None]]:
        """Return dnsmasq's own addresses, each with its prefix length if that is known."""
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
        """Return the common domain, and those of some: first address, last address, domain."""
        of_all = domain
        of_some: list[tuple[int, int, str]] = []
        for line in self._lines:
            if line.key != "domain":
                continue
            name, *where = line.parts
            name = name.lower().strip(".")
            if name == "#" or not name:
                self._remarks.left_out(
                    line.where,
                    line.text,
                    "the domain of the old machine's resolv.conf; use --domain",
                )
            elif not where or not where[0]:
                of_all = domain or name
            elif (span := _span(where)) is not None:
                of_some.append((*span, name))
            elif not is_ipv6(where[0].partition("/")[0]):
                self._remarks.no_place(line, "no network, and no range of addresses")
        if of_all is None and of_some:
            of_all = of_some[0][2]
        return of_all, [item for item in of_some if item[2] != of_all]

    def _domain_of(self, network: IPv4Network) -> str | None:
        first, last = int(network[0]), int(network[-1])
        return next((d for a, b, d in self._domains if a <= first and last <= b), None)

    # Ranges.

    def _range(self, line: Line) -> None:
        parts = [part for part in line.parts if part]
        while parts and re.fullmatch(_OLD_TAG, parts[0]):
            parts = [*parts[1:], f"set:{parts[0]}"]  # the old form of a tag, without its prefix
            if all(part.startswith("set:") for part in parts):
                break
        tags = [part for part in parts if re.match(r"(set|tag|net|interface|constructor):", part)]
        rest = [part for part in parts if part not in tags]
        addresses = [part for part in rest if is_address(part)]
        if not addresses:
            v6 = any(":" in part for part in rest)
            self._remarks.no_place(line, "DHCPv6 is not deployed" if v6 else "no IPv4 range")
            return
        if "proxy" in rest:
            self._remarks.no_place(line, "the addresses are another server's; this one only boots")
            return
        first = addresses[0]
        last = addresses[1] if len(addresses) > 1 and not _is_mask(addresses[1]) else None
        masks = [part for part in addresses[1:] if _is_mask(part)]
        network = self._network(line, first, last, masks)
        subnet = self._subnets.get(network)
        if subnet is None:
            subnet = Subnet(network, line.where, domain=self._domain_of(network))
        times = [part for part in rest if TIME.fullmatch(part)]
        settings = lease_times(times[0]) if times else {}
        # A range for an interface's clients is the one of its subnet.
        own = [tag for tag in tags if self._tags.is_interface(tag.partition(":")[2])]
        wanted = [tag for tag in tags if tag.startswith(("tag:", "net:")) and tag not in own]
        if last is not None and int(IPv4Address(first)) > int(IPv4Address(last)):
            self._remarks.no_place(line, "its ends are the wrong way round")
            last = None
        if last is not None:
            rules = self._rules_of(wanted, line)
            pool = Pool(((first, last),), rules, line.where)
            subnet = replace(subnet, pools=(*subnet.pools, pool))
        if settings or not subnet.settings:
            default = {"default_lease_time": DEFAULT, "max_lease_time": DEFAULT}
            subnet = replace(subnet, settings={**default, **subnet.settings, **settings})
        self._subnets[network] = subnet
        for tag in tags:
            if tag.startswith(("set:", "interface:")) or tag in own:
                self._tags.named(tag).networks.append(network)

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
            near = []  # it has an address there: the others belong to other networks
        while not all(
            end in IPv4Network(f"{first}/{length}", strict=False) for end in (*ends, *near)
        ):
            length -= 1
        network = IPv4Network(f"{first}/{length}", strict=False)
        text = (
            f"The dhcp-range {first} has no netmask, dnsmasq takes its interface's; {network} was "
            "taken for it."
        )
        self._remarks.add(Section.CHOSEN, line.where, text)
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
                self._tags.named(name)
                self._classes.setdefault(name, line)
        return rules

    # Refused clients, and the classes of ranges.

    def _ignore(self, line: Line) -> None:
        tags = [p if ":" in p else f"tag:{p}" for p in line.parts if p]
        if tags in (["tag:!known"], ["tag:#known"]):
            self._pool_rules.append("deny unknown-clients;")
            return
        condition = self._tags.condition(tags)
        if condition is None:
            self._remarks.no_place(line, "nothing here that dhcpd knows sets the tag")
        else:
            self._refused.append(when(condition, ["deny booting;"]))

    def _class_texts(self) -> list[str]:
        texts = []
        for name, line in self._classes.items():
            condition = self._tags.condition([f"tag:{name}"])
            if condition is None:
                why = (
                    f"nothing here that dhcpd knows sets the tag {name}; write `match if …;` into "
                    f'class "{name}" of site_extra, which nobody is in until then'
                )
                self._remarks.no_place(line, why)
            match = "" if condition is None else f"    match if {condition};\n"
            texts.append(f'class "{name}" {{\n{match}}}')
        return texts

    # What dnsmasq does unless a line sets it.

    def _report_defaults(self) -> None:
        explicit = self._options.explicit
        for network, subnet in list(self._subnets.items()):
            if subnet.routers or {None, network} & explicit[3]:
                continue
            own = [address for address, _ in self._own if IPv4Address(address) in network]
            if own:
                self._subnets[network] = replace(subnet, routers=(own[0],))
                text = f"dnsmasq sends the clients of {network} its own address {own[0]} as router."
                self._remarks.add(Section.CHOSEN, subnet.where, text)
            elif subnet.pools or self._hosts_in(network):
                text = (
                    f"dnsmasq sends the clients of {network} its own address as router, which is "
                    "not here: write it as routers of the subnet."
                )
                self._remarks.add(Section.LEFT_OUT, subnet.where, text)
        if self._subnets and not self._options.resolvers and not explicit[6]:
            first = next(iter(self._subnets.values()))
            text = (
                "dnsmasq sends clients its own address as name server; now they get the group "
                "dnscache_servers."
            )
            self._remarks.add(Section.CHOSEN, first.where, text)

    def _hosts_in(self, network: IPv4Network) -> bool:
        subnets = [self._subnets[network]]
        return any(home_of(a, subnets) for host in self._hosts.all for a in host.addresses)


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


def _has_tag(line: Line) -> bool:
    return any(re.match(r"(tag|net):", part) for part in line.parts) or bool(
        line.key in dnsmasq_options.KEYS and re.fullmatch(_OLD_TAG, line.parts[0])
    )
