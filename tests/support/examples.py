"""A small site and short ways to write leases, for the tests of the merge."""

from __future__ import annotations

from typing import Any

from leasemerge.lease import NEVER, Lease
from leasemerge.merge import Merge, merge
from leasemerge.names import Names
from leasemerge.site import Site
from tests.support import small_site

NOW = 1_800_000_000
"""Unix seconds: the time that the examples happen at."""

HOUR = 3600

SITE: dict[str, Any] = small_site.SITE | {
    "fixed_hosts": [
        *small_site.SITE["fixed_hosts"],
        {"name": "tablet", "hardware_ethernet": ["02:00:00:00:00:07", "02:00:00:00:00:08"]},
        {"name": "camera", "hardware_ethernet": ["02:00:00:00:00:09"], "aliases": ["eye"]},
        {"name": "router", "fixed_address": "10.1.1.1"},
    ],
}

site = Site.from_dict(SITE)

WIDE: dict[str, Any] = SITE | {
    "reverse_zones": [
        *["1.1.10.in-addr.arpa", "2.1.10.in-addr.arpa", "3.1.10.in-addr.arpa"],
        "8.b.d.0.1.0.0.2.ip6.arpa",
    ],
    "fixed_hosts": [
        *SITE["fixed_hosts"],
        {
            "name": "roamer",
            "fixed_address": ["10.1.2.30", "10.1.1.30"],
            "hardware_ethernet": ["02:00:00:00:00:0a"],
            "aliases": ["rover"],
        },
        {
            "name": "foobar",
            "fixed_address": "10.1.3.15",
            "hardware_ethernet": ["02:00:00:00:00:0b"],
            "ipv6_address": ["2001:db8::1", "2001:db8::2"],
            "aliases": ["web"],
        },
        {
            "name": "badge",
            "hardware_ethernet": ["02:00:00:00:00:0c"],
            "domain": "lab.internal",
        },
    ],
    "subnets": [
        {"network": "10.1.1.0/24", "ranges": [["10.1.1.100", "10.1.1.200"]]},
        {"network": "10.1.2.0/24", "domain": "lab.internal", "shared_network": "floor"},
        {"network": "10.1.3.0/24", "domain": "guests.office.internal"},
    ],
    "zones": ["example.com"],
    "records": ["pc.lab.internal. TXT taken", "@ MX 10 foobar", "www.example.com. A 192.0.2.1"],
}
"""Three domains, hosts with several addresses and of IPv6, and records."""

wide = Site.from_dict(WIDE)


def lease(address: int | str, hostname: str | None = None, **changes: Any) -> Lease:
    """Write a lease of 10.1.1.ADDRESS that is active from a minute ago for an hour.

    Its client is 02:00:00:00:01:ADDRESS and this server received it, unless `changes` differ;
    `starts`, `ends` and `cltt` are seconds from NOW, None or NEVER.
    """
    number = address if isinstance(address, int) else int(address.rpartition(".")[2])
    times = {"starts": -60, "ends": HOUR, "cltt": -60} | {
        key: changes.pop(key) for key in ("starts", "ends", "cltt") if key in changes
    }
    fields: dict[str, Any] = {
        "address": f"10.1.1.{address}" if isinstance(address, int) else address,
        "state": "active",
        "hardware": f"02:00:00:00:01:{number:02x}",
        "hostname": hostname,
        **{
            key: time if time is None or time == NEVER else NOW + time
            for key, time in times.items()
        },
        **changes,
    }
    return Lease(**fields)


def merged(*, now: int = 0, draco: list[Lease] = (), taurus: list[Lease] = ()) -> Names:  # type: ignore[assignment]  # an empty tuple is as good
    """Merge two servers' last blocks at NOW + now."""
    return merge({"draco": draco, "taurus": taurus}, site, NOW + now)


def leased(names: Names) -> dict[str, str]:
    """Take the names that leases have, with their address."""
    return {name.label: name.address for name in names.names if name.source == "lease"}


def reasons(names: Names) -> dict[str, tuple[str, str]]:
    """Take the losers' kind and reason by address."""
    return {loser.address: (loser.kind, loser.reason) for loser in names.losers}


def machine(**logs: list[Lease]) -> Merge:
    """Make the incremental merge of some servers' blocks."""
    merge_machine = Merge(site)
    for server, blocks in logs.items():
        merge_machine.update(server, blocks)
    return merge_machine
