"""All that is known of one host, and the line of the inventory that pins it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .network import host_row, loser_row, utc
from .readings import EARLIER, NEVER, Lease, Reading, Site, blocks, label, merged, normal_mac


def lease_view(readings: Sequence[Reading], site: Site, wanted: str, now: int) -> dict[str, Any]:
    """Look for a name, an address or a MAC address. `line` is empty if there is nothing to pin."""
    key = normal_mac(wanted) or wanted.lower().removesuffix(".").removesuffix(f".{site.domain}")
    names = merged(readings, site, now)
    found = [
        name
        for name in names.names
        if key in (name.name, f"{name.name}.{name.domain}", name.address, name.hardware)
    ]
    losers = [
        loser
        for loser in names.losers
        if key in (loser.address, loser.hardware, (loser.hostname or "").lower())
    ]
    addresses = dict.fromkeys([*(n.address for n in found), *(o.address for o in losers)])
    seen = [pair for address in addresses or [key] for pair in blocks(readings, site, address)]
    return {
        "wanted": wanted,
        "names": [host_row(name, now) for name in found],
        "losers": [loser_row(loser) for loser in losers],
        "blocks": [_block_row(server.removesuffix(EARLIER), lease) for server, lease in seen],
        "line": _line([lease for _, lease in seen], [n.name for n in found], site),
    }


def _line(leases: Sequence[Lease], names: Sequence[str], site: Site) -> str:
    """Write the line for fixed_hosts.yml that gives the host the address it has."""
    held = [lease for lease in leases if lease.state == "active" and lease.hardware is not None]
    if not held:
        return ""
    lease = max(held, key=lambda lease: lease.cltt or lease.starts or 0)
    host = site.by_hardware.get(lease.hardware or "")
    if lease.address in site.addresses or (host is not None and host.fixed_addresses):
        return ""
    wish = host.name if host is not None else names[0] if names else label(lease, site)
    # One that has its name pinned keeps its other MAC addresses and its aliases.
    macs = [
        f'"{mac}"' for mac in (host.hardware_ethernet if host is not None else [lease.hardware])
    ]
    values = [f"fixed_address: {lease.address}"]
    values.append(f"hardware_ethernet: {macs[0] if len(macs) == 1 else _listed(macs)}")
    if host is not None and host.aliases:
        values.append(f"aliases: {_listed(host.aliases)}")
    return f"    {wish or 'NAME'}: {{ {', '.join(values)} }}"


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
