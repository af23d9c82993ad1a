"""The feed: what one server knows of leases, streamed to another in the syntax of dhcpd.leases.

The stream is lease blocks and comment lines, so the lease parser and a person can both read it.
A comment of ours names the log of the next blocks:

    #leasemerge feed 1 draco 5d1e0f7a92c4b836     first: the sender and the generation of its log
    #leasemerge log taurus 83c0d2aa10f94e57       the next blocks are of this log, generation or -
    lease 10.1.1.100 { ... }
    #leasemerge complete                          everything known has been sent once
    #leasemerge alive                             every few seconds, so that a dead link is noticed

Every block is the last one of its address at the time it is sent, so their order means nothing and
a block may be sent twice. A generation is a name for the unbroken life of a log: a server that was
wiped begins another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .lease import Lease
from .log import parse
from .store import MAX_IDENTITY

# How often an idle sender sends a sign of life, and how long a receiver waits for anything.
ALIVE_SECONDS = 2.0
SILENCE_SECONDS = 8.0

COMPLETE = b"#leasemerge complete\n"
ALIVE = b"#leasemerge alive\n"

# An unfinished block that is longer than any block comes from a peer that sends garbage. A rendered
# block may be four times its hostname and uid, which are written as octal escapes.
_LONGEST = 8 * MAX_IDENTITY
# The first line is shorter than this.
_LONGEST_HELLO = 200
_MARK = re.compile(rb"^#leasemerge ([^\n]*)\n", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z0-9_.~-]{1,80}")


class ProtocolError(ValueError):
    """A peer violated the protocol; the message is how."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first line of a stream."""

    server: str
    generation: str

    def render(self) -> bytes:
        """Return the line."""
        return f"#leasemerge feed 1 {self.server} {self.generation}\n".encode()


@dataclass(frozen=True, slots=True)
class Blocks:
    """Lease blocks of one log; generation is empty if the sender does not know it."""

    log: str
    generation: str
    leases: tuple[Lease, ...]
    damage: int


@dataclass(frozen=True, slots=True)
class Complete:
    """The sender has sent everything that it knew."""


Event = Hello | Blocks | Complete


def log_line(log: str, generation: str) -> bytes:
    """Return the line before blocks of a log; an empty generation is an unknown one."""
    return f"#leasemerge log {log} {generation or '-'}\n".encode()


class Decoder:
    """Bytes of a stream in, events out; keeps less than one block, whatever arrives."""

    def __init__(self) -> None:
        """Wait for the first line."""
        self._rest = b""
        self._log: tuple[str, str] | None = None
        self._greeted = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events of the next bytes.

        Raises ProtocolError: when they are not one of our streams.
        """
        text = self._rest + chunk
        position = 0
        for mark in _MARK.finditer(text):
            yield from self._blocks(text[position : mark.start()])
            yield from self._marked(mark[1])
            position = mark.end()
        # An unfinished line may become a mark; an unfinished block will be finished.
        end = max(text.rfind(b"\n}\n", position) + 3, position)
        if end > position + 2:
            yield from self._blocks(text[position:end])
        else:
            end = position
        self._rest = text[end:]
        if len(self._rest) > _LONGEST:
            raise ProtocolError("a block that never ends")
        if not self._greeted and len(self._rest) > _LONGEST_HELLO:
            raise ProtocolError("not a stream of leases")

    def _blocks(self, text: bytes) -> Iterator[Blocks]:
        if not text:
            return
        if self._log is None:
            raise ProtocolError("leases of no known log")
        log = parse(text)
        leases = tuple(log.leases.values())
        yield Blocks(*self._log, leases, log.damage + (not leases))

    def _marked(self, text: bytes) -> Iterator[Event]:
        word, *rest = text.decode("ascii", "replace").split() or [""]
        if any(not _WORD.fullmatch(part) for part in rest):
            raise ProtocolError("a word that is not a name")
        if word == "feed" and len(rest) == 3 and rest[0] == "1" and not self._greeted:
            self._greeted = True
            yield Hello(rest[1], rest[2])
        elif not self._greeted:
            raise ProtocolError("not a stream of leases")
        elif word == "log" and len(rest) == 2:
            self._log = (rest[0], "" if rest[1] == "-" else rest[1])
        elif word == "complete":
            yield Complete()
