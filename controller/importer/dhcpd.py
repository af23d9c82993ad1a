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

from .found import (
    Found,
    Host,
    Pool,
    Remark,
    Settings,
    SourceError,
    Subnet,
    home_of,
    is_address,
    normal_mac,
    read_text,
)

_TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\]|\\.)*"|[{};,]|[^\s{};,"#]+', re.DOTALL)
_SPACE = re.compile(r"\s*")
# Deeper than any configuration, and an include that includes itself ends here.
_MAX_DEPTH = 40

_TIMES = ("default-lease-time", "min-lease-time", "max-lease-time")
_NOT_SETTINGS = frozenset(
    {"failover", "fixed-address", "group", "hardware", "host", "pool", "pool6", "range", "range6"}
    | {"shared-network", "subnet", "subnet6"}
)
# Known to the whole server, wherever they stand.
_EVERYWHERE = frozenset({"class", "subclass", "key", "zone"})
# Files and interfaces of the old machine, which the new ones need not have.
_OF_THE_MACHINE = frozenset(
    {"interface", "lease-file-name", "local-address", "local-port", "pid-file-name"}
)
# The role dhcpd writes these itself.
_OURS = frozenset({"authoritative", "ddns-update-style", "server-identifier"})
_NO_BOOTP = frozenset({"deny dynamic bootp clients", "deny dynamic bootp"})
_KNOBS = {
    "split": "dhcpd_failover_split",
    "hba": "dhcpd_failover_hba",
    "port": "dhcpd_failover_port",
    "peer port": "dhcpd_failover_peer_port",
    "max-response-delay": "dhcpd_failover_max_response_delay",
    "max-unacked-updates": "dhcpd_failover_max_unacked_updates",
    "load balance max seconds": "dhcpd_failover_load_balance_max_seconds",
    "auto-partner-down": "dhcpd_failover_auto_partner_down",
    "max-lease-misbalance": "dhcpd_failover_max_lease_misbalance",
    "max-lease-ownership": "dhcpd_failover_max_lease_ownership",
    "min-balance": "dhcpd_failover_min_balance",
    "max-balance": "dhcpd_failover_max_balance",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: its words, commas among them, its text without `;` or `{`, and its block."""

    words: tuple[str, ...]
    text: str
    where: str
    block: tuple[Statement, ...] | None = None

    @property
    def keyword(self) -> str:
        """The first word, in lower case as dhcpd compares it."""
        return self.words[0].lower() if self.words else ""

    @property
    def values(self) -> tuple[str, ...]:
        """The words behind the keyword, without commas and quotation marks."""
        return tuple(_unquoted(word) for word in self.words[1:] if word != ",")

    def render(self) -> str:
        """Write it as dhcpd.conf text."""
        if self.block is None:
            return f"{self.text};"
        return "\n".join([f"{self.text} {{", *(_indented(s.render()) for s in self.block), "}"])


def parse(path: Path, depth: int = 0) -> tuple[list[Statement], list[Remark]]:
    """Read a file and all that it includes. Error: SourceError where braces do not match."""
    text = read_text(path)
    remarks: list[Remark] = []
    scopes: list[tuple[list[Statement], tuple[tuple[str, ...], str, str]]] = []
    statements: list[Statement] = []
    words: list[str] = []
    spelt = ""
    begins = ""
    position = 0
    counted, line = 0, 1

    def where(offset: int) -> str:
        nonlocal counted, line
        line += text.count("\n", counted, offset)
        counted = offset
        return f"{path}:{line}"

    while (start := _SPACE.match(text, position).end()) < len(text):  # type: ignore[union-attr]  # matches always
        match = _TOKEN.match(text, start)
        if match is None:
            raise SourceError(f"{where(start)}: a quotation mark is not closed.")
        token, spaced = match[0], start > position
        position = match.end()
        if token.startswith("#"):
            continue
        if token not in "{};":
            begins = begins if words else where(start)
            spelt += (" " if words and spaced else "") + token
            words.append(token)
            continue
        if token == "{":
            scopes.append((statements, (tuple(words), spelt, begins)))
            statements = []
        elif token == ";":
            if words and words[0].lower() == "include" and depth < _MAX_DEPTH:
                more, others = _included(path, _unquoted(words[-1]), begins, depth)
                statements += more
                remarks += others
            elif words:
                statements.append(Statement(tuple(words), spelt, begins))
        else:
            if words or not scopes:
                raise SourceError(f"{where(start)}: this brace closes nothing, or a ; is missing.")
            outer, (heading, head_text, place) = scopes.pop()
            outer.append(Statement(heading, head_text, place, tuple(statements)))
            statements = outer
        words, spelt = [], ""
    if scopes or words:
        place = scopes[-1][1][2] if scopes else begins
        raise SourceError(f"{place}: this does not end before the file does.")
    return statements, remarks


def _included(by: Path, name: str, where: str, depth: int) -> tuple[list[Statement], list[Remark]]:
    """Read an included file: a copy that lies beside the file counts before the path itself."""
    parts = Path(name).parts[1:] if name.startswith("/") else Path(name).parts
    beside = [by.parent.joinpath(*parts[number:]) for number in range(len(parts))]
    for path in [*beside, Path(name)]:
        if path.is_file():
            return parse(path, depth + 1)
    text = f"It includes {name}, which is not here; copy it beside {by.name} and import again."
    return [], [Remark("left out", where, text)]


def read(path: Path) -> Found:
    """Read dhcpd.conf. Error: SourceError."""
    statements, remarks = parse(path)
    reader = _Reader(remarks)
    reader.read_global(statements)
    return reader.found()


@dataclass(slots=True)
class _Scope:
    """What is around a declaration: a shared network's settings are not for the hosts in it."""

    for_subnets: Settings = field(default_factory=dict)
    for_hosts: Settings = field(default_factory=dict)
    text: tuple[str, ...] = ()
    """The statements of the groups."""
    shared_network: str | None = None


class _Reader:
    """Gather what the statements say."""

    def __init__(self, remarks: list[Remark]) -> None:
        self._remarks = remarks
        self._domain: str | None = None
        self._hosts: list[Host] = []
        self._subnets: list[Subnet] = []
        self._loose_pools: list[Pool] = []
        self._resolvers: tuple[str, ...] = ()
        self._times: dict[str, int] = {}
        self._options: dict[str, str] = {}
        self._extra: list[str] = []
        self._servers: tuple[tuple[str, str], ...] = ()
        self._variables: dict[str, object] = {}
        # Options that this configuration defines: they cannot be given before their definition.
        self._defined: set[str] = set()

    def found(self) -> Found:
        subnets = self._with_loose_pools()
        pools = [pool for subnet in subnets for pool in subnet.pools]
        variables = dict(self._variables)
        alike = {pool.statements for pool in pools}
        if len(alike) == 1 and pools[0].statements:
            variables["dhcpd_pool_extra"] = "\n".join(pools[0].statements) + "\n"
            subnets = [
                replace(s, pools=tuple(replace(pool, statements=()) for pool in s.pools))
                for s in subnets
            ]
        return Found(
            domain=self._domain,
            hosts=tuple(self._hosts),
            subnets=tuple(subnets),
            resolvers=self._resolvers,
            times=self._times,
            options=self._options,
            extra=tuple(self._extra),
            servers=self._servers,
            role_variables=variables,
            remarks=tuple(self._remarks),
        )

    # The file as a whole, and what is nested in it.

    def read_global(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            if statement.keyword in _NOT_SETTINGS:
                self._declaration(statement, _Scope())
            else:
                self._global_setting(statement)

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
                self._loose_pools.append(self._pool(statement))
            case "failover" if statement.block is not None:
                self._failover(statement)
            case "failover":
                pass  # the role names the pair in every pool
            case _:
                self._left_out(statement, "the inventory has no place for it")

    def _group(self, statement: Statement, scope: _Scope) -> None:
        block = statement.block or ()
        settings, rest = self._settings(block)
        text = tuple(s.render() for s in block if s.keyword not in _NOT_SETTINGS)
        inner = replace(
            scope,
            for_subnets=_joined(scope.for_subnets, settings),
            for_hosts=_joined(scope.for_hosts, settings),
            text=(*scope.text, *text),
        )
        for declaration in rest:
            self._declaration(declaration, inner)

    def _shared_network(self, statement: Statement, scope: _Scope) -> None:
        settings, rest = self._settings(statement.block or ())
        inner = replace(
            scope,
            for_subnets=_joined(scope.for_subnets, settings),
            shared_network=_identifier(statement.values[0]),
        )
        for declaration in rest:
            self._declaration(declaration, inner)

    def _subnet(self, statement: Statement, scope: _Scope) -> None:
        values = statement.values
        try:
            network = IPv4Network(f"{values[0]}/{values[2]}")
        except (IndexError, ValueError) as error:
            raise SourceError(f"{statement.where}: this is no subnet: {error}.") from error
        settings, rest = self._settings(statement.block or ())
        settings = _joined(scope.for_subnets, settings)
        options = dict(settings.get("options", {}))
        routers = tuple(part.strip() for part in options.get("routers", "").split(",") if part)
        if all(map(is_address, routers)):
            options.pop("routers", None)
        else:
            routers = ()  # names, which dhcpd looks up: they stay an option
        if options.get("subnet-mask") == str(network.netmask):
            del options["subnet-mask"]  # dhcpd tells it anyway
        pools = [Pool(tuple(self._ranges(rest)), (), statement.where)]
        for declaration in rest:
            if declaration.keyword == "pool":
                pools.append(self._pool(declaration))
            elif declaration.keyword != "range":
                self._declaration(declaration, scope)
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

    def _pool(self, statement: Statement) -> Pool:
        block = statement.block or ()
        # The role names the pair, and a failover pair serves no BOOTP client anyway.
        kept = tuple(
            s.render()
            for s in block
            if s.keyword not in {"range", "failover"} and " ".join(s.words).lower() not in _NO_BOOTP
        )
        return Pool(tuple(self._ranges(block)), kept, statement.where)

    def _ranges(self, statements: Sequence[Statement]) -> Iterator[tuple[str, str]]:
        for statement in statements:
            if statement.keyword != "range":
                continue
            ends = statement.values
            if ends[0] == "dynamic-bootp":
                ends = ends[1:]
                text = "The range is for BOOTP clients too, which a failover pair cannot serve."
                self._remarks.append(Remark("left out", statement.where, text))
            yield ends[0], ends[-1]

    def _host(self, statement: Statement, scope: _Scope) -> None:
        block = statement.block or ()
        settings, rest = self._settings(block)
        hardware: list[str] = []
        addresses: tuple[str, ...] = ()
        odd = ""
        for item in rest:
            if item.keyword == "hardware":
                mac = normal_mac(item.values[-1])
                if item.values[0].lower() != "ethernet" or mac is None:
                    odd = f"its hardware is {' '.join(item.values)}"
                else:
                    hardware.append(mac)
            elif item.keyword == "fixed-address":
                addresses = item.values
            else:
                odd = f"it has the statement {item.text}"
        if any(s.keyword == "host-identifier" for s in block) or not hardware:
            odd = odd or "it is known by something else than its MAC address"
        text = statement.render()
        if scope.text:
            text = "\n".join(["group {", *map(_indented, (*scope.text, text)), "}"])
        self._hosts.append(
            Host(
                statement.values[0],
                statement.where,
                addresses,
                tuple(hardware),
                _for_host(_joined(scope.for_hosts, settings)),
                text,
                odd,
            )
        )

    def _failover(self, statement: Statement) -> None:
        found: dict[str, str] = {}
        for item in statement.block or ():
            words = " ".join(item.words).lower()
            for name in ("primary", "secondary"):
                if words == name:
                    found["role"] = name
            for name in ("address", "peer address", "mclt", *_KNOBS):
                if words.startswith(f"{name} "):
                    found[name] = " ".join(item.words[len(name.split()) :])
        mine = found.get("role", "primary")
        other = "secondary" if mine == "primary" else "primary"
        pair = {mine: found.get("address", ""), other: found.get("peer address", "")}
        self._servers = tuple((role, pair[role]) for role in ("primary", "secondary"))
        if "mclt" in found:
            self._times["mclt"] = int(found["mclt"])
        if found.get("port") != found.get("peer port"):
            text = "The two servers' failover ports differ; both take the role's port now."
            self._remarks.append(Remark("chosen", statement.where, text))
            found.pop("port", None)
            found.pop("peer port", None)
        for knob, variable in _KNOBS.items():
            if knob in found:
                text = found[knob]
                self._variables[variable] = int(text) if text.isdigit() else text

    # Settings: of the file, and of a scope in it.

    def _global_setting(self, statement: Statement) -> None:
        keyword, values = statement.keyword, statement.values
        if keyword in _TIMES and values[0].isdigit():
            self._times[keyword.replace("-", "_")] = int(values[0])
        elif keyword == "dhcp-cache-threshold":
            self._variables["dhcpd_cache_threshold"] = int(values[0])
        elif [word.lower() for word in statement.words] == ["not", "authoritative"]:
            self._variables["dhcpd_authoritative"] = False
        elif keyword in _OF_THE_MACHINE:
            self._left_out(statement, "it is about the old machine")
        elif keyword in _OURS:
            if keyword == "ddns-update-style" and values[0] != "none":
                self._left_out(statement, "dhcpd updates no zone here: leasemerge publishes names")
        elif keyword == "option" and _is_plain_option(statement):
            self._global_option(statement)
        else:
            if keyword == "option" and "code" in statement.words:
                self._defined.add(statement.words[1].lower())
            if keyword == "key":
                self._remarks.append(
                    Remark(
                        "kept as text", statement.where, "It holds a secret: keep it in a vault."
                    )
                )
            self._extra.append(statement.render())

    def _global_option(self, statement: Statement) -> None:
        name = statement.words[1].lower()
        match name:
            case "domain-name":
                self._domain = _unquoted(statement.words[-1]).lower().rstrip(".")
            case "domain-name-servers":
                self._resolvers = tuple(statement.values[1:])
            case "domain-search":
                self._variables["dhcpd_domain_search"] = list(statement.values[1:])
            case _ if name in self._defined:
                self._extra.append(statement.render())
            case _:
                self._options[name] = _option_value(statement)

    def _settings(self, statements: Sequence[Statement]) -> tuple[dict[str, Any], list[Statement]]:
        """Split a block into its settings, in the inventory's words, and its declarations."""
        settings: dict[str, Any] = {}
        options: dict[str, str] = {}
        extra: list[str] = []
        rest: list[Statement] = []
        for statement in statements:
            keyword = statement.keyword
            if keyword in _NOT_SETTINGS:
                rest.append(statement)
            elif keyword in _EVERYWHERE:
                self._extra.append(statement.render())
            elif keyword in _OF_THE_MACHINE:
                self._left_out(statement, "it is about the old machine")
            elif keyword == "option" and _is_plain_option(statement):
                options[statement.words[1].lower()] = _option_value(statement)
            elif keyword in _TIMES and statement.values[0].isdigit():
                settings[keyword.replace("-", "_")] = int(statement.values[0])
            elif keyword == "next-server" and len(statement.values) == 1:
                settings["next_server"] = statement.values[0]
            elif keyword == "filename" and re.fullmatch(r'"[ !#-\[\]-~]+"', statement.words[-1]):
                settings["filename"] = statement.values[0]
            else:
                extra.append(statement.render())
        if options:
            settings["options"] = options
        if extra:
            settings["extra"] = "\n".join(extra) + "\n"
        return settings, rest

    # What is only seen when all is read.

    def _with_loose_pools(self) -> list[Subnet]:
        """Give the pools of a shared network to the subnets that their ranges lie in."""
        subnets = list(self._subnets)
        for pool in self._loose_pools:
            for ends in pool.ranges:
                home = home_of(ends[0], subnets)
                if home is None:
                    text = f"The range {ends[0]} to {ends[1]} lies in no subnet."
                    self._remarks.append(Remark("left out", pool.where, text))
                    continue
                part = replace(pool, ranges=(ends,))
                same = [
                    p
                    for p in home.pools
                    if (p.where, p.statements) == (pool.where, pool.statements)
                ]
                pools = [p for p in home.pools if p not in same]
                if same:
                    part = replace(same[0], ranges=(*same[0].ranges, ends))
                subnets[subnets.index(home)] = replace(home, pools=(*pools, part))
        return subnets

    def _left_out(self, statement: Statement, why: str) -> None:
        what = statement.text if statement.block is None else f"{statement.text} {{ … }}"
        self._remarks.append(Remark("left out", statement.where, f"{what}: {why}."))


def _is_plain_option(statement: Statement) -> bool:
    """Tell an option with a value from a definition (`code`, `space`) and an expression (`=`)."""
    words = statement.words
    return (
        statement.block is None
        and len(words) > 2
        and words[1] != "space"
        and words[2] not in {"=", "code"}
        and not words[2].startswith("=")
    )


def _option_value(statement: Statement) -> str:
    return statement.text.split(None, 2)[2]


def _joined(outer: Settings, inner: Settings) -> dict[str, Any]:
    """Lay the settings of an inner scope over those of an outer one."""
    joined = {**outer, **inner}
    if "options" in outer and "options" in inner:
        joined["options"] = {**outer["options"], **inner["options"]}
    if "extra" in outer and "extra" in inner:
        joined["extra"] = outer["extra"] + inner["extra"]
    return joined


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


def _identifier(name: str) -> str:
    """Make a name that needs no quotation marks: no client ever sees a shared network's."""
    text = re.sub(r"[^A-Za-z0-9_-]+", "-", name)
    return text if text[:1].isalpha() else f"net-{text}"


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word.startswith('"') else word


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
