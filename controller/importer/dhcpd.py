"""Read ISC dhcpd.conf.

Source: dhcpd.conf(5). What the inventory has a place for is taken out; any other statement is kept
as text, in the scope where it stood. Options of a group are given to each of its hosts, and those
of a shared network to each of its subnets: the inventory has neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from .dhcpd_syntax import (
    Statement,
    identifier,
    indented,
    is_plain_option,
    option_value,
    parse,
    unquoted,
)
from .found import (
    Found,
    Host,
    Pool,
    Remark,
    Section,
    Settings,
    SourceError,
    Subnet,
    home_of,
    is_address,
    joined_settings,
    normal_mac,
    number,
    number_of,
)

_TIMES = ("default-lease-time", "min-lease-time", "max-lease-time")
_NOT_SETTINGS = frozenset(
    {"failover", "fixed-address", "group", "hardware", "host", "pool", "pool6", "range", "range6"}
    | {"prefix6", "shared-network", "subnet", "subnet6"}
)
# Known to the whole server, wherever they stand.
_EVERYWHERE = frozenset({"class", "subclass", "key", "zone"})
# Files, interfaces and addresses of the old machine: the new ones have their own.
_OF_THE_MACHINE = frozenset(
    {"bind-local-address6", "dhcpv6-lease-file-name", "dhcpv6-pid-file-name", "interface"}
    | {"lease-file-name", "local-address", "local-address6", "local-port"}
    | {"pid-file-name", "remote-port", "server-duid", "server-identifier"}
)
_OF_THE_MACHINE_OPTIONS = frozenset({"dhcp-server-identifier"})
_NO_BOOTP = frozenset({"deny dynamic bootp clients", "deny dynamic bootp"})
_UNACKED = "max-unacked-updates"
# dhcpd acknowledges when half of them have arrived, rounded down, or else after two seconds
# (server/failover.c).
_ACKNOWLEDGED_AT_ONCE = 3
_KNOBS = {
    "split": "dhcpd_failover_split",
    "hba": "dhcpd_failover_hba",
    "port": "dhcpd_failover_port",
    "peer port": "dhcpd_failover_peer_port",
    "max-response-delay": "dhcpd_failover_max_response_delay",
    _UNACKED: "dhcpd_failover_max_unacked_updates",
    "load balance max seconds": "dhcpd_failover_load_balance_max_seconds",
    "auto-partner-down": "dhcpd_failover_auto_partner_down",
    "max-lease-misbalance": "dhcpd_failover_max_lease_misbalance",
    "max-lease-ownership": "dhcpd_failover_max_lease_ownership",
    "min-balance": "dhcpd_failover_min_balance",
    "max-balance": "dhcpd_failover_max_balance",
}
# dhcpd.conf(5): "the minimum of 300 seconds or max-lease-time".
_LEAST = 300
_MOST = 86400
_PING_TIMEOUT = {"ping-timeout-ms": 1, "ping-timeout": 1000}
# What the role dhcpd writes itself, for a client that sends its name in option 81 alone.
_OF_THE_ROLE = (
    "if not exists host-name and exists fqdn.hostname { set fqdn-hostname = option fqdn.hostname; }"
)
# Every other statement that dhcpd has, by dhcpd.conf(5) and dhcp-eval(5); it refuses all others.
_STATEMENTS = frozenset({
    "deleted", "uid",
    "abandon-lease-time", "adaptive-lease-time-threshold", "add", "allow", "allow-booting",
    "allow-bootp", "always-broadcast", "always-reply-rfc1048", "append", "authoring-byte-order",
    "authoritative", "bind-local-address6", "boot-unknown-clients", "break", "case",
    "check-secs-byte-order", "class", "client-updates", "db-time-format", "ddns-domainname",
    "ddns-dual-stack-mixed-mode", "ddns-guard-id-must-match", "ddns-hostname",
    "ddns-local-address4", "ddns-local-address6", "ddns-other-guard-is-dynamic",
    "ddns-rev-domainname", "ddns-ttl", "ddns-update-style", "ddns-updates", "declines",
    "default", "default-lease-time", "define", "delayed-ack", "deny", "dhcp-cache-threshold",
    "dhcpv6-lease-file-name", "dhcpv6-pid-file-name", "dhcpv6-set-tee-times",
    "do-forward-updates", "do-reverse-updates", "dont-use-fsync", "duplicates", "dynamic",
    "dynamic-bootp", "dynamic-bootp-lease-cutoff", "dynamic-bootp-lease-length",
    "echo-client-id", "else", "elsif", "eval", "execute", "filename", "fqdn-reply",
    "get-lease-hostnames", "host-identifier", "if", "ignore", "ignore-client-uids", "include",
    "infinite-is-reserved", "interface", "key", "lease", "lease-file-name", "lease-id-format",
    "leasequery", "let", "limit-addrs-per-ia", "limit-prefs-per-ia",
    "limited-broadcast-address", "local-address", "local-address6", "local-port", "log",
    "log-facility", "log-threshold-high", "log-threshold-low", "match", "max-ack-delay",
    "max-lease-time", "min-lease-time", "min-secs", "next-server", "not", "omapi-key",
    "omapi-port", "on", "one-lease-per-client", "option", "parse-vendor-option",
    "persist-eui-64-leases", "pid-file-name", "ping-check", "ping-cltt-secs", "ping-timeout",
    "ping-timeout-ms", "preferred-lifetime", "prefix-length-mode", "prepend", "release-on-roam",
    "remote-port", "return", "send", "server-duid", "server-id-check", "server-identifier",
    "server-name", "set", "site-option-space", "spawn", "stash-agent-options", "subclass",
    "supersede", "switch", "unset", "update-conflict-detection", "update-optimization",
    "update-static-leases", "use-eui-64", "use-host-decl-names",
    "use-lease-addr-for-default-route", "vendor-option-space", "zone",
})  # fmt: skip
_OLD_MACHINE = "it is about the old machine"


def read(path: Path) -> Found:
    """Read dhcpd.conf. Raises SourceError for what dhcpd itself could not read."""
    statements, remarks = parse(path)
    reader = _Reader(path, remarks)
    statements = reader.without_the_machine(statements)
    reader.prepare(statements)
    reader.read_global(statements)
    return reader.found()


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
    """The settings of that subnet, which a host declared in it takes with it (dhcpd's groups)."""


class _Reader:
    """Gather what the statements set."""

    def __init__(self, path: Path, remarks: list[Remark]) -> None:
        self._path = path
        self._remarks = remarks
        self._domain: str | None = None
        self._hosts: list[Host] = []
        self._subnets: list[Subnet] = []
        self._loose_pools: list[Pool] = []
        self._resolvers: tuple[str, ...] = ()
        self._times: dict[str, int] = {}
        self._options: dict[str, str] = {}
        self._extra: list[str] = []
        self._pair = ""
        self._servers: tuple[tuple[str, str], ...] = ()
        self._variables: dict[str, object] = {}
        self._authoritative: bool | None = None
        self._has_least = False
        # The least of all is the most of all then, but not in a scope with a most of its own.
        self._is_short = False
        # Options that this configuration defines: they cannot be given before their definition.
        self._defined: set[str] = set()

    def found(self) -> Found:
        return Found(
            source=str(self._path),
            domain=self._domain,
            hosts=tuple(self._hosts),
            subnets=tuple(self._with_loose_pools()),
            resolvers=self._resolvers,
            times=_times(self._times) if self._subnets else self._times,
            options=self._options,
            extra=tuple(self._extra),
            servers=self._servers,
            role_variables=self._variables,
            authoritative=self._authoritative,
            remarks=tuple(self._remarks),
        )

    # The file as a whole, and what is nested in it.

    def without_the_machine(self, statements: Sequence[Statement]) -> list[Statement]:
        """Take out what is about the old machine, wherever it stands."""
        kept = []
        for statement in statements:
            if self._is_of_the_machine(statement):
                self._left_out(statement, _OLD_MACHINE)
            elif statement.block:
                kept.append(
                    replace(statement, block=tuple(self.without_the_machine(statement.block)))
                )
            else:
                kept.append(statement)
        return kept

    def prepare(self, statements: Sequence[Statement]) -> None:
        """Look ahead for what an earlier statement depends on."""
        everything = [s for statement in statements for s in (statement, *statement.inner())]
        self._has_least = any(s.keyword == "min-lease-time" for s in everything)
        mosts = [_seconds(s) for s in statements if s.keyword == "max-lease-time" and s.values]
        self._is_short = any(most is not None and most < _LEAST for most in mosts)

    def read_global(self, statements: Sequence[Statement]) -> None:
        conditional = ""
        for statement in statements:
            if statement.keyword in _NOT_SETTINGS:
                self._declaration(statement, _Scope())
            elif _is_overruled(statement, conditional):
                self._extra.append(statement.render())
            else:
                self._global_setting(statement)
            if statement.block is not None and statement.keyword in _STATEMENTS:
                conditional += statement.render()

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
                self._failover(statement)
            case "failover":
                pass  # the role names the pair in every pool
            case "range":
                for ends in self._ranges([statement]):
                    self._loose_pools.append(Pool((ends,), {}, statement.where))
            case "pool6" | "prefix6" | "range6" | "subnet6":
                self._left_out(statement, "DHCPv6 is not deployed")
            case "fixed-address" | "hardware":
                raise SourceError(f"{statement.where}: {statement.text} stands outside a host.")
            case _:
                self._left_out(statement, "the inventory has no place for it")

    def _group(self, statement: Statement, scope: _Scope) -> None:
        block = statement.block or ()
        settings, rest = self._settings(block)
        text = tuple(s.render() for s in block if s.keyword not in _NOT_SETTINGS)
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
        settings, rest = self._settings(statement.block)
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
            network = IPv4Network(f"{_address(values[0])}/{_address(values[2])}")
        except (IndexError, ValueError) as error:
            raise SourceError(f"{statement.where}: this is no subnet: {error}.") from error
        settings, rest = self._settings(statement.block or ())
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
        settings, rest = self._settings(statement.block or ())
        for declaration in rest:
            if declaration.keyword == "failover" and declaration.block is None:
                peer = declaration.values[-1] if declaration.values else ""
                if self._pair and peer != self._pair:
                    text = f"This pool is of the failover peer {peer}; the one pair serves it now."
                    self._remark(Section.CHOSEN, declaration.where, text)
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
            ends = tuple(map(_address, statement.values))
            if ends[:1] == ("dynamic-bootp",):
                ends = ends[1:]
                text = "The range is for BOOTP clients too, which a failover pair cannot serve."
                self._remark(Section.LEFT_OUT, statement.where, text)
            if not 1 <= len(ends) <= 2 or not all(map(is_address, ends)):
                raise SourceError(f"{statement.where}: {statement.text} is no range of addresses.")
            first, last = ends[0], ends[-1]
            if number_of(first) > number_of(last):
                text = f"The range {first} to {last} is the wrong way round; dhcpd turns it, too."
                self._remark(Section.CHOSEN, statement.where, text)
                first, last = last, first
            yield first, last

    def _host(self, statement: Statement, scope: _Scope) -> None:
        block = statement.block or ()
        name = statement.value
        settings, rest = self._settings(block)
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
                addresses = tuple(map(_address, item.values))
            elif item.keyword in {"host", "group", "pool", "subnet", "shared-network", "range"}:
                raise SourceError(f"{item.where}: {item.keyword} cannot stand in a host.")
            else:
                irregular = f"it has the statement {item.text}"
        if any(s.keyword in {"host-identifier", "uid"} for s in block) or not hardware:
            irregular = irregular or "it is known by something else than its MAC address"
        text = statement.render()
        if scope.text:
            text = "\n".join(["group {", *map(indented, (*scope.text, text)), "}"])
        self._hosts.append(
            Host(
                name,
                statement.where,
                addresses,
                tuple(hardware),
                _for_host(joined_settings(scope.for_hosts, settings)),
                text,
                irregular,
                declared_in=scope.subnet,
                inherited=_for_host(scope.inherited) if scope.subnet else {},
            )
        )

    def _failover(self, statement: Statement) -> None:
        if statement.words[-1].lower() == "state":
            self._left_out(statement, "a state of a pair is of its lease file")
            return
        found: dict[str, str] = {}
        for item in statement.block or ():
            words = item.plain
            for name in ("primary", "secondary"):
                if words == name:
                    found["role"] = name
            for name in ("address", "peer address", "mclt", *_KNOBS):
                if words.startswith(f"{name} "):
                    found[name] = " ".join(item.words[len(name.split()) :])
        mine = found.get("role", "primary")
        other = "secondary" if mine == "primary" else "primary"
        pair = {mine: found.get("address", ""), other: found.get("peer address", "")}
        servers = tuple((role, _address(pair[role])) for role in ("primary", "secondary"))
        name = statement.values[-1] if statement.values else ""
        if self._servers:
            sentence = (
                f"A second failover peer, {name} ({servers[0][1]} and {servers[1][1]}): a site has "
                f"one pair, that of {self._pair}."
            )
            self._remark(Section.LEFT_OUT, statement.where, sentence)
            return
        self._pair, self._servers = name, servers
        mclt = number(found.get("mclt", ""))
        if mclt is not None:
            self._times["mclt"] = mclt
        if found.get("port") != found.get("peer port"):
            text = "The two servers' failover ports differ; both take the role's port now."
            self._remark(Section.CHOSEN, statement.where, text)
            found.pop("port", None)
            found.pop("peer port", None)
        if (number(found.get(_UNACKED, "")) or 0) > _ACKNOWLEDGED_AT_ONCE:
            text = (
                f"{_UNACKED} {found.pop(_UNACKED)} is left to the role: above "
                f"{_ACKNOWLEDGED_AT_ONCE} a released address is out of use for two seconds."
            )
            self._remark(Section.CHOSEN, statement.where, text)
        for knob, variable in _KNOBS.items():
            if knob in found:
                value = number(found[knob])
                self._variables[variable] = found[knob] if value is None else value

    # Settings: of the file, and of a scope in it.

    def _global_setting(self, statement: Statement) -> None:
        keyword = statement.keyword
        if keyword in _TIMES and _seconds(statement) is not None:
            self._times[keyword.replace("-", "_")] = _seconds(statement) or 0
        elif keyword == "dhcp-cache-threshold" and number(statement.value) is not None:
            self._variables["dhcpd_cache_threshold"] = int(statement.value)
        elif keyword in _PING_TIMEOUT and number(statement.value) is not None:
            milliseconds = int(statement.value) * _PING_TIMEOUT[keyword]
            self._variables["dhcpd_ping_timeout_ms"] = milliseconds
        elif statement.plain in {"authoritative", "not authoritative"}:
            self._authoritative = keyword == "authoritative"
        elif keyword == "ddns-update-style":
            if statement.value.lower() != "none":
                self._left_out(statement, "dhcpd updates no zone here: leasemerge publishes names")
        elif keyword == "option" and is_plain_option(statement):
            self._global_option(statement)
        elif keyword not in _STATEMENTS:
            self._left_out(statement, self._why_unknown(statement))
        elif " ".join(statement.render().split()) != _OF_THE_ROLE:
            self._as_text(statement)

    def _as_text(self, statement: Statement) -> None:
        if statement.keyword == "option" and "code" in map(str.lower, statement.words):
            self._defined.add(statement.value.lower())
        if statement.keyword == "key":
            text = "It holds a secret: keep it in a vault."
            self._remark(Section.KEPT, statement.where, text)
        self._extra.append(statement.render())

    def _global_option(self, statement: Statement) -> None:
        name = statement.words[1].lower()
        match name:
            case "domain-name":
                self._domain = unquoted(statement.words[-1]).lower().strip(". ") or None
            case "domain-name-servers":
                self._resolvers = tuple(map(_address, statement.values[1:]))
            case "domain-search":
                self._variables["dhcpd_domain_search"] = list(statement.values[1:])
            case _ if name in self._defined:
                self._extra.append(statement.render())
            case _:
                self._options[name] = option_value(statement)

    def _settings(self, statements: Sequence[Statement]) -> tuple[dict[str, Any], list[Statement]]:
        """Split a block into its settings, in the inventory's words, and its declarations."""
        settings: dict[str, Any] = {}
        options: dict[str, str] = {}
        extra: list[str] = []
        rest: list[Statement] = []
        conditional = ""
        for statement in statements:
            keyword = statement.keyword
            if keyword in _NOT_SETTINGS:
                rest.append(statement)
            elif keyword in _EVERYWHERE:
                self._as_text(statement)
            elif _is_overruled(statement, conditional):
                extra.append(statement.render())
            elif keyword == "option" and is_plain_option(statement):
                options[statement.words[1].lower()] = option_value(statement)
            elif keyword in _TIMES and _seconds(statement) is not None:
                settings[keyword.replace("-", "_")] = _seconds(statement)
            elif keyword == "next-server" and len(statement.values) == 1:
                settings["next_server"] = statement.value
            elif keyword == "filename" and re.fullmatch(r'"[ !#-\[\]-~]+"', statement.words[-1]):
                settings["filename"] = statement.value
            elif keyword == "option" and "code" in map(str.lower, statement.words):
                self._as_text(statement)  # a definition is known to the whole server
            elif keyword not in _STATEMENTS:
                self._left_out(statement, self._why_unknown(statement))
            else:
                extra.append(statement.render())
            if statement.block is not None and keyword in _STATEMENTS:
                conditional += statement.render()
        if options:
            settings["options"] = options
        if extra:
            settings["extra"] = "\n".join(extra) + "\n"
        for statement in statements if settings else ():
            if statement.keyword == "class":
                text = (
                    f"The {statement.text} stands among other statements, which dhcpd sends its "
                    "members wherever they are; now these are only for where they stand."
                )
                self._remark(Section.CHOSEN, statement.where, text)
        most = settings.get("max_lease_time")
        if most is not None and not self._has_least and (most < _LEAST or self._is_short):
            settings["min_lease_time"] = min(most, _LEAST)
        return settings, rest

    @staticmethod
    def _is_of_the_machine(statement: Statement) -> bool:
        if statement.keyword == "option":
            name = statement.values[0].lower() if statement.values else ""
            return name in _OF_THE_MACHINE_OPTIONS
        return statement.keyword in _OF_THE_MACHINE

    @staticmethod
    def _why_unknown(statement: Statement) -> str:
        if statement.keyword.startswith("ldap-"):
            return "what is in the LDAP directory is not read; export it as dhcpd.conf"
        return "dhcpd has no such statement, and refuses the file"

    # What is only seen when all is read.

    def _with_loose_pools(self) -> list[Subnet]:
        """Give the pools of a shared network to the subnets that their ranges lie in."""
        subnets = list(self._subnets)
        for pool in self._loose_pools:
            for ends in pool.ranges:
                home = home_of(ends[0], subnets)
                if home is None:
                    text = f"The range {ends[0]} to {ends[1]} lies in no subnet."
                    self._remark(Section.LEFT_OUT, pool.where, text)
                    continue
                part = replace(pool, ranges=(ends,))
                same = [p for p in home.pools if replace(p, ranges=()) == replace(pool, ranges=())]
                pools = [p for p in home.pools if p not in same]
                if same:
                    part = replace(same[0], ranges=(*same[0].ranges, ends))
                subnets[subnets.index(home)] = replace(home, pools=(*pools, part))
        return subnets

    def _remark(self, section: Section, where: str, text: str) -> None:
        self._remarks.append(Remark(section, where, text))

    def _left_out(self, statement: Statement, why: str) -> None:
        what = statement.text if statement.block is None else f"{statement.text} {{ … }}"
        self._remark(Section.LEFT_OUT, statement.where, f"{what}: {why}.")


def _seconds(statement: Statement) -> int | None:
    """Return the seconds of a lease time; -1 stands for ever, all ones in dhcpd (conflex.c)."""
    return 2**32 - 1 if statement.value == "-1" else number(statement.value)


def _times(given: dict[str, int]) -> dict[str, int]:
    """Fill in what dhcpd.conf leaves open with dhcpd's own defaults, as dhcpd.conf(5) has them.

    dhcpd keeps the default between the least and the most, of which the least counts.
    """
    most = given.get("max_lease_time", _MOST)
    least = given.get("min_lease_time", min(_LEAST, most))
    most = max(least, most)
    default = max(least, min(given.get("default_lease_time", 43200), most))
    return {**given, "default_lease_time": default, "max_lease_time": most, "min_lease_time": least}


def _is_overruled(statement: Statement, conditional: str) -> bool:
    """Return whether a setting stands below a conditional that sets the same: the order matters."""
    words = statement.words[:2] if statement.keyword == "option" else statement.words[:1]
    return bool(conditional) and statement.block is None and " ".join(words) in conditional


def _routers(options: Settings) -> tuple[tuple[str, ...], dict[str, str]]:
    """Take the routers out of options; names, which dhcpd looks up, stay an option."""
    rest = dict(options)
    routers = tuple(_address(part.strip()) for part in rest.get("routers", "").split(",") if part)
    if not all(map(is_address, routers)):
        return (), rest
    rest.pop("routers", None)
    return routers, rest


def _for_host(settings: Settings) -> dict[str, Any]:
    """Write lease times as text: a fixed host has no keys for them."""
    times = [
        f"{key.replace('_', '-')} {settings[key]};"
        for key in ("default_lease_time", "min_lease_time", "max_lease_time")
        if key in settings
    ]
    kept = {key: value for key, value in settings.items() if not key.endswith("_lease_time")}
    if times:
        kept["extra"] = "\n".join(times) + "\n" + kept.get("extra", "")
    return kept


def _address(text: str) -> str:
    """Write an address without the zeros before its numbers, which dhcpd reads as decimal."""
    match = re.fullmatch(r"0*(\d{1,3})\.0*(\d{1,3})\.0*(\d{1,3})\.0*(\d{1,3})", text, re.ASCII)
    return ".".join(match.groups()) if match else text


def _after(text: str, word: str) -> str:
    return text[len(word) :].strip()
