"""The leases of a pair as the other DHCP server reads them, for a move between dhcpd and Kea."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from . import kea
from .lease import Lease
from .merge import Merge
from .site import Site


def to_dhcpd(merge: Merge, site: Site, now: int) -> Iterator[bytes]:
    """Yield the blocks of a dhcpd.leases with every lease that still runs at `now` (Unix time)."""
    for lease, _ in _going_on(merge, site, now):
        yield lease.render()


def to_kea(merge: Merge, site: Site, now: int) -> Iterator[bytes]:
    """Yield the lines of Kea's lease file with every lease that still runs at `now`."""
    yield kea.COLUMNS
    for lease, network in _going_on(merge, site, now):
        yield kea.render(lease, kea.subnet_id(network))


def _going_on(merge: Merge, site: Site, now: int) -> Iterator[tuple[Lease, str]]:
    """Yield the leases in the site's ranges that have not ended, each with its network.

    A fixed host gets its address from the inventory, and requests it again.
    """
    ranges = [
        (IPv4Address(first), IPv4Address(last), subnet.network)
        for subnet in site.subnets
        for first, last in subnet.ranges
    ]
    for lease in merge.leases():
        if lease.state not in ("active", "abandoned") or (lease.ends or 0) <= now:
            continue
        if lease.address in site.addresses:
            continue
        value = IPv4Address(lease.address)
        for first, last, network in ranges:
            if first <= value <= last:
                yield lease, network
