"""What was read from the servers, and the names that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leasemerge.labels import HostnameError
from leasemerge.labels import label as leasemerge_label
from leasemerge.lease import Lease
from leasemerge.lease_file import parse
from leasemerge.merge import Merge
from leasemerge.names import Names
from leasemerge.site import EARLIER, Site
from leasemerge.zone import zone_data


@dataclass(frozen=True, slots=True)
class DhcpServer:
    """The program that leases addresses, as the inventory has it for a server."""

    kind: str
    """`dhcpd` or `kea`."""
    unit: str
    """Its systemd unit."""
    port: int
    """The TCP port on which it accepts its peer."""

    @property
    def name(self) -> str:
        """Its name in a sentence."""
        return "Kea" if self.kind == "kea" else self.kind

    @property
    def journal(self) -> str:
        """The command that shows what it has logged."""
        return f"journalctl -u {self.unit.removesuffix('.service')}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one server. What could not be read, or is not there, is None."""

    server: str
    dhcp: DhcpServer
    """Which DHCP server it is to run, if any."""
    reachable: bool = True
    leases: bytes | None = None
    """Its own lease file."""
    memories: Mapping[str, bytes] = field(default_factory=dict)
    """What its leasemerge remembers of each log: `draco`, and `draco~` for what draco lost."""
    zone: bytes | None = None
    """The zone data that it serves, read after the leases."""
    zone_before: bytes | None = None
    """The same, read before them: what changed meanwhile is not a difference."""
    status: Mapping[str, Any] | None = None
    """What `leasemerge status --json` prints."""
    units: Mapping[str, str] = field(default_factory=dict)
    """systemd's state of each unit: `active`, `failed`, …; `hung` or `missing` (server_reading)."""
    disabled: Sequence[str] = ()
    """The active units that are not started at boot."""
    disks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """The free bytes and the size of each directory's file system."""
    offset: float = 0.0
    """Seconds by which its clock is ahead of the controller's."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """The interface of each of its addresses."""
    reason: str = ""
    """Why it cannot be reached, in Ansible's words."""
    answers: Sequence[Mapping[str, Any]] = ()
    """What name servers and resolvers answered it (dns_answers)."""

    @property
    def dhcp_runs(self) -> bool:
        """Whether that server runs, as far as is known."""
        return self.units.get(self.dhcp.unit, "active") == "active"

    def failover(self) -> tuple[str, str] | None:
        """Return the state of this server and of its partner; None for none.

        From its lease file, or if that has none, as with Kea, from its leasemerge.
        """
        states = list(parse(self.leases or b"").failover.values())
        if not states and self.status:
            states = list(self.status["failover"].values())
        return (states[0][0], states[0][1]) if states else None


def logs(readings: Sequence[Reading], site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield each lease log; its peers' memory stands in for a server that cannot be read."""
    for server in site.servers:
        own = [r.leases for r in readings if r.server == server and r.leases is not None]
        remembered = [r.memories[server] for r in readings if server in r.memories]
        yield from ((server, log) for log in own or remembered)
        earlier = server + EARLIER
        yield from ((earlier, r.memories[earlier]) for r in readings if earlier in r.memories)


def merged(readings: Sequence[Reading], site: Site, now: int) -> Names:
    """Merge what was read, at `now` in Unix seconds, as the service on a server does."""
    merge = Merge(site)
    for number, (log, data) in enumerate(logs(readings, site)):
        merge.update(log, parse(data).leases.values(), number)
    return merge.names(now)


def expected_zone(readings: Sequence[Reading], site: Site, now: int) -> bytes:
    """Return the zone data that every server should serve."""
    return zone_data(merged(readings, site, now), site)


def blocks(readings: Sequence[Reading], site: Site) -> Iterator[tuple[str, Lease]]:
    """Yield the last block of each address in each log, with the log's name."""
    for server, log in logs(readings, site):
        yield from ((server, lease) for lease in parse(log).leases.values())


def label(lease: Lease, site: Site) -> str | None:
    """Return the label that a lease would be published under; None if it would not be."""
    if lease.hostname is None:
        return None
    try:
        return leasemerge_label(lease.hostname, site, site.domain_of(lease.address))
    except HostnameError:
        return None
