"""The inventory as the checks read it: values in, faults out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import MappingProxyType

from .faults import Fault, printable, remedy_for, show
from .ranges import listed

# RFC 1035 section 2.3.4, in text form.
_LABEL_MAX = 63
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
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
    "role": "failover_role",
    "router": "routers",
    "subnet": "network",
    "tftp_server": "next_server",
}
# Keys of a row about its place: where it is defined, and where those of its keys are that are set
# elsewhere.
PLACE_KEYS = ("where", "places")


class Row:
    """One entry of a list in the site: its values, and how a sentence names it."""

    def __init__(self, kind: str, key: str, index: int, values: Mapping[object, object]) -> None:
        """Keep the values; `key` is the one that names the entry."""
        self.values = values
        name = values.get(key) or values.get("server")
        self._shown = f"{kind} {show(name)}" if name is not None else f"{kind} number {index + 1}"
        self.who = self._at(values.get("where"))
        reasons = values.get("unresolved")
        # By variable, the reason why it cannot be resolved.
        self.unresolved = reasons if isinstance(reasons, Mapping) else {}

    def get(self, key: str) -> object:
        """Return the value of a key, None where it is absent."""
        return self.values.get(key)

    def where(self, key: object) -> str:
        """Name the entry in a sentence about one of its keys, which may be set elsewhere."""
        places = self.values.get("places")
        place = places.get(key) if isinstance(places, Mapping) else None
        return self.who if place is None else self._at(place)

    def _at(self, place: object) -> str:
        return self._shown if place is None else f"{self._shown} ({printable(place)})"

    def __str__(self) -> str:
        """Name the entry in the middle of a sentence."""
        return self.who if self.who[:2].isupper() else self.who[0].lower() + self.who[1:]


class Inventory:
    """The site under check, its faults, and what earlier checks have read for later ones."""

    def __init__(self, data: Mapping[object, object], settings: Mapping[str, str]) -> None:
        """Begin with nothing read and no faults."""
        self.data = data
        self.settings = settings
        # Variables that are reported already, since their templates cannot be resolved.
        self.unresolved = {
            str(row.get("name"))
            for row in listed(data.get("unresolved"))
            if isinstance(row, Mapping)
        }
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []

        # What checks read for other checks: those that fill it -> those that use it.
        # _read_hosts -> the checks of servers. The fixed hosts' addresses by name: a server's is
        # its fixed host's, whose faults are reported.
        self.hosts: dict[str, object] = {}
        # The checks of servers -> one another. The servers without a fixed host, or whose fixed
        # host has no address: reported once.
        self.without_host: set[str] = set()
        # The checks of servers -> check_fixed_hosts. The servers that are fixed hosts.
        self.machines: set[str] = set()
        # check_domain -> every name. The site's own domain.
        self.domain = ""
        # check_domain, check_own_domain -> check_records. The domains that hosts are named in.
        self.domains: set[str] = set()
        # check_domain, check_own_domain, check_reverse_zones, check_zones -> check_zones,
        # check_records, check_forward_zones. The zones that are served.
        self.zones: set[str] = set()
        # check_zones -> check_records. Those that are for records alone.
        self.zones_of_records: list[str] = []
        # check_reserved_names -> every name, check_records.
        self.reserved: set[str] = set()
        # check_subnets -> every address, check_reverse_zones.
        self.networks: dict[IPv4Network, Row] = {}
        # check_subnets -> every address. Whether a subnet could not be read: an address in no
        # other may lie in it.
        self.subnet_is_missing = False
        # check_subnets -> check_ranges, check_records.
        self.ranges: dict[IPv4Network, list[tuple[IPv4Address, IPv4Address]]] = {}
        # check_subnets -> check_name_servers, check_resolvers, check_ranges.
        self.routers: dict[IPv4Address, Row] = {}
        # check_raw_text -> check_ranges, check_host_blocks. What goes into dhcpd.conf verbatim.
        self.texts: list[tuple[Row, str]] = []
        # check_fixed_hosts -> check_host_blocks. Who has a MAC address.
        self.macs: dict[str, Row] = {}
        # check_reverse_zones -> check_fixed_hosts.
        self.ipv6_networks: list[IPv6Network] = []
        # check_servers -> check_dhcp_servers.
        self.servers: list[str] = []
        # check_fixed_hosts, check_name_servers -> each other, check_records. The row that an
        # absolute name belongs to.
        self.names: dict[str, Row] = {}
        # Every address -> every other, check_ranges, check_records. What holds it: the row and, for
        # a server, its name. A server may also be a fixed host, and a dhcp server a dnscache
        # server; a machine is recognised by its single name.
        self.holders: dict[IPv4Address, tuple[Row, str]] = {}
        # check_fixed_hosts -> its own rows, check_records.
        self.ipv6_addresses: dict[IPv6Address, Row] = {}
        # check_fixed_hosts, check_name_servers, check_resolvers -> check_ranges, check_records.
        # Addresses that ranges are written around.
        self.spared: set[IPv4Address] = set()
        # check_name_servers, check_resolvers -> each other. By network or shared network and
        # virtual router ID, the row and its address.
        self.virtual_routers: dict[tuple[object, int], tuple[Row, IPv4Address]] = {}
        # check_name_servers, check_resolvers -> check_standbys. Whether a floating address lies
        # outside its home's subnet: its standbys are not known.
        self.floating_is_faulty = False

    # How faults are reported, and how values are read.

    @property
    def kea(self) -> bool:
        """Whether the DHCP server is Kea."""
        return self.data.get("dhcp_server") == "kea"

    def fault(self, where: str | Row, problem: str, remedy: str) -> None:
        """Add a fault."""
        self.faults.append(_fault(where, problem, remedy))

    def note(self, where: str | Row, problem: str, remedy: str) -> None:
        """Note what is allowed, but probably unintended."""
        self.notes.append(_fault(where, problem, remedy))

    def setting(self, key: str) -> str:
        """Return the name that a key of the site is set under."""
        return self.settings.get(key, key)

    def is_unresolved(self, *keys: str) -> bool:
        """Return whether one of these keys of the site has an unresolved value."""
        return any(self.setting(key) in self.unresolved for key in keys)

    def report_unresolved(self, row: Row, *names: str) -> bool:
        """Report which of these variables cannot be resolved; return whether there are any."""
        found = [name for name in names if name in row.unresolved]
        for name in found:
            reason = printable(row.unresolved[name])
            self.fault(row, f"{name} cannot be evaluated ({reason})", remedy_for(reason))
        return bool(found)

    def site(self, key: str) -> str:
        """Name the site in a sentence about one of its own keys."""
        places = self.data.get("where")
        place = places.get(key) if isinstance(places, Mapping) else None
        return "Site" if place is None else f"Site ({printable(place)})"

    def items(
        self, where: str | Row, key: str, value: object, remedy: str = "write it as a list"
    ) -> Sequence[object]:
        """Return the entries of a list; anything else has none, and is a fault."""
        if value is None:
            return ()
        if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
            self.fault(where, f"{key} is {show(value)}, not a list", remedy)
            return ()
        if None in value:
            self.fault(where, f"an entry of {key} is empty", "write its value, or remove it")
        return [item for item in value if item is not None]

    def rows(self, key: str, kind: str, name_key: str = "name") -> Iterator[Row]:
        """Yield the entries of a table that are mappings; any other is a fault."""
        where = self.site(key)
        for index, values in enumerate(self.items(where, self.setting(key), self.data.get(key))):
            if isinstance(values, Mapping):
                yield Row(kind, name_key, index, values)
            else:
                self.fault(
                    where,
                    f"entry {index + 1} of {self.setting(key)} is {show(values)}, not a mapping",
                    "write it as one",
                )

    def check_row(
        self,
        row: Row,
        keys: Mapping[str, Check | None],
        elsewhere: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Check that a row has no other keys, and each value that can be checked by itself.

        `elsewhere` maps keys that a row has only as a member of some group to that group.
        """
        for key, value in row.values.items():
            if key == "unresolved":
                self.report_unresolved(row, *row.unresolved)
            elif key in elsewhere:
                problem = f"it has {key}, but is not in the group {elsewhere[str(key)]}"
                self.fault(row.where(key), problem, "add it to the group")
            elif value is None and not elsewhere and key in keys:
                self.fault(row, f"{key} is empty", "write its value, or remove it")
            elif key not in keys and key not in PLACE_KEYS:
                problem = f"the key {show(key)} is unknown"
                self.fault(row.where(key), problem, self._remedy(str(key), keys, elsewhere))
        for key, check in keys.items():
            if check is not None and row.get(key) is not None:
                check(self, row, key)

    def _remedy(
        self, key: str, keys: Mapping[str, Check | None], elsewhere: Mapping[str, str]
    ) -> str:
        """Return what to do about an unknown key."""
        # A host's name is not a key of its line.
        known = sorted({*keys} - {"name"})
        name = key.lower().replace("-", "_")
        meant = name if name in known else _OFTEN_MEANT.get(name)
        close = get_close_matches(name, [*known, *elsewhere], 1, 0.7)
        if meant in known or meant in elsewhere:
            return f"write {meant}"
        if close:
            return f"write {close[0]}"
        own = self.settings.get("own_variables")
        or_own = f", or list it in {own} if it is your own" if elsewhere and own else ""
        return f"use {', '.join(known)}{or_own}"

    def seconds(self, key: str, most: int) -> int:
        """Read a number of seconds from the site; 0 if it is not one."""
        value = self.data[key]
        # In Python, `True` is a number too.
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
            return value
        shown = f"the text {show(value)}" if isinstance(value, str) else show(value)
        self.fault(
            self.site(key),
            f"{self.setting(key)} is {shown}",
            f"write a whole number of seconds from 1 to {most}",
        )
        return 0

    def label(self, where: str | Row, what: str, value: object) -> str | None:
        """Read a DNS label in lower case (RFC 1123 section 2.1); None and a fault for others."""
        if not isinstance(value, str):
            if value is None:
                self.fault(where, f"it has no {what}", "add it")
            else:
                several = isinstance(value, (Mapping, list, tuple))
                remedy = "write a single one" if several else "put it in quotes"
                self.fault(where, f"the {what} {show(value)} is not text", remedy)
            return None
        label = value.lower() if value.isascii() else value
        if not _LABEL.fullmatch(label):
            self.fault(
                where,
                f"the {what} {show(value)} is not a DNS label",
                "use letters, digits and hyphens only, no hyphen at either end",
            )
            return None
        if len(label) > _LABEL_MAX:
            self.fault(
                where,
                f"the {what} {show(value)} has {len(label)} characters",
                f"shorten it to {_LABEL_MAX} at most",
            )
            return None
        return label

    def address(self, where: str | Row, what: str, value: object) -> IPv4Address | None:
        """Read an IPv4 address; None, and a fault, if it is not one."""
        if isinstance(value, str) and value:
            try:
                return IPv4Address(value)
            except ValueError:
                self.fault(
                    where,
                    f"the {what} {show(value)} is not an IPv4 address",
                    "write four numbers from 0 to 255",
                )
                return None
        if value is None or value == "":
            self.fault(where, f"it has no {what}", "add it")
        elif isinstance(value, (list, tuple)):
            self.fault(where, f"the {what} is the list {show(value)}", "write a single address")
        else:
            self.fault(
                where,
                f"the {what} {show(value)} is not an IPv4 address",
                "write four numbers from 0 to 255",
            )
        return None

    def network_of(self, address: IPv4Address) -> IPv4Network | None:
        """Return the subnet that an address lies in."""
        return next((network for network in self.networks if address in network), None)

    def is_leased(self, address: IPv4Address) -> bool:
        """Return whether dhcpd may lease an address to any client."""
        return address not in self.spared and any(
            first <= address <= last for ranges in self.ranges.values() for first, last in ranges
        )

    def check_usable(self, row: Row, what: str, address: IPv4Address) -> IPv4Network | None:
        """Check that a host can have the address; return its subnet."""
        network = self.network_of(address)
        if network is None and not self.subnet_is_missing:
            self.fault(
                row,
                f"the {what} {address} lies in none of the subnets",
                "choose one inside a subnet, or add its subnet",
            )
        elif network is not None and is_edge(address, network):
            kind = "network" if address == network.network_address else "broadcast"
            self.fault(
                row, f"the {what} {address} is the {kind} address of {network}", "choose another"
            )
        return network

    def hold_address(self, row: Row, what: str, address: IPv4Address, machine: str) -> None:
        """Record who has an address; `machine` is empty if nobody else may have it."""
        other, other_machine = self.holders.setdefault(address, (row, machine))
        if other is not row and (not machine or machine != other_machine):
            self.fault(
                row,
                f"the {what} {address} is already that of {other}",
                "assign it to only one of them",
            )

    def machine_address(self, row: Row, name: str, value: object) -> IPv4Address | None:
        """Read the address of a server, which is that of the fixed host of the same name."""
        if name in self.hosts and (self.hosts[name] or "") == (value or ""):
            if not value and not row.unresolved and name not in self.without_host:
                self.fault(row, "its fixed host has no fixed_address", "add the server's own")
                self.without_host.add(name)
            # Anything else wrong with it is reported for the fixed host.
            self.machines.add(name)
            try:
                return IPv4Address(value) if isinstance(value, str) else None
            except ValueError:
                return None
        if value in (None, ""):
            if name not in self.without_host:
                like = {host.lower(): host for host in self.hosts if host != name}
                meant = get_close_matches(name.lower(), like, n=1, cutoff=0.8)
                if_meant = (
                    f"write {like[meant[0]]}, if that is what you meant, or " if meant else ""
                )
                self.fault(row, "it is not a fixed host", f"{if_meant}add it to the fixed hosts")
            self.without_host.add(name)
            return None
        return self.address(row, "address", value)

    def hold_label(self, row: Row, what: str, label: str, domain: str) -> None:
        """Record who has a label in a domain."""
        if label in self.reserved:
            self.fault(row, f"the {what} {label} is a reserved name", "choose another")
        other = self.names.setdefault(f"{label}.{domain}", row)
        if other is not row:
            self.fault(
                row,
                f"the {what} {label} is already a name of {other}",
                "assign it to only one of them",
            )


# The keys of each table's rows, each with the check of its value; None where the table's own
# function reads it, since what is valid depends on other keys or rows.
Check = Callable[[Inventory, Row, str], None]


def _fault(where: str | Row, problem: str, remedy: str) -> Fault:
    return Fault(where.who if isinstance(where, Row) else where, problem, remedy)


def is_edge(address: IPv4Address, network: IPv4Network) -> bool:
    """Return whether it is the network or broadcast address; a /31 or /32 has none (RFC 3021)."""
    return network.prefixlen < 31 and address in (
        network.network_address,
        network.broadcast_address,
    )


def is_label(text: str) -> bool:
    """Return whether it is a DNS label in lower case (RFC 1123 section 2.1)."""
    return _LABEL.fullmatch(text) is not None and len(text) <= _LABEL_MAX
