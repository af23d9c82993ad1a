"""The site: what the merge must know of the inventory, and every fault of it at once.

The format is site.json's (docs/design.md). Keys that only the deployment knows (servers with
their addresses, routers, lease times) are checked when they are there and left out of `Site`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network

DEFAULT_RESERVED_NAMES = ("wpad", "isatap", "localhost")
DEFAULT_FIXED_TTL = 3600
DEFAULT_LEASE_TTL = 60
DEFAULT_NEGATIVE_TTL = 5

# RFC 1035 section 2.3.4, in text form.
_LABEL_MAX = 63
# A name of one 63-octet label and the domain must fit the 255 octets of RFC 1035 section 2.3.4:
# 255 - (1 + 63) for the label - 1 for the root - 1 for the first length octet of the domain.
_DOMAIN_MAX = 189
# RFC 2181 section 8.
_TTL_MAX = 2**31 - 1
# RFC 2132 section 9.2: 32 bits, and all ones mean for ever (RFC 2131 section 3.3).
_LEASE_TIME_MAX = 2**32 - 1
# dnscache keeps no more than 16 addresses of one file in servers/ (its roots.c).
_NAME_SERVERS_MAX = 16

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_MAC = re.compile(r"(?:(?:[0-9a-f]{1,2}:){5}|(?:[0-9a-f]{1,2}-){5})[0-9a-f]{1,2}")
_REVERSE_ZONE = re.compile(r"((?:(?:0|[1-9][0-9]{0,2})\.){1,3})in-addr\.arpa")

_FIXED_HOST_KEYS = frozenset(
    {
        "name",
        "fixed_address",
        "hardware_ethernet",
        "aliases",
        "next_server",
        "filename",
        "options",
        "extra",
        "where",
    }
)
_REQUIRED_KEYS = (
    "domain",
    "reverse_zones",
    "name_servers",
    "fixed_hosts",
    "subnets",
    "servers",
)


class SiteError(ValueError):
    """The site has faults: `faults` holds every one of them, a sentence each."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep the sentences; the message is all of them, one a line."""
        super().__init__("\n".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class NameServer:
    """A tinydns: its label in the domain, and the alias address it listens on."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class FixedHost:
    """A machine of the group `fixed_hosts`: labels in lower case, MAC addresses with colons."""

    name: str
    fixed_address: str | None = None
    hardware_ethernet: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subnet:
    """A network in CIDR form, and its dynamic ranges as (first, last) addresses."""

    network: str
    ranges: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Site:
    """A site without faults. TTLs are seconds; `servers` are in order, the primary first."""

    domain: str
    reverse_zones: tuple[str, ...]
    name_servers: tuple[NameServer, ...]
    fixed_hosts: tuple[FixedHost, ...]
    subnets: tuple[Subnet, ...]
    servers: tuple[str, ...]
    reserved_names: frozenset[str] = frozenset(DEFAULT_RESERVED_NAMES)
    fixed_ttl: int = DEFAULT_FIXED_TTL
    lease_ttl: int = DEFAULT_LEASE_TTL
    negative_ttl: int = DEFAULT_NEGATIVE_TTL

    @classmethod
    def from_dict(cls, data: object) -> Site:
        """Read site.json's object; raise SiteError with every fault it has."""
        reader = _Reader(data)
        if reader.faults:
            raise SiteError(reader.faults)
        return reader.site()

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """Labels that no lease may take, each with what holds it, in words (rules 4 and 7)."""
        owners = dict.fromkeys(self.reserved_names, "a reserved name")
        owners.update((server.name, "the name of a name server") for server in self.name_servers)
        for host in self.fixed_hosts:
            owners.update(
                (alias, f"an alias of the fixed host {host.name}") for alias in host.aliases
            )
            owners[host.name] = "the name of a fixed host"
        return owners

    @cached_property
    def addresses(self) -> Mapping[str, str]:
        """Addresses that no lease may take, each with the label of its owner (rule 4)."""
        addresses = {server.address: server.name for server in self.name_servers}
        addresses.update(
            (host.fixed_address, host.name)
            for host in self.fixed_hosts
            if host.fixed_address is not None
        )
        return addresses

    @cached_property
    def by_hardware(self) -> Mapping[str, FixedHost]:
        """Find the fixed host of a MAC address."""
        return {mac: host for host in self.fixed_hosts for mac in host.hardware_ethernet}

    @cached_property
    def _reverse_prefixes(self) -> frozenset[str]:
        return frozenset(_zone_prefix(zone) for zone in self.reverse_zones)

    def has_reverse(self, address: str) -> bool:
        """Tell whether the address lies in one of our reverse zones."""
        prefixes = self._reverse_prefixes
        head = address.rpartition(".")[0]
        while head:
            if head in prefixes:
                return True
            head = head.rpartition(".")[0]
        return False


def faults(data: object) -> list[str]:
    """Find every fault of a site, in the order of its keys: one sentence each, none if it is well.

    A sentence names the host, the place in the inventory (its key `where`) and what to do.
    """
    return _Reader(data).faults


def normal_mac(value: object) -> str | None:
    """Turn a MAC address into dhcpd's own form, `de:ad:be:ef:ca:fe`; None if it is none.

    Upper case, hyphens and single digits are understood.
    """
    if not isinstance(value, str):
        return None
    text = value.lower()
    if not _MAC.fullmatch(text):
        return None
    return ":".join(part.zfill(2) for part in text.replace("-", ":").split(":"))


def reverse_zones(networks: Iterable[str]) -> list[str]:
    """Name the reverse zones that hold the networks (CIDR), sorted by address.

    A zone ends at an octet: a /16 needs one zone, a /23 two, and a /25 shares its /24's.
    Raise ValueError for what is no network.
    """
    zones = set()
    for text in networks:
        network = IPv4Network(text)
        octets = min(3, max(1, -(-network.prefixlen // 8)))
        if network.prefixlen > octets * 8:
            zones.add(network.supernet(new_prefix=octets * 8))
        else:
            zones.update(network.subnets(new_prefix=octets * 8))
    return [_zone_name(zone) for zone in sorted(zones)]


def free_ranges(ranges: Iterable[Sequence[str]], taken: Iterable[str]) -> list[list[str]]:
    """Write ranges of (first, last) addresses around the taken addresses, in address order.

    Raise ValueError for what is no address.
    """
    holes = sorted({int(IPv4Address(address)) for address in taken})
    free: list[list[str]] = []
    for first_text, last_text in sorted(ranges, key=lambda pair: IPv4Address(pair[0])):
        first, last = int(IPv4Address(first_text)), int(IPv4Address(last_text))
        for hole in holes:
            if hole < first:
                continue
            if hole > last:
                break
            if first < hole:
                free.append([str(IPv4Address(first)), str(IPv4Address(hole - 1))])
            first = hole + 1
        if first <= last:
            free.append([str(IPv4Address(first)), str(IPv4Address(last))])
    return free


def _zone_name(network: IPv4Network) -> str:
    octets = str(network.network_address).split(".")[: network.prefixlen // 8]
    return ".".join([*reversed(octets), "in-addr", "arpa"])


def _zone_prefix(zone: str) -> str:
    """Turn `1.1.10.in-addr.arpa` into `10.1.1`."""
    return ".".join(reversed(zone.split(".")[:-2]))


def _zone_network(zone: str) -> IPv4Network:
    octets = _zone_prefix(zone).split(".")
    return IPv4Network((".".join((octets + ["0"] * 3)[:4]), len(octets) * 8))


def _shown(value: object) -> str:
    """Show a value as the inventory has it, without letting it break the line or fill it."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(char if char.isprintable() else "?" for char in text)
    return (text if len(text) <= 80 else f"{text[:80]}…") or "''"


def _is_edge(address: IPv4Address, network: IPv4Network) -> bool:
    """Tell whether it is the network or broadcast address; a /31 or /32 has none (RFC 3021)."""
    return network.prefixlen < 31 and address in (
        network.network_address,
        network.broadcast_address,
    )


class _Entry:
    """One entry of a list in the site: its values, and how a sentence names it."""

    def __init__(self, kind: str, key: str, index: int, values: Mapping[object, object]) -> None:
        self.values = values
        name = values.get(key)
        shown = f"{kind} {_shown(name)}" if name is not None else f"{kind} number {index + 1}"
        where = values.get("where")
        self.who = f"{shown} ({_shown(where)})" if where is not None else shown

    def get(self, key: str) -> object:
        return self.values.get(key)

    def __str__(self) -> str:
        """Name the entry in the midst of a sentence."""
        return self.who[0].lower() + self.who[1:]


class _Reader:
    """Read a site and gather its faults; `site()` is valid when there are none."""

    def __init__(self, data: object) -> None:
        self.faults: list[str] = []
        self._networks: dict[IPv4Network, _Entry] = {}
        self._ranges: dict[IPv4Network, list[tuple[IPv4Address, IPv4Address]]] = {}
        self._name_servers: list[NameServer] = []
        self._fixed_hosts: list[FixedHost] = []
        self._labels: dict[str, _Entry] = {}
        self._macs: dict[str, _Entry] = {}
        self._routers: dict[IPv4Address, _Entry] = {}
        # What holds an address: the entry and, for a server, its name. A server may be a fixed
        # host too, and a dhcp server a dnscache server; one machine is told by its one name.
        self._holders: dict[IPv4Address, tuple[_Entry, str]] = {}
        # What ranges are written around.
        self._spared: set[IPv4Address] = set()

        if not isinstance(data, Mapping):
            self._data: Mapping[object, object] = {}
            self.faults.append("Site: it is not a mapping of keys to values; write it as one.")
            return
        self._data = data
        for key in _REQUIRED_KEYS:
            if key not in data:
                self._fault("Site", f"the key {key} is missing", "add it")
        self._domain = self._read_domain()
        self._reserved = self._read_reserved_names()
        self._fixed_ttl = self._read_ttl("fixed_ttl", DEFAULT_FIXED_TTL)
        self._lease_ttl = self._read_ttl("lease_ttl", DEFAULT_LEASE_TTL)
        self._negative_ttl = self._read_ttl("negative_ttl", DEFAULT_NEGATIVE_TTL)
        self._check_lease_times()
        self._read_subnets()
        self._reverse_zones = self._read_reverse_zones()
        self._servers = self._read_servers()
        self._check_dhcp_servers()
        self._check_dnscache_servers()
        self._read_fixed_hosts()
        self._read_name_servers()
        self._check_ranges()

    def site(self) -> Site:
        return Site(
            domain=self._domain,
            reverse_zones=tuple(sorted(self._reverse_zones)),
            name_servers=tuple(self._name_servers),
            fixed_hosts=tuple(self._fixed_hosts),
            subnets=tuple(
                Subnet(
                    str(network),
                    tuple((str(first), str(last)) for first, last in self._ranges[network]),
                )
                for network in self._networks
            ),
            servers=tuple(self._servers),
            reserved_names=frozenset(self._reserved),
            fixed_ttl=self._fixed_ttl,
            lease_ttl=self._lease_ttl,
            negative_ttl=self._negative_ttl,
        )

    # How a fault is told, and how values are taken out.

    def _fault(self, who: str | _Entry, what: str, remedy: str) -> None:
        name = who.who if isinstance(who, _Entry) else who
        self.faults.append(f"{name}: {what}; {remedy}.")

    def _site(self, key: str) -> str:
        """Name the site where a sentence is about one of its own keys."""
        places = self._data.get("where")
        place = places.get(key) if isinstance(places, Mapping) else None
        return "Site" if place is None else f"Site ({_shown(place)})"

    def _list(self, who: str | _Entry, key: str, value: object) -> Sequence[object]:
        if value is None:
            return ()
        if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
            self._fault(who, f"{key} is {_shown(value)}, not a list", "write it as a list")
            return ()
        return value

    def _entries(self, key: str, kind: str, name_key: str = "name") -> Iterator[_Entry]:
        for index, values in enumerate(self._list("Site", key, self._data.get(key))):
            if isinstance(values, Mapping):
                yield _Entry(kind, name_key, index, values)
            else:
                self._fault(
                    "Site",
                    f"entry {index + 1} of {key} is {_shown(values)}, not a mapping",
                    "write it as one",
                )

    def _label(self, who: str | _Entry, what: str, value: object) -> str | None:
        """Read a DNS label in lower case (RFC 1123 section 2.1), or tell what is wrong with it."""
        if not isinstance(value, str):
            if value is None:
                self._fault(who, f"it has no {what}", "give it one")
            else:
                self._fault(who, f"the {what} {_shown(value)} is not text", "put it in quotes")
            return None
        label = value.lower() if value.isascii() else value
        if not _LABEL.fullmatch(label):
            self._fault(
                who,
                f"the {what} {_shown(value)} is not a DNS label",
                "use letters, digits and hyphens only, no hyphen at either end",
            )
            return None
        if len(label) > _LABEL_MAX:
            self._fault(
                who,
                f"the {what} {_shown(value)} has {len(label)} characters",
                f"shorten it to {_LABEL_MAX} at most",
            )
            return None
        return label

    def _address(self, who: str | _Entry, what: str, value: object) -> IPv4Address | None:
        if isinstance(value, str) and value:
            try:
                return IPv4Address(value)
            except ValueError:
                self._fault(
                    who,
                    f"the {what} {_shown(value)} is not an IPv4 address",
                    "write four numbers from 0 to 255",
                )
                return None
        if value is None or value == "":
            self._fault(who, f"it has no {what}", "give it one")
        else:
            self._fault(who, f"the {what} {_shown(value)} is not text", "put it in quotes")
        return None

    def _network_of(self, address: IPv4Address) -> IPv4Network | None:
        return next((network for network in self._networks if address in network), None)

    def _check_usable(self, who: _Entry, what: str, address: IPv4Address) -> IPv4Network | None:
        """Check that a host can have the address; return its subnet."""
        network = self._network_of(address)
        if network is None:
            self._fault(
                who,
                f"the {what} {address} lies in none of the subnets",
                "choose one inside a subnet, or add its subnet",
            )
        elif _is_edge(address, network):
            kind = "network" if address == network.network_address else "broadcast"
            self._fault(
                who, f"the {what} {address} is the {kind} address of {network}", "choose another"
            )
        return network

    def _hold_address(self, who: _Entry, what: str, address: IPv4Address, machine: str) -> None:
        """Note who has an address; `machine` is empty where nobody else may have it."""
        other, other_machine = self._holders.setdefault(address, (who, machine))
        if other is not who and (not machine or machine != other_machine):
            self._fault(
                who, f"the {what} {address} is already that of {other}", "give it to one of them"
            )

    def _hold_label(self, who: _Entry, what: str, label: str) -> None:
        if label in self._reserved:
            self._fault(who, f"the {what} {label} is a reserved name", "choose another")
        other = self._labels.setdefault(label, who)
        if other is not who:
            self._fault(
                who, f"the {what} {label} is already a name of {other}", "give it to one of them"
            )

    # The keys of a site, in docs/design.md's order where it has one.

    def _read_domain(self) -> str:
        value = self._data.get("domain")
        if value is None:
            if "domain" in self._data:
                self._fault(self._site("domain"), "it has no domain", "give it one")
            return ""
        domain = value.lower() if isinstance(value, str) and value.isascii() else ""
        labels = domain.split(".")
        if not all(_LABEL.fullmatch(part) and len(part) <= _LABEL_MAX for part in labels):
            self._fault(
                self._site("domain"),
                f"the domain {_shown(value)} is not a DNS name",
                "write labels of letters, digits and inner hyphens with a dot between them",
            )
        elif len(domain) > _DOMAIN_MAX:
            self._fault(
                self._site("domain"),
                f"the domain has {len(domain)} characters",
                f"shorten it to {_DOMAIN_MAX} at most, so that every label fits before it",
            )
        elif labels[-2:] == ["in-addr", "arpa"]:
            self._fault(
                self._site("domain"), f"the domain {domain} is a reverse zone", "choose another"
            )
        return domain

    def _read_reserved_names(self) -> set[str]:
        if "reserved_names" not in self._data:
            return set(DEFAULT_RESERVED_NAMES)
        who = self._site("reserved_names")
        names = self._list(who, "reserved_names", self._data["reserved_names"])
        labels = (self._label(who, "reserved name", name) for name in names)
        return {label for label in labels if label is not None}

    def _read_seconds(self, key: str, most: int, default: int) -> int:
        value = self._data.get(key, default)
        # To Python `true` is a number too.
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
            return value
        shown = f"the text {_shown(value)}" if isinstance(value, str) else _shown(value)
        self._fault(
            self._site(key),
            f"{key} is {shown}",
            f"write a whole number of seconds from 1 to {most}",
        )
        return default

    def _read_ttl(self, key: str, default: int) -> int:
        return self._read_seconds(key, _TTL_MAX, default)

    def _check_lease_times(self) -> None:
        """Check the lease times that are there, and that they go together (dhcpd.conf(5))."""
        keys = ("min_lease_time", "default_lease_time", "max_lease_time", "mclt")
        times = {
            key: self._read_seconds(key, _LEASE_TIME_MAX, 0) for key in keys if key in self._data
        }
        for low, high in (
            ("min_lease_time", "default_lease_time"),
            ("default_lease_time", "max_lease_time"),
            ("min_lease_time", "max_lease_time"),
            ("mclt", "max_lease_time"),
        ):
            if 0 < times.get(high, 0) < times.get(low, 0):
                self._fault(
                    self._site(low),
                    f"{low} is {times[low]} and {high} is {times[high]}",
                    f"{low} must not be greater",
                )

    def _read_subnets(self) -> None:
        for entry in self._entries("subnets", "Subnet", "network"):
            network = self._network(entry)
            if network is None:
                continue
            for other, other_entry in self._networks.items():
                if network.overlaps(other):
                    self._fault(
                        entry,
                        f"it overlaps {other_entry}",
                        "give every address to one subnet only",
                    )
            self._networks[network] = entry
            self._ranges[network] = self._read_ranges(entry, network)
            for router in self._list(entry, "routers", entry.get("routers")):
                self._check_router(entry, network, router)
            self._check_text(entry, "shared_network")

    def _network(self, entry: _Entry) -> IPv4Network | None:
        value = entry.get("network")
        try:
            if isinstance(value, str) and "/" in value:
                network = IPv4Network(value, strict=False)
                if network.network_address != IPv4Address(value.partition("/")[0]):
                    self._fault(
                        entry,
                        f"the network {value} has bits set behind its prefix",
                        f"write {network}",
                    )
                return network
        except ValueError:
            pass
        self._fault(
            entry,
            f"the network {_shown(value)} is not an IPv4 network",
            "write an address, a slash and the length of its prefix, such as 10.1.1.0/24",
        )
        return None

    def _read_ranges(
        self, entry: _Entry, network: IPv4Network
    ) -> list[tuple[IPv4Address, IPv4Address]]:
        ranges: list[tuple[IPv4Address, IPv4Address]] = []
        for value in self._list(entry, "ranges", entry.get("ranges")):
            ends = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
            if len(ends) != 2:
                self._fault(
                    entry,
                    f"the range {_shown(value)} is not a list of two addresses",
                    "write its first and its last address",
                )
                continue
            first = self._address(entry, "first address of a range", ends[0])
            last = self._address(entry, "last address of a range", ends[1])
            if first is None or last is None:
                continue
            text = f"the range {first} to {last}"
            if first > last:
                self._fault(entry, f"{text} ends before it begins", "swap its addresses")
                continue
            if first not in network or last not in network:
                self._fault(entry, f"{text} leaves its subnet", f"keep it inside {network}")
                continue
            if _is_edge(first, network) or _is_edge(last, network):
                self._fault(
                    entry,
                    f"{text} takes in the network or broadcast address of {network}",
                    "leave it out",
                )
            for other_first, other_last in ranges:
                if first <= other_last and other_first <= last:
                    self._fault(
                        entry,
                        f"{text} overlaps the range {other_first} to {other_last}",
                        "give every address to one range only",
                    )
            ranges.append((first, last))
        return ranges

    def _check_router(self, entry: _Entry, network: IPv4Network, value: object) -> None:
        router = self._address(entry, "router", value)
        if router is None:
            return
        self._routers[router] = entry
        if router not in network or _is_edge(router, network):
            self._fault(
                entry,
                f"the router {router} is no host address of {network}",
                "choose one inside the subnet",
            )

    def _check_text(self, entry: _Entry, key: str) -> None:
        """Check a text that dhcpd.conf has between quotation marks."""
        value = entry.get(key)
        if value is None:
            return
        if not isinstance(value, str) or not value:
            self._fault(entry, f"{key} is {_shown(value)}, not a text", "put it in quotes")
        elif not value.isprintable() or '"' in value or "\\" in value:
            self._fault(
                entry,
                f"{key} {_shown(value)} has a quotation mark, a backslash or a control character",
                "leave it out",
            )

    def _read_reverse_zones(self) -> list[str]:
        zones: list[str] = []
        for value in self._list("Site", "reverse_zones", self._data.get("reverse_zones")):
            zone = value.lower() if isinstance(value, str) else ""
            match = _REVERSE_ZONE.fullmatch(zone)
            if match is None or any(int(part) > 255 for part in match[1].split(".")[:-1]):
                self._fault(
                    "Site",
                    f"the reverse zone {_shown(value)} is none",
                    "write one to three numbers backwards, such as 1.1.10.in-addr.arpa",
                )
            elif zone in zones:
                self._fault("Site", f"the reverse zone {zone} is listed twice", "remove one")
            else:
                zones.append(zone)
        covered = list(ipaddress.collapse_addresses(_zone_network(zone) for zone in zones))
        for network, entry in self._networks.items():
            if not any(network.subnet_of(zones_network) for zones_network in covered):
                self._fault(
                    entry,
                    "no reverse zone holds all of its addresses",
                    f"add {', '.join(reverse_zones([str(network)])[:4])} to reverse_zones",
                )
        return zones

    def _read_servers(self) -> list[str]:
        servers: list[str] = []
        for value in self._list("Site", "servers", self._data.get("servers")):
            if not isinstance(value, str) or not value:
                self._fault("Site", f"the server {_shown(value)} is not text", "put it in quotes")
            elif value in servers:
                self._fault("Site", f"the server {value} is listed twice", "remove one")
            else:
                servers.append(value)
        return servers

    def _check_dhcp_servers(self) -> None:
        if "dhcp_servers" not in self._data:
            return
        roles: dict[str, list[_Entry]] = {"primary": [], "secondary": []}
        for entry, name in self._check_machines("dhcp_servers", "dhcp server"):
            role = entry.get("role")
            if not isinstance(role, str) or role not in roles:
                self._fault(entry, f"its role is {_shown(role)}", "write primary or secondary")
                continue
            roles[role].append(entry)
            if role == "primary" and len(roles[role]) == 1 and name in self._servers[1:]:
                self._fault("Site", f"the primary {name} is not the first of servers", "move it")
        for role, entries in roles.items():
            if len(entries) != 1:
                self._fault(
                    "Site",
                    f"the {role} of dhcp_servers is {' and '.join(map(str, entries)) or 'nobody'}",
                    "a failover pair has one primary and one secondary",
                )

    def _check_dnscache_servers(self) -> None:
        for _ in self._check_machines("dnscache_servers", "dnscache server"):
            pass

    def _check_machines(self, key: str, kind: str) -> Iterator[tuple[_Entry, str]]:
        names: set[str] = set()
        for entry in self._entries(key, kind[0].upper() + kind[1:]):
            name = entry.get("name")
            if not isinstance(name, str) or not name:
                self._fault(entry, "it has no name", "give it one, in quotes")
                name = ""
            elif name in names:
                self._fault(entry, f"it is listed twice in {key}", "remove one")
            names.add(name)
            address = self._address(entry, "address", entry.get("address"))
            if address is not None:
                self._hold_address(entry, "address", address, name.lower())
                if key == "dhcp_servers":
                    # dhcpd serves no interface whose subnet is not declared: dhcpd.conf(5).
                    self._check_usable(entry, "address", address)
            yield entry, name

    def _read_fixed_hosts(self) -> None:
        entries = list(self._entries("fixed_hosts", "Host"))
        fixed: dict[IPv4Address, _Entry] = {}
        for entry in entries:
            for key in sorted(str(key) for key in entry.values if key not in _FIXED_HOST_KEYS):
                self._fault(
                    entry,
                    f"the key {_shown(key)} is unknown",
                    f"use {', '.join(sorted(_FIXED_HOST_KEYS - {'where'}))}",
                )
            label = self._label(entry, "name", entry.get("name"))
            if label is not None:
                self._hold_label(entry, "name", label)
            address = self._read_fixed_address(entry, label, fixed)
            macs = self._read_macs(entry)
            if entry.get("fixed_address") is None and not entry.get("hardware_ethernet"):
                self._fault(
                    entry,
                    "it has neither fixed_address nor hardware_ethernet",
                    "give it one of them or both",
                )
            for key in ("next_server", "filename"):
                self._check_text(entry, key)
            if not isinstance(entry.get("options") or {}, Mapping):
                self._fault(
                    entry,
                    f"options is {_shown(entry.get('options'))}, not a mapping",
                    "write it as one",
                )
            if not isinstance(entry.get("extra") or "", str):
                self._fault(
                    entry, f"extra is {_shown(entry.get('extra'))}, not text", "write it as text"
                )
            self._fixed_hosts.append(
                FixedHost(
                    label or "",
                    None if address is None else str(address),
                    tuple(macs),
                )
            )
        # A name counts before an alias, so that the fault is told at the alias.
        for index, entry in enumerate(entries):
            host = self._fixed_hosts[index]
            aliases = tuple(self._read_aliases(entry, host.name))
            self._fixed_hosts[index] = replace(host, aliases=aliases)

    def _read_fixed_address(
        self, entry: _Entry, label: str | None, fixed: dict[IPv4Address, _Entry]
    ) -> IPv4Address | None:
        if entry.get("fixed_address") is None:
            return None
        address = self._address(entry, "address", entry.get("fixed_address"))
        if address is None:
            return None
        self._check_usable(entry, "address", address)
        if address in fixed:
            self._fault(
                entry,
                f"the address {address} is already that of {fixed[address]}",
                "give it to one of them",
            )
        else:
            fixed[address] = entry
            self._spared.add(address)
            self._hold_address(entry, "address", address, label or "")
        return address

    def _read_macs(self, entry: _Entry) -> list[str]:
        macs: list[str] = []
        for value in self._list(entry, "hardware_ethernet", entry.get("hardware_ethernet")):
            if isinstance(value, int):
                # YAML 1.1 section "integer": 10:20:30:40:50:60 is a number in base 60.
                self._fault(
                    entry,
                    f"the MAC address {value} is a number, as YAML reads digits and colons",
                    "put it in quotes",
                )
                continue
            mac = normal_mac(value)
            if mac is None:
                self._fault(
                    entry,
                    f"the MAC address {_shown(value)} is not six pairs of hexadecimal digits",
                    "write it as de:ad:be:ef:ca:fe",
                )
                continue
            if mac in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"):
                self._fault(entry, f"the MAC address {mac} is no host's", "write the host's own")
            other = self._macs.setdefault(mac, entry)
            if other is not entry:
                self._fault(
                    entry,
                    f"the MAC address {mac} is already that of {other}",
                    "give it to one of them",
                )
            elif mac in macs:
                self._fault(entry, f"the MAC address {mac} is listed twice", "remove one")
            macs.append(mac)
        return macs

    def _read_aliases(self, entry: _Entry, name: str) -> list[str]:
        aliases: list[str] = []
        for value in self._list(entry, "aliases", entry.get("aliases")):
            alias = self._label(entry, "alias", value)
            if alias is None:
                continue
            if alias == name:
                self._fault(entry, f"the alias {alias} is its own name", "remove it")
            elif alias in aliases:
                self._fault(entry, f"the alias {alias} is listed twice", "remove one")
            else:
                self._hold_label(entry, "alias", alias)
            aliases.append(alias)
        return aliases

    def _read_name_servers(self) -> None:
        entries = list(self._entries("name_servers", "Name server"))
        if not entries and "name_servers" in self._data:
            self._fault("Site", "it has no name server", "add one or two to name_servers")
        if len(entries) > _NAME_SERVERS_MAX:
            self._fault(
                "Site",
                f"it has {len(entries)} name servers",
                f"remove some: dnscache asks {_NAME_SERVERS_MAX} at most for one zone",
            )
        for entry in entries:
            label = self._label(entry, "name", entry.get("name"))
            if label is not None:
                self._hold_label(entry, "name", label)
            address = self._address(entry, "alias address", entry.get("address"))
            if address is None:
                continue
            self._spared.add(address)
            self._hold_address(entry, "alias address", address, "")
            self._check_alias(entry, address)
            self._name_servers.append(NameServer(label or "", str(address)))

    def _check_alias(self, entry: _Entry, address: IPv4Address) -> None:
        """Check that a server can carry the alias on its interface."""
        network = self._network_of(address)
        if network is not None and _is_edge(address, network):
            self._check_usable(entry, "alias address", address)
        if address in self._routers:
            self._fault(
                entry,
                f"the alias address {address} is a router of {self._routers[address]}",
                "choose another",
            )
        if entry.get("server_address") is None:
            return
        server = self._address(entry, "address of its server", entry.get("server_address"))
        if server is None:
            return
        home = self._network_of(server)
        if server == address:
            self._fault(
                entry,
                f"the alias address {address} is its server's own",
                "choose a free address of the same subnet",
            )
        elif home is None or address not in home:
            place = f"the subnet {home}" if home is not None else "any subnet"
            self._fault(
                entry,
                f"the alias address {address} does not lie in {place} of its server's {server}",
                "choose a free address of that subnet",
            )

    def _check_ranges(self) -> None:
        """Check that dhcpd does not give away the address of a router or a server."""
        taken = {address: holder[0] for address, holder in self._holders.items()}
        taken.update(self._routers)
        exposed = sorted(taken.keys() - self._spared)
        for network, entry in self._networks.items():
            for first, last in self._ranges[network]:
                for address in exposed:
                    if first <= address <= last:
                        self._fault(
                            entry,
                            f"the range {first} to {last} holds the address {address} of "
                            + ("a router" if address in self._routers else str(taken[address])),
                            "make it a fixed host, or leave it out of the range",
                        )
