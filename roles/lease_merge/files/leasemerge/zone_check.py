"""Every fault of the zones: domains, reverse zones, reserved names, TTLs and records."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Set
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from .faults import show
from .inventory import Inventory, Row, is_edge, is_label
from .ranges import reverse_zones, zone_network
from .record_check import Surroundings, nearest_zone, record_faults
from .record_data import RecordError, reverse_name
from .records import Record, parse

DEFAULT_RESERVED_NAMES = ("wpad", "isatap", "localhost")
# A name of one 63-octet label and the domain must fit the 255 octets of RFC 1035 section 2.3.4:
# 255 - (1 + 63) for the label - 1 for the root - 1 for the first length octet of the domain.
_DOMAIN_MAX = 189
# RFC 2181 section 8.
_TTL_MAX = 2**31 - 1
# What tells the labels of a series apart.
_SERIES = re.compile(r"[0-9]|-[a-z]$")
# The public top-level domains (IANA) that a domain ends with most often, and that none is.
_TOP_LEVEL = frozenset({"arpa", "biz", "com", "edu", "gov", "info", "int", "mil", "net", "org"})
# RFC 4193's fc00::/7 is the largest network that a site may be in charge of.
_IPV6_PREFIX_MIN = 7
# How machines look up a name of such a top-level domain, without a query.
_NOT_QUERIED = {"local": "by multicast alone (RFC 6762)", "localhost": "as their own (RFC 6761)"}
TTLS = ("fixed_ttl", "lease_ttl", "negative_ttl")


def check_domain(inventory: Inventory) -> None:
    """Check the site's own domain."""
    value = inventory.data.get("domain")
    if value is None:
        return
    where = inventory.site("domain")
    inventory.domain = _read_domain(inventory, where, "domain", value) or ""
    how = _NOT_QUERIED.get(inventory.domain.split(".")[-1])
    if how:
        inventory.note(
            where,
            f"many machines look up names in {inventory.domain} {how}",
            "choose another domain, such as office.internal, or accept that they get no answer",
        )


def _read_domain(inventory: Inventory, where: str | Row, what: str, value: object) -> str | None:
    """Read a zone that hosts may be named in, and note that it is served."""
    domain = read_zone(inventory, where, what, value, of_hosts=True)
    if domain is None:
        return None
    if len(domain) > _DOMAIN_MAX:
        inventory.fault(
            where,
            f"the {what} has {len(domain)} characters",
            f"shorten it to {_DOMAIN_MAX} at most, so that every label fits before it",
        )
    elif domain in _TOP_LEVEL:
        _report_top_level(inventory, where, what, domain)
    elif domain.endswith((".in-addr.arpa", ".ip6.arpa")):
        inventory.fault(where, f"the {what} {domain} is a reverse zone", "choose another")
    else:
        similar = domain not in inventory.domains and _similar(domain, inventory.domains)
        if similar:
            inventory.note(
                where,
                f"its domain {domain} is very similar to {similar}",
                f"write {similar}, if that is what you meant, or accept that it is another zone",
            )
        inventory.zones.add(domain)
        inventory.domains.add(domain)
    return domain


def _similar(domain: str, others: Iterable[str]) -> str | None:
    """Return the domain that one is probably misspelt for: each of their labels is similar.

    Those of a series, such as lab1 and lab2 or site-a and site-b, are not.
    """
    labels = domain.split(".")
    for other in sorted(others):
        theirs = other.split(".")
        if len(labels) == len(theirs) and all(
            label == meant
            or (
                _SERIES.sub("", label) != _SERIES.sub("", meant)
                and get_close_matches(label, [meant], 1, 0.85)
            )
            for label, meant in zip(labels, theirs, strict=True)
        ):
            return other
    return None


def read_zone(
    inventory: Inventory, where: str | Row, what: str, value: object, *, of_hosts: bool = False
) -> str | None:
    """Read the name of a zone in lower case, or report what is wrong with it."""
    zone = value.lower() if isinstance(value, str) and value.isascii() else ""
    # Underscores are for zones of services: Active Directory's _msdcs (RFC 8552).
    labels = (zone if of_hosts else zone.replace("_", "x")).split(".")
    if all(map(is_label, labels)):
        return zone
    inventory.fault(
        where,
        f"the {what} {show(value)} is not a DNS name",
        "write labels of letters, digits and inner hyphens with a dot between them",
    )
    return None


def _report_top_level(inventory: Inventory, where: str | Row, what: str, zone: str) -> None:
    inventory.fault(
        where,
        f"the {what} {zone} is a public top-level domain, of which nothing else would be found",
        f"write a name below it, such as example.{zone}",
    )


def check_zones(inventory: Inventory) -> None:
    """Check the zones that are for records only."""
    where = inventory.site("zones")
    for value in inventory.items(where, inventory.setting("zones"), inventory.data.get("zones")):
        zone = read_zone(inventory, where, "zone", value)
        if zone is None:
            continue
        if zone in inventory.zones:
            inventory.fault(where, f"the zone {zone} is served already", "remove it")
        elif zone in _TOP_LEVEL:
            _report_top_level(inventory, where, "zone", zone)
        else:
            inventory.zones_of_records.append(zone)
        inventory.zones.add(zone)


def check_reserved_names(inventory: Inventory) -> None:
    """Check the names that no client and no host may take."""
    if "reserved_names" not in inventory.data:
        inventory.reserved.update(DEFAULT_RESERVED_NAMES)
        return
    where = inventory.site("reserved_names")
    value = inventory.data["reserved_names"]
    names = inventory.items(where, inventory.setting("reserved_names"), value)
    labels = (inventory.label(where, "reserved name", name) for name in names)
    inventory.reserved.update(label for label in labels if label is not None)


def check_ttls(inventory: Inventory) -> None:
    """Check for how many seconds names may be cached."""
    for key in TTLS:
        if inventory.data.get(key) is not None:
            seconds = inventory.seconds(key, _TTL_MAX)
            lease = inventory.data.get("default_lease_time")
            if key == "lease_ttl" and isinstance(lease, int) and seconds > lease > 0:
                inventory.note(
                    inventory.site(key),
                    f"{inventory.setting(key)} is {seconds}, and a lease lasts {lease} seconds",
                    "write fewer seconds, or accept that caches hold a name after its lease",
                )


def check_own_domain(inventory: Inventory, row: Row, key: str) -> None:
    """Check a row's own domain, which is optional."""
    if row.get(key) is not None:
        _read_domain(inventory, row, "domain", row.get(key))


def check_reverse_zones(inventory: Inventory) -> None:
    """Check the reverse zones, and that each subnet lies in them."""
    zones: dict[str, IPv4Network | IPv6Network] = {}
    for value in inventory.items("Site", "reverse_zones", inventory.data.get("reverse_zones")):
        zone = value.lower() if isinstance(value, str) else ""
        try:
            network = zone_network(zone)
        except ValueError:
            inventory.fault(
                "Site",
                f"{show(value)} is not a reverse zone",
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


def check_ipv6_networks(inventory: Inventory) -> None:
    """Check the IPv6 networks of fixed hosts."""
    where = inventory.site("ipv6_networks")
    setting = inventory.setting("ipv6_networks")
    for value in inventory.items(where, setting, inventory.data.get("ipv6_networks")):
        try:
            if not isinstance(value, str) or "/" not in value:
                raise ValueError
            network = IPv6Network(value, strict=False)
            if network.network_address != IPv6Address(value.partition("/")[0]):
                problem = f"the network {value} has bits set beyond its prefix"
                inventory.fault(where, problem, f"write {network}")
            if network.prefixlen < _IPV6_PREFIX_MIN or is_local(network.network_address):
                inventory.fault(
                    where,
                    f"the network {network} is no site's",
                    "write your own, such as 2001:db8:1::/64",
                )
        except ValueError:
            inventory.fault(
                where,
                f"the network {show(value)} is not an IPv6 network",
                "write an address, a slash and the length of its prefix, such as 2001:db8:1::/64",
            )


def is_local(address: IPv6Address) -> bool:
    """Return whether an address means nothing on other machines, or is not that of one."""
    return (
        address.is_link_local
        or address.is_loopback
        or address.is_multicast
        or address.is_unspecified
        or address.ipv4_mapped is not None
    )


def check_records(inventory: Inventory) -> None:
    """Check each record by itself, then all against one another and against the hosts."""
    where = inventory.site("records")
    rows: list[Row] = []
    numbered: list[tuple[int, Record]] = []
    for value in inventory.items(
        where,
        inventory.setting("records"),
        inventory.data.get("records"),
        "write a list of lines of a zone file, such as ['mail A 192.0.2.25']",
    ):
        # A line with its place (`where`), else what was written instead of a line.
        values = value if isinstance(value, Mapping) and "record" in value else {"record": value}
        row = Row("Record", "record", len(rows), values)
        rows.append(row)
        try:
            numbered.append((len(rows) - 1, parse(row.get("record"), inventory.domain)))
        except RecordError as error:
            inventory.fault(row, error.problem, error.remedy)
    if inventory.is_unresolved("domain", "zones", "subnets", "ipv6_networks", "forward_zones"):
        # They decide what is allowed beside what.
        return
    around = Surroundings(
        zones=frozenset(inventory.zones),
        names={name: f"a name of {row}" for name, row in inventory.names.items()},
        addressed=frozenset(inventory.names),
        reserved=frozenset(
            f"{label}.{domain}" for label in inventory.reserved for domain in inventory.domains
        ),
        pointers={name: str(row) for name, row in pointers(inventory).items()},
        domains=frozenset(inventory.domains),
        forwarded=forwarded_zones(inventory),
        is_leased=inventory.is_leased,
        edges=frozenset(
            edge
            for network in inventory.networks
            for edge in (network.network_address, network.broadcast_address)
            if is_edge(edge, network)
        ),
        ttl=inventory.data.get("fixed_ttl"),
        setting=inventory.setting,
    )
    found = list(record_faults(numbered, around))
    for number, problem, remedy, is_note in found:
        if is_note:
            inventory.note(rows[number], problem, remedy)
        else:
            inventory.fault(rows[number], problem, remedy)
    # A record with a fault may be meant for another zone.
    if len(numbered) == len(rows) and all(is_note for *_, is_note in found):
        _note_empty_zones(inventory, {record.name for _, record in numbered})


def _note_empty_zones(inventory: Inventory, names: Set[str]) -> None:
    """Note the zones whose names nobody finds any more, as they have no record here."""
    filled = {nearest_zone(name, inventory.zones) for name in names}
    for zone in inventory.zones_of_records:
        # An empty reverse zone keeps queries for private addresses from leaving (RFC 6303).
        if zone not in filled and not zone.endswith(".arpa"):
            inventory.note(
                inventory.site("zones"),
                f"the zone {zone} has no record, so that none of its names exists here",
                "write its records, or remove it, unless it should be empty",
            )


def pointers(inventory: Inventory) -> dict[str, Row]:
    """Return the reverse name of each address, and whose it is."""
    addresses: list[tuple[IPv4Address | IPv6Address, Row]] = [
        *((address, holder[0]) for address, holder in inventory.holders.items()),
        *inventory.ipv6_addresses.items(),
    ]
    return {reverse_name(str(address)): row for address, row in addresses}


def forwarded_zones(inventory: Inventory) -> frozenset[str]:
    """Return the zones that others serve; what is no name may be among them."""
    value = inventory.data.get("forward_zones")
    zones = value if isinstance(value, Mapping) else ()
    return frozenset(zone.lower() for zone in zones if isinstance(zone, str))
