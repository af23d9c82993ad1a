"""The systemd units by which each server serves, and what the status reads of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leasemerge.site import EARLIER

# What leasemerge remembers of each log. It stands in for a server that is down, and for what a
# server has lost.
_STATE = "/var/lib/leasemerge"


def server_units(
    site: Mapping[str, Any],
    server: str,
    dhcp: Mapping[str, Any],
    addresses: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return the systemd units by which a server serves, in the order in which they start.

    ``dhcp`` is the variable site_dhcp, ``addresses`` are the floating addresses that the server may
    hold. keepalived is last, since it takes them once the daemons answer.
    """
    units: list[str] = []
    if _is_in(site, "dhcp_servers", server):
        units += dhcp["units"]
    if _is_in(site, "tinydns_servers", server):
        units += ["leasemerge.service", "tinydns.service"]
    if _is_in(site, "dnscache_servers", server):
        units.append("dnscache.service")
    if addresses:
        units.append("keepalived.service")
    return units


def server_reads(
    site: Mapping[str, Any],
    server: str,
    dhcp: Mapping[str, Any],
    addresses: Sequence[Mapping[str, Any]],
    fixed_daemons: Sequence[Mapping[str, Any]],
    data_dir: str,
) -> dict[str, Any]:
    """Return what the status reads on a server, as options of the module server_reading.

    In addition to server_units, the units are those of each daemon of an address and of their
    watcher. ``fixed_daemons`` are the daemons of addresses that do not move, ``data_dir`` is where
    tinydns has its zone data.
    """
    has_dhcp = _is_in(site, "dhcp_servers", server)
    has_tinydns = _is_in(site, "tinydns_servers", server)
    units = server_units(site, server, dhcp, addresses)
    if addresses:
        units.insert(units.index("keepalived.service"), "floating-address.service")
    units += [row["unit"] for row in (*addresses, *fixed_daemons)]
    units += [
        row["unit"].replace("@", "-spare@")
        for row in addresses
        if row["unit"].startswith("tinydns@")
    ]
    files: list[list[str]] = []
    disks: list[str] = []
    if has_dhcp:
        files += [["leases", f"{dhcp['lease_file']}{part}"] for part in dhcp["log_parts"]]
        disks.append(str(Path(dhcp["lease_file"]).parent))
    if has_tinydns:
        logs = [*site["servers"], *(f"{name}{EARLIER}" for name in site["servers"])]
        files += [[log, f"{_STATE}/{log}.leases"] for log in logs]
        # Before the leases and after them: what changed in between is no difference.
        zone = f"{data_dir}/data"
        files = [["zone_before", zone], *files, ["zone", zone]]
        disks += [_STATE, data_dir]
    return {"units": units, "files": files, "disks": disks, "status": has_tinydns}


def _is_in(site: Mapping[str, Any], group: str, server: str) -> bool:
    return any(row["name"] == server for row in site[group])
