"""Ranges, reverse zones and addresses, also MAC addresses: what the values of an inventory mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import Any

_MAC = re.compile(r"(?:(?:[0-9a-f]{1,2}:){5}|(?:[0-9a-f]{1,2}-){5})[0-9a-f]{1,2}")
# As Cisco writes it, and as it stands on a label.
_BARE_MAC = re.compile(r"(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12}")


def is_address(text: str) -> bool:
    """Return whether it is an IPv4 address."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def normal_mac(value: object) -> str | None:
    """Return a MAC address in dhcpd's own form, `de:ad:be:ef:ca:fe`; None if it is not one.

    Upper case, hyphens, single digits, Cisco's `dead.beef.cafe` and bare digits are accepted.
    """
    if not isinstance(value, str):
        return None
    text = value.lower()
    if _BARE_MAC.fullmatch(text):
        return ":".join(re.findall("..", text.replace(".", "")))
    if not _MAC.fullmatch(text):
        return None
    return ":".join(part.zfill(2) for part in text.replace("-", ":").split(":"))


def listed(value: Any) -> list[Any]:
    """Return the values of what may be one value, a list of them, or nothing."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def reverse_zones(networks: Iterable[str]) -> list[str]:
    """Name the reverse zones that hold the networks (CIDR), sorted by address, IPv4 first.

    A zone ends at an octet, one of IPv6 at a hexadecimal digit (RFC 3596 section 2.5): a /16 needs
    one zone, a /23 two, and a /25 shares its /24's. Raises ValueError: when one is not a network.
    """
    zones: set[IPv4Network | IPv6Network] = set()
    for text in networks:
        network = ip_network(text)
        step, most = (8, 24) if network.version == 4 else (4, 128)
        length = min(most, max(step, -(-network.prefixlen // step) * step))
        if network.prefixlen > length:
            zones.add(network.supernet(new_prefix=length))
        else:
            zones.update(network.subnets(new_prefix=length))
    return [
        _zone_name(zone) for zone in sorted(zones, key=lambda z: (z.version, z.network_address))
    ]


def subnet_ranges(subnet: Mapping[str, Any]) -> list[list[str]]:
    """Return every dynamic range of a subnet: its own `ranges`, then those of its `pools`."""
    pools = (subnet, *(subnet.get("pools") or ()))
    return [[first, last] for pool in pools for first, last in pool.get("ranges") or ()]


def free_ranges(ranges: Iterable[Sequence[str]], taken: Iterable[str]) -> list[list[str]]:
    """Write ranges of (first, last) addresses around the taken addresses, in address order.

    Raises ValueError: when one is not an address.
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


def zone_network(zone: str) -> IPv4Network | IPv6Network:
    """Return the network that a reverse zone holds. Raises ValueError: when it is not one."""
    *labels, family, arpa = zone.lower().split(".") if zone.count(".") > 1 else ("", "", "")
    labels.reverse()
    try:
        if arpa == "arpa" and family == "in-addr" and len(labels) <= 3:
            return IPv4Network((".".join((labels + ["0"] * 3)[:4]), len(labels) * 8))
        if arpa == "arpa" and family == "ip6" and all(len(label) == 1 for label in labels):
            digits = "".join(labels).ljust(32, "0")
            address = ":".join(digits[start : start + 4] for start in range(0, 32, 4))
            return IPv6Network((address, len(labels) * 4))
    except ValueError as error:
        raise ValueError(f"{zone} is not a reverse zone: {error}") from error
    raise ValueError(f"{zone} is not a reverse zone")


def _zone_name(network: IPv4Network | IPv6Network) -> str:
    bits, parts = (8, 4) if network.version == 4 else (4, 32)
    labels = network.network_address.reverse_pointer.split(".")
    return ".".join(labels[parts - network.prefixlen // bits :])
