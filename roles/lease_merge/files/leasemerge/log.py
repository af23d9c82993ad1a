"""A lease file as a log: chunks of bytes in, the last complete block of each address out (rule 1).

Blocks in dhcpd's own layout are matched by the expression of block.py. Anything else is read event
by event, to the end of one statement; then the expression is tried again. dhcpd gives up on what
follows a damaged block (`lease_file_subparse` in server/confpars.c); this reader does not: a
damaged block costs only itself. A block is *complete* when its closing brace is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from re import Match
from socket import inet_aton
from typing import NamedTuple, Protocol, cast

from .block import (
    BLANK,
    BLOCKS,
    EVENT,
    GLUED,
    MAX_BLOCK,
    MAX_HEADER,
    OTHER,
    PEER_STATE,
    SIDE,
    WORD,
    Fields,
    read_block,
)
from .lease import Lease

MAX_LISTED = 100
"""The most skipped places that are listed: enough to look at, not as many as a file may have."""

# What surrounds the address and the body in a block of BLOCKS.
_FRAME = len("lease . {\n}\n")
# The last octet of an address.
_NUMBERS = {str(number): number for number in range(256)}


class Skipped(NamedTuple):
    """A place in a lease log that was skipped: its line, counted from 1, and why in words."""

    line: int
    reason: str


class Log(Protocol):
    """What every DHCP server's lease file is: the last complete block, or row, of each address."""

    damage: int
    """How many places were skipped."""
    skipped: list[Skipped]
    """The first MAX_LISTED of them."""
    failover: dict[str, tuple[str, str]]
    """The last known state of each failover peer: my state, partner state."""

    @property
    def leases(self) -> Mapping[str, Lease]:
        """The lease of each address."""

    def take_changed(self) -> set[str]:
        """Return the addresses that got a new one since the last call."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file, which may be split anywhere."""


class _Statement(NamedTuple):
    """An open lease block, or the open statement of a failover peer, which has no address."""

    address: str | None
    body: int  # where it begins, from the beginning of the statement


class _Leases(Mapping[str, Lease]):
    """The last complete block of each address, parsed when it is looked up."""

    def __init__(self, bodies: Mapping[str, Mapping[int, str]]) -> None:
        self._bodies = bodies

    def __getitem__(self, address: str) -> Lease:
        network, _, last = address.rpartition(".")
        body = self._bodies.get(network, {})[_NUMBERS[last]]
        return Lease(*cast("Fields", read_block(address, body)))

    def __iter__(self) -> Iterator[str]:
        for network, bodies in self._bodies.items():
            for number in bodies:
                yield f"{network}.{number}"

    def __len__(self) -> int:
        return sum(map(len, self._bodies.values()))


class LeaseLog:
    """A lease file of dhcpd as a log, fed in chunks that may be split anywhere.

    The cost of a feed grows with the chunk, the memory with the number of addresses.
    """

    def __init__(self) -> None:
        """Begin an empty log."""
        self.damage = 0
        self.skipped: list[Skipped] = []
        self.failover: dict[str, tuple[str, str]] = {}
        # The body of the last complete block of each address, by its /24 and its last octet. One
        # dict of all addresses would miss the processor's cache at each lookup, and be unsorted.
        self._bodies: defaultdict[str, dict[int, str]] = defaultdict(dict)
        # None means all of them: a log that is only read as a whole need not collect them.
        self._changed: set[str] | None = None
        # What is not processed yet: the text from the beginning of the open statement.
        self._text = ""
        self._line = 1  # of the position in the text that lines are counted to:
        self._counted = 0
        self._start = 0  # of the open statement
        self._scanned = 0  # the events before this are done
        self._depth = 0  # of braces
        self._open: _Statement | None = None
        self._lost = False  # after unterminated damage nothing counts until the next header
        self._skip_line = False  # lost inside a string: nothing at all counts before the line's end

    @property
    def leases(self) -> Mapping[str, Lease]:
        """The last complete block of each address."""
        return _Leases(self._bodies)

    def blocks(self) -> Iterator[tuple[str, str]]:
        """Yield each address and the body of its last complete block, in the order of addresses.

        `read_block` reads them.
        """
        for network in sorted(self._bodies, key=lambda network: inet_aton(f"{network}.0")):
            bodies = self._bodies[network]
            for number in sorted(bodies):
                yield f"{network}.{number}", bodies[number]

    def take_changed(self) -> set[str]:
        """Return the addresses that got a new block since the last call."""
        changed = set(self.leases) if self._changed is None else self._changed
        self._changed = set()
        return changed

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the log."""
        self._text += chunk.decode("latin-1")
        done = False
        while not done:
            if self._skip_line and not self._skip_to_line_end():
                break
            if not (self._depth or self._lost or self._open):
                self._take_blocks()
            done = self._scan()
        # Lost text is of no use; an open statement is needed from its beginning.
        used = self._scanned if self._lost else self._start
        self._line_at(used)
        self._text = self._text[used:]
        self._scanned -= used
        self._start = self._counted = 0

    def _take_blocks(self) -> None:
        """Take the blocks in dhcpd's own layout from the open statement on."""
        self._skip_blanks()
        found = BLOCKS.findall(self._text, self._start)
        if not found:
            return
        end = len(self._text)
        # Going block by block is slow in a large file: only done where one of them may be the end.
        if found[-1][0] == "" or end - self._start > MAX_BLOCK:
            end = self._start
            for number, (network, last, body) in enumerate(found):
                size = len(network) + len(last) + len(body) + _FRAME
                if network == "" or size > MAX_BLOCK:
                    del found[number:]
                    break
                end += size
        if found:
            self._start = self._scanned = end
        bodies = self._bodies
        for network, last, body in found:
            bodies[network][_NUMBERS[last]] = body
        if self._changed is not None:
            self._changed.update(f"{network}.{last}" for network, last, _ in found)

    def _scan(self) -> bool:
        """Process event after event; return whether the end of the text is reached.

        Stop earlier where a statement ends, or where the rest of a line is to be skipped.
        """
        text = self._text
        for event in EVENT.finditer(text, self._scanned):
            kind, end = event.lastgroup, event.end()
            self._skip_blanks()
            too_long = self._too_long(event.start(), end)
            if kind in ("comment", "broken") and end == len(text):
                # The rest of the line may still come.
                self._scanned = event.start()
                self._skip_line = too_long
                return True
            self._scanned = end
            if too_long and kind is None:
                self._skip_line = True
                return False
            if kind in ("address", "peer"):
                self._take_header(event)
            elif kind == "broken":
                self._take_broken(event)
            elif self._lost or kind is None:
                pass
            elif kind == "comment":
                if self._depth == 0 and self._start == event.start():
                    self._start = end
                    return False
            elif self._take_mark(event):
                return False
        self._scanned = max(self._scanned, len(text) - MAX_HEADER)
        self._skip_blanks()
        self._too_long(self._scanned, len(text))
        return True

    def _skip_blanks(self) -> None:
        if self._depth == 0 and not self._lost:
            blank = BLANK.match(self._text, self._start)
            self._start = blank.end() if blank else self._start

    def _too_long(self, start: int, end: int) -> bool:
        """Return whether an event is longer than a block may be; get lost if the statement is."""
        if not self._lost and end - self._start > MAX_BLOCK:
            self._skip(self._start, f"no end within {MAX_BLOCK} bytes")
            self._lost = True
            self._depth = 0
            self._open = None
        return end - start > MAX_BLOCK

    def _skip_to_line_end(self) -> bool:
        line_end = self._text.find("\n", self._scanned)
        self._skip_line = line_end < 0
        self._scanned = len(self._text) if self._skip_line else line_end
        return not self._skip_line

    def _take_header(self, header: Match[str], offset: int = 0) -> None:
        """Open a block. The header is at its place in the text, shifted by the offset."""
        start = header.start() + offset
        before = self._text[self._start : start]
        if self._lost:
            self._lost = False
        elif self._open is not None:
            self._skip(self._start, "a block without its end")
        elif self._depth:
            # A block inside another statement belongs to that one; but dhcpd begins its own
            # statements at the start of a line, so there the enclosing one has lost its end.
            if before[-1:] not in ("\n", "\0"):
                self._depth += 1
                return
            self._skip(self._start, "a statement without its end")
        elif WORD.fullmatch(before):
            # The end of a longer word only looks like a header.
            self._depth = 1
            return
        elif before:
            self._skip(self._start, "text that is not a statement")
        address = header["address"]
        self._open = _Statement(address, header.end() - header.start())
        self._start = start
        self._depth = 0 if address is None else 1

    def _take_broken(self, line: Match[str]) -> None:
        glued = GLUED.search(line[0])
        if glued:
            self._scanned = line.start() + glued.end()
            self._take_header(glued, line.start())

    def _take_mark(self, mark: Match[str]) -> bool:
        """Take a brace or a semicolon; return whether it ends a statement of the file."""
        if mark[0] == "{":
            self._depth += 1
            return False
        if mark[0] == "}":
            self._depth -= 1
        if self._depth > 0:
            return False
        if self._depth < 0:
            self._skip(self._start, "one closing brace too many")
            self._depth = 0
        elif self._open is not None:
            self._take_statement(self._open, mark)
        elif self._start < mark.start():
            word = WORD.match(self._text, self._start)
            if not word or not OTHER.fullmatch(word[0]):
                self._skip(self._start, "text that is not a statement")
        self._open = None
        self._start = mark.end()
        return True

    def _take_statement(self, statement: _Statement, end: Match[str]) -> None:
        if statement.address is None:
            state = PEER_STATE.fullmatch(self._text, self._start, end.end())
            if state is None:
                self._skip(self._start, "a failover state that cannot be read")
                return
            sides = {side[1].lower(): side[2] for side in SIDE.finditer(state[2])}
            peer = state[1].encode("latin-1").decode("utf-8", "replace")
            self.failover[peer] = (sides.get("my", ""), sides.get("partner", ""))
            return
        body = self._text[self._start + statement.body : end.start()].removeprefix("\n")
        address = ".".join(str(int(number)) for number in statement.address.split("."))
        if read_block(address, body) is None:
            self._skip(self._start, "a block whose state cannot be read")
            return
        network, _, last = address.rpartition(".")
        self._bodies[network][_NUMBERS[last]] = body
        if self._changed is not None:
            self._changed.add(address)

    def _skip(self, position: int, reason: str) -> None:
        self.damage += 1
        line = self._line_at(position)
        if len(self.skipped) < MAX_LISTED:
            self.skipped.append(Skipped(line, reason))

    def _line_at(self, position: int) -> int:
        """Return the line of a position, which is at or after the previous one."""
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line


def parse(data: bytes) -> LeaseLog:
    """Return the log of a whole file."""
    log = LeaseLog()
    log.feed(data)
    return log
