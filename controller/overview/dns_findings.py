"""What is wrong with a name server or resolver: which server holds its address, its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .finding import Cause, Evidence, Finding
from .names_served import Service


def services(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is wrong with each name server and resolver."""
    silent_servers = [
        Cause("dns", of=service.endpoint.address)
        for service in evidence.services
        if service.endpoint.kind == "name server"
        and service.state in ("silent", "wrong", "not held")
    ]
    unread = [reading.server for reading in evidence.readings if not reading.reachable]
    for service in evidence.services:
        at = service.endpoint
        what = f"The {at.kind} {at.name} ({at.address})"
        yield from _held(service, what, unread)
        yield from _answered(service, what, evidence, silent_servers)


def _held(service: Service, what: str, unread: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong with which server holds a floating address."""
    if not service.endpoint.floating:
        return
    home, holders = service.endpoint.home, service.holders
    able = [*holders, *service.standbys]
    if service.state == "not held":
        yield Finding(
            Cause("dns", of=service.endpoint.address),
            f"{what} is held by none of the servers that could be read."
            if unread
            else f"{what} is held by no server: nobody else is answered.",
            f"floating-address status on {' and '.join(able) or home}; "
            "journalctl -u keepalived has the reason.",
            [
                *(Cause("off", server) for server in unread),
                *(cause for server in (home, *able) for cause in _unit_causes(server, service)),
            ],
        )
    elif len(holders) > 1:
        yield Finding(
            Cause("holders", of=service.endpoint.address),
            f"{what} is held by {' and '.join(holders)} at once.",
            "Check the network between them: each believes that the other is gone.",
            [cause for server in holders for cause in _unit_causes(server, service)],
        )
    elif holders and holders[0] != home and home in service.standbys:
        yield Finding(
            Cause("moved", of=service.endpoint.address),
            f"{what} is held by {holders[0]}, although its home {home} is up.",
            f"floating-address status on {home}; if it was drained: "
            f"ansible-playbook playbooks/drain-server.yml -e server={home} -e back=true.",
            [*_unit_causes(home, service), Cause("unit", home, "keepalived.service")],
        )
    for server in service.standbys:
        fault = f"answers wrongly: {service.wrong[server]}" if server in service.wrong else ""
        if server in service.silent:
            fault = "does not answer"
        if fault:
            yield Finding(
                Cause("standby", server, service.endpoint.address),
                f"{what}: {server} stands by, and its daemon {fault}.",
                f"floating-address status on {server}.",
                _unit_causes(server, service),
            )


def _answered(
    service: Service, what: str, evidence: Evidence, silent_servers: Sequence[Cause]
) -> Iterator[Finding]:
    """Yield what is wrong with the answers of a service."""
    state, home = service.state, service.endpoint.home
    holder = next(iter(service.holders), home)
    others = service.by_holder(service.silent)
    off = [Cause("off", reading.server) for reading in evidence.readings if not reading.reachable]
    daemon = service.endpoint.daemon
    because = [Cause("off", home), *_unit_causes(holder, service)]
    step = f"systemctl status '{daemon}*' on {holder}."
    if state == "not queried":
        text = f"{what} was not queried: no server could be reached that may."
        step = "Run this again from a controller that reaches the servers."
        because += off
    elif state == "silent":
        text = f"{what} answers nobody."
        if not service.holders and Cause("off", home) not in off:
            text = f"{what} answers nobody: no server has its address on an interface."
    elif state == "partly" and others:
        answered = ", ".join(service.by_holder(service.answered))
        text = f"{what} answers {answered}, not {', '.join(others)}."
        step = f"Check the network and firewalls between them and {service.endpoint.address}."
        if holder in others:
            step = f"systemctl status '{daemon}*' on {holder}."
    elif state == "wrong":
        server = service.by_holder(service.wrong)[0]
        fault = service.wrong[server]
        text = f"{what} answers {server} wrongly: {fault}."
        if service.endpoint.kind == "resolver":
            because += silent_servers
            step = f"journalctl -u '{daemon}*' on {holder}; does it reach the name servers?"
        else:
            because += [Cause("leasemerge", holder), Cause("unit", holder, "leasemerge.service")]
            step = f"leasemerge status on {holder}; ansible-playbook playbooks/audit-names.yml."
    else:
        return
    yield Finding(Cause("dns", of=service.endpoint.address), text, step, because)


def _unit_causes(server: str, service: Service) -> list[Cause]:
    """Return the units that a service needs on a server."""
    at = service.endpoint
    units = [f"{at.daemon}@{at.address}", at.daemon, "floating-address", "keepalived"]
    return [
        Cause("unit", server, f"{unit}.service") for unit in units if at.floating or "-" not in unit
    ]
