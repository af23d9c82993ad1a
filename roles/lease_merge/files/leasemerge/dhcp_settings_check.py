"""Every fault in what a DHCP server gets verbatim: options, texts, lease times."""

from __future__ import annotations

import math
import re
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .faults import show
from .inventory import Inventory, Row
from .ranges import is_address

# RFC 2132 section 9.2: 32 bits, and all ones mean infinity (RFC 2131 section 3.3).
_LEASE_TIME_MAX = 2**32 - 1
# docs/drills.md: dhcpd treats a lease with less than 65 s left as ended when a pair recovers, and a
# client renews when half of its lease is over.
_SHORT_LEASE = 130
# Ten years: what looks like milliseconds.
_LONG = 10 * 365 * 86400
# The statement, or the option of that name, at the beginning of a statement; not in a comment.
_SERVER_IDENTIFIER = re.compile(
    r"(?:^|[;{}])\s*(?:option\s+dhcp-)?server-identifier\b", re.MULTILINE
)
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
# An option name of dhcp-options(5), with its option space if it has one.
_OPTION = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?")
# A string, a comment, a word or a mark; a lone quotation mark is one that is not closed.
_RAW_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|[^\s"#{};]+|[{};"]')
_DHCP_SERVERS = ("dhcpd", "kea")
LEASE_TIMES = ("min_lease_time", "default_lease_time", "max_lease_time", "mclt")
# What clients get for these unless an option overrides it.
_SET_ELSEWHERE = {
    "domain-name": "the domain of the inventory",
    "domain-name-servers": "the resolvers of the inventory",
}
# The first must not be greater than the second.
_ORDER_OF_TIMES = (
    ("min_lease_time", "default_lease_time"),
    ("default_lease_time", "max_lease_time"),
    ("min_lease_time", "max_lease_time"),
    ("mclt", "max_lease_time"),
)


def check_dhcp_server(inventory: Inventory) -> None:
    """Check which DHCP server it is, and note what has no effect with it."""
    value = inventory.data.get("dhcp_server", "dhcpd")
    if value not in _DHCP_SERVERS:
        inventory.fault(
            inventory.site("dhcp_server"),
            f"{inventory.setting('dhcp_server')} is {show(value)}",
            f"write {' or '.join(_DHCP_SERVERS)}",
        )
    if inventory.kea and inventory.data.get("mclt") is not None:
        inventory.note(
            inventory.site("mclt"),
            f"{inventory.setting('mclt')} has no effect with Kea, whose servers report a lease "
            "to each other before they grant it",
            "remove it unless the network is to go back to dhcpd",
        )
    this, that = ("Kea", "go back to dhcpd") if inventory.kea else ("dhcpd", "migrate to Kea")
    for row in inventory.rows("idle_variables", "Variable"):
        inventory.note(
            row, f"it has no effect with {this}", f"remove it unless the network is to {that}"
        )


def check_lease_times(inventory: Inventory) -> None:
    """Check the lease times that are set, and that they are consistent (dhcpd.conf(5))."""
    times = {
        key: inventory.seconds(key, _LEASE_TIME_MAX)
        for key in LEASE_TIMES
        if inventory.data.get(key) is not None and not (key == "mclt" and inventory.kea)
    }
    _note_odd_times(inventory, inventory.site("default_lease_time"), times)
    for low, high in _ORDER_OF_TIMES:
        if 0 < times.get(high, 0) < times.get(low, 0):
            inventory.fault(
                inventory.site(low),
                f"{inventory.setting(low)} is {times[low]} and {inventory.setting(high)} is "
                f"{times[high]}",
                f"{inventory.setting(low)} must not be greater",
            )


def _note_odd_times(inventory: Inventory, where: str | Row, times: Mapping[str, object]) -> None:
    for key, value in times.items():
        if isinstance(value, int) and _LONG < value < _LEASE_TIME_MAX:
            inventory.note(
                where,
                f"a {key.replace('_', ' ')} of {value} seconds is more than ten years",
                "write seconds, not milliseconds, unless that is what you want",
            )
    seconds = times.get("default_lease_time")
    if isinstance(seconds, int) and 0 < seconds < _SHORT_LEASE:
        inventory.note(
            where,
            f"a default lease time of {seconds} is too short for a failover pair",
            f"set {_SHORT_LEASE} or more, or accept that names disappear while a broken pair "
            "recovers",
        )


def check_raw(inventory: Inventory) -> None:
    """Check the options and the dhcpd.conf text that apply to every client."""
    for key, check_value in (("options", check_options), ("extra", check_raw_text)):
        if inventory.data.get(key) is not None:
            row = Row("Site", "", 0, {**inventory.data, "where": None})
            row.who = inventory.site(key)
            check_value(inventory, row, key)
    options = inventory.data.get("options")
    note_replaced(inventory, inventory.site("options"), inventory.setting("options"), options)


def note_replaced(inventory: Inventory, where: str | Row, name: str, options: object) -> None:
    """Note the options that replace what clients get from the inventory."""
    if isinstance(options, Mapping):
        for option in sorted(_SET_ELSEWHERE.keys() & options.keys()):
            inventory.note(
                where,
                f"clients get the {option} in {name}, not {_SET_ELSEWHERE[option]}",
                "remove it, unless that is what you want",
            )


def check_seconds(inventory: Inventory, row: Row, key: str) -> None:
    """Check a row's value in seconds."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LEASE_TIME_MAX:
        inventory.fault(
            row,
            f"{key} is {show(value)}",
            f"write a whole number of seconds from 1 to {_LEASE_TIME_MAX}",
        )


def check_times_of(
    inventory: Inventory, row: Row, inherited: Mapping[object, object] = MappingProxyType({})
) -> None:
    """Check that the lease times of a subnet are consistent, if it has its own.

    `inherited` are the values of the subnet that a pool is in.
    """
    _note_odd_times(inventory, row, {key: row.get(key) for key in LEASE_TIMES})
    scopes = ChainMap(dict(row.values), dict(inherited), dict(inventory.data))
    times = {key: scopes.get(key) for key in LEASE_TIMES}
    for low, high in _ORDER_OF_TIMES:
        least, most = times[low], times[high]
        if not isinstance(least, int) or not isinstance(most, int) or not 0 < most < least:
            continue
        # The mclt belongs to the failover pair, which has many subnets.
        if low != "mclt" and (low in row.values or high in row.values):
            inventory.fault(
                row,
                f"its {low} is {least} and its {high} is {most}",
                f"{low} must not be greater",
            )


def check_next_server(inventory: Inventory, row: Row, key: str) -> None:
    """Check a name or an address, which dhcpd.conf has unquoted."""
    value = row.get(key)
    numbers = isinstance(value, str) and re.fullmatch(r"[0-9.]+", value)
    if not isinstance(value, str) or not (
        is_address(value) if numbers else _HOST_NAME.fullmatch(value)
    ):
        inventory.fault(row, f"{key} is {show(value)}", "write the address or the name of a server")


def check_text(inventory: Inventory, row: Row, key: str) -> None:
    """Check a text that dhcpd.conf has in quotation marks."""
    value = row.get(key)
    if not isinstance(value, str) or not value:
        inventory.fault(row, f"{key} is {show(value)}, not a text", "put it in quotes")
    elif not value.isprintable() or '"' in value or "\\" in value:
        inventory.fault(
            row,
            f"{key} {show(value)} has a quotation mark, a backslash or a control character",
            "leave it out",
        )


def check_options(inventory: Inventory, row: Row, key: str) -> None:
    """Check options, by dhcp-options(5) name."""
    value = row.get(key)
    if not isinstance(value, Mapping):
        inventory.fault(row, f"{key} is {show(value)}, not a mapping", "write it as one")
        return
    for option, content in value.items():
        if option == "dhcp-server-identifier":
            _fault_of_identity(inventory, row, key)
        elif not isinstance(option, str) or not _OPTION.fullmatch(option):
            inventory.fault(
                row,
                f"{show(option)} is not the name of an option",
                "write one of dhcp-options(5)",
            )
        elif not _is_content(content):
            inventory.fault(
                row,
                f"the option {option} is {show(content or None)}",
                "write text, a number or a list of these",
            )


def _is_content(value: object) -> bool:
    """Return whether it is text, a number or a list of these."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(_is_content, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is not None and value != "" and not isinstance(value, (Mapping, bool))


def check_raw_text(inventory: Inventory, row: Row, key: str) -> None:
    """Check raw dhcpd.conf text; dhcpd itself checks its syntax later."""
    value = row.get(key)
    if not isinstance(value, str):
        inventory.fault(row, f"{key} is {show(value)}, not text", "write it as text")
    elif value and inventory.kea:
        fault_of_kea(inventory, row, key)
    elif _SERVER_IDENTIFIER.search(value):
        _fault_of_identity(inventory, row, key)
    else:
        problem, remedy = _open_end(value)
        if problem:
            inventory.fault(row, f"{key} {problem}", remedy)
        inventory.texts.append((row, value))


def _open_end(text: str) -> tuple[str, str]:
    """Return what in a text would change the meaning of what follows it, and the remedy."""
    depth, last = 0, ";"
    for match in _RAW_TOKEN.finditer(text):
        token = match[0]
        if token.startswith("#"):
            continue
        if token == '"':
            return "has a quotation mark that is not closed", "close it"
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth < 0:
            return "has a } without a { before it", "remove it, or add what is missing"
        last = token
    if depth:
        return "has a { that is not closed", "add a }"
    if last not in ";}":
        return f"ends with {show(last)}", "end its last statement with a semicolon"
    return "", ""


def fault_of_kea(inventory: Inventory, row: Row, key: str) -> None:
    """Report a key that only dhcpd understands."""
    inventory.fault(
        row,
        f"{key} is dhcpd.conf syntax, which Kea does not read",
        "remove it; options work with both, and kea_extra holds what else Kea is to have in its "
        "own words",
    )


def _fault_of_identity(inventory: Inventory, row: Row, key: str) -> None:
    inventory.fault(
        row,
        f"{key} has a server identifier, which both servers of the pair would send",
        "remove it: each sends its own address, at which its clients renew",
    )


@dataclass(frozen=True, slots=True)
class Block:
    """A block of dhcpd.conf, such as `host nas { … }`: its own statements, without inner blocks'.

    Its head is empty for what is in no block.
    """

    head: str
    statements: list[str] = field(default_factory=list)


def blocks(text: str) -> list[Block]:
    """Return the blocks of dhcpd.conf text, without comments, each blank a single one."""
    found = [Block("")]
    around, words = [found[0]], list[str]()
    for match in _RAW_TOKEN.finditer(text):
        token = match[0]
        if token.startswith("#"):
            continue
        if token not in ("{", "}", ";"):
            words.append(token)
            continue
        if token == "{":
            around.append(Block(" ".join(words)))
            found.append(around[-1])
        elif token == ";":
            around[-1].statements.extend([" ".join(words)] if words else [])
        elif around[1:]:
            around.pop()
        words = []
    return found
