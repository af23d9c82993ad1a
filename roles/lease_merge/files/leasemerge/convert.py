"""Leases as another DHCP server reads them, for a move to dhcpd or to Kea."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from . import kea
from .lease import Lease
from .site import Site

Fate = Literal["goes on", "ended", "fixed", "outside"]
"""What becomes of a lease: the new server takes it over, or why it does not (`fate`)."""


def fate(lease: Lease, site: Site, now: int) -> Fate:
    """Return whether a lease goes on at `now` (Unix time): it has not ended, and lies in a range.

    A fixed host gets its address from the inventory, and requests it again.
    """
    if lease.state not in ("active", "abandoned") or (lease.ends or 0) <= now:
        return "ended"
    if lease.address in site.addresses:
        return "fixed"
    return "outside" if site.leasing_subnet(lease.address) is None else "goes on"


def going_on(leases: Iterable[Lease], site: Site, now: int) -> Iterator[Lease]:
    """Yield the leases that go on at `now`."""
    return (lease for lease in leases if fate(lease, site, now) == "goes on")


def to_dhcpd(leases: Iterable[Lease]) -> Iterator[bytes]:
    """Yield the blocks of a dhcpd.leases."""
    return (lease.render() for lease in leases)


def to_kea(leases: Iterable[Lease], site: Site) -> Iterator[bytes]:
    """Yield the lines of Kea's lease file; a lease in no range of the site has none."""
    yield kea.COLUMNS
    for lease in leases:
        subnet = site.leasing_subnet(lease.address)
        if subnet is not None:
            yield kea.render(lease, kea.subnet_id(subnet.network))
