"""Read what dhcpd.conf sets for the whole server, or in the scope of a block.

Source: dhcpd.conf(5), dhcp-eval(5). What the inventory has a key for is extracted, any other
statement is kept as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from . import lease_times
from .defaults import DHCPD_MIN_LEASE_TIME
from .dhcpd_syntax import Statement, address_of, is_plain_option, option_value, unquoted
from .remarks import Remarks, Section
from .values import number

DECLARATIONS = frozenset(
    {"failover", "fixed-address", "group", "hardware", "host", "pool", "pool6", "range", "range6"}
    | {"prefix6", "shared-network", "subnet", "subnet6"}
)
"""The statements that set nothing by themselves."""
_TIMES = {key.replace("_", "-"): key for key in lease_times.KEYS}
# Known to the whole server, wherever they stand.
_EVERYWHERE = frozenset({"class", "subclass", "key", "zone"})
_PING_TIMEOUT = {"ping-timeout-ms": 1, "ping-timeout": 1000}
# What the role dhcpd writes itself, for a client that sends its name only in option 81.
_OF_THE_ROLE = (
    "if not exists host-name and exists fqdn.hostname { set fqdn-hostname = option fqdn.hostname; }"
)
# Every other statement that dhcpd has; it refuses all others.
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


class Server:
    """What the whole server has, and the settings of the blocks in it."""

    def __init__(self, statements: Sequence[Statement], remarks: Remarks) -> None:
        """Look ahead through all statements for what an earlier one depends on."""
        self.domain: str | None = None
        self.resolvers: tuple[str, ...] = ()
        self.times: dict[str, int] = {}
        self.options: dict[str, str] = {}
        self.extra: list[str] = []
        self.variables: dict[str, object] = {}
        self.authoritative: bool | None = None
        # Options that this configuration defines: they cannot be set before their definition.
        self._defined: set[str] = set()
        self._conditional = ""
        self._remarks = remarks
        everything = [s for statement in statements for s in (statement, *statement.inner())]
        self._has_least = any(s.keyword == "min-lease-time" for s in everything)
        mosts = [_seconds(s) for s in statements if s.keyword == "max-lease-time" and s.values]
        # Then the default minimum is that maximum, but not in a scope with its own maximum.
        self._is_short = any(most is not None and most < DHCPD_MIN_LEASE_TIME for most in mosts)

    def read(self, statement: Statement) -> None:
        """Read a top-level setting; one below a conditional that sets the same stays text."""
        if _is_overruled(statement, self._conditional):
            self.extra.append(statement.render())
        else:
            self._setting(statement)
        self._conditional += _as_conditional(statement)

    def _setting(self, statement: Statement) -> None:
        keyword = statement.keyword
        if keyword in _TIMES and (seconds := _seconds(statement)) is not None:
            self.times[_TIMES[keyword]] = seconds
        elif keyword == "dhcp-cache-threshold" and number(statement.value) is not None:
            self.variables["dhcpd_cache_threshold"] = int(statement.value)
        elif keyword in _PING_TIMEOUT and number(statement.value) is not None:
            milliseconds = int(statement.value) * _PING_TIMEOUT[keyword]
            self.variables["dhcpd_ping_timeout_ms"] = milliseconds
        elif statement.plain in {"authoritative", "not authoritative"}:
            self.authoritative = keyword == "authoritative"
        elif keyword == "ddns-update-style":
            if statement.value.lower() != "none":
                self._remarks.left_out(
                    statement.where,
                    statement.shown,
                    "dhcpd updates no zone here: leasemerge publishes names",
                )
        elif keyword == "option" and is_plain_option(statement):
            self._option(statement)
        elif keyword not in _STATEMENTS:
            self._leave_out(statement)
        elif " ".join(statement.render().split()) != _OF_THE_ROLE:
            self._as_text(statement)

    def _as_text(self, statement: Statement) -> None:
        if _is_definition(statement):
            self._defined.add(statement.value.lower())
        if statement.keyword == "key":
            text = "It holds a secret: keep it in a vault."
            self._remarks.add(Section.KEPT, statement.where, text)
        self.extra.append(statement.render())

    def _option(self, statement: Statement) -> None:
        name = statement.words[1].lower()
        match name:
            case "domain-name":
                self.domain = unquoted(statement.words[-1]).lower().strip(". ") or None
            case "domain-name-servers":
                self.resolvers = tuple(map(address_of, statement.values[1:]))
            case "domain-search":
                self.variables["dhcpd_domain_search"] = list(statement.values[1:])
            case _ if name in self._defined:
                self.extra.append(statement.render())
            case _:
                self.options[name] = option_value(statement)

    def split(self, statements: Sequence[Statement]) -> tuple[dict[str, Any], list[Statement]]:
        """Split a block into its settings, in the inventory's words, and its declarations."""
        settings: dict[str, Any] = {}
        options: dict[str, str] = {}
        extra: list[str] = []
        rest: list[Statement] = []
        conditional = ""
        for statement in statements:
            keyword = statement.keyword
            if keyword in DECLARATIONS:
                rest.append(statement)
            elif keyword in _EVERYWHERE:
                self._as_text(statement)
            elif _is_overruled(statement, conditional):
                extra.append(statement.render())
            elif keyword == "option" and is_plain_option(statement):
                options[statement.words[1].lower()] = option_value(statement)
            elif setting := _setting_of(statement):
                settings |= setting
            elif _is_definition(statement):
                self._as_text(statement)  # known to the whole server
            elif keyword in _STATEMENTS:
                extra.append(statement.render())
            else:
                self._leave_out(statement)
            conditional += _as_conditional(statement)
        if options:
            settings["options"] = options
        if extra:
            settings["extra"] = "\n".join(extra) + "\n"
        if settings:
            self._note_classes(statements)
        return self._with_minimum(settings), rest

    def _with_minimum(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Add the minimum that dhcpd takes for a short maximum, if the file sets none at all."""
        most = settings.get("max_lease_time")
        if most is None or self._has_least:
            return settings
        if most >= DHCPD_MIN_LEASE_TIME and not self._is_short:
            return settings
        return {**settings, "min_lease_time": min(most, DHCPD_MIN_LEASE_TIME)}

    def _note_classes(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            if statement.keyword == "class":
                text = (
                    f"The {statement.text} stands among other statements, which dhcpd sends its "
                    "members wherever they are; now these are only for where they stand."
                )
                self._remarks.add(Section.CHOSEN, statement.where, text)

    def _leave_out(self, statement: Statement) -> None:
        """Note a statement that dhcpd does not have."""
        why = "dhcpd has no such statement, and refuses the file"
        if statement.keyword.startswith("ldap-"):
            why = "what is in the LDAP directory is not read; export it as dhcpd.conf"
        self._remarks.left_out(statement.where, statement.shown, why)

    def whole_times(self) -> dict[str, int]:
        """Return the lease times, with dhcpd's own where dhcpd.conf sets none."""
        return {**self.times, **lease_times.applied(self.times)}


def _seconds(statement: Statement) -> int | None:
    """Return the seconds of a lease time; -1 is infinite, all ones in dhcpd (conflex.c)."""
    return 2**32 - 1 if statement.value == "-1" else number(statement.value)


def _setting_of(statement: Statement) -> dict[str, int | str]:
    """Return the inventory's key and value for a statement of a block; empty if it has no key."""
    match statement.keyword:
        case keyword if keyword in _TIMES and (seconds := _seconds(statement)) is not None:
            return {_TIMES[keyword]: seconds}
        case "next-server" if len(statement.values) == 1:
            return {"next_server": statement.value}
        case "filename" if re.fullmatch(r'"[ !#-\[\]-~]+"', statement.words[-1]):
            return {"filename": statement.value}
    return {}


def _is_definition(statement: Statement) -> bool:
    """Return whether it defines an option (dhcp-options(5), "DEFINING NEW OPTIONS")."""
    return statement.keyword == "option" and "code" in map(str.lower, statement.words)


def _as_conditional(statement: Statement) -> str:
    """Return the text of a conditional, or of another block of statements; empty for others."""
    in_block = statement.block is not None and statement.keyword in _STATEMENTS
    return statement.render() if in_block else ""


def _is_overruled(statement: Statement, conditional: str) -> bool:
    """Return whether a setting follows a conditional that sets the same: the order matters."""
    words = statement.words[:2] if statement.keyword == "option" else statement.words[:1]
    return bool(conditional) and statement.block is None and " ".join(words) in conditional
