"""The servers of the inventory, and what runs on them."""

from __future__ import annotations

from dataclasses import dataclass

TINYDNS, DNSCACHE, LEASEMERGE = (
    f"{unit}.service" for unit in ("tinydns", "dnscache", "leasemerge")
)
KEEPALIVED, WATCHER = "keepalived.service", "floating-address.service"
# These stand for one process per address.
PROCESSES = {TINYDNS: "tinydns@*.service", DNSCACHE: "dnscache@*.service"}
# The kernel gives the queries to the one that was started last, which may be either: both hang.
SPARES = {TINYDNS: "tinydns-spare@*.service"}


@dataclass(frozen=True)
class Server:
    """One server of the inventory. ``role`` is its part in the failover pair, empty for none."""

    name: str
    address: str
    role: str = ""
    alias: str = ""
    resolver: str = ""
    merges: bool = False
    dhcp_units: tuple[str, ...] = ()
    floating: tuple[tuple[str, str], ...] = ()
    """The addresses that it may hold, each with the unit of its daemon."""

    @property
    def units(self) -> list[str]:
        """Name what runs on it."""
        return (
            [*self.dhcp_units]
            + [LEASEMERGE] * self.merges
            + [WATCHER, KEEPALIVED] * bool(self.floating)
            + [unit for _, unit in self.floating]
        )
