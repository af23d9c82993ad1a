"""The report on a network: plain data that a template only has to print.

Times are Unix seconds in and text in UTC out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from leasemerge.names import Names
from leasemerge.site import Site
from leasemerge.status import HEALTHY_PAIRS, span
from leasemerge.zone import zone_data

from .attention import attention
from .finding import Evidence
from .machines import Machine
from .names_served import Endpoint, Service, services
from .pools import pools
from .readings import Reading, merged
from .rows import hardware_of, host_row, loser_row, utc

# The states of a server in a healthy pair.
_HEALTHY = {state for pair in HEALTHY_PAIRS for state in pair}


def network_report(
    machines: Sequence[Machine],
    readings: Sequence[Reading],
    site: Site,
    now: int,
    subnets: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the report on what was read at `now`, with `subnets` as in site.json."""
    names, hardware = merged(readings, site, now), hardware_of(site)
    counted = pools(readings, site, subnets, now)
    found = services(_endpoints(machines, site), readings, site)
    read = {reading.server: reading for reading in readings}
    servers = [_server(machine, read.get(machine.name), now) for machine in machines]
    for machine, server in zip(machines, servers, strict=True):
        server["rows"] = list(_rows(machine, server, read.get(machine.name), found))
    zone_differences = list(_zone_differences(machines, readings, zone_data(names, site)))
    evidence = Evidence(
        site=site,
        subnets=subnets,
        readings=readings,
        services=found,
        pools=counted,
        zone_differences=zone_differences,
        tinydns=frozenset(machine.name for machine in machines if machine.tinydns),
        now=now,
    )
    return {
        "domain": site.domain,
        "time": utc(now),
        "seconds": now,
        "attention": attention(evidence),
        "checked": _checked(readings, found),
        "servers": servers,
        "services": [service.row() for service in found],
        "pools": [pool.row() for pool in counted],
        "hosts": [host_row(name, now, hardware) for name in names.names],
        "losers": [loser_row(loser) for loser in names.losers],
        "records": [str(record) for record in site.records],
        "zone_differences": zone_differences,
        "counts": _counts(names) | {"records": len(site.records)},
        "subnets": _subnets(machines, site),
    }


def _endpoints(machines: Sequence[Machine], site: Site) -> Iterator[Endpoint]:
    """Yield the addresses that clients and caches query: name servers, then resolvers."""
    homes = {machine.alias: machine for machine in machines if machine.alias}
    shown = {machine.name for machine in machines}
    for server in site.name_servers:
        home = homes.get(server.address)
        whole = home is not None and shown.issuperset(home.peers)
        name = home.name if home is not None else ""
        yield Endpoint("name server", server.name, server.address, name, floating=True, whole=whole)
    for machine in machines:
        if machine.resolver:
            yield Endpoint(
                "resolver",
                machine.name,
                machine.resolver,
                home=machine.name,
                floating=machine.resolver != machine.address,
                whole=shown.issuperset(machine.peers),
            )


def _checked(readings: Sequence[Reading], found: Sequence[Service]) -> str:
    """Return what was queried, for when there is nothing else to report."""
    servers = sum(reading.reachable for reading in readings)
    kinds = Counter(service.endpoint.kind for service in found if service.state != "not queried")
    return (
        f"{servers} of {len(readings)} servers were read, {kinds['name server']} name servers and "
        f"{kinds['resolver']} resolvers were queried"
    )


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


def _server(machine: Machine, reading: Reading | None, now: int) -> dict[str, Any]:
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
        "disks": [],
        "offset": 0,
    }
    if reading is None:
        return row
    row["units"] = dict(reading.units)
    row["disks"] = [
        {"directory": directory, "text": f"{space[0] / 1e9:.1f} of {space[1] / 1e9:.1f} GB"}
        for directory, space in reading.disks.items()
        if space is not None
    ]
    row["offset"] = round(reading.offset)
    # The state written last is current only while it runs.
    if reading.dhcp_runs:
        row["failover"] = list(reading.failover() or ())
    status = reading.status
    if status is None:
        return row
    row["answered"] = True
    row["followers"] = list(status["followers"])
    row["errors"] = list(status["errors"])
    last = status["publish"]["last"]
    row["published"] = "never" if last is None else f"{span(now - last)} ago"
    row["feeds"] = [_feed_row(feed, now) for feed in status["feeds"]]
    return row


def _feed_row(feed: Mapping[str, Any], now: int) -> dict[str, Any]:
    last = feed["last_seen"]
    return {
        "server": feed["server"],
        "kind": feed["kind"],
        "state": feed["state"],
        "leases": feed["leases"],
        "last_seen": "never" if last is None else f"{span(now - last)} ago",
        "note": feed["error"] or (f"{feed['damage']} places skipped" if feed["damage"] else ""),
    }


def _zone_differences(
    machines: Sequence[Machine], readings: Sequence[Reading], expected: bytes
) -> Iterator[dict[str, Any]]:
    """Compare the zone data of each server with that of the merge.

    Leases come and go while the servers are read: a line is missing if it was there neither
    before nor after, and extra if it was there both times.
    """
    wanted = _lines(expected)
    for machine in machines:
        if not machine.tinydns:
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


def _subnets(machines: Sequence[Machine], site: Site) -> list[dict[str, Any]]:
    """Return each subnet with the servers in it; one without servers is behind a relay."""
    return [
        {
            "network": subnet.network,
            "servers": [
                machine.name
                for machine in machines
                if IPv4Address(machine.address) in IPv4Network(subnet.network)
            ],
        }
        for subnet in site.subnets
    ]


def _rows(
    machine: Machine,
    server: Mapping[str, Any],
    reading: Reading | None,
    found: Sequence[Service],
) -> Iterator[dict[str, Any]]:
    """Yield each service of a machine with its state, and whether that is healthy."""

    def row(what: str, states: Sequence[str]) -> dict[str, Any]:
        if not server["reachable"]:
            states = ["not reachable"]
        # What was not read is not healthy.
        states = states or ["unknown"]
        bad = [state for state in states if state not in ("active", "answers", *_HEALTHY)]
        return {"what": what, "state": (bad or states)[0], "healthy": not bad}

    units = server["units"]
    if machine.dhcp and reading is not None:
        pair = [state for state in server["failover"][:1] if state not in _HEALTHY]
        dhcp = reading.dhcp
        yield row(f"{dhcp.name}, {machine.dhcp}", [*_states(units, dhcp.unit), *pair])
    if machine.tinydns:
        silent = [] if server["answered"] else ["silent"]
        yield row("leasemerge", [*_states(units, "leasemerge"), *silent])
    for service in found:
        at = service.endpoint
        has = machine.name in (*service.holders, *service.standbys)
        if has or at.home == machine.name:
            stands_by = ", standby" if machine.name in service.standbys else ""
            unit = _states(units, f"{at.daemon}@{at.address}") or _states(units, at.daemon)[:1]
            state = service.state_on(machine.name) if has else service.state
            yield row(f"{at.daemon} {at.address}{stands_by}", [state, *unit])


def _states(units: Mapping[str, str], prefix: str) -> list[str]:
    return [state for unit, state in units.items() if unit.startswith(prefix)]
