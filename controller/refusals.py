"""What dhcpd refuses in a dhcpd.conf, in terms of the inventory that it was made from.

dhcpd names a line of a temporary file; here it becomes the host, the subnet or the site whose
block the line is in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

# conflex.c: "FILE line NUMBER: MESSAGE", then the text up to the fault and a mark below it.
_MESSAGE = re.compile(r"^\S+ line (\d+): (.*?)\.?$")
# Lines that are not about one block: "No subnet declaration for …" and the like.
_NOISE = re.compile(
    r"Internet Systems Consortium|Copyright|All rights reserved|For info, please|"
    r"Configuration file errors|^\s*$"
)
# What follows the errors is the same for each of them.
_END = "If you think you have received this message"
_HOST = re.compile(r"host (\S+?)(?:\.\d+)? \{")
_SUBNET = re.compile(r"(\s*)subnet (\S+) netmask (\S+) \{")


@dataclass(frozen=True)
class Refusal:
    """One statement that dhcpd refuses: `kind` is host, subnet or site; `key` is its name."""

    kind: str
    key: str
    statement: str
    reason: str


def refusals(output: str, conf: str) -> list[Refusal]:
    """Return what dhcpd refuses, from its output and the file that it was given."""
    lines = conf.splitlines()
    found: dict[Refusal, None] = {}
    rest = []
    for line in output.partition(_END)[0].splitlines():
        match = _MESSAGE.match(line)
        if match is None:
            if not _NOISE.search(line):
                rest.append(line.strip())
            continue
        number = min(int(match[1]), len(lines)) - 1
        kind, key = _block(lines, number)
        statement = lines[number].strip() if number >= 0 else ""
        found[Refusal(kind, key, statement, match[2])] = None
    if not found:
        # Nothing about one line, such as a range in two pools.
        found[Refusal("site", "", "", " ".join(rest) or "it gives no reason")] = None
    return list(found)


def _block(lines: list[str], number: int) -> tuple[str, str]:
    """Return the kind and the key of the block that a line is in."""
    kind, key, indent = "site", "", ""
    for index, line in enumerate(lines[: number + 1]):
        host, subnet = _HOST.match(line), _SUBNET.match(line)
        if host:
            kind, key, indent = "host", host[1], ""
        elif subnet:
            network = str(IPv4Network(f"{subnet[2]}/{subnet[3]}"))
            kind, key, indent = "subnet", network, subnet[1]
        elif line == f"{indent}}}" and index < number:
            kind, key, indent = "site", "", ""
    return kind, key


def sentence(refusal: Refusal, places: Mapping[tuple[str, str], str]) -> str:
    """Return a sentence for a refusal. `places` are those of hosts, subnets and the site."""
    who = f"{refusal.kind.capitalize()} {refusal.key}".strip()
    place = places.get((refusal.kind, refusal.key))
    where = who if place is None else f"{who} ({place})"
    what = f"dhcpd refuses {refusal.statement}" if refusal.statement else "dhcpd refuses its file"
    return f"{where}: {what} ({refusal.reason}); correct it."
