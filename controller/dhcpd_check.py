"""What dhcpd refuses in a dhcpd.conf, in terms of the inventory that it was made from.

dhcpd names a line of a temporary file; here it becomes the host, the subnet or the site whose
block the line is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from controller import origins
from controller.dhcpd_output import WARNING, messages
from controller.refusals import Key, Kind, Refusal, note, places, sentence

_HOST = re.compile(r"host (\S+?)(?:\.\d+)? \{")
_NETWORK = re.compile(r"shared-network ")
_SUBNET = re.compile(r"(\s*)subnet (\S+) netmask (\S+) \{")
# A message for each address.
_TWICE = re.compile(r"lease (\S+) is declared twice!")
# dhcpd only expects something else at such a letter, but accepts it inside quotation marks.
_QUOTED = re.compile(r'"[^"]*"')
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def dhcpd_refusals(
    result: Mapping[str, Any],
    conf: str,
    fixed_hosts: str | Sequence[Mapping[str, Any]],
    subnets: Iterable[Mapping[str, Any]],
    site: Iterable[object] = (),
) -> dict[str, list[str]]:
    """Return ``faults``, a sentence for each statement that dhcpd refuses, and ``notes``.

    ``result`` is that of `dhcpd -t` on ``conf``; the notes are what it warns of in a file that it
    accepts. ``site`` are the values that apply to every client.
    """
    values, output = list(site), str(result.get("stderr", ""))
    known = places(fixed_hosts, subnets)

    def with_site(refusal: Refusal) -> dict[Key, str]:
        origin = [value for value in values if _holds(value, refusal.statement)] or values
        place = origins.place(origin)
        return known if place is None else known | {("site", ""): place}

    if not result.get("rc"):
        rows = warnings(output, conf)
        return {"faults": [], "notes": [note(row, with_site(row)) for row in rows]}
    found = refusals(output, conf)
    sentences = (sentence(row, with_site(row)) for row in found)
    return {"faults": list(dict.fromkeys(sentences)), "notes": []}


def refusals(output: str, conf: str) -> list[Refusal]:
    """Return what dhcpd refuses, from its output and the file that it was given."""
    of_lines, rest = _messages(output, conf)
    found = dict.fromkeys(_addresses_together(of_lines))
    if not found:
        # Nothing about one line, such as a range in two pools.
        reasons = [line for line in rest if not WARNING.match(line)]
        found[Refusal("site", "", "", " ".join(reasons) or "it gives no reason")] = None
    return list(found)


def warnings(output: str, conf: str) -> list[Refusal]:
    """Return what dhcpd warns of in a file that it accepts."""
    of_lines, rest = _messages(output, conf)
    texts = (WARNING.sub("", line, count=1) for line in rest)
    return [*dict.fromkeys(of_lines), *(Refusal(*_subnet_of(text), "", text) for text in texts)]


def _messages(output: str, conf: str) -> tuple[list[Refusal], list[str]]:
    """Return dhcpd's messages about lines of the file, and those about none."""
    lines = conf.splitlines()
    of_lines, rest = messages(output)
    found = []
    for message in of_lines:
        number = min(message.line, len(lines)) - 1
        statement = lines[number].strip().removesuffix(" {") if number >= 0 else ""
        letter = _NOT_ASCII.search(_QUOTED.sub("", statement))
        reason = f"{message.text}; {letter[0]} is not ASCII" if letter else message.text
        found.append(Refusal(*_block(lines, number), statement, reason))
    return found, rest


def _addresses_together(found: Iterable[Refusal]) -> Iterator[Refusal]:
    """Yield refusals with one for all addresses of a block that are in two ranges."""
    twice: dict[Key, list[IPv4Address]] = {}
    for refusal in found:
        match = _TWICE.fullmatch(refusal.reason)
        if match is None:
            yield refusal
        else:
            twice.setdefault((refusal.kind, refusal.key), []).append(IPv4Address(match[1]))
    for (kind, key), addresses in twice.items():
        first, last = min(addresses), max(addresses)
        span = f"{first} is" if first == last else f"addresses from {first} to {last} are"
        yield Refusal(kind, key, "its ranges", f"{span} in two of them; an extra may have one")


def _block(lines: list[str], number: int) -> Key:
    """Return the kind and the key of the block that a line is in.

    A shared network is the inventory's key of its subnets: its first one.
    """
    kind: Kind = "site"
    key, indent = "", ""
    for index, line in enumerate(lines[: number + 1]):
        host, subnet = _HOST.match(line), _SUBNET.match(line)
        if host:
            kind, key, indent = "host", host[1], ""
        elif subnet:
            kind, key, indent = "subnet", _network(subnet), subnet[1]
        elif line == f"{indent}}}" and index < number:
            kind, key, indent = "site", "", ""
    if kind == "site" and number >= 0 and _NETWORK.match(lines[number]):
        first = next(filter(None, map(_SUBNET.match, lines[number:])), None)
        return ("subnet", _network(first)) if first else (kind, key)
    return kind, key


def _network(subnet: re.Match[str]) -> str:
    return str(IPv4Network(f"{subnet[2]}/{subnet[3]}"))


def _subnet_of(text: str) -> Key:
    """Return the kind and the key of what a message without a line is about."""
    match = re.match(r"subnet (\S+)", text)
    return ("subnet", match[1]) if match else ("site", "")


def _holds(value: object, statement: str) -> bool:
    """Return whether a statement was made from options, or is in a text."""
    if isinstance(value, Mapping):
        return any(statement.startswith(f"option {name} ") for name in value)
    return isinstance(value, str) and bool(statement) and statement in value
