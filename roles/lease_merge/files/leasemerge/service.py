"""The service: follow every feed, publish when the zone data changes, sleep to the next expiry."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence

from . import files, history, status
from .counts import NameCounts, Pools
from .followers import Followers
from .history import History
from .lease import Lease
from .merge import Merge
from .metrics import metrics
from .own_log import OwnLog
from .peers import Peer
from .probe import Probe
from .protocol import Blocks, Event, Hello
from .publish import BuildError, Publisher
from .schedule import Schedule
from .settings import Settings
from .site import EARLIER, SiteError, read_site
from .status import HistoryStatus, Status
from .store import Store
from .tail import Tail
from .work import Progress
from .zone import Zone


class Service:
    """One loop for everything: no threads, no locks, one build at a time."""

    def __init__(self, settings: Settings) -> None:
        """Read the existing state.

        Raises OSError, SiteError or BusyError: when that fails.
        """
        self._settings = settings
        # Watched before it is read: what is written in between is read again.
        self._site_file = Tail(settings.site)
        self._site = read_site(settings.site)
        self._site_error = self._metrics_error = ""
        self._publisher = Publisher(settings.data_dir)
        self._store = Store(settings.state_dir, self._site)
        self._own: OwnLog | None = None
        if settings.lease_file and settings.server in self._site.servers:
            self._store.begin(settings.server, self._store.generation, int(time.time()))
            self._own = OwnLog(
                settings.server, settings.lease_file, settings.lease_format, self._store
            )
        self._peers = [Peer(server, command) for server, command in settings.feeds]
        self._selector = selectors.DefaultSelector()
        self._followers = Followers(
            settings.socket, self._selector, self._store, settings.server, self._report
        )
        self._now = int(time.time())
        self._merge = self._new_merge()
        self._zone = Zone(self._site)
        self._name_counts = NameCounts()
        self._pools = self._new_pools()
        self._probe = Probe(self._site)
        self._history_error = ""
        self._history = self._open_history()
        self._schedule = Schedule(time.monotonic(), [peer.server for peer in self._peers])
        self._works = (self._publisher.work, self._store.work)
        # The processes that some work waits for, each with its descriptor.
        self._awaited: dict[int, int] = {}
        self._stopping = False
        self._ready = False

    def run(self) -> None:
        """Serve until SIGTERM. A rewritten site is read again."""
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        # Sent when somebody opens a file that is being written (module publish): the open waits.
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        self._selector.register(read, selectors.EVENT_READ, lambda: os.read(read, 64))
        self._followers.watch()
        self._selector.register(self._site_file, selectors.EVENT_READ, self._site_woken)
        if self._own is not None:
            self._selector.register(self._own.tail, selectors.EVENT_READ, self._own_woken)
        try:
            while not self._stopping:
                for key, _ in self._selector.select(self._timeout()):
                    call: Callable[[], object] = key.data
                    call()
                self._step()
        finally:
            notify("STOPPING=1")
            self._close()

    # -- one turn of the loop ------------------------------------------------------------------

    def _step(self) -> None:
        self._advance_clock()
        self._read_own()
        clock = time.monotonic()
        for peer in self._peers:
            if peer.silent(clock):
                self._drop(peer, clock, "nothing was received, not even a keepalive")
            if peer.due(clock):
                peer.connect(clock)
                self._listen_to(peer)
            for line in peer.news():
                journal(line)
        # Names come before everything that can wait for its turn; the other servers' first, since
        # those have further to travel, and a write to a pipe takes no time.
        self._followers.write()
        states = {peer.server: peer.state for peer in self._peers}
        caught_up = self._own is None or self._own.caught_up
        self._schedule.note_feeds(clock, caught_up, states)
        if self._schedule.open:
            self._publish(clock)
        if self._schedule.tick.take(clock):
            self._tick(clock)
        self._work(clock)

    def _timeout(self) -> float:
        if self._hurry:
            return 0.0
        clock = time.monotonic()
        waits = [self._schedule.wait(clock, self._publisher.work.busy)]
        waits += [peer.wait(clock) for peer in self._peers]
        if self._schedule.open and (expiry := self._merge.next_expiry) is not None:
            waits.append(expiry - time.time())
        return max(0.0, min(waits))

    @property
    def _hurry(self) -> bool:
        """Whether there is work that need not wait for anything."""
        return (
            (self._own is not None and self._own.more)
            or any(work.runnable for work in self._works)
            or (self._history is not None and self._schedule.open and self._history.runnable)
        )

    def _advance_clock(self) -> None:
        now = int(time.time())
        # A clock that is slewed back a little stands still here. One that is set back is followed:
        # what had expired may be live.
        if not self._now - 2 <= now < self._now:
            if now < self._now:
                self._schedule.changed()
            self._now = now

    def _tick(self, clock: float) -> None:
        if self._site_file.watch():
            self._read_site()
        self._publisher.overdue()
        if not self._publisher.in_place:
            journal("data.cdb is not what was published: it is compiled again")
            self._publisher.forget()
            self._schedule.compile(clock)
        elif self._publisher.wasteful:
            self._schedule.compile(clock)
        self._store.save()
        if self._own is not None:
            self._own.more |= self._own.tail.watch() or bool(self._own.error)
        for peer in self._peers:
            self._listen_to(peer)
        if self._schedule.alive.take(clock):
            self._followers.alive()
        if self._history is not None:
            self._history.tick(self._now)
        self._probe.read()
        if self._schedule.metrics.take(clock):
            self._write_metrics()
            self._probe.send()
        notify("WATCHDOG=1")

    # -- feeds ---------------------------------------------------------------------------------

    def _own_woken(self) -> None:
        if self._own is not None and self._own.tail.woken():
            self._own.more = True

    def _read_own(self) -> None:
        own = self._own
        if own is None or not own.more:
            return
        for server, leases in own.step(self._now):
            self._learn(server, leases)
        for line in own.news():
            journal(line)

    def _learn(self, log: str, leases: Sequence[Lease]) -> None:
        if not leases:
            return
        self._followers.send(log, leases)
        self._merge.update(log, leases)
        if log == self._settings.server:
            self._pools.update(leases)
        self._schedule.changed()

    def _listen_to(self, peer: Peer) -> None:
        descriptor = peer.fileno()
        if descriptor is not None and descriptor not in self._selector.get_map():
            self._selector.register(descriptor, selectors.EVENT_READ, lambda: self._read(peer))

    def _drop(self, peer: Peer, clock: float, reason: str) -> None:
        if (descriptor := peer.fileno()) is not None and descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)
        peer.drop(clock, reason)

    def _read(self, peer: Peer) -> None:
        descriptor = peer.fileno()
        clock = time.monotonic()
        for event in peer.read(clock):
            self._handle(peer, event)
        # A peer that sends too much is not read until the next tick.
        if descriptor is not None and (peer.fileno() != descriptor or not peer.willing(clock)):
            self._selector.unregister(descriptor)

    def _handle(self, peer: Peer, event: Event) -> None:
        if isinstance(event, Hello):
            news = self._store.begin(event.server, event.generation, self._now)
            self._learn(event.server + EARLIER, news)
        elif isinstance(event, Blocks):
            self._learn(*self._accept_blocks(peer, event))

    def _accept_blocks(self, peer: Peer, blocks: Blocks) -> tuple[str, list[Lease]]:
        """Keep what a peer may report about a log; return the log that has news, and the news."""
        server = blocks.log.removesuffix(EARLIER)
        if server not in self._store.servers:
            return blocks.log, []
        if blocks.log == peer.server:
            return server, self._store.put(server, blocks.leases)
        if blocks.log == server:
            known = self._store.generations.get(server)
            if server == self._settings.server:
                if blocks.generation == known:
                    return server, []  # only this server knows better
            elif known is None or blocks.generation == known:
                return server, self._store.put_newer(server, blocks.leases)
        return server + EARLIER, self._store.put_earlier(server, blocks.leases, self._now)

    # -- names ---------------------------------------------------------------------------------

    def _new_merge(self) -> Merge:
        merge = Merge(self._site)
        for log in self._site.logs:
            merge.update(log, self._store.logs[log].values())
        return merge

    def _new_pools(self) -> Pools:
        own = () if self._own is None else self._store.logs[self._settings.server].values()
        return Pools(self._site, own)

    def _open_history(self) -> History | None:
        """Return the history, or None if it is off or fails: names are more important."""
        directory = self._settings.state_dir / "history"
        try:
            if self._settings.history_days and self._settings.history_megabytes:
                size = self._settings.history_megabytes << 20
                return History(directory, self._settings.history_days, size)
            history.remove(directory)
        except OSError as error:
            self._history_error = f"{directory}: {error.strerror}"
        return None

    def _publish(self, clock: float) -> None:
        if not self._schedule.take_publish(self._now, self._merge.next_expiry):
            return
        changes = self._merge.changes(self._now)
        self._name_counts.update(changes)
        if not self._zone.update(changes):
            return
        if self._publisher.change(self._zone.take_edits()):
            self._schedule.published(clock)
        else:
            self._schedule.compile(clock)

    # -- background work -----------------------------------------------------------------------

    def _work(self, clock: float) -> None:
        """Do a little of everything that can wait for its turn."""
        self._begin_build(clock)
        for work in self._works:
            progress = self._build(clock) if work is self._publisher.work else work.step()
            if progress is Progress.WAITING and work.process is not None:
                self._await(work.process.pid)
        if self._history is not None and self._schedule.open:
            self._history.note(self._merge.take_moved())
            if self._history.runnable:
                self._history.step(self._now, self._merge.holder)

    def _begin_build(self, clock: float) -> None:
        if self._publisher.work.busy or not self._schedule.open:
            return
        if self._schedule.take_compile(clock):
            self._publisher.compile(self._zone.parts())
        elif self._schedule.take_text(clock):
            self._publisher.write_text(self._zone.parts())

    def _build(self, clock: float) -> Progress:
        publisher = self._publisher
        try:
            progress = publisher.step()
        except BuildError as error:
            journal(str(error))
            if publisher.intact:
                self._schedule.text_failed(clock)
            else:
                self._schedule.compile_failed(clock)
            return Progress.DONE
        if publisher.intact and not self._ready:
            self._ready = True
            notify("READY=1")
        return progress

    def _await(self, pid: int) -> None:
        """Wake the loop when a process has ended."""
        if pid in self._awaited:
            return
        descriptor = self._awaited[pid] = os.pidfd_open(pid)

        def ended() -> None:
            self._selector.unregister(descriptor)
            os.close(descriptor)
            del self._awaited[pid]

        self._selector.register(descriptor, selectors.EVENT_READ, ended)

    def _site_woken(self) -> None:
        if self._site_file.woken():
            self._read_site()

    def _read_site(self) -> None:
        try:
            self._site = read_site(self._settings.site)
        except (OSError, SiteError) as error:
            self._site_error = f"the new site was not loaded: {error}"
            journal(self._site_error)
            return
        self._site_error = ""
        self._store.use(self._site)
        self._merge = self._new_merge()
        self._zone = Zone(self._site)
        self._name_counts = NameCounts()
        self._pools = self._new_pools()
        self._probe.close()
        self._probe = Probe(self._site)
        if self._history is not None:
            self._history.note_all()
        self._publisher.forget()
        self._schedule.changed()

    # -- for people and programs ---------------------------------------------------------------

    def _write_metrics(self) -> None:
        metrics_file = self._settings.metrics_file
        if metrics_file is None:
            return
        text = "".join(f"{line}\n" for line in metrics(self._status()))
        try:
            files.replace(metrics_file, text.encode())
            self._metrics_error = ""
        except OSError as error:
            self._metrics_error = f"{metrics_file}: {error.strerror}"

    def _report(self) -> bytes:
        return json.dumps(self._status(with_losers=True).plain()).encode()

    def _status(self, with_losers: bool = False) -> Status:
        return status.collect(
            server=self._settings.server,
            now=time.time(),
            started=time.time() - (time.monotonic() - self._schedule.started),
            own=self._own,
            peers=self._peers,
            followers=self._followers,
            store=self._store,
            counts=self._merge.counts,
            refused=self._merge.refused,
            names_by=self._name_counts.status(),
            pools=self._pools.status(),
            name_servers=self._probe.status(),
            history=HistoryStatus() if self._history is None else self._history.status(),
            losers=self._merge.losers if with_losers else (),
            publisher=self._publisher,
            errors=(self._site_error, self._metrics_error, self._history_error),
        )

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _close(self) -> None:
        signal.set_wakeup_fd(-1)
        for peer in self._peers:
            self._drop(peer, 0.0, "the service stops")
        self._followers.close()
        if self._history is not None and self._schedule.open:
            self._history.close(self._now, self._merge.holder)
        self._probe.close()
        self._site_file.close()
        self._publisher.close()
        self._store.close()


def journal(text: str) -> None:
    """Write a line for the journal."""
    print(text, file=sys.stderr, flush=True)


def notify(message: str) -> None:
    """Notify systemd (sd_notify(3)); do nothing if it does not listen."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    if path.startswith("@"):
        path = "\0" + path[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(path)
        channel.send(message.encode())
