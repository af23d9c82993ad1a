"""Read ISC dhcpd.conf.

Source: dhcpd.conf(5). What the inventory has a key for is extracted; any other statement is kept
as text, in the scope where it stood. Options of a group are copied to each of its hosts, and those
of a shared network to each of its subnets: the inventory has neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from pathlib import Path

from leasemerge.ranges import is_address, normal_mac

from .dhcpd_failover import Pair
from .dhcpd_settings import DECLARATIONS, Server
from .dhcpd_syntax import Statement, address_of, identifier, indented, parse
from .dhcpd_text import of_host
from .remarks import Remarks, Section
from .source import DhcpConfig, Host, Pool, Settings, SourceError, Subnet, home_of, joined_settings
from .values import address_number

# Files, interfaces and addresses of the old machine: the new ones have their own.
_OF_THE_MACHINE = frozenset(
    {"bind-local-address6", "dhcpv6-lease-file-name", "dhcpv6-pid-file-name", "interface"}
    | {"lease-file-name", "local-address", "local-address6", "local-port"}
    | {"pid-file-name", "remote-port", "server-duid", "server-identifier"}
)
_OF_THE_MACHINE_OPTIONS = frozenset({"dhcp-server-identifier"})
_NO_BOOTP = frozenset({"deny dynamic bootp clients", "deny dynamic bootp"})


def read(path: Path) -> DhcpConfig:
    """Read dhcpd.conf. Raises SourceError: when dhcpd itself could not read it."""
    statements, found_remarks = parse(path)
    remarks = Remarks(found_remarks)
    statements = _without_the_machine(statements, remarks)
    return _Reader(path, statements, remarks).config()


def _without_the_machine(statements: Sequence[Statement], remarks: Remarks) -> list[Statement]:
    """Remove what is about the old machine, wherever it stands."""
    kept = []
    for statement in statements:
        if _is_of_the_machine(statement):
            remarks.left_out(statement.where, statement.shown, "it concerns only the old machine")
        elif statement.block:
            block = tuple(_without_the_machine(statement.block, remarks))
            kept.append(replace(statement, block=block))
        else:
            kept.append(statement)
    return kept


def _is_of_the_machine(statement: Statement) -> bool:
    if statement.keyword == "option":
        name = statement.values[0].lower() if statement.values else ""
        return name in _OF_THE_MACHINE_OPTIONS
    return statement.keyword in _OF_THE_MACHINE


@dataclass(slots=True)
class _Scope:
    """What is around a declaration."""

    for_subnets: Settings = field(default_factory=dict)
    for_hosts: Settings = field(default_factory=dict)
    text: tuple[str, ...] = ()
    """The statements of the groups."""
    shared_network: str | None = None
    subnet: IPv4Network | None = None
    inherited: Settings = field(default_factory=dict)
    """The settings of that subnet, which a host declared in it inherits (dhcpd's groups)."""


class _Reader:
    """Read the declarations, with what surrounds each."""

    def __init__(self, path: Path, statements: Sequence[Statement], remarks: Remarks) -> None:
        self._path = path
        self._statements = statements
        self._remarks = remarks
        self._server = Server(statements, remarks)
        self._pair = Pair(remarks)
        self._hosts: list[Host] = []
        self._subnets: list[Subnet] = []
        self._loose_pools: list[Pool] = []

    def config(self) -> DhcpConfig:
        for statement in self._statements:
            if statement.keyword in DECLARATIONS:
                self._declaration(statement, _Scope())
            else:
                self._server.read(statement)
        server, pair = self._server, self._pair
        times = server.whole_times() if self._subnets else server.times
        return DhcpConfig(
            source=str(self._path),
            domain=server.domain,
            hosts=tuple(self._hosts),
            subnets=tuple(self._with_loose_pools()),
            resolvers=server.resolvers,
            times=times if pair.mclt is None else {**times, "mclt": pair.mclt},
            options=server.options,
            extra=tuple(server.extra),
            servers=pair.servers,
            role_variables={**server.variables, **pair.variables},
            authoritative=self._is_authoritative(),
            remarks=tuple(self._remarks),
        )

    def _is_authoritative(self) -> bool | None:
        """Return whether the server is, also by being so in each of its subnets."""
        if self._server.authoritative is not None or not self._subnets:
            return self._server.authoritative
        texts = [str(subnet.settings.get("extra", "")).splitlines() for subnet in self._subnets]
        return True if all("authoritative;" in text for text in texts) else None

    def _declaration(self, statement: Statement, scope: _Scope) -> None:
        match statement.keyword:
            case "host" if statement.block is not None:
                self._host(statement, scope)
            case "group":
                self._group(statement, scope)
            case "shared-network":
                self._shared_network(statement, scope)
            case "subnet":
                self._subnet(statement, scope)
            case "pool":
                self._loose_pools += self._pool(statement, scope)
            case "failover" if statement.block is not None:
                self._pair.read(statement)
            case "failover":
                pass  # the role names the pair in every pool
            case "range":
                for ends in self._ranges([statement]):
                    self._loose_pools.append(Pool((ends,), {}, statement.where))
            case "pool6" | "prefix6" | "range6" | "subnet6":
                self._remarks.left_out(statement.where, statement.shown, "DHCPv6 is not deployed")
            case "fixed-address" | "hardware":
                raise SourceError(f"{statement.where}: {statement.text} stands outside a host.")
            case _:
                self._remarks.left_out(
                    statement.where, statement.shown, "the inventory has no place for it"
                )

    def _group(self, statement: Statement, scope: _Scope) -> None:
        block = statement.block or ()
        settings, rest = self._server.split(block)
        text = tuple(s.render() for s in block if s.keyword not in DECLARATIONS)
        inner = replace(
            scope,
            for_subnets=joined_settings(scope.for_subnets, settings),
            for_hosts=joined_settings(scope.for_hosts, settings),
            text=(*scope.text, *text),
        )
        for declaration in rest:
            self._declaration(declaration, inner)

    def _shared_network(self, statement: Statement, scope: _Scope) -> None:
        if statement.block is None or not statement.values:
            raise SourceError(f"{statement.where}: a shared-network lacks its name or its block.")
        settings, rest = self._server.split(statement.block)
        settings = joined_settings(scope.for_subnets, settings)
        inner = replace(
            scope,
            for_subnets=settings,
            shared_network=identifier(statement.value),
            inherited=settings,
        )
        for declaration in rest:
            self._declaration(declaration, inner)

    def _subnet(self, statement: Statement, scope: _Scope) -> None:
        values = statement.values
        try:
            network = IPv4Network(f"{address_of(values[0])}/{address_of(values[2])}")
        except (IndexError, ValueError) as error:
            raise SourceError(f"{statement.where}: this is not a subnet: {error}.") from error
        settings, rest = self._server.split(statement.block or ())
        settings = joined_settings(scope.for_subnets, settings)
        routers, options = _routers(settings.get("options", {}))
        if options.get("subnet-mask") == str(network.netmask):
            del options["subnet-mask"]  # dhcpd sends it anyway
        inner = replace(scope, subnet=network, inherited=settings)
        ranges = tuple(self._ranges([s for s in rest if s.keyword == "range"]))
        pools = [Pool(ranges, {}, statement.where)]
        for declaration in rest:
            if declaration.keyword == "pool":
                pools += self._pool(declaration, inner)
            elif declaration.keyword != "range":
                self._declaration(declaration, inner)
        self._subnets.append(
            Subnet(
                network,
                statement.where,
                tuple(pool for pool in pools if pool.ranges),
                routers,
                scope.shared_network,
                {**settings, "options": options},
            )
        )

    def _pool(self, statement: Statement, scope: _Scope) -> list[Pool]:
        """Read a pool; what is declared in it is known to the whole server."""
        settings, rest = self._server.split(statement.block or ())
        for declaration in rest:
            if declaration.keyword == "failover" and declaration.block is None:
                peer = declaration.values[-1] if declaration.values else ""
                if self._pair.name and peer != self._pair.name:
                    text = f"This pool is of the failover peer {peer}; the one pair serves it now."
                    self._remarks.add(Section.CHOSEN, declaration.where, text)
            elif declaration.keyword != "range":
                self._declaration(declaration, scope)
        # A failover pair serves no BOOTP client anyway.
        rules: dict[str, list[str]] = {}
        for item in statement.block or ():
            if item.keyword in {"allow", "deny"} and item.plain not in _NO_BOOTP:
                rules.setdefault(item.keyword, []).append(_after(item.text, item.words[0]))
        extra = "".join(
            line + "\n"
            for line in str(settings.pop("extra", "")).splitlines()
            if not re.match(r"(allow|deny)\b", line, re.IGNORECASE)
        )
        if extra:
            settings["extra"] = extra
        ranges = tuple(self._ranges([s for s in rest if s.keyword == "range"]))
        return [Pool(ranges, {**rules, **settings}, statement.where)] if ranges else []

    def _ranges(self, statements: Sequence[Statement]) -> Iterator[tuple[str, str]]:
        for statement in statements:
            ends = tuple(map(address_of, statement.values))
            if ends[:1] == ("dynamic-bootp",):
                ends = ends[1:]
                text = "The range is for BOOTP clients too, which a failover pair cannot serve."
                self._remarks.add(Section.LEFT_OUT, statement.where, text)
            if not 1 <= len(ends) <= 2 or not all(map(is_address, ends)):
                raise SourceError(
                    f"{statement.where}: {statement.text} is not a range of addresses."
                )
            first, last = ends[0], ends[-1]
            if address_number(first) > address_number(last):
                text = f"The range {first} to {last} is reversed; dhcpd swaps its ends, too."
                self._remarks.add(Section.CHOSEN, statement.where, text)
                first, last = last, first
            yield first, last

    def _host(self, statement: Statement, scope: _Scope) -> None:
        block = statement.block or ()
        name = statement.value
        settings, rest = self._server.split(block)
        hardware: list[str] = []
        addresses: tuple[str, ...] = ()
        irregular = ""
        for item in rest:
            if item.keyword == "hardware":
                if len(item.values) != 2:
                    raise SourceError(f"{item.where}: {item.text} lacks its type or its address.")
                mac = normal_mac(item.values[-1])
                if item.values[0].lower() != "ethernet" or mac is None:
                    irregular = f"its hardware is {' '.join(item.values)}"
                else:
                    hardware.append(mac)
            elif item.keyword == "fixed-address":
                if not item.values:
                    raise SourceError(f"{item.where}: fixed-address lacks its address.")
                addresses = tuple(map(address_of, item.values))
            elif item.keyword in {"host", "group", "pool", "subnet", "shared-network", "range"}:
                raise SourceError(f"{item.where}: {item.keyword} cannot stand in a host.")
            else:
                irregular = f"it has the statement {item.text}"
        if any(s.keyword in {"host-identifier", "uid"} for s in block) or not hardware:
            irregular = irregular or "it is known by something other than its MAC address"
        text = statement.render()
        if scope.text:
            text = "\n".join(["group {", *map(indented, (*scope.text, text)), "}"])
        self._hosts.append(
            Host(
                name,
                statement.where,
                addresses,
                tuple(hardware),
                of_host(joined_settings(scope.for_hosts, settings)),
                text,
                irregular,
                declared_in=scope.subnet,
                inherited=of_host(scope.inherited) if scope.subnet else {},
            )
        )

    # What is known only when everything has been read.

    def _with_loose_pools(self) -> list[Subnet]:
        """Assign the pools of a shared network to the subnets that their ranges lie in."""
        subnets = list(self._subnets)
        for pool in self._loose_pools:
            for ends in pool.ranges:
                home = home_of(ends[0], subnets)
                if home is None:
                    text = f"The range {ends[0]} to {ends[1]} lies in no subnet."
                    self._remarks.add(Section.LEFT_OUT, pool.where, text)
                    continue
                part = replace(pool, ranges=(ends,))
                same = [p for p in home.pools if replace(p, ranges=()) == replace(pool, ranges=())]
                pools = [p for p in home.pools if p not in same]
                if same:
                    part = replace(same[0], ranges=(*same[0].ranges, ends))
                subnets[subnets.index(home)] = replace(home, pools=(*pools, part))
        return subnets


def _routers(options: Settings) -> tuple[tuple[str, ...], dict[str, str]]:
    """Extract the routers from options; names, which dhcpd looks up, stay an option."""
    rest = dict(options)
    routers = tuple(address_of(part.strip()) for part in rest.get("routers", "").split(",") if part)
    if not all(map(is_address, routers)):
        return (), rest
    rest.pop("routers", None)
    return routers, rest


def _after(text: str, word: str) -> str:
    return text[len(word) :].strip()
