"""The servers that follow this one, and the socket through which they, and `status`, connect."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .lease import Lease
from .protocol import ALIVE, COMPLETE, Hello, log_line
from .store import Store

# As many as the name servers that a dnscache zone can have, twice over for dead links that have not
# been noticed yet.
_MAX_FOLLOWERS = 32

# Bytes written to a follower before the service turns to its other work.
_CHUNK = 65536


class Follower:
    """One server that follows this one: what is still to be sent, in bounded memory.

    The queue holds addresses, not bytes: a follower that reads slowly gets the last block of each,
    once. ``descriptor`` is the pipe to its ssh server, handed over by the process of the forced
    command; ``process`` is the socket to that process, which ends with it.
    """

    def __init__(self, name: str, descriptor: int, process: int, store: Store, own: str) -> None:
        """Prepare to send everything."""
        self.name = name
        self.descriptor = descriptor
        self.process = process
        self._store = store
        self._own = own
        os.set_blocking(descriptor, False)
        self._buffer = Hello(own, store.generation).render()
        self._log = ""
        self._news: dict[tuple[str, str], None] = {}
        self._all: Iterator[tuple[str, str]] | None = self._everything()

    def send(self, log: str, leases: Sequence[Lease]) -> None:
        """Queue what is new, unless the follower itself has sent it."""
        if log != self.name:
            self._news.update(((log, lease.address), None) for lease in leases)

    def alive(self) -> None:
        """Send a sign of life if there is nothing else to send."""
        if not self.waiting:
            self._buffer += ALIVE

    @property
    def waiting(self) -> bool:
        """Whether there is something to be sent."""
        return bool(self._buffer or self._news or self._all)

    def write(self) -> None:
        """Write what can be written without blocking, up to a bound.

        Raises OSError: when nobody reads.
        """
        self._fill()
        if self._buffer:
            with contextlib.suppress(BlockingIOError):
                self._buffer = self._buffer[os.write(self.descriptor, self._buffer) :]

    def close(self) -> None:
        """Close the follower's descriptors."""
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
                parts.append(COMPLETE)
                break
            log, address = key
            if log != self._log:
                parts.append(log_line(log, self._store.generations.get(log, "")))
                self._log = log
            block = self._store.logs[log][address].render()
            parts.append(block)
            length += len(block)
        self._buffer = b"".join(parts)


class Followers:
    """The service's socket: a client that hands over a descriptor gets the feed there.

    Any other client gets the report.
    """

    def __init__(
        self,
        path: Path,
        selector: selectors.BaseSelector,
        store: Store,
        own: str,
        report: Callable[[], bytes],
    ) -> None:
        """Listen at the path; no connection is accepted before `watch`.

        Raises OSError: when that fails.
        """
        self._selector = selector
        self._store = store
        self._own = own
        self._report = report
        self._followers: list[Follower] = []
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(_MAX_FOLLOWERS)

    def __iter__(self) -> Iterator[Follower]:
        """Yield the followers that are connected."""
        return iter(self._followers)

    def watch(self) -> None:
        """Have the selector accept connections."""
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def send(self, log: str, leases: Sequence[Lease]) -> None:
        """Queue what is new in a log for each follower."""
        for follower in self._followers:
            follower.send(log, leases)

    def alive(self) -> None:
        """Send a sign of life to the followers that have nothing else to read."""
        for follower in self._followers:
            follower.alive()

    def write(self) -> None:
        """Write to each what can be written without blocking; drop those that have gone."""
        for follower in list(self._followers):
            if follower.waiting:
                self._write(follower)

    def close(self) -> None:
        """Drop all followers and stop listening."""
        for follower in list(self._followers):
            self._forget(follower)
        self._listener.close()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(1)
        try:
            name, descriptors, _, _ = socket.recv_fds(connection, 256, 1)
            if not descriptors:
                connection.sendall(self._report())
        except OSError:
            name, descriptors = b"", []
        if not descriptors or len(self._followers) >= _MAX_FOLLOWERS:
            for descriptor in descriptors:
                os.close(descriptor)
            connection.close()
            return
        follower = Follower(
            name.decode("utf-8", "replace"),
            descriptors[0],
            connection.detach(),
            self._store,
            self._own,
        )
        self._followers.append(follower)
        self._selector.register(
            follower.process, selectors.EVENT_READ, lambda: self._forget(follower)
        )

    def _write(self, follower: Follower) -> None:
        try:
            follower.write()
        except OSError:
            self._forget(follower)
            return
        watched = follower.descriptor in self._selector.get_map()
        if follower.waiting and not watched:
            self._selector.register(follower.descriptor, selectors.EVENT_WRITE, lambda: None)
        elif watched and not follower.waiting:
            self._selector.unregister(follower.descriptor)

    def _forget(self, follower: Follower) -> None:
        self._followers.remove(follower)
        self._selector.unregister(follower.process)
        if follower.descriptor in self._selector.get_map():
            self._selector.unregister(follower.descriptor)
        follower.close()
