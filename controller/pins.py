"""What a change to the fixed hosts means for clients that have a lease now.

A pin is an address of a fixed host with the MAC addresses that the DHCP server assigns it to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address
from math import inf
from typing import Any

from leasemerge.ranges import subnet_ranges


@dataclass(frozen=True)
class Pin:
    """An address of a fixed host."""

    host: str
    address: str
    macs: frozenset[str]


@dataclass(frozen=True)
class Changes:
    """The pins that a new site has and the deployed one does not, and vice versa."""

    new: list[Pin] = field(default_factory=list)
    gone: list[Pin] = field(default_factory=list)

    @property
    def patterns(self) -> list[str]:
        """What those lines of `leasemerge dump` contain that may matter."""
        return sorted({f'"{word}"' for pin in self.new for word in (pin.address, *pin.macs)})


def changes(site: Mapping[str, Any], deployed: Mapping[str, Any]) -> Changes:
    """Compare two sites in the form of site.json."""
    pins, before = _pins(site), _pins(deployed)
    return Changes(
        [pin for address, pin in pins.items() if pin.macs - before.get(address, _NONE).macs],
        [pin for address, pin in before.items() if address not in pins],
    )


def sentences(site: Mapping[str, Any], found: Changes, dump: Iterable[str], now: int) -> list[str]:
    """Return a sentence for each client that a change affects, sorted.

    ``dump``: lines of `leasemerge dump` of one or both servers. ``now``: Unix seconds.
    """
    rows = [json.loads(line) for line in dump if line.strip()]
    leases = [row for row in rows if row["state"] == "active" and _end(row) > now]
    # The client goes by the one with the latest end, whichever server wrote it; of two equal ones,
    # only that of the server which received the client has its hostname.
    kea = site.get("dhcp_server") == "kea"
    leases.sort(key=lambda row: (_end(row), row["hostname"] is not None))
    result = {key: text for lease in leases for key, text in _leased(found.new, lease, now, kea)}
    for pin in found.gone:
        result.update(_unpinned(pin, site))
    return [result[key] for key in sorted(result)]


_NONE = Pin("", "", frozenset())
_Sentence = tuple[tuple[str, str], str]


def _pins(site: Mapping[str, Any]) -> dict[str, Pin]:
    pins = {}
    for host in site["fixed_hosts"]:
        value = host.get("fixed_address") or []
        for address in [value] if isinstance(value, str) else value:
            macs = frozenset(host.get("hardware_ethernet") or ())
            pins[address] = Pin(host["name"], address, macs)
    return pins


def _leased(
    pins: Iterable[Pin], lease: Mapping[str, Any], now: int, kea: bool
) -> Iterator[_Sentence]:
    address, mac = lease["address"], lease["hardware"]
    client = f"{lease['hostname']} ({mac})" if lease["hostname"] else str(mac)
    until = _until(_end(lease), now)
    for pin in pins:
        if address == pin.address and mac not in pin.macs:
            # dhcpd does not answer its renewals ("unknown lease"), so it goes on until the end.
            # Kea refuses them, and grants the address once nobody has it.
            then = (
                f"it gets another address when it renews its lease, and {pin.host} this one after"
                " that. Have that client release it to have it at once."
                if kea
                else "until then both may use it. Pin another address, or have that client release"
                " this one."
            )
            yield (
                (pin.host, address),
                f"{pin.host} is pinned to {address}, which {client} leases until {until}: {then}",
            )
        elif address != pin.address and mac in pin.macs:
            # Rule 4 (docs/design.md); in another network the name is at the pin, too.
            name = (
                "Its name is at the leased address until then"
                if lease.get("uid")
                else f"It sends no client identifier, so its name is at {pin.address} at once"
            )
            yield (
                (pin.host, str(mac)),
                f"{pin.host} is pinned to {pin.address} and leases {address} until {until}: it"
                f" moves when it renews its lease, at the end of the lease at the latest. {name}.",
            )


def _unpinned(pin: Pin, site: Mapping[str, Any]) -> Iterator[_Sentence]:
    number = IPv4Address(pin.address)
    ranges = [ends for subnet in site["subnets"] for ends in subnet_ranges(subnet)]
    if not any(IPv4Address(first) <= number <= IPv4Address(last) for first, last in ranges):
        return
    kea = site.get("dhcp_server") == "kea"
    if kea and pin.macs:
        return  # it has a lease of the address, which continues
    if pin.macs:
        until = (
            f" until the machine renews its lease (within {site['default_lease_time'] // 2} s) and"
            " gets the same address from the range. Have it renew right after this run."
        )
    else:
        until = ". Give the machine another address first if it still uses this one."
    taken = (
        "Kea may lease it to any client"
        if kea
        else "dhcpd may lease it to any client while the machine does not answer pings"
    )
    yield (
        (pin.host, pin.address),
        f"{pin.host} gives up {pin.address}, which lies in a dynamic range: {taken}, and DNS has"
        f" no name for it{until}",
    )


def _end(lease: Mapping[str, Any]) -> float:
    """Return when a line of `leasemerge dump` ends, in Unix seconds; `never` is the latest."""
    ends = lease["ends"]
    return inf if ends == "never" else int(ends or 0)


def _until(ends: float, now: int) -> str:
    if ends == inf:
        return "it releases it (the lease never ends)"
    return (
        f"{datetime.fromtimestamp(ends).astimezone():%Y-%m-%d %H:%M} ({int(ends - now) // 60} min)"
    )
