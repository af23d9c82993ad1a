"""What is wrong with the pair of DHCP servers, and with the ranges."""

from __future__ import annotations

from collections.abc import Iterator

from leasemerge.status import HEALTHY_PAIRS

from .finding import Cause, Evidence, Finding
from .pools import count, serving
from .readings import DhcpServer, Reading

_ALONE = (
    "If {partner} is certainly off and will stay off, see docs/operating.md, "
    '"One server must do without the other".'
)
_ENLARGE = "Enlarge the range, or shorten the lease time (inventory/group_vars/all/site.yml)."


def failover(evidence: Evidence) -> Iterator[Finding]:
    """Yield the state of the pair, unless it is healthy."""
    sides = []
    healthy = True
    ports = []
    for reading in _read(evidence):
        states = reading.failover()
        if not reading.reachable or not reading.dhcp_runs or states is None:
            continue
        ports.append(str(reading.dhcp.port))
        healthy = healthy and states in HEALTHY_PAIRS
        sides.append(
            f"{reading.server} is {states[0]} (its partner was last {states[1] or 'unknown'})"
        )
    if healthy:
        return
    dhcp = _dhcp(evidence)
    step = (
        f"Check TCP {' and '.join(dict.fromkeys(ports))} both ways and the clocks; {dhcp.journal} "
        "on both has the reason."
    )
    if any("recover" in side for side in sides):
        step = "Wait: a server that recovers serves again once site_mclt seconds have passed."
    elif any("terminated" in side for side in sides):
        step = "Set the clocks, then restart Kea on both: neither takes over for the other now."
    elif dhcp.kind == "dhcpd" and any("partner-down" in side for side in sides):
        step = 'docs/operating.md, "One server must do without the other".'
    yield Finding(
        Cause("failover"),
        f"Failover is not normal: {'; '.join(sides)}.",
        step,
        _dhcp_causes(evidence),
    )


def pools(evidence: Evidence) -> Iterator[Finding]:
    """Yield the ranges that no server assigns from, that are short, or largely abandoned."""
    yield from _unserved(evidence)
    yield from _short(evidence)
    yield from _abandoned(evidence)


def _unserved(evidence: Evidence) -> Iterator[Finding]:
    """Yield that no server assigns addresses."""
    site = evidence.site
    if serving(evidence.readings, site) or not site.servers:
        return
    if any(pool.size for pool in evidence.pools):
        yield Finding(
            Cause("serving"),
            f"No {_dhcp(evidence).name} answers: clients get no address.",
            'docs/failures.md, "Two things fail": first start the one that stopped last.',
            _dhcp_causes(evidence),
        )


def _short(evidence: Evidence) -> Iterator[Finding]:
    """Yield the ranges with few addresses left, for both servers together or for one alone."""
    servers = serving(evidence.readings, evidence.site)
    states = [reading.failover() for reading in servers]
    if len(servers) == len(_read(evidence)) and all(
        state is None or state in HEALTHY_PAIRS for state in states
    ):
        yield from _short_pools(evidence)
    else:
        for reading in servers:
            yield from _short_shares(evidence, reading)


def _short_pools(evidence: Evidence) -> Iterator[Finding]:
    """Yield the ranges that are short while the pair is healthy."""
    for pool in evidence.pools:
        if pool.short(pool.free):
            yield Finding(
                Cause("pool", of=pool.range),
                f"The range {pool.range} is short: {pool.free} of {pool.size} addresses are left.",
                _ENLARGE,
            )
        elif pool.size and not pool.addresses.free_primary:
            primary, secondary = evidence.site.servers[:2]
            yield Finding(
                Cause("pool", of=pool.range),
                f"{primary} has no free address of its own in {pool.range}: each new client waits "
                f"for {secondary}, which has {pool.free}.",
                "The two share them out by themselves within minutes; if they do not, "
                f"restart dhcpd on {secondary}.",
            )


def _short_shares(evidence: Evidence, reading: Reading) -> Iterator[Finding]:
    """Yield the ranges in which a server has few addresses left while it is without its partner."""
    site, server, state = evidence.site, reading.server, reading.failover()
    partner = next((name for name in site.servers if name != server), "")
    role = "primary" if server == site.servers[0] else "secondary"
    alone = state is not None and state[0] == "partner-down"
    for pool in count(server, reading.leases or b"", site, evidence.subnets, evidence.now):
        left = pool.left(role, alone=alone or not partner)
        if not pool.short(left):
            continue
        others = pool.left("secondary" if role == "primary" else "primary")
        theirs = "" if alone else f", and {others} free ones are {partner}'s"
        causes = [cause for cause in _dhcp_causes(evidence) if cause.server == partner]
        yield Finding(
            Cause("pool", server, pool.range),
            f"{server} has {left or 'no'} address{'' if left == 1 else 'es'} left to "
            f"give in {pool.range} while it is without {partner}{theirs}.",
            _ALONE.format(partner=partner) if others and not alone else _ENLARGE,
            [*causes, Cause("failover")],
        )


def _abandoned(evidence: Evidence) -> Iterator[Finding]:
    """Yield the ranges with many abandoned addresses."""
    for pool in evidence.pools:
        if pool.many_abandoned:
            dhcp = _dhcp(evidence)
            yield Finding(
                Cause("abandoned", of=pool.range),
                f"{pool.addresses.abandoned} of {pool.size} addresses in {pool.range} are "
                f"abandoned: something uses them that {dhcp.name} did not assign them to.",
                f"{dhcp.journal} names them; find the machine by arping, and pin it.",
            )


def _read(evidence: Evidence) -> list[Reading]:
    """Return the readings of the DHCP servers, the primary's first."""
    servers = evidence.site.servers
    read = [reading for reading in evidence.readings if reading.server in servers]
    return sorted(read, key=lambda reading: servers.index(reading.server))


def _dhcp(evidence: Evidence) -> DhcpServer:
    """Return the program that leases addresses, also where none of its servers was read."""
    return (_read(evidence) or evidence.readings)[0].dhcp


def _dhcp_causes(evidence: Evidence) -> list[Cause]:
    servers = evidence.site.servers
    return [
        *(Cause("off", server) for server in servers),
        *(Cause("unit", reading.server, reading.dhcp.unit) for reading in _read(evidence)),
        *(Cause("clock", server) for server in servers),
        *(Cause("disk", server) for server in servers),
    ]
