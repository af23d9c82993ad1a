"""All that is known about one host, and the inventory line that pins it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

from leasemerge.lease import NEVER, Lease
from leasemerge.ranges import normal_mac
from leasemerge.site import EARLIER, FixedHost, Site

from .readings import Reading, blocks, label, merged
from .rows import hardware_of, host_row, loser_row, utc


def lease_view(readings: Sequence[Reading], site: Site, wanted: str, now: int) -> dict[str, Any]:
    """Look up a name, an address or a MAC address. `line` is empty if there is nothing to pin."""
    key = normal_mac(wanted) or wanted.lower().removesuffix(".").removesuffix(f".{site.domain}")
    names = merged(readings, site, now)
    host = next((host for host in site.fixed_hosts if key in _keys(host, site)), None)
    macs = {key, *(host.hardware_ethernet if host is not None else ())}
    own = set(host.fixed_addresses if host is not None else ())
    found = [
        name
        for name in names.names
        if key in (name.label, f"{name.label}.{name.domain}", name.address)
        or name.address in own
        or name.hardware in macs
    ]
    losers = [
        loser
        for loser in names.losers
        if key in (loser.address, (loser.hostname or "").lower()) or loser.hardware in macs
    ]
    addresses = {key, *own, *(n.address for n in found), *(o.address for o in losers)}
    seen = [
        (server, lease)
        for server, lease in blocks(readings, site)
        if lease.address in addresses or lease.hardware in macs
    ]
    rows = [_block_row(server.removesuffix(EARLIER), lease) for server, lease in seen]
    hardware = hardware_of(site)
    return {
        "wanted": wanted,
        "names": _once(host_row(name, now, hardware) for name in found),
        # A lease of the host's own address is as it should be: nothing was refused.
        "pinned": sorted({lease.address for _, lease in seen if _is_held(lease, own, macs, now)}),
        "losers": _once(loser_row(loser) for loser in losers if loser.address not in own),
        "blocks": _once(sorted(rows, key=lambda row: tuple(map(int, row["address"].split("."))))),
        "line": _line([lease for _, lease in seen], [n.label for n in found], site),
    }


def _keys(host: FixedHost, site: Site) -> Iterator[str]:
    """Yield everything that a fixed host may be looked up by."""
    domain = site.domain_of_host(host)
    for label_ in (host.name, *host.aliases):
        yield from (label_, f"{label_}.{domain}")
    yield from host.fixed_addresses
    yield from host.hardware_ethernet


def _is_held(lease: Lease, own: Set[str], macs: Set[str], now: int) -> bool:
    """Return whether a host has a live lease of its own fixed address."""
    live = lease.state == "active" and lease.ends is not None and lease.ends > now
    return live and lease.address in own and lease.hardware in macs


def _once(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each row once, in order: two logs may have the same block."""
    found: list[dict[str, Any]] = []
    for row in rows:
        if row not in found:
            found.append(row)
    return found


def _line(leases: Sequence[Lease], names: Sequence[str], site: Site) -> str:
    """Write the line for fixed_hosts.yml that pins the host to the address it has."""
    held = [lease for lease in leases if lease.state == "active" and lease.hardware is not None]
    if not held:
        return ""
    lease = max(held, key=lambda lease: lease.cltt or lease.starts or 0)
    host = site.by_hardware.get(lease.hardware or "")
    if lease.address in site.addresses or (host is not None and host.fixed_addresses):
        return ""
    name = host.name if host is not None else names[0] if names else label(lease, site)
    # A host whose name is pinned keeps its other MAC addresses and its aliases.
    macs = [
        f'"{mac}"' for mac in (host.hardware_ethernet if host is not None else [lease.hardware])
    ]
    values = [f"fixed_address: {lease.address}"]
    values.append(f"hardware_ethernet: {macs[0] if len(macs) == 1 else _listed(macs)}")
    if host is not None and host.aliases:
        values.append(f"aliases: {_listed(host.aliases)}")
    return f"    {name or 'NAME'}: {{ {', '.join(values)} }}"


def _listed(values: Sequence[str]) -> str:
    return f"[{', '.join(values)}]"


def _block_row(server: str, lease: Lease) -> dict[str, Any]:
    return {
        "log": server,
        "address": lease.address,
        "state": lease.state,
        "starts": _shown(lease.starts),
        "ends": _shown(lease.ends),
        "cltt": _shown(lease.cltt),
        "hardware": lease.hardware,
        "hostname": lease.hostname,
    }


def _shown(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return "never" if seconds == NEVER else utc(seconds)
