"""Read the numbers, addresses and names that the files of all formats have."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from leasemerge import labels, site

# A site that owns nothing: only the characters of a hostname are checked.
_NO_SITE = site.Site("example", (), (), (), (), (), reserved_names=frozenset())
_NUMBER = re.compile(r"[0-9]{1,10}")


def label_of(name: str) -> str | None:
    """Return a name's DNS label, as for a published lease; None if nothing is left."""
    try:
        return labels.label(name, _NO_SITE)
    except labels.HostnameError:
        return None


def number(text: str) -> int | None:
    """Read a decimal number of up to 32 bits; None for anything else."""
    return value if _NUMBER.fullmatch(text) and (value := int(text)) < 2**32 else None


def is_ipv6(text: str) -> bool:
    """Return whether it is an IPv6 address without a scope."""
    try:
        return IPv6Address(text).scope_id is None
    except AddressValueError:
        return False


def address_number(address: str) -> int:
    """Return an address as a number, to sort by."""
    return int(IPv4Address(address))
