"""Ranges, reverse zones and MAC addresses: what is worked out from the inventory's values alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network

_MAC = re.compile(r"(?:(?:[0-9a-f]{1,2}:){5}|(?:[0-9a-f]{1,2}-){5})[0-9a-f]{1,2}")


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


def zone_prefix(zone: str) -> str:
    """Turn `1.1.10.in-addr.arpa` into `10.1.1`."""
    return ".".join(reversed(zone.split(".")[:-2]))


def zone_network(zone: str) -> IPv4Network:
    """Return the network that a reverse zone holds."""
    octets = zone_prefix(zone).split(".")
    return IPv4Network((".".join((octets + ["0"] * 3)[:4]), len(octets) * 8))


def _zone_name(network: IPv4Network) -> str:
    octets = str(network.network_address).split(".")[: network.prefixlen // 8]
    return ".".join([*reversed(octets), "in-addr", "arpa"])
