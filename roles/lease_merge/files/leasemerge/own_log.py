"""This server's own lease file, as dhcpd or Kea writes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from .kea import KeaLog
from .kea_state import pair_state
from .kea_tail import KeaTail
from .lease import Lease
from .log import LeaseLog, Log
from .site import EARLIER
from .store import Store
from .tail import Tail


class Format(NamedTuple):
    """How a DHCP server's lease file is read and followed."""

    log: Callable[[], Log]
    tail: Callable[[Path], Tail]
    pair_state: Callable[[], Mapping[str, tuple[str, str]]]
    """The state of the pair, where that is not in the lease file; empty where it is."""


FORMATS = {
    "dhcpd": Format(LeaseLog, Tail, dict),
    "kea": Format(KeaLog, KeaTail, pair_state),
}

# Leases processed in one step, after the lease file was read from its start.
_SLICE = 250


class OwnLog:
    """The log, and the part of it that is still to be processed."""

    def __init__(self, server: str, path: Path, lease_format: str, store: Store) -> None:
        """Start following the file, which has one of `FORMATS`; it is read from its start."""
        self._format = FORMATS[lease_format]
        self.tail = self._format.tail(path)
        self.error = ""
        self.last_seen: float | None = None
        self.caught_up = False
        self.more = True
        """Whether there is more to be read than the last step took."""
        # The last state in the journal; nothing is reported of a file that was always there.
        self._reported = "following"
        self._server = server
        self._store = store
        self._log = self._format.log()
        self._fresh: Log | None = None
        self._backlog: Iterator[str] = iter(())

    @property
    def damage(self) -> int:
        """How many places in the file were skipped."""
        return self._log.damage

    @property
    def failover(self) -> Mapping[str, tuple[str, str]]:
        """The state of this server and of its partner in each failover relationship."""
        return self._log.failover or self._format.pair_state()

    @property
    def state(self) -> str:
        """`following`, `reading` the file from its start, `absent`, or `unreadable`."""
        if self.error:
            return "unreadable"
        if not self.caught_up:
            return "reading"
        return "following" if self.tail.present else "absent"

    def news(self) -> Iterator[str]:
        """Yield a line for the journal when the file was lost or is back."""
        state = self.state
        if state in ("reading", self._reported):
            return
        if state == "following":
            yield f"{self.tail.path} is followed again"
        elif state == "absent":
            yield f"{self.tail.path} does not exist: what is served stays as it is"
        else:
            yield f"{self.error}: what is served stays as it is"
        self._reported = state

    def step(self, now: int) -> list[tuple[str, list[Lease]]]:
        """Do some of the work; return the news by log. ``more`` is true if some is left."""
        try:
            begins, chunk = self.tail.read()
            self.error = ""
        except OSError as error:
            self.error = f"{self.tail.path}: {error.strerror}"
            self.more = False
            return []
        if chunk:
            self.last_seen = time.time()
        if begins:
            self._fresh = self._format.log()
        self.more = True
        if self._fresh is not None:
            if chunk:
                self._fresh.feed(chunk)
                return []
            return self._switch(self._fresh, now)
        self._log.feed(chunk)
        addresses = list(self._log.take_changed())
        for address in self._backlog:
            addresses.append(address)
            if len(addresses) >= _SLICE:
                break
        else:
            self.caught_up = self.caught_up or not chunk
        leases = self._log.leases
        news = self._store.put(self._server, [leases[address] for address in addresses])
        self.more = bool(chunk or addresses)
        return [(self._server, news)]

    def _switch(self, log: Log, now: int) -> list[tuple[str, list[Lease]]]:
        # dhcpd drops no client's lease when it rewrites the file. What is not in the new file was
        # lost with the old one, and expires by itself.
        self._log, self._fresh = log, None
        log.take_changed()
        present = set(log.leases)
        self._backlog = iter(sorted(present))
        before = self._store.logs[self._server]
        lost = [lease for address, lease in before.items() if address not in present]
        return [(self._server + EARLIER, self._store.put_earlier(self._server, lost, now))]
