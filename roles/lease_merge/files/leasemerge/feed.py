"""The feed: what one server knows of leases, streamed to another in the syntax of dhcpd.leases.

The stream is lease blocks and comment lines, so the lease parser and a person can both read it.
A comment of ours says which log the next blocks are of:

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

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .leases import Lease, parse
from .store import MAX_BLOCK, Store

# How often a sender with nothing to say says so, and how long a receiver waits for anything.
ALIVE_SECONDS = 2.0
SILENCE_SECONDS = 8.0

# The first retry is soon, because the usual reason is a restart of the peer's service; the last
# ones are as far apart as a person is willing to wait after mending a link.
_FIRST_RETRY = 0.1
_LAST_RETRY = 5.0

# A link that held this long begins with the soonest retry again.
_STEADY_SECONDS = 5.0

# What is read from a feed before the service looks at its other work.
_CHUNK = 65536
# dhcpd, which syncs its file for every lease, cannot fill this in a second; a peer that sends on
# and on is slowed down to it. The first telling may be as fast as it likes, up to a bound.
_BYTES_PER_SECOND = 2 << 20
_FIRST_BYTES = 1 << 29
# A part of a block that is longer than any block is a peer that sends garbage. A rendered block
# may be four times its hostname and uid, which are written as octal escapes.
_LONGEST = 8 * MAX_BLOCK
_MARK = re.compile(rb"^#leasemerge ([^\n]*)\n", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z0-9_.~-]{1,80}")


class FeedError(ValueError):
    """A peer said what no peer of ours says; the sentence tells what."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The first line of a stream."""

    server: str
    generation: str


@dataclass(frozen=True, slots=True)
class Blocks:
    """Lease blocks of one log; generation is empty where the sender does not know it."""

    log: str
    generation: str
    leases: tuple[Lease, ...]
    damage: int


@dataclass(frozen=True, slots=True)
class Complete:
    """The sender has told everything it knew."""


Event = Hello | Blocks | Complete


class Decoder:
    """Bytes of a stream in, what they say out; keeps less than one block, whatever comes."""

    def __init__(self) -> None:
        """Wait for the first line."""
        self._rest = b""
        self._log: tuple[str, str] | None = None
        self._greeted = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield what the next bytes say; raise FeedError where they are no stream of ours."""
        text = self._rest + chunk
        position = 0
        for mark in _MARK.finditer(text):
            yield from self._blocks(text[position : mark.start()])
            yield from self._marked(mark[1])
            position = mark.end()
        # A line that is not whole yet may become a mark; a block that is not whole becomes one.
        end = max(text.rfind(b"\n}\n", position) + 3, position)
        if end > position + 2:
            yield from self._blocks(text[position:end])
        else:
            end = position
        self._rest = text[end:]
        if len(self._rest) > _LONGEST:
            raise FeedError("a block that never ends")
        if not self._greeted and len(self._rest) > 200:
            raise FeedError("not a stream of leases")

    def _blocks(self, text: bytes) -> Iterator[Blocks]:
        if not text:
            return
        if self._log is None:
            raise FeedError("leases of no known log")
        log = parse(text)
        leases = tuple(log.leases.values())
        yield Blocks(*self._log, leases, log.damage + (not leases))

    def _marked(self, text: bytes) -> Iterator[Event]:
        word, *rest = text.decode("ascii", "replace").split() or [""]
        if any(not _WORD.fullmatch(part) for part in rest):
            raise FeedError("a word that is no name")
        if word == "feed" and len(rest) == 3 and rest[0] == "1" and not self._greeted:
            self._greeted = True
            yield Hello(rest[1], rest[2])
        elif not self._greeted:
            raise FeedError("not a stream of leases")
        elif word == "log" and len(rest) == 2:
            self._log = (rest[0], "" if rest[1] == "-" else rest[1])
        elif word == "complete":
            yield Complete()


class Subscriber:
    """One server that follows this one: what it still has to be told, in bounded memory.

    What waits is not bytes but addresses: a follower that reads slowly gets the last block of each,
    once. ``descriptor`` is the pipe to its ssh server, which the process of the forced command
    has handed over; ``process`` is the socket to that process, which ends with it.
    """

    def __init__(self, name: str, descriptor: int, process: int, store: Store, own: str) -> None:
        """Prepare to tell everything."""
        self.name = name
        self.descriptor = descriptor
        self.process = process
        self._store = store
        self._own = own
        os.set_blocking(descriptor, False)
        self._buffer = f"#leasemerge feed 1 {own} {store.generation}\n".encode()
        self._log = ""
        self._news: dict[tuple[str, str], None] = {}
        self._all: Iterator[tuple[str, str]] | None = self._everything()

    def tell(self, log: str, leases: Sequence[Lease]) -> None:
        """Let the follower know of news, unless it is news of its own."""
        if log != self.name:
            self._news.update(((log, lease.address), None) for lease in leases)

    def alive(self) -> None:
        """Say that there is nothing to say."""
        if not self.waiting:
            self._buffer += b"#leasemerge alive\n"

    @property
    def waiting(self) -> bool:
        """Whether there is something to be written."""
        return bool(self._buffer or self._news or self._all)

    def write(self) -> None:
        """Write what goes without waiting, up to a bound; raise OSError when nobody reads."""
        self._fill()
        if self._buffer:
            with contextlib.suppress(BlockingIOError):
                self._buffer = self._buffer[os.write(self.descriptor, self._buffer) :]

    def close(self) -> None:
        """Let go of the follower."""
        os.close(self.descriptor)
        os.close(self.process)

    def _everything(self) -> Iterator[tuple[str, str]]:
        for log in sorted(self._store.logs, key=lambda name: name != self._own):
            for address in list(self._store.logs[log]):
                yield log, address

    def _fill(self) -> None:
        parts = [self._buffer]
        length = len(self._buffer)
        while length < _CHUNK:
            if self._news:
                key = next(iter(self._news))
                del self._news[key]
            elif self._all is None:
                break
            elif (found := next(self._all, None)) is not None:
                key = found
            else:
                self._all = None
                parts.append(b"#leasemerge complete\n")
                break
            log, address = key
            if log != self._log:
                generation = self._store.generations.get(log, "-")
                parts.append(f"#leasemerge log {log} {generation}\n".encode())
                self._log = log
            block = self._store.logs[log][address].render()
            parts.append(block)
            length += len(block)
        self._buffer = b"".join(parts)


class Peer:
    """The feed from one server: a process that brings its stream, started again when it ends."""

    def __init__(self, server: str, command: Sequence[str]) -> None:
        """Know how to reach the server; nothing is started yet."""
        self.server = server
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._decoder = Decoder()
        self._retry = _FIRST_RETRY
        self._next = 0.0
        self._heard = 0.0
        self.heard: float | None = None
        self._began = 0.0
        self._second = 0.0
        self._budget = 0
        self.greeted = False
        self.complete = False
        self.error = ""
        self.connects = 0
        self.damage = 0

    @property
    def state(self) -> str:
        """`following`, `reading` what the peer knows, `connecting`, or `lost`."""
        if self._process is None:
            return "lost"
        if self.complete:
            return "following"
        return "reading" if self.greeted else "connecting"

    def fileno(self) -> int | None:
        """Return the descriptor to read from, None while there is none."""
        if self._process is None or self._process.stdout is None:
            return None
        return self._process.stdout.fileno()

    def due(self, now: float) -> bool:
        """Whether it is time to connect; ``now`` is of a monotonic clock."""
        return self._process is None and now >= self._next

    def wait(self, now: float) -> float:
        """Return the seconds until something about the link is due."""
        if self._process is None:
            return max(0.0, self._next - now)
        return max(0.0, self._heard + SILENCE_SECONDS - now)

    def connect(self, now: float) -> None:
        """Start the process that brings the stream."""
        self._decoder = Decoder()
        self.greeted = self.complete = False
        self._heard = self._began = now
        self._budget = _FIRST_BYTES
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            self._lose(now, f"{self._command[0]}: {error.strerror}")
            return
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        self.connects += 1

    def read(self, now: float) -> Iterator[Event]:
        """Yield what the peer says now. The link is dropped when it ends or says nonsense."""
        descriptor = self.fileno()
        if descriptor is None or not self.willing(now):
            return
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        if not chunk:
            self.drop(now, self._last_words() or "the connection ended")
            return
        self._heard, self.heard = now, time.time()
        self._budget -= len(chunk)
        try:
            if self._budget < 0 and not self.complete:
                raise FeedError("endless data")
            for event in self._decoder.feed(chunk):
                if isinstance(event, Hello):
                    if event.server != self.server:
                        raise FeedError(f"it says that it is {event.server}")
                    self.greeted = True
                elif isinstance(event, Complete):
                    self.complete = True
                    self._budget = 0
                    self.error = ""
                else:
                    self.damage += event.damage
                yield event
        except FeedError as error:
            self._retry = _LAST_RETRY
            self.drop(now, f"refused: {error}")

    def willing(self, now: float) -> bool:
        """Whether more may be read in this second."""
        if self.complete and now >= self._second + 1:
            self._second, self._budget = now, _BYTES_PER_SECOND
        return self._budget > 0

    def silent(self, now: float) -> bool:
        """Whether the link is up by name only."""
        return self._process is not None and now >= self._heard + SILENCE_SECONDS

    def drop(self, now: float, reason: str) -> None:
        """End the link; it is tried again after a while."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        self._lose(now, reason)

    def _lose(self, now: float, reason: str) -> None:
        self.greeted = self.complete = False
        self.error = reason
        if now - self._began >= _STEADY_SECONDS and not reason.startswith("refused"):
            self._retry = _FIRST_RETRY
        self._next = now + self._retry
        self._retry = min(2 * self._retry, _LAST_RETRY)

    def _last_words(self) -> str:
        if self._process is None or self._process.stderr is None:
            return ""
        try:
            said = os.read(self._process.stderr.fileno(), 4096)
        except BlockingIOError:
            return ""
        lines = said.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")[:200]
