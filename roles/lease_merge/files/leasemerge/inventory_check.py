"""Every fault of an inventory at once: one function a table, one sentence a fault.

The format is site.json's (docs/design.md). Keys that only the deployment knows (servers with
their addresses, routers, lease times) are checked where they are there.

To add a key of a row, add it to the table's keys at the end of this module, with the check of its
value. To add a table, write its function and add it to `_CHECKS`. A sentence names a key of the
site by `inventory.setting(key)`, which is what a person finds it under.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import MappingProxyType

from .ranges import listed, normal_mac, reverse_zones, zone_network
from .record_check import Surroundings, record_faults
from .records import Record, RecordError, parse, reverse_name

DEFAULT_RESERVED_NAMES = ("wpad", "isatap", "localhost")

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
# tinydns' tdlookup.c: of more addresses it chooses some.
_ADDRESSES_MAX = 8
# 16 AAAA of 28 octets leave room for the longest label in a domain of 2 octets; 8 for every name.
_IPV6_ADDRESSES_MAX = 8

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
# The statement, or the option of that name, at the beginning of a statement; not in a comment.
_SERVER_IDENTIFIER = re.compile(
    r"(?:^|[;{}])\s*(?:option\s+dhcp-)?server-identifier\b", re.MULTILINE
)
# dhcpd.conf(5), "allow and deny within pool declarations".
_PERMIT = re.compile(
    r"(?:un)?known[ -]clients|all clients|dynamic bootp clients|(?:un)?authenticated clients"
    r'|members of "[^"\\;{}]+"'
)
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
# A name of dhcp-options(5), with that of its space where it has one.
_OPTION = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?")
_COMMENT = re.compile(r"#.*")
_RANGE = re.compile(r"\brange\s+(?:dynamic-bootp\s+)?([0-9.]+)(?:\s+([0-9.]+))?\s*;")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an inventory: where, in what way, and what to do about it."""

    where: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Return the one sentence that is printed."""
        return f"{self.where}: {self.problem}; {self.remedy}."


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found: faults, with which nothing may be deployed, and notes, with which it may."""

    faults: list[Fault]
    notes: list[Fault]


def check(data: object, settings: Mapping[str, str] = MappingProxyType({})) -> Findings:
    """Return what is found in a site, in the order of its keys; nothing in a valid one.

    `settings` are names by key, for sentences about a key that is set under another name. A row's
    key `where` is its place in the inventory, and the site's `where` maps keys to theirs.
    """
    if not isinstance(data, Mapping):
        return Findings(
            [Fault("Site", "it is not a mapping of keys to values", "write it as one")], []
        )
    inventory = _Inventory(data, settings)
    for check_table in _CHECKS:
        check_table(inventory)
    return Findings(inventory.faults, inventory.notes)


def faults(data: object) -> list[Fault]:
    """Return every fault of a site."""
    return check(data).faults


def _shown(value: object) -> str:
    """Show a value as the inventory has it, without letting it break the line or fill it."""
    if value is None or isinstance(value, bool):
        return {None: "empty", True: "true", False: "false"}[value]
    text = value if isinstance(value, str) else repr(value)
    text = _printable(text)
    return (text if len(text) <= 80 else f"{text[:80]}…") or "''"


def _printable(text: object) -> str:
    """Return a text as one line."""
    return "".join(char if char.isprintable() else "?" for char in str(text))


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_edge(address: IPv4Address, network: IPv4Network) -> bool:
    """Tell whether it is the network or broadcast address; a /31 or /32 has none (RFC 3021)."""
    return network.prefixlen < 31 and address in (
        network.network_address,
        network.broadcast_address,
    )


class _Row:
    """One entry of a list in the site: its values, and how a sentence names it."""

    def __init__(self, kind: str, key: str, index: int, values: Mapping[object, object]) -> None:
        self.values = values
        name = values.get(key) or values.get("server")
        shown = f"{kind} {_shown(name)}" if name is not None else f"{kind} number {index + 1}"
        where = values.get("where")
        self.who = f"{shown} ({_printable(where)})" if where is not None else shown

    def get(self, key: str) -> object:
        return self.values.get(key)

    def __str__(self) -> str:
        """Name the entry in the midst of a sentence."""
        return self.who[0].lower() + self.who[1:]


class _Inventory:
    """The site under check, its faults, and what the checks so far have read for the later ones."""

    def __init__(self, data: Mapping[object, object], settings: Mapping[str, str]) -> None:
        self.data = data
        self.settings = settings
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []
        self.reserved: set[str] = set()
        self.servers: list[str] = []
        self.networks: dict[IPv4Network, _Row] = {}
        # Whether a subnet could not be read: what lies in none may lie in that one.
        self.subnet_is_missing = False
        self.ranges: dict[IPv4Network, list[tuple[IPv4Address, IPv4Address]]] = {}
        self.routers: dict[IPv4Address, _Row] = {}
        self.ipv6_networks: list[IPv6Network] = []
        self.ipv6_addresses: dict[IPv6Address, _Row] = {}
        self.domain = ""
        # The domains that hosts are named in.
        self.domains: set[str] = set()
        # The zones that are served: the domains, those of `zones` and the reverse zones.
        self.zones: set[str] = set()
        # The row that an absolute name or a MAC address belongs to.
        self.names: dict[str, _Row] = {}
        # Of the names, those with an address, which may be that of a lease.
        self.addressed: set[str] = set()
        self.macs: dict[str, _Row] = {}
        # What holds an address: the row and, for a server, its name. A server may be a fixed host
        # too, and a dhcp server a dnscache server; one machine is recognised by its one name.
        self.holders: dict[IPv4Address, tuple[_Row, str]] = {}
        # What ranges are written around.
        self.spared: set[IPv4Address] = set()
        # The fixed hosts' names. A server's address is its fixed host's, whose faults are reported.
        self.hosts: dict[str, object] = {}
        self.without_host: set[str] = set()
        # Of each network and number of a virtual router the row, and its floating address.
        self.virtual_routers: dict[tuple[IPv4Network | None, int], tuple[_Row, IPv4Address]] = {}

    # How a fault is reported, and how values are taken out.

    def fault(self, who: str | _Row, what: str, remedy: str) -> None:
        name = who.who if isinstance(who, _Row) else who
        self.faults.append(Fault(name, what, remedy))

    def note(self, who: str | _Row, what: str, remedy: str) -> None:
        """Note what is allowed, but hardly meant."""
        self.notes.append(Fault(who.who if isinstance(who, _Row) else who, what, remedy))

    def setting(self, key: str) -> str:
        """Return the name that a key of the site is set under."""
        return self.settings.get(key, key)

    def site(self, key: str) -> str:
        """Name the site where a sentence is about one of its own keys."""
        places = self.data.get("where")
        place = places.get(key) if isinstance(places, Mapping) else None
        return "Site" if place is None else f"Site ({_printable(place)})"

    def items(self, who: str | _Row, key: str, value: object) -> Sequence[object]:
        if value is None:
            return ()
        if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
            self.fault(who, f"{key} is {_shown(value)}, not a list", "write it as a list")
            return ()
        return value

    def rows(self, key: str, kind: str, name_key: str = "name") -> Iterator[_Row]:
        where = self.site(key)
        for index, values in enumerate(self.items(where, self.setting(key), self.data.get(key))):
            if isinstance(values, Mapping):
                yield _Row(kind, name_key, index, values)
            else:
                self.fault(
                    where,
                    f"entry {index + 1} of {self.setting(key)} is {_shown(values)}, not a mapping",
                    "write it as one",
                )

    def check_row(self, row: _Row, keys: Mapping[str, _Check | None]) -> None:
        """Check that a row has no other keys, and each value that can be checked by itself."""
        for key, value in row.values.items():
            if key == "unresolved" and isinstance(value, Mapping):
                for name, reason in value.items():
                    self.fault(row, f"{name} cannot be worked out ({reason})", "fix its template")
            elif keys is FIXED_HOST_KEYS and key in SERVER_KEYS:
                group = SERVER_KEYS[str(key)]
                problem = f"it has {key}, but is not in the group {group}"
                self.fault(row, problem, "add it to the group")
            elif value is None and keys in (SUBNET_KEYS, POOL_KEYS) and key in keys:
                self.fault(row, f"{key} is empty", "write its value, or remove it")
            elif key not in keys and key != "where":
                problem = f"the key {_shown(key)} is unknown"
                self.fault(row, problem, self.remedy(str(key), keys))
        for key, check in keys.items():
            if check is not None and row.get(key) is not None:
                check(self, row, key)

    def remedy(self, key: str, keys: Mapping[str, _Check | None]) -> str:
        """Return what to do about a key that is unknown."""
        of_host = keys is FIXED_HOST_KEYS
        known = sorted({*keys} - {"name"} if of_host else keys)
        name = key.lower().replace("-", "_")
        meant = name if name in known else _OFTEN_MEANT.get(name)
        close = get_close_matches(name, [*known, *SERVER_KEYS] if of_host else known, 1, 0.7)
        if meant in known:
            return f"write {meant}"
        if close:
            return f"write {close[0]}"
        own = self.settings.get("own_variables")
        listed = f", or list it in {own} if it is your own" if of_host and own else ""
        return f"use {', '.join(known)}{listed}"

    def label(self, who: str | _Row, what: str, value: object) -> str | None:
        """Read a DNS label in lower case (RFC 1123 section 2.1), or tell what is wrong with it."""
        if not isinstance(value, str):
            if value is None:
                self.fault(who, f"it has no {what}", "add it")
            else:
                self.fault(who, f"the {what} {_shown(value)} is not text", "put it in quotes")
            return None
        label = value.lower() if value.isascii() else value
        if not _LABEL.fullmatch(label):
            self.fault(
                who,
                f"the {what} {_shown(value)} is not a DNS label",
                "use letters, digits and hyphens only, no hyphen at either end",
            )
            return None
        if len(label) > _LABEL_MAX:
            self.fault(
                who,
                f"the {what} {_shown(value)} has {len(label)} characters",
                f"shorten it to {_LABEL_MAX} at most",
            )
            return None
        return label

    def address(self, who: str | _Row, what: str, value: object) -> IPv4Address | None:
        if isinstance(value, str) and value:
            try:
                return IPv4Address(value)
            except ValueError:
                self.fault(
                    who,
                    f"the {what} {_shown(value)} is not an IPv4 address",
                    "write four numbers from 0 to 255",
                )
                return None
        if value is None or value == "":
            self.fault(who, f"it has no {what}", "add it")
        elif isinstance(value, (list, tuple)):
            self.fault(who, f"the {what} is the list {_shown(value)}", "write a single address")
        else:
            self.fault(
                who,
                f"the {what} {_shown(value)} is not an IPv4 address",
                "write four numbers from 0 to 255",
            )
        return None

    def network_of(self, address: IPv4Address) -> IPv4Network | None:
        return next((network for network in self.networks if address in network), None)

    def check_usable(self, who: _Row, what: str, address: IPv4Address) -> IPv4Network | None:
        """Check that a host can have the address; return its subnet."""
        network = self.network_of(address)
        if network is None and not self.subnet_is_missing:
            self.fault(
                who,
                f"the {what} {address} lies in none of the subnets",
                "choose one inside a subnet, or add its subnet",
            )
        elif network is not None and _is_edge(address, network):
            kind = "network" if address == network.network_address else "broadcast"
            self.fault(
                who, f"the {what} {address} is the {kind} address of {network}", "choose another"
            )
        return network

    def hold_address(self, who: _Row, what: str, address: IPv4Address, machine: str) -> None:
        """Note who has an address; `machine` is empty where nobody else may have it."""
        other, other_machine = self.holders.setdefault(address, (who, machine))
        if other is not who and (not machine or machine != other_machine):
            self.fault(
                who, f"the {what} {address} is already that of {other}", "give it to one of them"
            )

    def machine_address(self, row: _Row, name: str, value: object) -> IPv4Address | None:
        """Read the address of a server, which is that of the fixed host of its name."""
        if name in self.hosts and (self.hosts[name] or "") == (value or ""):
            # Whatever else is wrong with it is reported of the fixed host.
            if isinstance(value, (list, tuple)):
                return self.address(row, "address", value)
            try:
                return IPv4Address(value) if isinstance(value, str) else None
            except ValueError:
                return None
        if value in (None, ""):
            if name not in self.without_host:
                self.fault(row, "it is not a fixed host", "add it to the fixed hosts")
            self.without_host.add(name)
            return None
        return self.address(row, "address", value)

    def hold_label(self, who: _Row, what: str, label: str, domain: str) -> None:
        """Note who has a label in a domain."""
        if label in self.reserved:
            self.fault(who, f"the {what} {label} is a reserved name", "choose another")
        self.addressed.add(f"{label}.{domain}")
        other = self.names.setdefault(f"{label}.{domain}", who)
        if other is not who:
            self.fault(
                who, f"the {what} {label} is already a name of {other}", "give it to one of them"
            )


# The checks, in docs/design.md's order of keys where it has one.


def _check_keys(inventory: _Inventory) -> None:
    missing = [inventory.setting(key) for key in _REQUIRED_KEYS if inventory.data.get(key) is None]
    # A time may be absent, where only the servers' part of a site is checked.
    missing += [
        inventory.setting(key)
        for key in (*_TTLS, *_LEASE_TIMES)
        if key in inventory.data and inventory.data[key] is None
    ]
    for name in missing:
        inventory.fault("Site", f"{name} is missing", "add it")
    rows = inventory.data.get("fixed_hosts")
    if isinstance(rows, Sequence):
        inventory.hosts.update(
            (str(row.get("name")), row.get("fixed_address"))
            for row in rows
            if isinstance(row, Mapping)
        )


def _check_domain(inventory: _Inventory) -> None:
    value = inventory.data.get("domain")
    if value is None:
        return
    inventory.domain = _read_domain(inventory, inventory.site("domain"), "domain", value) or ""


def _read_domain(inventory: _Inventory, who: str | _Row, what: str, value: object) -> str | None:
    """Read a zone that hosts may be named in, and note that it is served."""
    domain = _read_zone(inventory, who, what, value, of_hosts=True)
    if domain is None:
        return None
    if len(domain) > _DOMAIN_MAX:
        inventory.fault(
            who,
            f"the {what} has {len(domain)} characters",
            f"shorten it to {_DOMAIN_MAX} at most, so that every label fits before it",
        )
    elif domain.endswith((".in-addr.arpa", ".ip6.arpa")):
        inventory.fault(who, f"the {what} {domain} is a reverse zone", "choose another")
    else:
        inventory.zones.add(domain)
        inventory.domains.add(domain)
    return domain


def _read_zone(
    inventory: _Inventory, who: str | _Row, what: str, value: object, *, of_hosts: bool = False
) -> str | None:
    """Read the name of a zone in lower case, or tell what is wrong with it."""
    zone = value.lower() if isinstance(value, str) and value.isascii() else ""
    # An underscore is for zones of services: _msdcs of an Active Directory (RFC 8552).
    labels = (zone if of_hosts else zone.replace("_", "x")).split(".")
    if all(_LABEL.fullmatch(part) and len(part) <= _LABEL_MAX for part in labels):
        return zone
    inventory.fault(
        who,
        f"the {what} {_shown(value)} is not a DNS name",
        "write labels of letters, digits and inner hyphens with a dot between them",
    )
    return None


def _check_zones(inventory: _Inventory) -> None:
    who = inventory.site("zones")
    for value in inventory.items(who, inventory.setting("zones"), inventory.data.get("zones")):
        zone = _read_zone(inventory, who, "zone", value)
        if zone is None:
            continue
        if zone in inventory.zones:
            inventory.fault(who, f"the zone {zone} is served already", "remove it")
        inventory.zones.add(zone)


def _check_reserved_names(inventory: _Inventory) -> None:
    if "reserved_names" not in inventory.data:
        inventory.reserved.update(DEFAULT_RESERVED_NAMES)
        return
    who = inventory.site("reserved_names")
    value = inventory.data["reserved_names"]
    names = inventory.items(who, inventory.setting("reserved_names"), value)
    labels = (inventory.label(who, "reserved name", name) for name in names)
    inventory.reserved.update(label for label in labels if label is not None)


def _seconds(inventory: _Inventory, key: str, most: int) -> int:
    """Read a number of seconds; 0 if it is none."""
    value = inventory.data[key]
    # To Python `true` is a number too.
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
        return value
    shown = f"the text {_shown(value)}" if isinstance(value, str) else _shown(value)
    inventory.fault(
        inventory.site(key),
        f"{inventory.setting(key)} is {shown}",
        f"write a whole number of seconds from 1 to {most}",
    )
    return 0


def _check_ttls(inventory: _Inventory) -> None:
    for key in _TTLS:
        if inventory.data.get(key) is not None:
            _seconds(inventory, key, _TTL_MAX)


def _check_lease_times(inventory: _Inventory) -> None:
    """Check the lease times that are there, and that they go together (dhcpd.conf(5))."""
    times = {
        key: _seconds(inventory, key, _LEASE_TIME_MAX)
        for key in _LEASE_TIMES
        if inventory.data.get(key) is not None
    }
    for low, high in _ORDER_OF_TIMES:
        if 0 < times.get(high, 0) < times.get(low, 0):
            inventory.fault(
                inventory.site(low),
                f"{inventory.setting(low)} is {times[low]} and {inventory.setting(high)} is "
                f"{times[high]}",
                f"{inventory.setting(low)} must not be greater",
            )


def _check_raw(inventory: _Inventory) -> None:
    """Check the options and the text of dhcpd.conf that hold for every client."""
    for key, check_value in (("options", _check_options), ("extra", _check_raw_text)):
        if inventory.data.get(key) is not None:
            row = _Row("Site", "", 0, {**inventory.data, "where": None})
            row.who = inventory.site(key)
            check_value(inventory, row, key)


def _check_subnets(inventory: _Inventory) -> None:
    value = inventory.data.get("subnets")
    if not isinstance(value, Sequence) or isinstance(value, str):
        inventory.subnet_is_missing = True
        inventory.items(inventory.site("subnets"), inventory.setting("subnets"), value)
        return
    inventory.subnet_is_missing = not all(isinstance(row, Mapping) for row in value)
    for row in inventory.rows("subnets", "Subnet", "network"):
        inventory.check_row(row, SUBNET_KEYS)
        network = _network(inventory, row)
        if network is None:
            inventory.subnet_is_missing = True
            continue
        for other, other_row in inventory.networks.items():
            if network.overlaps(other):
                inventory.fault(
                    row,
                    f"it overlaps {other_row}",
                    "give every address to one subnet only",
                )
        inventory.networks[network] = row
        inventory.ranges[network] = []
        for pool in (row, *_pools(inventory, row)):
            _read_ranges(inventory, pool, network)
        for router in inventory.items(row, "routers", row.get("routers")):
            _check_router(inventory, row, network, router)
        _check_times_of(inventory, row)


def _network(inventory: _Inventory, row: _Row) -> IPv4Network | None:
    value = row.get("network")
    if value is None:
        inventory.fault(row, "it has no network", "add it, such as network: 10.1.1.0/24")
        return None
    try:
        if isinstance(value, str) and "/" in value:
            network = IPv4Network(value, strict=False)
            if network.network_address != IPv4Address(value.partition("/")[0]):
                inventory.fault(
                    row,
                    f"the network {value} has bits set behind its prefix",
                    f"write {network}",
                )
            return network
    except ValueError:
        pass
    inventory.fault(
        row,
        f"the network {_shown(value)} is not an IPv4 network",
        "write an address, a slash and the length of its prefix, such as 10.1.1.0/24",
    )
    return None


def _pools(inventory: _Inventory, row: _Row) -> Iterator[_Row]:
    """Read the pools of a subnet: ranges with rules of their own."""
    for index, values in enumerate(inventory.items(row, "pools", row.get("pools"))):
        if not isinstance(values, Mapping):
            inventory.fault(
                row,
                f"pool {index + 1} is {_shown(values)}, not a mapping",
                "write its ranges and rules, such as {ranges: [[10.1.1.50, 10.1.1.99]]}",
            )
            continue
        pool = _Row("Pool", "", index, values)
        pool.who = f"Pool {index + 1} of {row}"
        inventory.check_row(pool, POOL_KEYS)
        if not values.get("ranges") and POOL_KEYS.keys() >= values.keys():
            inventory.fault(pool, "it has no ranges", "write them, or remove the pool")
        _check_times_of(inventory, pool)
        yield pool


def _check_permits(inventory: _Inventory, row: _Row, key: str) -> None:
    """Check who may, or may not, have an address of a pool (dhcpd.conf(5), "permit lists")."""
    for value in inventory.items(row, key, row.get(key)):
        if not isinstance(value, str) or not _PERMIT.fullmatch(value):
            inventory.fault(
                row,
                f"{key} {_shown(value)} is nothing that dhcpd.conf(5) permits by",
                "write known-clients, unknown-clients, all clients, dynamic bootp clients, "
                'authenticated clients, unauthenticated clients or members of "CLASS"',
            )


def _check_seconds(inventory: _Inventory, row: _Row, key: str) -> None:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LEASE_TIME_MAX:
        inventory.fault(
            row,
            f"{key} is {_shown(value)}",
            f"write a whole number of seconds from 1 to {_LEASE_TIME_MAX}",
        )


def _read_ranges(inventory: _Inventory, row: _Row, network: IPv4Network) -> None:
    """Read the ranges of a subnet or of one of its pools."""
    ranges = inventory.ranges[network]
    for value in inventory.items(row, "ranges", row.get("ranges")):
        ends = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
        if len(ends) != 2:
            inventory.fault(
                row,
                f"the range {_shown(value)} is not a list of two addresses",
                "write its first and its last address",
            )
            continue
        first = inventory.address(row, "first address of a range", ends[0])
        last = inventory.address(row, "last address of a range", ends[1])
        if first is None or last is None:
            continue
        text = f"the range {first} to {last}"
        if first > last:
            inventory.fault(row, f"{text} ends before it begins", "swap its addresses")
            continue
        if first not in network or last not in network:
            inventory.fault(row, f"{text} leaves its subnet", f"keep it inside {network}")
            continue
        if _is_edge(first, network) or _is_edge(last, network):
            inventory.fault(
                row,
                f"{text} takes in the network or broadcast address of {network}",
                "leave it out",
            )
        for other_first, other_last in ranges:
            if first <= other_last and other_first <= last:
                inventory.fault(
                    row,
                    f"{text} overlaps the range {other_first} to {other_last}",
                    "give every address to one range only",
                )
        ranges.append((first, last))


def _check_router(inventory: _Inventory, row: _Row, network: IPv4Network, value: object) -> None:
    router = inventory.address(row, "router", value)
    if router is None:
        return
    inventory.routers[router] = row
    if router not in network or _is_edge(router, network):
        inventory.fault(
            row,
            f"the router {router} is no host address of {network}",
            "choose one inside the subnet",
        )


def _check_own_domain(inventory: _Inventory, row: _Row, key: str) -> None:
    """Check the domain of a row, which it need not have."""
    if row.get(key) is not None:
        _read_domain(inventory, row, "domain", row.get(key))


def _check_times_of(inventory: _Inventory, row: _Row) -> None:
    """Check that the lease times of a subnet go together, where it has its own."""
    times = {key: row.values.get(key, inventory.data.get(key)) for key in _LEASE_TIMES}
    for low, high in _ORDER_OF_TIMES:
        least, most = times[low], times[high]
        if not isinstance(least, int) or not isinstance(most, int) or least <= most:
            continue
        # The mclt is the failover pair's, which has many subnets.
        if low != "mclt" and (low in row.values or high in row.values):
            inventory.fault(
                row,
                f"its {low} is {least} and its {high} is {most}",
                f"{low} must not be greater",
            )


def _check_next_server(inventory: _Inventory, row: _Row, key: str) -> None:
    """Check a name or an address, which dhcpd.conf has without quotation marks."""
    value = row.get(key)
    numbers = isinstance(value, str) and re.fullmatch(r"[0-9.]+", value)
    if not isinstance(value, str) or not (
        _is_address(value) if numbers else _HOST_NAME.fullmatch(value)
    ):
        inventory.fault(
            row, f"{key} is {_shown(value)}", "write the address or the name of a server"
        )


def _check_text(inventory: _Inventory, row: _Row, key: str) -> None:
    """Check a text that dhcpd.conf has between quotation marks."""
    value = row.get(key)
    if not isinstance(value, str) or not value:
        inventory.fault(row, f"{key} is {_shown(value)}, not a text", "put it in quotes")
    elif not value.isprintable() or '"' in value or "\\" in value:
        inventory.fault(
            row,
            f"{key} {_shown(value)} has a quotation mark, a backslash or a control character",
            "leave it out",
        )


def _check_reverse_zones(inventory: _Inventory) -> None:
    zones: dict[str, IPv4Network | IPv6Network] = {}
    for value in inventory.items("Site", "reverse_zones", inventory.data.get("reverse_zones")):
        zone = value.lower() if isinstance(value, str) else ""
        try:
            network = zone_network(zone)
        except ValueError:
            inventory.fault(
                "Site",
                f"the reverse zone {_shown(value)} is none",
                "write one to three numbers backwards, such as 1.1.10.in-addr.arpa, "
                "or hexadecimal digits before ip6.arpa",
            )
            continue
        if zone in zones:
            inventory.fault("Site", f"the reverse zone {zone} is listed twice", "remove one")
        zones[zone] = network
    inventory.zones.update(zones)
    ipv4 = [network for network in zones.values() if isinstance(network, IPv4Network)]
    inventory.ipv6_networks = [net for net in zones.values() if isinstance(net, IPv6Network)]
    covered = list(ipaddress.collapse_addresses(ipv4))
    for network, row in inventory.networks.items():
        if not any(network.subnet_of(zones_network) for zones_network in covered):
            inventory.fault(
                row,
                "no reverse zone holds all of its addresses",
                f"add {', '.join(reverse_zones([str(network)])[:4])} to "
                + inventory.setting("reverse_zones"),
            )


def _check_ipv6_networks(inventory: _Inventory) -> None:
    who = inventory.site("ipv6_networks")
    setting = inventory.setting("ipv6_networks")
    for value in inventory.items(who, setting, inventory.data.get("ipv6_networks")):
        try:
            if not isinstance(value, str) or "/" not in value:
                raise ValueError
            IPv6Network(value)
        except ValueError:
            inventory.fault(
                who,
                f"the network {_shown(value)} is not an IPv6 network",
                "write an address, a slash and the length of its prefix, such as 2001:db8:1::/64",
            )


def _check_servers(inventory: _Inventory) -> None:
    servers = inventory.servers
    for value in inventory.items("Site", "servers", inventory.data.get("servers")):
        if not isinstance(value, str) or not value:
            inventory.fault("Site", f"the server {_shown(value)} is not text", "put it in quotes")
        elif value in servers:
            inventory.fault("Site", f"the server {value} is listed twice", "remove one")
        else:
            servers.append(value)


def _check_dhcp_servers(inventory: _Inventory) -> None:
    if inventory.data.get("dhcp_servers") is None:
        return
    names: dict[str, list[str]] = {"primary": [], "secondary": []}
    complete = True
    for row, name in _check_machines(inventory, "dhcp_servers", "dhcp server"):
        role = row.get("role")
        if isinstance(role, str) and role in names:
            names[role].append(name)
            continue
        complete = False
        problem = f"its failover_role is {_shown(role)}" if role else "it has no failover_role"
        inventory.fault(row, problem, "write primary or secondary")
    if not complete:
        return
    if not any(names.values()):
        setting = inventory.setting("dhcp_servers")
        inventory.fault("Site", f"{setting} is empty", "add the two servers of a failover pair")
    elif any(len(of_role) != 1 for of_role in names.values()):
        listed = [f"{', '.join(of_role) or 'none'} as {role}" for role, of_role in names.items()]
        inventory.fault(
            "Site",
            f"{inventory.setting('dhcp_servers')} has {' and '.join(listed)}",
            "a failover pair has one primary and one secondary",
        )
    elif names["primary"][0] in inventory.servers[1:]:
        primary = names["primary"][0]
        inventory.fault("Site", f"the primary {primary} is not the first of servers", "move it")


def _check_tinydns_servers(inventory: _Inventory) -> None:
    for _ in _check_machines(inventory, "tinydns_servers", "tinydns server"):
        pass


def _check_dnscache_servers(inventory: _Inventory) -> None:
    rows = list(_check_machines(inventory, "dnscache_servers", "dnscache server"))
    if not rows and inventory.data.get("dnscache_servers") == []:
        inventory.fault(
            "Site",
            f"{inventory.setting('dnscache_servers')} is empty, so clients would have no resolver",
            "add a server to it",
        )


def _check_machines(inventory: _Inventory, key: str, kind: str) -> Iterator[tuple[_Row, str]]:
    names: set[str] = set()
    for row in inventory.rows(key, kind[0].upper() + kind[1:]):
        name = row.get("name")
        if not isinstance(name, str) or not name:
            inventory.fault(row, "it has no name", "give it one, in quotes")
            name = ""
        elif name in names:
            inventory.fault(
                row, f"it is listed twice in {inventory.setting(key)}", "remove one of them"
            )
        names.add(name)
        address = inventory.machine_address(row, name, row.get("address"))
        if address is not None:
            inventory.hold_address(row, "address", address, name.lower())
            if key == "dhcp_servers" and name not in inventory.hosts:
                # dhcpd serves no interface whose subnet is not declared: dhcpd.conf(5).
                inventory.check_usable(row, "address", address)
        yield row, name


def _check_fixed_hosts(inventory: _Inventory) -> None:
    rows = list(inventory.rows("fixed_hosts", "Host"))
    names: list[tuple[str | None, str]] = []
    fixed: dict[IPv4Address, _Row] = {}
    for row in rows:
        inventory.check_row(row, FIXED_HOST_KEYS)
        label = inventory.label(row, "name", row.get("name"))
        addresses = _check_fixed_addresses(inventory, row, label, fixed)
        domain = _domain_of(inventory, row, addresses)
        names.append((label, domain))
        if label is not None:
            inventory.hold_label(row, "name", label, domain)
        _check_macs(inventory, row)
        unclear = any(key not in FIXED_HOST_KEYS and key != "where" for key in row.values)
        keys = ("fixed_address", "hardware_ethernet", "ipv6_address")
        if not (unclear or any(map(row.get, keys))):
            inventory.fault(
                row,
                "it has neither fixed_address nor hardware_ethernet",
                "give it one of them or both",
            )
        _check_use(inventory, row)
    # A name counts before an alias, so that the fault is reported at the alias.
    for row, (name, domain) in zip(rows, names, strict=True):
        _check_aliases(inventory, row, name, domain)


def _domain_of(inventory: _Inventory, row: _Row, addresses: Sequence[IPv4Address]) -> str:
    """Return the domain that a host is named in: its own, or that of its first address."""
    domain = row.get("domain")
    if domain is None and addresses:
        network = inventory.network_of(addresses[0])
        domain = None if network is None else inventory.networks[network].get("domain")
    return domain.lower() if isinstance(domain, str) else inventory.domain


def _check_use(inventory: _Inventory, row: _Row) -> None:
    """Check that what a host has for dhcpd reaches dhcpd, and that DNS has what dhcpd has."""
    if not row.get("hardware_ethernet"):
        unused = [key for key in ("next_server", "filename", "options", "extra") if row.get(key)]
        if unused:
            inventory.fault(
                row,
                f"it has {' and '.join(unused)}, but no hardware_ethernet: dhcpd would not use it",
                f"add its MAC address, or remove {'them' if unused[1:] else 'it'}",
            )
    extra = row.get("extra")
    if isinstance(extra, str):
        for statement, key in _MODELLED.items():
            if re.search(rf"\b{statement}\b", _COMMENT.sub("", extra)):
                inventory.fault(
                    row,
                    f"its extra has {statement}, which DNS would not know",
                    f"write it as {key}",
                )


def _check_fixed_addresses(
    inventory: _Inventory, row: _Row, label: str | None, fixed: dict[IPv4Address, _Row]
) -> list[IPv4Address]:
    addresses: list[IPv4Address] = []
    values = listed(row.get("fixed_address"))
    if len(values) > _ADDRESSES_MAX:
        inventory.fault(
            row,
            f"it has {len(values)} addresses, and tinydns answers with {_ADDRESSES_MAX} of them",
            "remove some",
        )
    for value in values:
        address = inventory.address(row, "address", value)
        if address is None:
            continue
        inventory.check_usable(row, "address", address)
        if address in addresses:
            inventory.fault(row, f"the address {address} is listed twice", "remove one")
        elif address in fixed:
            inventory.fault(
                row,
                f"the address {address} is already that of {fixed[address]}",
                "give it to one of them",
            )
        else:
            fixed[address] = row
            inventory.spared.add(address)
            inventory.hold_address(row, "address", address, label or "")
        addresses.append(address)
    return addresses


def _check_ipv6_addresses(inventory: _Inventory, row: _Row, key: str) -> None:
    values = listed(row.get(key))
    if len(values) > _IPV6_ADDRESSES_MAX:
        inventory.fault(
            row,
            f"it has {len(values)} IPv6 addresses, and an answer holds {_IPV6_ADDRESSES_MAX}",
            "remove some",
        )
    for value in values:
        try:
            if not isinstance(value, str) or "%" in value:
                raise ValueError
            address = IPv6Address(value)
        except ValueError:
            inventory.fault(
                row,
                f"the address {_shown(value)} is not an IPv6 address",
                "write it as 2001:db8::1",
            )
            continue
        if not any(address in network for network in inventory.ipv6_networks):
            inventory.fault(
                row,
                f"the address {address} lies in none of {inventory.setting('ipv6_networks')}",
                "add its network there, or correct the address",
            )
        other = inventory.ipv6_addresses.setdefault(address, row)
        if other is not row:
            inventory.fault(
                row,
                f"the address {address} is already that of {other}",
                "give it to one of them",
            )


def _check_macs(inventory: _Inventory, row: _Row) -> None:
    macs: set[str] = set()
    for value in inventory.items(row, "hardware_ethernet", row.get("hardware_ethernet")):
        if isinstance(value, int):
            # YAML 1.1 section "integer": 10:20:30:40:50:60 is a number in base 60.
            inventory.fault(
                row,
                f"the MAC address {value} is a number, as YAML reads digits and colons",
                "put it in quotes",
            )
            continue
        mac = normal_mac(value)
        if mac is None:
            inventory.fault(
                row,
                f"the MAC address {_shown(value)} is not six pairs of hexadecimal digits",
                "write it as de:ad:be:ef:ca:fe",
            )
            continue
        # IEEE 802 section 8.2.2: the first octet's lowest bit marks the address of a group.
        if mac == "00:00:00:00:00:00" or int(mac[:2], 16) & 1:
            kind = "a multicast address" if int(mac[:2], 16) & 1 else "no host's"
            inventory.fault(row, f"the MAC address {mac} is {kind}", "write the host's own")
        other = inventory.macs.setdefault(mac, row)
        if other is not row:
            inventory.fault(
                row,
                f"the MAC address {mac} is already that of {other}",
                "give it to one of them",
            )
        elif mac in macs:
            inventory.fault(row, f"the MAC address {mac} is listed twice", "remove one")
        macs.add(mac)


def _check_aliases(inventory: _Inventory, row: _Row, name: str | None, domain: str) -> None:
    aliases: set[str] = set()
    for value in inventory.items(row, "aliases", row.get("aliases")):
        alias = inventory.label(row, "alias", value)
        if alias is None:
            continue
        if alias == name:
            inventory.fault(row, f"the alias {alias} is its own name", "remove it")
        elif alias in aliases:
            inventory.fault(row, f"the alias {alias} is listed twice", "remove one")
        else:
            inventory.hold_label(row, "alias", alias, domain)
        aliases.add(alias)


def _check_name_servers(inventory: _Inventory) -> None:
    rows = list(inventory.rows("name_servers", "Name server"))
    setting = inventory.setting("name_servers")
    if not rows and inventory.data.get("name_servers") == []:
        inventory.fault("Site", f"{setting} is empty", "add one server or two")
    if len(rows) > _NAME_SERVERS_MAX:
        inventory.fault(
            "Site",
            f"{setting} has {len(rows)} servers",
            f"remove some: dnscache asks {_NAME_SERVERS_MAX} at most for one zone",
        )
    for row in rows:
        label = inventory.label(row, "alias_name", row.get("name") or None)
        if label is not None:
            inventory.hold_label(row, "alias_name", label, inventory.domain)
        address = inventory.address(row, "alias_address", row.get("address"))
        if address is None:
            continue
        inventory.spared.add(address)
        if _check_floating(inventory, row, "alias", address):
            inventory.hold_address(row, "alias_address", address, "")


def _check_resolvers(inventory: _Inventory) -> None:
    """Check the resolvers' floating addresses. Where there is none, nothing moves."""
    for row in inventory.rows("dnscache_servers", "Dnscache server"):
        if not row.get("resolver_address"):
            continue
        address = inventory.address(row, "resolver_address", row.get("resolver_address"))
        if address is None:
            continue
        inventory.spared.add(address)
        if _check_floating(inventory, row, "resolver", address):
            inventory.hold_address(row, "resolver_address", address, "")


def _check_floating(inventory: _Inventory, row: _Row, kind: str, address: IPv4Address) -> bool:
    """Check that its home can hold a floating address, beside an address of its own."""
    what = f"{kind}_address"
    network = inventory.network_of(address)
    _check_virtual_router(inventory, row, kind, address, network)
    if network is not None and _is_edge(address, network):
        inventory.check_usable(row, what, address)
    if address in inventory.routers:
        inventory.fault(
            row,
            f"the {what} {address} is a router of {inventory.routers[address]}",
            "choose another",
        )
    # A name server's row has its machine under other keys than a machine's own row.
    name, own = ("server", "server_address") if kind == "alias" else ("name", "address")
    if name not in row.values and row.get(own) is None:
        return True
    server = inventory.machine_address(row, str(row.get(name)), row.get(own))
    if server is None:
        return True
    home = inventory.network_of(server)
    if server == address:
        inventory.fault(
            row,
            f"the {what} {address} is its server's own",
            "choose a free address of the same subnet",
        )
        return False
    known = inventory.hosts.get(str(row.get(name))) == row.get(own)
    if home is None and (known or inventory.subnet_is_missing):
        # The fixed host lies in no subnet, which is reported of it.
        return True
    if home is None or address not in home:
        place = f"the subnet {home}" if home is not None else "any subnet"
        inventory.fault(
            row,
            f"the {what} {address} does not lie in {place} of its server's {server}",
            "choose a free address of that subnet",
        )
    return True


def _check_virtual_router(
    inventory: _Inventory, row: _Row, kind: str, address: IPv4Address, network: IPv4Network | None
) -> None:
    """Check the number of the virtual router (RFC 5798 section 5.2.3): once on a network."""
    key = f"{kind}_virtual_router_id"
    value = row.get("virtual_router_id")
    number = int(address) % 256 if value is None or value == "" else value
    # To Python `true` is a number too.
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 255:
        inventory.fault(
            row,
            f"the virtual router of {address} has the number {_shown(number)}",
            f"set {key} to a number from 1 to 255 that no other on the network has",
        )
        return
    other, theirs = inventory.virtual_routers.setdefault((network, number), (row, address))
    # One address twice is another fault.
    if theirs != address:
        inventory.fault(
            row,
            f"the virtual router of {address} has the number {number}, as has {other}",
            f"set {key} to a number from 1 to 255 that no other on the network has",
        )


def _check_standbys(inventory: _Inventory) -> None:
    """Check that who has no floating address of its own stands by, and that each has a standby."""
    for group, table, kind, key, owner in _FLOATING_GROUPS:
        members = list(inventory.rows(group, group.replace("_servers", " server").capitalize()))
        rows = [row for row in inventory.rows(table, kind) if row.get(key)]
        homes = [row.get(owner) for row in rows]
        networks = {_network_of(inventory, row.get(key)) for row in rows} - {None}
        subnets = [_network_of(inventory, member.get("address")) for member in members]
        for member, subnet in zip(members, subnets, strict=True):
            if member.get("name") not in homes and networks and subnet and subnet not in networks:
                inventory.fault(
                    member,
                    f"it stands by for addresses of {group}, and none of them lies in its subnet",
                    f"take it out of {group}, or give it an address of its own",
                )
        for row in rows:
            # Where an address cannot be read, that is reported, and nothing is known of standbys.
            if None not in subnets and subnets.count(_network_of(inventory, row.get(key))) == 1:
                inventory.note(
                    row,
                    f"nobody stands by for {row.get(key)}",
                    f"add another machine of its subnet to {group}, or know that nobody answers "
                    f"there while {row.get(owner)} is away",
                )


def _network_of(inventory: _Inventory, value: object) -> IPv4Network | None:
    """Return the subnet of what may not even be an address."""
    try:
        return inventory.network_of(IPv4Address(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _check_ranges(inventory: _Inventory) -> None:
    """Check that dhcpd does not lease the address of a router, a server or a fixed host."""
    taken = {address: holder[0] for address, holder in inventory.holders.items()}
    taken.update(inventory.routers)
    exposed = sorted(taken.keys() - inventory.spared)

    def check_range(who: str | _Row, first: IPv4Address, last: IPv4Address, raw: bool) -> None:
        for address in sorted(taken) if raw else exposed:
            if not first <= address <= last:
                continue
            holder = "a router" if address in inventory.routers else str(taken[address])
            inventory.fault(
                who,
                f"the range {first} to {last} {'in extra ' if raw else ''}holds the address "
                f"{address} of {holder}",
                "write the range in ranges, where pinned addresses are left out"
                if raw
                else "make it a fixed host, or leave it out of the range",
            )

    for network, row in inventory.networks.items():
        for first, last in inventory.ranges[network]:
            check_range(row, first, last, raw=False)
            size = int(last) - int(first) + 1
            if size <= len(inventory.spared) and all(
                IPv4Address(int(first) + offset) in inventory.spared for offset in range(size)
            ):
                inventory.note(
                    row,
                    f"no address of the range {first} to {last} is left to lease",
                    "extend it, or remove it",
                )
        for first, last in _ranges_in(row.get("extra")):
            check_range(row, first, last, raw=True)
    for first, last in _ranges_in(inventory.data.get("extra")):
        check_range(inventory.site("extra"), first, last, raw=True)


def _check_records(inventory: _Inventory) -> None:
    """Check each record by itself, then all beside one another and beside the hosts."""
    who = inventory.site("records")
    rows: list[_Row] = []
    numbered: list[tuple[int, Record]] = []
    for value in inventory.items(who, inventory.setting("records"), inventory.data.get("records")):
        values = value if isinstance(value, Mapping) else {"record": value}
        row = _Row("Record", "record", len(rows), values)
        rows.append(row)
        try:
            numbered.append((len(rows) - 1, parse(row.get("record"), inventory.domain)))
        except RecordError as error:
            inventory.fault(row, error.problem, error.remedy)
    addresses: list[tuple[IPv4Address | IPv6Address, _Row]] = [
        *((address, holder[0]) for address, holder in inventory.holders.items()),
        *inventory.ipv6_addresses.items(),
    ]
    around = Surroundings(
        zones=frozenset(inventory.zones),
        names={name: f"a name of {row}" for name, row in inventory.names.items()},
        addressed=frozenset(inventory.addressed),
        reserved=frozenset(
            f"{label}.{domain}" for label in inventory.reserved for domain in inventory.domains
        ),
        pointers={reverse_name(str(address)): str(row) for address, row in addresses},
        ranges=[ends for ranges in inventory.ranges.values() for ends in ranges],
        spared=frozenset(inventory.spared),
    )
    for number, problem, remedy in record_faults(numbered, around):
        inventory.fault(rows[number], problem, remedy)


def _check_forward_zones(inventory: _Inventory) -> None:
    who = inventory.site("forward_zones")
    value = inventory.data.get("forward_zones") or {}
    if not isinstance(value, Mapping):
        setting = inventory.setting("forward_zones")
        inventory.fault(who, f"{setting} is {_shown(value)}, not a mapping", "write it as one")
        return
    for name, servers in value.items():
        zone = _read_zone(inventory, who, "forwarded zone", name)
        if zone is None:
            continue
        if zone in inventory.zones:
            inventory.fault(
                who, f"the forwarded zone {zone} is served here", "remove it from one of the two"
            )
        addresses = _check_name_server_addresses(inventory, who, f"the zone {zone}", servers)
        if not addresses:
            inventory.fault(
                who, f"the forwarded zone {zone} has no name server", "write a list of addresses"
            )


def _check_upstream_resolvers(inventory: _Inventory) -> None:
    who = inventory.site("upstream_resolvers")
    value = inventory.data.get("upstream_resolvers")
    _check_name_server_addresses(inventory, who, inventory.setting("upstream_resolvers"), value)


def _check_name_server_addresses(
    inventory: _Inventory, who: str, what: str, value: object
) -> Sequence[object]:
    values = inventory.items(who, what, value)
    tables = (inventory.data.get(key) for key in ("dnscache_servers", "name_servers"))
    rows = [row for table in tables for row in listed(table) if isinstance(row, Mapping)]
    for address in values:
        inventory.address(who, f"name server (of {what})", address)
        if isinstance(address, str) and any(row.get("address") == address for row in rows):
            inventory.fault(
                who,
                f"the name server (of {what}) {address} is one of this network's own",
                "write the address of somebody else's",
            )
    if len(values) > _NAME_SERVERS_MAX:
        inventory.fault(
            who,
            f"{what} has {len(values)} name servers",
            f"remove some: dnscache asks {_NAME_SERVERS_MAX} at most for one zone",
        )
    return values


def _ranges_in(extra: object) -> Iterator[tuple[IPv4Address, IPv4Address]]:
    """Yield the ranges in dhcpd.conf text (dhcpd.conf(5), "The range statement")."""
    if not isinstance(extra, str):
        return
    for match in _RANGE.finditer(_COMMENT.sub("", extra)):
        try:
            first = IPv4Address(match[1])
            yield first, IPv4Address(match[2]) if match[2] else first
        except ValueError:
            continue


def _check_variables(inventory: _Inventory) -> None:
    """Check the variables whose names say that they are ours."""
    for row in inventory.rows("unknown_variables", "Variable"):
        meant = f"write {row.get('meant')}, if that is meant, or " if row.get("meant") else ""
        inventory.fault(
            row, "no such variable is used", f"{meant}choose another name for one of your own"
        )


def _check_elsewhere(inventory: _Inventory) -> None:
    """Check that a host which is written like ours is in the group that makes it one."""
    for row in inventory.rows("hosts_elsewhere", "Host"):
        problem = f"it has {row.get('key')}, but is not in the group {row.get('group')}"
        inventory.fault(row, problem, "add it to the group")


def _check_options(inventory: _Inventory, row: _Row, key: str) -> None:
    value = row.get(key)
    if not isinstance(value, Mapping):
        inventory.fault(row, f"{key} is {_shown(value)}, not a mapping", "write it as one")
        return
    for option, content in value.items():
        if option == "dhcp-server-identifier":
            _fault_of_identity(inventory, row, key)
        elif not isinstance(option, str) or not _OPTION.fullmatch(option):
            inventory.fault(
                row,
                f"{_shown(option)} is not the name of an option",
                "write one of dhcp-options(5)",
            )
        elif content is None or content in ("", []) or isinstance(content, (Mapping, bool)):
            inventory.fault(
                row,
                f"the option {option} is {_shown(content or None)}",
                "write a text, a number or a list of them",
            )


def _check_raw_text(inventory: _Inventory, row: _Row, key: str) -> None:
    value = row.get(key)
    if not isinstance(value, str):
        inventory.fault(row, f"{key} is {_shown(value)}, not text", "write it as text")
    elif value and _SERVER_IDENTIFIER.search(value):
        _fault_of_identity(inventory, row, key)


def _fault_of_identity(inventory: _Inventory, row: _Row, key: str) -> None:
    inventory.fault(
        row,
        f"{key} has a server identifier, which both servers of the pair would send",
        "remove it: each sends its own address, at which its clients renew",
    )


_REQUIRED_KEYS = (
    "domain",
    "reverse_zones",
    "name_servers",
    "fixed_hosts",
    "subnets",
    "servers",
)

_TTLS = ("fixed_ttl", "lease_ttl", "negative_ttl")
_LEASE_TIMES = ("min_lease_time", "default_lease_time", "max_lease_time", "mclt")
# The first must not be greater than the second.
_ORDER_OF_TIMES = (
    ("min_lease_time", "default_lease_time"),
    ("default_lease_time", "max_lease_time"),
    ("min_lease_time", "max_lease_time"),
    ("mclt", "max_lease_time"),
)
# What a key is often called elsewhere.
_OFTEN_MEANT = {
    "address": "fixed_address",
    "alias": "aliases",
    "boot_file": "filename",
    "cname": "aliases",
    "cnames": "aliases",
    "ether": "hardware_ethernet",
    "gateway": "routers",
    "hardware": "hardware_ethernet",
    "hwaddr": "hardware_ethernet",
    "ip": "fixed_address",
    "ip_address": "fixed_address",
    "lease_time": "default_lease_time",
    "mac": "hardware_ethernet",
    "mac_address": "hardware_ethernet",
    "macaddress": "hardware_ethernet",
    "names": "aliases",
    "range": "ranges",
    "router": "routers",
    "subnet": "network",
    "tftp_server": "next_server",
}
# Statements of a host block that DNS must know too, with the key for each.
_MODELLED = {"fixed-address": "fixed_address", "hardware ethernet": "hardware_ethernet"}

# The keys of a row of each table, each with the check of its value; None where the table's own
# function reads it, since what is right depends on other keys or rows.
_Check = Callable[[_Inventory, _Row, str], None]
FIXED_HOST_KEYS: dict[str, _Check | None] = {
    "name": None,
    "fixed_address": None,
    "ipv6_address": _check_ipv6_addresses,
    "hardware_ethernet": None,
    "aliases": None,
    "domain": _check_own_domain,
    "next_server": _check_next_server,
    "filename": _check_text,
    "options": _check_options,
    "extra": _check_raw_text,
}

# What a server has in the inventory, with the group that it is for.
SERVER_KEYS = {
    "failover_role": "dhcp_servers",
    "alias_name": "tinydns_servers",
    "alias_address": "tinydns_servers",
    "alias_virtual_router_id": "tinydns_servers",
    "resolver_address": "dnscache_servers",
    "resolver_virtual_router_id": "dnscache_servers",
}
SUBNET_KEYS: dict[str, _Check | None] = {
    "network": None,
    "ranges": None,
    "pools": None,
    "routers": None,
    "shared_network": _check_text,
    "domain": _check_own_domain,
    "default_lease_time": _check_seconds,
    "min_lease_time": _check_seconds,
    "max_lease_time": _check_seconds,
    "next_server": _check_next_server,
    "filename": _check_text,
    "options": _check_options,
    "extra": _check_raw_text,
}
POOL_KEYS: dict[str, _Check | None] = {
    "ranges": None,
    "allow": _check_permits,
    "deny": _check_permits,
    "options": _check_options,
    "default_lease_time": _check_seconds,
    "min_lease_time": _check_seconds,
    "max_lease_time": _check_seconds,
    "extra": _check_raw_text,
}

# A group of servers; the table of the addresses that float among them, what a sentence calls its
# rows, and its keys for the address and for its home.
_FLOATING_GROUPS = (
    ("tinydns_servers", "name_servers", "Name server", "address", "server"),
    ("dnscache_servers", "dnscache_servers", "Dnscache server", "resolver_address", "name"),
)

# In this order: a check finds what the ones before it have read.
_CHECKS: tuple[Callable[[_Inventory], None], ...] = (
    _check_keys,
    _check_domain,
    _check_reserved_names,
    _check_ttls,
    _check_lease_times,
    _check_raw,
    _check_subnets,
    _check_reverse_zones,
    _check_ipv6_networks,
    _check_servers,
    _check_dhcp_servers,
    _check_tinydns_servers,
    _check_dnscache_servers,
    _check_fixed_hosts,
    _check_name_servers,
    _check_resolvers,
    _check_standbys,
    _check_ranges,
    _check_zones,
    _check_records,
    _check_forward_zones,
    _check_upstream_resolvers,
    _check_variables,
    _check_elsewhere,
)
