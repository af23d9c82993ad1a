"""How many addresses of each range are left, and which server may assign them.

A failover pair splits the free addresses of a pool: in dhcpd.leases(5) `free` ones are the
primary's to assign, `backup` ones the secondary's. A server whose partner is down assigns only its
own, until it is set to partner-down (dhcpd.conf(5), "dhcp failover"). All of Kea's leases that have
ended are free: which server may assign which to a new client is in its configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Any

from leasemerge.counts import Pools
from leasemerge.lease import Lease
from leasemerge.lease_file import parse
from leasemerge.site import EARLIER, Site
from leasemerge.status import PoolStatus

from .readings import Reading, logs

# A range is short if it has this share of its addresses left, or less.
_SHORT = 0.1
# More abandoned ones are no accident: something uses addresses that dhcpd did not assign.
_ABANDONED = 0.05


@dataclass(frozen=True, slots=True)
class Pool:
    """One range of addresses, counted in one server's lease file."""

    network: str
    """As in site.json."""
    rules: str
    """Who may have an address from it, as in dhcpd.conf(5); empty for everybody."""
    server: str
    """Whose lease file was counted."""
    addresses: PoolStatus
    """Its ends and how many of its addresses are in which state."""

    @property
    def size(self) -> int:
        """How many addresses it has, without those of fixed hosts."""
        return self.addresses.size

    @property
    def free(self) -> int:
        """How many addresses new clients may have, from one server or the other."""
        return self.addresses.free_primary + self.addresses.free_secondary

    def left(self, role: str, *, alone: bool = False) -> int:
        """Return how many addresses a server may assign to new clients."""
        if alone:
            return self.free
        if role == "primary":
            return self.addresses.free_primary
        return self.addresses.free_secondary

    def short(self, left: int) -> bool:
        """Return whether this many addresses left are few."""
        return bool(self.size) and left <= _SHORT * self.size

    @property
    def range(self) -> str:
        """The range as text, with its rules."""
        rules = f" ({self.rules})" if self.rules else ""
        return f"{self.addresses.first} to {self.addresses.last}{rules}"

    @property
    def many_abandoned(self) -> bool:
        """Whether more addresses are abandoned than an accident explains."""
        return self.addresses.abandoned > _ABANDONED * self.size

    def row(self) -> dict[str, Any]:
        """Return the pool as a row of a table; what is counted has the names of PoolStatus."""
        counted = self.addresses
        whole = int(IPv4Address(counted.last)) - int(IPv4Address(counted.first)) + 1
        return {
            "network": self.network,
            "first": counted.first,
            "last": counted.last,
            "rules": self.rules,
            "server": self.server,
            "size": counted.size,
            "fixed": whole - counted.size,
            "leased": counted.leased,
            "free_primary": counted.free_primary,
            "free_secondary": counted.free_secondary,
            "abandoned": counted.abandoned,
            "waiting": counted.waiting,
            "percent": round(100 * counted.leased / counted.size) if counted.size else 0,
        }


def serving(readings: Sequence[Reading], site: Site) -> list[Reading]:
    """Return the dhcp servers that answer clients, as far as is known, the primary first."""
    found = {reading.server: reading for reading in readings if reading.reachable}
    servers = [found[server] for server in site.servers if server in found]
    return [reading for reading in servers if reading.leases is not None and reading.dhcp_runs]


def pools(
    readings: Sequence[Reading], site: Site, subnets: Sequence[Mapping[str, Any]], now: int
) -> list[Pool]:
    """Count each range by the first server that serves, else by what was last known."""
    servers = serving(readings, site)
    if servers:
        return list(count(servers[0].server, servers[0].leases or b"", site, subnets, now))
    known = ((name, log) for name, log in logs(readings, site) if not name.endswith(EARLIER))
    server, log = next(known, ("", b""))
    return list(count(server, log, site, subnets, now))


def count(
    server: str, log: bytes, site: Site, subnets: Sequence[Mapping[str, Any]], now: int
) -> Iterator[Pool]:
    """Yield each range of the subnets (site.json's) by the states in a server's lease file."""
    leases = (_as_of(lease, now) for lease in parse(log).leases.values())
    counted = {(pool.first, pool.last): pool for pool in Pools(site, leases).status()}
    for network, first, last, rules in _ranges(subnets):
        yield Pool(network, rules, server, counted[first, last])


def _as_of(lease: Lease, now: int) -> Lease:
    """Return a lease as expired if it has ended: its server may be down, and not write that."""
    ended = lease.ends is None or lease.ends <= now
    return replace(lease, state="expired") if lease.state == "active" and ended else lease


def _ranges(subnets: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    for subnet in subnets:
        for holder in (subnet, *(subnet.get("pools") or ())):
            rules = ""
            if holder is not subnet:
                rules = "; ".join(
                    f"{word} {rule}"
                    for word in ("allow", "deny")
                    for rule in holder.get(word) or ()
                )
            for first, last in holder.get("ranges") or ():
                yield subnet["network"], first, last, rules
