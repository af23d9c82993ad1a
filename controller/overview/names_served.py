"""What every name server and resolver answered to every server that queried it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from leasemerge.site import Site

from .answers import Answers, answers_of
from .readings import Reading, expected_zone

Query = tuple[str, str]

# The units by which a server takes over an address that another one has lost.
_TAKEOVER = ("floating-address.service", "keepalived.service")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that clients and caches query."""

    kind: str
    """`name server` or `resolver`."""
    name: str
    address: str
    home: str
    """The server whose line in the inventory has the address; empty if outside a --limit."""
    floating: bool
    """Whether another server may take it over."""
    whole: bool
    """Whether all servers that may hold it were to be read; false with a --limit."""

    @property
    def daemon(self) -> str:
        """Return the program that answers there."""
        return "tinydns" if self.kind == "name server" else "dnscache"


@dataclass(frozen=True, slots=True)
class Service:
    """What a name server or a resolver answered.

    A floating address is on `lo` of every server that may hold it, and on an interface of the one
    that does. Such a server queries its own daemon; any other one queries the holder's.
    """

    endpoint: Endpoint
    holders: Sequence[str]
    """The servers that have the address on an interface: one, unless something is wrong."""
    standbys: Sequence[str]
    """The servers that have it on `lo` and stand by for it."""
    answered: Sequence[str]
    """The servers that it answered correctly."""
    silent: Sequence[str]
    """The servers that it did not answer."""
    wrong: Mapping[str, str]
    """What is wrong with its answer to a server, in words."""
    stuck: Sequence[str]
    """The servers that cannot take over: keepalived or the watcher does not run there."""

    @property
    def able(self) -> list[str]:
        """Return the standbys that can take it over."""
        unfit = (*self.stuck, *self.silent, *self.wrong)
        return [server for server in self.standbys if server not in unfit]

    @property
    def state(self) -> str:
        """Return `answers`, `silent`, `wrong`, `partly`, `not held` or `not queried`."""
        at = self.endpoint
        if at.floating and at.whole and (self.standbys or self.answered) and not self.holders:
            return "not held"
        if self.by_holder(self.wrong):
            return "wrong"
        answered = self.by_holder(self.answered)
        if self.by_holder(self.silent):
            return "partly" if answered else "silent"
        return "answers" if answered else "not queried"

    def by_holder(self, servers: Iterable[str]) -> list[str]:
        """Return which of the servers query the holder: a standby queries itself."""
        return [server for server in servers if not (self.holders and server in self.standbys)]

    def state_on(self, server: str) -> str:
        """Return what the daemon of a server that has the address answers there."""
        for state, servers in (
            ("answers", self.answered),
            ("silent", self.silent),
            ("wrong", self.wrong),
        ):
            if server in servers:
                return state
        return "not queried"

    def row(self) -> dict[str, object]:
        """Return the service as a row of a table."""
        detail = next((self.wrong[server] for server in self.by_holder(self.wrong)), "")
        if self.state == "partly":
            detail = f"not to {', '.join(self.by_holder(self.silent))}"
        return {
            "kind": self.endpoint.kind,
            "name": self.endpoint.name,
            "address": self.endpoint.address,
            "home": self.endpoint.home,
            "holder": " and ".join(self.holders),
            "standbys": self.able,
            "state": self.state,
            "detail": detail,
        }


def status_answers(site: Site) -> dict[Query, list[str]]:
    """Return what to query everywhere, with the answers: the zone's SOA and one fixed host."""
    fixed = answers_of(expected_zone([], site, 0))
    names = [query for query in sorted(fixed) if query[1] == "A"]
    # A name server's own name is always in the zone; a host's is better proof.
    servers = {f"{server.name}.{site.domain}" for server in site.name_servers}
    host = next((query for query in names if query[0] not in servers), None)
    soa: dict[Query, list[str]] = {(site.domain, "SOA"): []}
    return soa if host is None else {**soa, host: fixed[host]}


def services(
    endpoints: Iterable[Endpoint], readings: Sequence[Reading], site: Site
) -> list[Service]:
    """Return what each address answered to the servers that were read."""
    expected = status_answers(site)
    return [_service(endpoint, readings, site, expected) for endpoint in endpoints]


def _service(
    endpoint: Endpoint, readings: Sequence[Reading], site: Site, expected: Answers
) -> Service:
    address = endpoint.address
    answered, silent, wrong = [], [], {}
    for reading in readings:
        rows = [row for row in reading.answers if row["server"] == address]
        # dnscache answers only the networks that it serves.
        if not rows or (
            endpoint.kind == "resolver" and not _is_client(reading, endpoint.home, site)
        ):
            continue
        values = {(row["name"], row["type"]): row["values"] for row in rows}
        if all(value is None for value in values.values()):
            silent.append(reading.server)
        elif faults := [_fault(*row, expected) for row in values.items() if _fault(*row, expected)]:
            wrong[reading.server] = faults[0]
        else:
            answered.append(reading.server)
    interfaces = [(reading.server, reading.addresses.get(address)) for reading in readings]
    holders = [server for server, interface in interfaces if interface not in (None, "lo")]
    standbys = [server for server, interface in interfaces if interface == "lo"]
    stuck = [
        reading.server
        for reading in readings
        if any(reading.units.get(unit, "active") != "active" for unit in _TAKEOVER)
    ]
    return Service(endpoint, holders, standbys, answered, silent, wrong, stuck)


def _is_client(reading: Reading, home: str, site: Site) -> bool:
    networks = [IPv4Network(subnet.network) for subnet in site.subnets]
    return reading.server == home or any(
        IPv4Address(address) in network for address in reading.addresses for network in networks
    )


def _fault(query: Query, values: Sequence[str] | None, expected: Answers) -> str:
    name, kind = query
    if values is None:
        return f"no answer for {name} {kind}"
    if not values:
        return f"nothing for {name} {kind}"
    wanted = expected.get((name, kind)) or values
    if sorted(values) != sorted(wanted):
        return f"{', '.join(values)} for {name} {kind}; it should be {', '.join(wanted)}"
    return ""
