"""What needs somebody's attention: the causes first, and what follows from each.

A finding is a sentence, the next step, and the keys of what may have caused it. One whose cause was
found too is listed under it; any other is a cause itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .names_served import Service
from .pools import Pool, count, serving
from .readings import DHCPD, HEALTHY_PAIRS, KEA, Reading, Site

Key = tuple[str, str]
"""A kind of fault and the server that has it."""

# dhcpd and Kea stop failover when the clocks are 60 s apart (dhcpd.conf(5)); a busy controller may
# take some seconds to connect, which looks like a clock that is ahead.
_CLOCKS = 20
# Under this, dhcpd and leasemerge will soon be unable to write.
_ROOM = 64 << 20
_ROOM_SHARE = 0.03
# A live feed has a sign of life every few seconds.
_SILENT_FEED = 60

_ALONE = (
    "If {partner} is surely off and stays off: docs/operating.md, "
    '"One server must do without the other".'
)
# What ends with its cause, and needs no step of its own where that is known.
_HEALING = ("failover", "dns", "holders", "moved", "standby", "feed", "leasemerge", "zone")
_JOURNAL = "journalctl -u {unit} on {server} has the reason."


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that needs attention."""

    key: Key
    text: str
    step: str
    because: Sequence[Key] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """What the findings are made of."""

    site: Site
    subnets: Sequence[Mapping[str, Any]]
    readings: Sequence[Reading]
    """In the inventory's order."""
    services: Sequence[Service]
    pools: Sequence[Pool]
    zone_differences: Sequence[Mapping[str, Any]]
    tinydns: frozenset[str]
    """The servers that run tinydns and leasemerge."""
    now: int


def attention(network: Network) -> list[dict[str, Any]]:
    """Return the causes as rows with `text`, `step` and `follows`, the rows of what follows."""
    findings = [
        *_servers(network),
        *_failover(network),
        *_services(network),
        *_feeds(network),
        *_pools(network),
        *_zone_differences(network),
    ]
    first = {finding.key: finding for finding in reversed(findings)}
    groups: dict[Key, list[Finding]] = {finding.key: [] for finding in findings}
    for finding in findings:
        groups[_root(finding, first).key].append(finding)
    rows = []
    for key, group in groups.items():
        if group:
            cause, *others = sorted(group, key=lambda finding: finding is not first[key])
            follows = [
                {"text": other.text, "step": "" if other.key[0] in _HEALING else other.step}
                for other in others
            ]
            rows.append({"text": cause.text, "step": cause.step, "follows": follows})
    return rows


def _root(finding: Finding, first: Mapping[Key, Finding]) -> Finding:
    """Return the finding that this one follows from, or itself."""
    seen = {finding.key}
    while cause := next((k for k in finding.because if k in first and k not in seen), None):
        seen.add(cause)
        finding = first[cause]
    return finding


def _servers(network: Network) -> Iterator[Finding]:
    for reading in network.readings:
        if not reading.reachable:
            reason = f": {reading.reason}" if reading.reason else ""
            yield Finding(
                ("off", reading.server),
                f"{reading.server} cannot be reached{reason}.",
                f"Switch {reading.server} on, or see why ssh does not reach it; "
                'if its disk is lost: docs/operating.md, "Rebuild a server".',
            )
    for reading in network.readings:
        yield from _machine(reading)
        yield from _units(reading, network)


def _machine(reading: Reading) -> Iterator[Finding]:
    server = reading.server
    systems: dict[tuple[int, ...], list[str]] = {}
    for directory, space in reading.disks.items():
        if space is not None:
            systems.setdefault(tuple(space), []).append(directory)
    for (free, size), directories in systems.items():
        if free < min(_ROOM, _ROOM_SHARE * size):
            where = list(dict.fromkeys(directories))
            yield Finding(
                ("disk", server),
                f"{server}: {free // 1000000} MB are left where {' and '.join(where)} "
                f"{'lies' if len(where) == 1 else 'lie'}.",
                f"Make room on {server}: leases and zone data that cannot be written are lost.",
            )
    if abs(reading.offset) > _CLOCKS:
        ahead = "ahead of" if reading.offset > 0 else "behind"
        yield Finding(
            ("clock", server),
            f"{server}: its clock is {abs(round(reading.offset))} s {ahead} the controller's.",
            f"Set the clock of {server} (timedatectl): {reading.dhcp.name} stops failover at 60 s.",
        )


def _units(reading: Reading, network: Network) -> Iterator[Finding]:
    server = reading.server
    for unit, state in reading.units.items():
        if state != "active":
            word = "hung: its process is stopped" if state == "hung" else state
            if state == "missing":
                step = f"ansible-playbook playbooks/site.yml --limit {server} deploys it."
            elif state == "hung":
                step = f"systemctl restart {unit} on {server}."
            else:
                step = _JOURNAL.format(unit=unit, server=server)
            # A DNS daemon of one address starts and stops with that of the others, and needs its
            # address; everything else stands on its own.
            daemon, _, address = unit.partition("@")
            needed = (daemon.removesuffix("-spare"), "floating-address") if address else ()
            because = [("unit", f"{server} {name}.service") for name in needed]
            yield Finding(
                ("unit", f"{server} {unit}"),
                f"{server}: {unit} is {word}.",
                step,
                [*because, ("disk", server)],
            )
    for unit in reading.disabled:
        yield Finding(
            ("boot", f"{server} {unit}"),
            f"{server}: {unit} is active, but no boot starts it.",
            f"systemctl enable {unit} on {server}.",
        )
    if reading.reachable and server in network.tinydns and reading.status is None:
        yield Finding(
            ("leasemerge", server),
            f"{server}: leasemerge does not answer.",
            _JOURNAL.format(unit="leasemerge", server=server),
            [("unit", f"{server} leasemerge.service"), ("disk", server)],
        )
    for error in (reading.status or {}).get("errors", ()):
        yield Finding(
            ("error", f"{server} {error}"),
            f"{server}: {error}",
            _JOURNAL.format(unit="leasemerge", server=server),
            [("disk", server)],
        )


def _dhcp_causes(servers: Sequence[str]) -> list[Key]:
    return [
        *(("off", server) for server in servers),
        *(("unit", f"{server} {dhcp.unit}") for server in servers for dhcp in (DHCPD, KEA)),
        *(("clock", server) for server in servers),
        *(("disk", server) for server in servers),
    ]


def _failover(network: Network) -> Iterator[Finding]:
    sides = []
    healthy = True
    dhcp = DHCPD
    for server in network.site.servers:
        reading = next((r for r in network.readings if r.server == server), None)
        if reading is None or not reading.reachable:
            continue
        states = reading.failover()
        if not reading.dhcp_runs or states is None:
            continue
        dhcp = reading.dhcp
        healthy = healthy and states in HEALTHY_PAIRS
        sides.append(f"{server} is {states[0]} (its partner was last {states[1] or 'unknown'})")
    if healthy:
        return
    step = (
        f"Check TCP {dhcp.port} both ways and the clocks; journalctl -u "
        f"{dhcp.unit.removesuffix('.service')} on both has the reason."
    )
    if any("recover" in side for side in sides):
        step = "Wait: a server that recovers serves again once site_mclt seconds have passed."
    elif any("terminated" in side for side in sides):
        step = "Set the clocks, then restart Kea on both: neither takes over for the other now."
    elif dhcp is DHCPD and any("partner-down" in side for side in sides):
        step = 'docs/operating.md, "One server must do without the other".'
    yield Finding(
        ("failover", ""),
        f"Failover is not normal: {'; '.join(sides)}.",
        step,
        _dhcp_causes(network.site.servers),
    )


def _services(network: Network) -> Iterator[Finding]:
    silent_servers: list[Key] = [
        ("dns", service.address)
        for service in network.services
        if service.kind == "name server" and service.state in ("silent", "wrong", "not held")
    ]
    unread = [reading.server for reading in network.readings if not reading.reachable]
    for service in network.services:
        what = f"The {service.kind} {service.name} ({service.address})"
        yield from _held(service, what, unread)
        yield from _answered(service, what, network, silent_servers)


def _unit_keys(server: str, service: Service) -> list[Key]:
    """Return the units that a service needs on a server."""
    daemon = "tinydns" if service.kind == "name server" else "dnscache"
    units = [f"{daemon}@{service.address}", daemon, "floating-address", "keepalived"]
    return [
        ("unit", f"{server} {unit}.service")
        for unit in units
        if service.floating or "-" not in unit
    ]


def _held(service: Service, what: str, unread: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong with who holds a floating address."""
    if not service.floating:
        return
    home, holders = service.home, service.holders
    able = [*holders, *service.standbys]
    if service.state == "not held":
        yield Finding(
            ("dns", service.address),
            f"{what} is held by none of the servers that could be read."
            if unread
            else f"{what} is held by no server: nobody else is answered.",
            f"floating-address status on {' and '.join(able) or home}; "
            "journalctl -u keepalived has the reason.",
            [
                *(("off", server) for server in unread),
                *(key for server in (home, *able) for key in _unit_keys(server, service)),
            ],
        )
    elif len(holders) > 1:
        yield Finding(
            ("holders", service.address),
            f"{what} is held by {' and '.join(holders)} at once.",
            "Check the network between them: each believes that the other is gone.",
            [key for server in holders for key in _unit_keys(server, service)],
        )
    elif holders and holders[0] != home and home in service.standbys:
        yield Finding(
            ("moved", service.address),
            f"{what} is held by {holders[0]}, although its home {home} is up.",
            f"floating-address status on {home}; if it was drained: "
            f"ansible-playbook playbooks/drain-server.yml -e server={home} -e back=true.",
            [*_unit_keys(home, service), ("unit", f"{home} keepalived.service")],
        )
    for server in service.standbys:
        fault = f"answers wrongly: {service.wrong[server]}" if server in service.wrong else ""
        if server in service.silent:
            fault = "does not answer"
        if fault:
            yield Finding(
                ("standby", f"{server} {service.address}"),
                f"{what}: {server} stands by, and its daemon {fault}.",
                f"floating-address status on {server}.",
                _unit_keys(server, service),
            )


def _answered(
    service: Service, what: str, network: Network, silent_servers: Sequence[Key]
) -> Iterator[Finding]:
    """Yield what is wrong with the answers of a service."""
    state, home = service.state, service.home
    holder = next(iter(service.holders), home)
    others = service.by_holder(service.silent)
    off: list[Key] = [
        ("off", reading.server) for reading in network.readings if not reading.reachable
    ]
    daemon = "tinydns" if service.kind == "name server" else "dnscache"
    because: list[Key] = [("off", home), *_unit_keys(holder, service)]
    step = f"systemctl status '{daemon}*' on {holder}."
    if state == "not queried":
        text = f"{what} was not queried: no server could be reached that may."
        step = "Run this again from a controller that reaches the servers."
        because += off
    elif state == "silent":
        text = f"{what} answers nobody."
        if not service.holders and ("off", home) not in off:
            text = f"{what} answers nobody: no server has its address on an interface."
    elif state == "partly" and others:
        answered = ", ".join(service.by_holder(service.answered))
        text = f"{what} answers {answered}, not {', '.join(others)}."
        step = f"Check the network and firewalls between them and {service.address}."
        if holder in others:
            step = f"systemctl status '{daemon}*' on {holder}."
    elif state == "wrong":
        server = service.by_holder(service.wrong)[0]
        fault = service.wrong[server]
        text = f"{what} answers {server} wrongly: {fault}."
        if service.kind == "resolver":
            because += silent_servers
            step = f"journalctl -u '{daemon}*' on {holder}; does it reach the name servers?"
        else:
            because += [("leasemerge", holder), ("unit", f"{holder} leasemerge.service")]
            step = f"leasemerge status on {holder}; ansible-playbook playbooks/audit-names.yml."
    else:
        return
    yield Finding(("dns", service.address), text, step, because)


def _feeds(network: Network) -> Iterator[Finding]:
    for reading in network.readings:
        for feed in (reading.status or {}).get("feeds", ()):
            server, source = reading.server, feed["server"]
            key = ("feed", f"{server} {source}")
            because = [
                ("off", source),
                ("unit", f"{source} leasemerge.service"),
                ("leasemerge", source),
            ]
            step = f"leasemerge status on {server} has the reason; site.yml exchanges the ssh keys."
            if feed["kind"] == "own":
                because = [("unit", f"{server} {reading.dhcp.unit}"), ("disk", server)]
                step = f"ansible-playbook playbooks/site.yml --limit {server} puts it in place."
            reason = f" ({feed['error']})" if feed["error"] else ""
            if feed["state"] != "following":
                yield Finding(
                    key,
                    f"{server}: the feed of {source} is {feed['state']}{reason}.",
                    step,
                    because,
                )
                continue
            age = network.now - (feed["last_seen"] or 0)
            if feed["kind"] == "peer" and age > _SILENT_FEED:
                yield Finding(
                    key,
                    f"{server}: nothing came from the feed of {source} for {round(age)} s.",
                    step,
                    because,
                )


def _pools(network: Network) -> Iterator[Finding]:
    site, servers = network.site, serving(network.readings, network.site)
    states = {reading.server: reading.failover() for reading in servers}
    read = [reading for reading in network.readings if reading.server in site.servers]
    normal = len(servers) == len(read) and all(
        state is None or state in HEALTHY_PAIRS for state in states.values()
    )
    dhcp = read[0].dhcp if read else DHCPD
    causes = _dhcp_causes(site.servers)
    if not servers and site.servers and any(pool.size for pool in network.pools):
        yield Finding(
            ("serving", ""),
            f"No {dhcp.name} answers: clients get no address.",
            'docs/failures.md, "Two things fail": start the one first that ran longest.',
            causes,
        )
    if normal:
        yield from _whole_pools(network)
    for reading in [] if normal else servers:
        partner = next((name for name in site.servers if name != reading.server), "")
        role = "primary" if reading.server == site.servers[0] else "secondary"
        state = states[reading.server]
        alone = state is not None and state[0] == "partner-down"
        for pool in count(
            reading.server, reading.leases or b"", site, network.subnets, network.now
        ):
            left = pool.left(role, alone=alone or not partner)
            if not pool.short(left):
                continue
            others = pool.left("secondary" if role == "primary" else "primary")
            theirs = "" if alone else f", and {others} free ones are {partner}'s"
            yield Finding(
                ("pool", f"{reading.server} {pool.range}"),
                f"{reading.server} has {left or 'no'} address{'' if left == 1 else 'es'} left to "
                f"give in {pool.range} while it is without {partner}{theirs}.",
                _ALONE.format(partner=partner) if others and not alone else _ENLARGE,
                [key for key in causes if key[1].split()[0] == partner] + [("failover", "")],
            )
    for pool in network.pools:
        if pool.many_abandoned:
            yield Finding(
                ("abandoned", pool.range),
                f"{pool.counts['abandoned']} of {pool.size} addresses in {pool.range} are "
                f"abandoned: something uses them that {dhcp.name} did not give them to.",
                f"journalctl -u {dhcp.unit.removesuffix('.service')} names them; find the machine "
                "by arping, and pin it.",
            )


_ENLARGE = "Enlarge the range, or shorten the lease time (inventory/group_vars/all/site.yml)."


def _whole_pools(network: Network) -> Iterator[Finding]:
    for pool in network.pools:
        left = pool.counts["free"] + pool.counts["backup"]
        if pool.short(left):
            yield Finding(
                ("pool", pool.range),
                f"The range {pool.range} is short: {left} of {pool.size} addresses are left.",
                _ENLARGE,
            )
        elif pool.size and not pool.counts["free"]:
            primary, secondary = network.site.servers[:2]
            yield Finding(
                ("pool", pool.range),
                f"{primary} has no free address of its own in {pool.range}: each new client waits "
                f"for {secondary}, which has {left}.",
                "The two share them out by themselves within minutes; if they do not, "
                f"restart dhcpd on {secondary}.",
            )


def _zone_differences(network: Network) -> Iterator[Finding]:
    for row in network.zone_differences:
        if row["missing"] or row["extra"]:
            server = row["server"]
            yield Finding(
                ("zone", server),
                f"{server} serves zone data that differs from the merge's: "
                f"{len(row['missing'])} missing, {len(row['extra'])} extra.",
                f"leasemerge status on {server}; "
                f"ansible-playbook playbooks/site.yml --limit {server} deploys it again.",
                [
                    ("unit", f"{server} leasemerge.service"),
                    ("leasemerge", server),
                    ("disk", server),
                ],
            )
