"""Running totals for the status: counting all leases each time takes too long."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address

from .lease import Lease
from .names import Key, Name
from .ranges import free_ranges
from .site import Site
from .status import NamesStatus, PoolStatus


class _Range:
    """A range of a subnet, and how many of its addresses are in which state."""

    def __init__(self, subnet: str, first: str, last: str, taken: Iterable[str]) -> None:
        self.subnet = subnet
        self.first, self.last = first, last
        self.start, self.end = int(IPv4Address(first)), int(IPv4Address(last))
        # The ranges in dhcpd.conf are written around fixed hosts.
        self.size = sum(
            int(IPv4Address(end)) - int(IPv4Address(begin)) + 1
            for begin, end in free_ranges([(first, last)], taken)
        )
        self.states: Counter[str] = Counter()

    def status(self) -> PoolStatus:
        states = self.states
        # Nothing is written for an address that was never used: it is the primary's.
        untouched = self.size - states.total()
        return PoolStatus(
            subnet=self.subnet,
            first=self.first,
            last=self.last,
            size=self.size,
            leased=states["active"],
            free_primary=states["free"] + untouched,
            free_secondary=states["backup"],
            abandoned=states["abandoned"],
            waiting=states["expired"] + states["released"] + states["reset"],
        )


class Pools:
    """The ranges of a site, according to the lease log of one server."""

    def __init__(self, site: Site, leases: Iterable[Lease] = ()) -> None:
        """Begin with the known leases."""
        taken = self._taken = frozenset(site.addresses)
        self._ranges = sorted(
            (
                _Range(subnet.network, first, last, taken)
                for subnet in site.subnets
                for first, last in subnet.ranges
            ),
            key=lambda pool: pool.start,
        )
        self._starts = [pool.start for pool in self._ranges]
        self._states: dict[str, str] = {}
        self.update(leases)

    def update(self, leases: Iterable[Lease]) -> None:
        """Apply new last blocks of the log."""
        for lease in leases:
            if lease.address in self._taken:
                continue
            number = int(IPv4Address(lease.address))
            index = bisect_right(self._starts, number) - 1
            if index < 0 or number > self._ranges[index].end:
                continue
            states = self._ranges[index].states
            if (before := self._states.get(lease.address)) is not None:
                states[before] -= 1
            states[lease.state] += 1
            self._states[lease.address] = lease.state

    def status(self) -> list[PoolStatus]:
        """Return the ranges in the order of their addresses."""
        return [pool.status() for pool in self._ranges]


class NameCounts:
    """How many names are published, by domain and source."""

    def __init__(self) -> None:
        """Begin with none."""
        self._sources: dict[Key, str] = {}
        self._numbers: Counter[tuple[str, str]] = Counter()

    def update(self, changes: Mapping[Key, Sequence[Name]]) -> None:
        """Apply what is published under each name that changed."""
        for key, names in changes.items():
            domain = key[1]
            if (before := self._sources.pop(key, None)) is not None:
                self._numbers[domain, before] -= 1
            if names:
                self._sources[key] = names[0].source
                self._numbers[domain, names[0].source] += 1

    def status(self) -> list[NamesStatus]:
        """Return the numbers, in order."""
        return [
            NamesStatus(*kind, number) for kind, number in sorted(self._numbers.items()) if number
        ]
