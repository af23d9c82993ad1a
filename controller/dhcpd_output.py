"""What `dhcpd -t` prints on standard error.

Source: conflex.c of ISC DHCP 4.4, parse_warn: "FILE line NUMBER: MESSAGE", then the text up to the
fault and a mark below it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: What a message about no line begins with if dhcpd accepts the file all the same.
WARNING = re.compile(r"warning:\s*", re.IGNORECASE)

_MESSAGE = re.compile(r"^(\S+) line (\d+): (.*?)\.?$")
_NOISE = re.compile(
    r"Internet Systems Consortium|Copyright|All rights reserved|For info, please|"
    r"(?:Config|Database|PID) file: |Configuration file errors|^\s*$"
)
# What follows the errors is the same for each of them.
_END = "If you think you have received this message"


class Message(NamedTuple):
    """What dhcpd prints about a line of a file."""

    file: str
    line: int
    text: str
    """Without a full stop."""


def messages(output: str) -> tuple[list[Message], list[str]]:
    """Return the messages about lines of files, and the lines of those about none."""
    of_lines, rest = [], []
    echo = 0
    for line in output.partition(_END)[0].splitlines():
        match = _MESSAGE.match(line)
        if match is not None:
            of_lines.append(Message(match[1], int(match[2]), match[3]))
            echo = 2
        elif echo:
            echo -= 1
        elif not _NOISE.search(line):
            rest.append(line.strip())
    return of_lines, rest
