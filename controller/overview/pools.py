"""How many addresses of each range are left, and which server may assign them.

A failover pair splits the free addresses of a pool: in dhcpd.leases(5) `free` ones are the
primary's to assign, `backup` ones the secondary's. A server whose partner is down assigns only its
own, until it is set to partner-down (dhcpd.conf(5), "dhcp failover"). All of Kea's leases that have
ended are free: which server may assign which to a new client is in its configuration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from leasemerge.lease_file import parse
from leasemerge.site import Site
from leasemerge.store import EARLIER

from .readings import Reading, logs

# A range is short if it has this share of its addresses left, or less.
_SHORT = 0.1
# More abandoned ones are no accident: something uses addresses that dhcpd did not assign.
_ABANDONED = 0.05
# The states of an address that no client has, in the words of dhcpd.leases(5).
_STATES = ("active", "free", "backup", "abandoned")


@dataclass(frozen=True, slots=True)
class Pool:
    """One range of addresses, counted in one server's lease file."""

    network: str
    first: str
    last: str
    rules: str
    """Who may have an address from it, as in dhcpd.conf(5); empty for everybody."""
    server: str
    """Whose lease file was counted."""
    size: int
    fixed: int
    counts: Mapping[str, int]

    def left(self, role: str, *, alone: bool = False) -> int:
        """Return how many addresses a server may assign to new clients."""
        if alone:
            return self.counts["free"] + self.counts["backup"]
        return self.counts["free" if role == "primary" else "backup"]

    def short(self, left: int) -> bool:
        """Return whether this many addresses left are few."""
        return bool(self.size) and left <= _SHORT * self.size

    @property
    def range(self) -> str:
        """The range as text, with its rules."""
        return f"{self.first} to {self.last}{f' ({self.rules})' if self.rules else ''}"

    @property
    def many_abandoned(self) -> bool:
        """Whether more addresses are abandoned than an accident explains."""
        return self.counts["abandoned"] > _ABANDONED * self.size

    def row(self) -> dict[str, Any]:
        """Return the pool as a row of a table."""
        active = self.counts["active"]
        return {
            "network": self.network,
            "first": self.first,
            "last": self.last,
            "rules": self.rules,
            "server": self.server,
            "size": self.size,
            "fixed": self.fixed,
            "active": active,
            "free": self.counts["free"],
            "backup": self.counts["backup"],
            "abandoned": self.counts["abandoned"],
            "other": sum(self.counts.values()) - sum(self.counts[state] for state in _STATES),
            "percent": round(100 * active / self.size) if self.size else 0,
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
    leases = parse(log).leases
    taken = {int(IPv4Address(address)) for address in site.addresses}
    for network, first, last, rules in _ranges(subnets):
        numbers = range(int(IPv4Address(first)), int(IPv4Address(last)) + 1)
        counts: Counter[str] = Counter()
        for number in numbers:
            if number in taken:
                counts["fixed"] += 1
                continue
            lease = leases.get(str(IPv4Address(number)))
            if lease is None:
                # Never touched since dhcpd began: nothing was written about it.
                counts["free"] += 1
                continue
            ended = lease.ends is None or lease.ends <= now
            counts["ended" if lease.state == "active" and ended else lease.state] += 1
        fixed = counts.pop("fixed", 0)
        yield Pool(network, first, last, rules, server, len(numbers) - fixed, fixed, counts)


def _ranges(subnets: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    for subnet in subnets:
        for holder in (subnet, *(subnet.get("pools") or ())):
            rules = ""
            if holder is not subnet:
                rules = "; ".join(
                    f"{word} {rule}"
                    for word in ("allow", "deny")
                    for rule in _listed(holder.get(word))
                )
            for first, last in holder.get("ranges") or ():
                yield subnet["network"], first, last, rules


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
