"""What dhcpd refuses in a dhcpd.conf, in terms of the inventory that it was made from.

dhcpd names a line of a temporary file; here it becomes the host, the subnet or the site whose
block the line is in. Kea's refusals (kea_check.py) are reported in the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

# conflex.c: "FILE line NUMBER: MESSAGE", then the text up to the fault and a mark below it.
_MESSAGE = re.compile(r"^\S+ line (\d+): (.*?)\.?$")
# Lines that are not about one block: "No subnet declaration for …" and the like.
_NOISE = re.compile(
    r"Internet Systems Consortium|Copyright|All rights reserved|For info, please|"
    r"(?:Config|Database|PID) file: |Configuration file errors|^\s*$"
)
# What follows the errors is the same for each of them.
_END = "If you think you have received this message"
_WARNING = re.compile(r"warning:\s*", re.IGNORECASE)
_HOST = re.compile(r"host (\S+?)(?:\.\d+)? \{")
_NETWORK = re.compile(r"shared-network ")
_SUBNET = re.compile(r"(\s*)subnet (\S+) netmask (\S+) \{")
# A message for each address.
_TWICE = re.compile(r"lease (\S+) is declared twice!")
# dhcpd only expects something else at such a letter, but accepts it inside quotation marks.
_QUOTED = re.compile(r'"[^"]*"')
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True)
class Refusal:
    """One statement that a DHCP server refuses: `kind` is host, subnet or site; `key` its name."""

    kind: str
    key: str
    statement: str
    reason: str


def refusals(output: str, conf: str) -> list[Refusal]:
    """Return what dhcpd refuses, from its output and the file that it was given."""
    of_lines, rest = _messages(output, conf)
    found = dict.fromkeys(_addresses_together(of_lines))
    if not found:
        # Nothing about one line, such as a range in two pools.
        reasons = [line for line in rest if not _WARNING.match(line)]
        found[Refusal("site", "", "", " ".join(reasons) or "it gives no reason")] = None
    return list(found)


def warnings(output: str, conf: str) -> list[Refusal]:
    """Return what dhcpd warns of in a file that it accepts."""
    of_lines, rest = _messages(output, conf)
    texts = (_WARNING.sub("", line, count=1) for line in rest)
    return [*dict.fromkeys(of_lines), *(Refusal(*_subnet_of(text), "", text) for text in texts)]


def _messages(output: str, conf: str) -> tuple[list[Refusal], list[str]]:
    """Return dhcpd's messages about lines of the file, and those about none."""
    lines = conf.splitlines()
    found, rest = [], []
    echo = 0
    for line in output.partition(_END)[0].splitlines():
        match = _MESSAGE.match(line)
        if match is None:
            # Under a message are the line up to the fault, and a mark.
            if echo:
                echo -= 1
            elif not _NOISE.search(line):
                rest.append(line.strip())
            continue
        echo = 2
        number = min(int(match[1]), len(lines)) - 1
        statement = lines[number].strip().removesuffix(" {") if number >= 0 else ""
        letter = _NOT_ASCII.search(_QUOTED.sub("", statement))
        reason = f"{match[2]}; {letter[0]} is not ASCII" if letter else match[2]
        found.append(Refusal(*_block(lines, number), statement, reason))
    return found, rest


def _addresses_together(found: Iterable[Refusal]) -> Iterator[Refusal]:
    """Yield refusals with one for all addresses of a block that are in two ranges."""
    twice: dict[tuple[str, str], list[IPv4Address]] = {}
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


def _block(lines: list[str], number: int) -> tuple[str, str]:
    """Return the kind and the key of the block that a line is in.

    A shared network is the inventory's key of its subnets: its first one.
    """
    kind, key, indent = "site", "", ""
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


def _subnet_of(text: str) -> tuple[str, str]:
    """Return the kind and the key of what a message without a line is about."""
    match = re.match(r"subnet (\S+)", text)
    return ("subnet", match[1]) if match else ("site", "")


def sentence(
    refusal: Refusal, places: Mapping[tuple[str, str], str], program: str = "dhcpd"
) -> str:
    """Return a sentence for a refusal. `places` are those of hosts, subnets and the site."""
    what = refusal.statement or "its file"
    return f"{_who(refusal, places)}: {program} refuses {what} ({refusal.reason}); correct it."


def note(refusal: Refusal, places: Mapping[tuple[str, str], str]) -> str:
    """Return a sentence for a warning."""
    what = f" of {refusal.statement}" if refusal.statement else ""
    return f"{_who(refusal, places)}: dhcpd warns{what}: {refusal.reason.rstrip('.')}."


def _who(refusal: Refusal, places: Mapping[tuple[str, str], str]) -> str:
    who = f"{refusal.kind.capitalize()} {refusal.key}".strip()
    place = places.get((refusal.kind, refusal.key))
    return who if place is None else f"{who} ({place})"
