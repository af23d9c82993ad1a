"""The report of a network: plain data that a template only has to print.

Times are Unix seconds in and text in UTC out.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from .readings import (
    EARLIER,
    NEVER,
    Loser,
    Name,
    Names,
    Reading,
    Site,
    logs,
    merged,
    parse,
    zone_data,
)

# Where a pool begins to be short of addresses.
_FULL = 0.9
# The states of an address that no client has, in the words of dhcpd.leases(5).
_STATES = ("active", "free", "backup", "abandoned")


@dataclass(frozen=True, slots=True)
class Machine:
    """A server of the inventory, and what it is there for."""

    name: str
    address: str
    dhcp: str = ""
    """`primary` or `secondary`."""
    alias: str = ""
    """The address that its tinydns answers on."""
    dnscache: bool = False


def network_report(
    machines: Sequence[Machine], readings: Sequence[Reading], site: Site, now: int
) -> dict[str, Any]:
    """Make the report of what was read at `now`. What it holds is what its keys say."""
    names = merged(readings, site, now)
    pools = list(_pools(readings, site, now))
    servers = [_server(machine, readings, now) for machine in machines]
    drift = list(_drift(machines, readings, zone_data(names, site)))
    return {
        "domain": site.domain,
        "time": utc(now),
        "servers": servers,
        "pools": pools,
        "hosts": [host_row(name, now) for name in names.names],
        "losers": [loser_row(loser) for loser in names.losers],
        "records": [str(record) for record in site.records],
        "drift": drift,
        "faults": [*_faults(servers, pools), *_drift_faults(drift)],
        "counts": _counts(names) | {"records": len(site.records)},
        "topology": _topology(machines, servers, site),
    }


def utc(seconds: float) -> str:
    """Write a time as people do, in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def span(seconds: float) -> str:
    """Write a length of time, cut to its largest unit."""
    whole = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def _counts(names: Names) -> dict[str, int]:
    sources = Counter(name.source for name in names.names)
    kinds = Counter(loser.kind for loser in names.losers)
    return {
        "names": len(names.names),
        "fixed": sources["fixed"],
        "leased": sources["lease"],
        "conflicts": kinds["conflict"],
        "refused": kinds["refused"],
        "of_fixed_hosts": kinds["fixed"],
    }


def host_row(name: Name, now: int) -> dict[str, Any]:
    """Write a published name as a row of a table."""
    until, left = "", ""
    if name.until is not None:
        until = "for ever" if name.until == NEVER else utc(name.until)
        left = "for ever" if name.until == NEVER else span(name.until - now)
    return {
        "name": name.name,
        "domain": name.domain,
        "address": name.address,
        "source": "alias" if name.alias else name.source,
        # A log that was lost is spoken of as its server's.
        "server": (name.server or "").removesuffix(EARLIER),
        "until": until,
        "left": left,
        "hardware": name.hardware or "",
    }


def loser_row(loser: Loser) -> dict[str, Any]:
    """Write a lease that lost its name as a row of a table."""
    return {
        "address": loser.address,
        "hostname": loser.hostname,
        "hardware": loser.hardware,
        "kind": loser.kind,
        "reason": loser.reason,
    }


def _server(machine: Machine, readings: Sequence[Reading], now: int) -> dict[str, Any]:
    reading = next((r for r in readings if r.server == machine.name), None)
    row: dict[str, Any] = {
        "name": machine.name,
        "address": machine.address,
        "dhcp": machine.dhcp,
        "alias": machine.alias,
        "dnscache": machine.dnscache,
        "reachable": reading is not None and reading.reachable,
        "units": {},
        "failover": [],
        "feeds": [],
        "followers": [],
        "published": "",
        "errors": [],
        "answered": False,
    }
    if reading is None:
        return row
    row["units"] = dict(sorted(reading.units.items()))
    status = reading.status
    if status is None:
        return row
    row["answered"] = True
    row["failover"] = next(iter(status["failover"].values()), [])
    row["followers"] = list(status["followers"])
    row["errors"] = list(status["errors"])
    last = status["publish"]["last"]
    row["published"] = "never" if last is None else f"{span(now - last)} ago"
    row["feeds"] = [
        {
            "server": feed["server"],
            "kind": feed["kind"],
            "state": feed["state"],
            "leases": feed["leases"],
            "heard": "never"
            if feed["last_seen"] is None
            else f"{span(now - feed['last_seen'])} ago",
            "note": feed["error"] or (f"{feed['damage']} places skipped" if feed["damage"] else ""),
        }
        for feed in status["feeds"]
    ]
    return row


def _pools(readings: Sequence[Reading], site: Site, now: int) -> Iterator[dict[str, Any]]:
    """Count the addresses of each range by state, as the first server's lease file has them.

    dhcpd shares the free ones out: `free` are the primary's to give, `backup` the secondary's
    (dhcpd.leases(5)).
    """
    read = next((log for server, log in logs(readings, site) if not server.endswith(EARLIER)), b"")
    leases = parse(read).leases
    taken = {int(IPv4Address(address)) for address in site.addresses}
    for subnet in site.subnets:
        for first, last in subnet.ranges:
            numbers = range(int(IPv4Address(first)), int(IPv4Address(last)) + 1)
            fixed = sum(number in taken for number in numbers)
            counts: Counter[str] = Counter()
            for number in numbers:
                lease = leases.get(str(IPv4Address(number)))
                if number in taken:
                    continue
                if lease is None:
                    # Never touched since dhcpd began: nothing was written of it.
                    counts["free"] += 1
                    continue
                ended = lease.ends is None or lease.ends <= now
                counts["ended" if lease.state == "active" and ended else lease.state] += 1
            size = len(numbers) - fixed
            active = counts["active"]
            yield {
                "network": subnet.network,
                "first": first,
                "last": last,
                "size": size,
                "fixed": fixed,
                "active": active,
                "free": counts["free"],
                "backup": counts["backup"],
                "abandoned": counts["abandoned"],
                "other": sum(counts.values()) - sum(counts[state] for state in _STATES),
                "percent": round(100 * active / size) if size else 0,
            }


def _drift(
    machines: Sequence[Machine], readings: Sequence[Reading], expected: bytes
) -> Iterator[dict[str, Any]]:
    """Compare the zone data of each server with what the merge says.

    Leases come and go while the servers are read: a line is missing if it was there neither
    before nor after, and too many if it was there both times.
    """
    wanted = _lines(expected)
    for machine in machines:
        if not machine.alias:
            continue
        reading = next((r for r in readings if r.server == machine.name and r.reachable), None)
        if reading is None:
            continue
        after = _lines(reading.zone or b"")
        before = after if reading.zone_before is None else _lines(reading.zone_before)
        yield {
            "server": machine.name,
            "missing": sorted(wanted - before - after),
            "extra": sorted((before & after) - wanted),
        }


def _lines(zone: bytes) -> set[str]:
    return set(zone.decode("ascii", "replace").splitlines())


def _faults(
    servers: Iterable[Mapping[str, Any]], pools: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Say what needs somebody's attention, a sentence each."""
    for server in servers:
        name = server["name"]
        if not server["reachable"]:
            yield f"{name} cannot be reached."
            continue
        for unit, state in server["units"].items():
            if state != "active":
                yield f"{name}: {unit} is {state}."
        if server["alias"] and not server["answered"]:
            yield f"{name}: leasemerge does not answer."
        if server["failover"] and list(server["failover"]) != ["normal", "normal"]:
            mine, partner = server["failover"]
            yield f"{name}: failover is {mine} here and {partner} at the partner."
        for feed in server["feeds"]:
            if feed["state"] != "following":
                yield f"{name}: the feed of {feed['server']} is {feed['state']}."
        for error in server["errors"]:
            yield f"{name}: {error}"
    for pool in pools:
        if pool["size"] and pool["active"] >= _FULL * pool["size"]:
            yield (
                f"The range {pool['first']} to {pool['last']} is short: "
                f"{pool['active']} of {pool['size']} addresses are leased."
            )


def _drift_faults(drift: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for row in drift:
        if row["missing"] or row["extra"]:
            yield (
                f"{row['server']} serves other zone data than the merge says: "
                f"{len(row['missing'])} lines are missing, {len(row['extra'])} are too many."
            )


# The drawing: one column a server, one line a subnet below them, all in units of the drawing.
_COLUMN, _BOX, _TOP, _LINE = 200, 176, 44, 62


def _topology(
    machines: Sequence[Machine], servers: Sequence[Mapping[str, Any]], site: Site
) -> dict[str, Any]:
    """Place the servers and subnets of a drawing."""
    networks = [IPv4Network(subnet.network) for subnet in site.subnets]
    boxes: list[dict[str, Any]] = []
    for number, (machine, server) in enumerate(zip(machines, servers, strict=True)):
        home = next(
            (n for n, net in enumerate(networks) if IPv4Address(machine.address) in net), None
        )
        rows = [
            *([f"dhcpd {machine.dhcp}"] if machine.dhcp else []),
            *([f"tinydns {machine.alias}"] if machine.alias else []),
            *(["dnscache"] if machine.dnscache else []),
        ]
        units = server["units"]
        well = server["reachable"] and all(state == "active" for state in units.values())
        boxes.append(
            {
                "name": machine.name,
                "address": machine.address,
                "rows": rows,
                "well": well,
                "x": number * _COLUMN + (_COLUMN - _BOX) // 2,
                "middle": number * _COLUMN + _COLUMN // 2,
                "home": home,
            }
        )
    height = 50 + 18 * max((len(box["rows"]) for box in boxes), default=0)
    served = {box["home"] for box in boxes}
    lines = [
        {
            "network": str(network),
            "y": _TOP + height + 40 + number * _LINE,
            "relayed": number not in served,
        }
        for number, network in enumerate(networks)
    ]
    pair = [box["middle"] for box, machine in zip(boxes, machines, strict=True) if machine.dhcp]
    states = [server["failover"] for server in servers if server["failover"]]
    normal = bool(states) and all(list(state) == ["normal", "normal"] for state in states)
    width = max(len(boxes), 2) * _COLUMN
    return {
        "width": width,
        "height": _TOP + height + 70 + max(len(lines) - 1, 0) * _LINE,
        "top": _TOP,
        "box": {"width": _BOX, "height": height},
        "servers": boxes,
        "subnets": lines,
        "pair": pair if len(pair) == 2 else [],
        "pair_state": "normal" if normal else "not normal",
    }
