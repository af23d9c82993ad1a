"""The servers that this one follows: a process for each, which delivers its feed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence

from .protocol import SILENCE_SECONDS, Complete, Decoder, Event, Hello, ProtocolError

# The first retry is soon, because the usual reason is a restart of the peer's service; the last
# ones are as far apart as a person is willing to wait after fixing a link.
_FIRST_RETRY = 0.1
_LAST_RETRY = 5.0

# A peer with more reasons for one loss than a network has is making them up.
_MOST_REASONS = 8

# After a link that held this long, the first retry is soon again.
_STEADY_SECONDS = 5.0

# How long a connection may take until the peer greets. ssh itself gives up after five seconds
# without an answer; on a slow or busy machine a login takes longer than a live feed may be silent.
CONNECT_SECONDS = 30.0

# Bytes read from a feed before the service turns to its other work.
_CHUNK = 65536
# dhcpd, which syncs its file for every lease, cannot fill this in a second; a peer that never stops
# sending is slowed down to it. Its first bytes may come as fast as it likes, up to a bound.
_BYTES_PER_SECOND = 2 << 20
_FIRST_BYTES = 1 << 29


class Peer:
    """The feed from one server: a process that delivers its stream, restarted when it ends."""

    def __init__(self, server: str, command: Sequence[str]) -> None:
        """Note how to reach the server; nothing is started yet."""
        self.server = server
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._decoder = Decoder()
        self._retry = _FIRST_RETRY
        self._next = 0.0
        # What the journal has on the feed: the reasons for this loss, or that it is followed.
        self._reasons: list[str] = []
        self._lost_at: float | None = None
        self._news: list[str] = []
        self._last = 0.0
        self.last_seen: float | None = None
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

    def news(self) -> list[str]:
        """Return the journal lines since the last call: a loss, its reasons, and the return."""
        news, self._news = self._news, []
        return news

    def fileno(self) -> int | None:
        """Return the descriptor to read from, None while there is none."""
        if self._process is None or self._process.stdout is None:
            return None
        return self._process.stdout.fileno()

    def due(self, now: float) -> bool:
        """Whether it is time to connect; ``now`` is from a monotonic clock."""
        return self._process is None and now >= self._next

    def wait(self, now: float) -> float:
        """Return the seconds until something about the link is due."""
        if self._process is None:
            return max(0.0, self._next - now)
        return max(0.0, self._last + self._patience - now)

    def connect(self, now: float) -> None:
        """Start the process that delivers the stream."""
        self._decoder = Decoder()
        self.greeted = self.complete = False
        self._last = self._began = now
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
        """Yield what has arrived. The link is dropped when it ends or delivers garbage."""
        descriptor = self.fileno()
        if descriptor is None or not self.willing(now):
            return
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        if not chunk:
            self.drop(now, self._last_error_line() or "the connection ended")
            return
        self._last, self.last_seen = now, time.time()
        self._budget -= len(chunk)
        try:
            if self._budget < 0 and not self.complete:
                raise ProtocolError("endless data")
            for event in self._decoder.feed(chunk):
                if isinstance(event, Hello):
                    if event.server != self.server:
                        raise ProtocolError(f"it calls itself {event.server}")
                    self.greeted = True
                elif isinstance(event, Complete):
                    self.complete = True
                    self._budget = 0
                    self.error = ""
                    self._report_return(now)
                else:
                    self.damage += event.damage
                yield event
        except ProtocolError as error:
            self._retry = _LAST_RETRY
            self.drop(now, f"refused: {error}")

    def willing(self, now: float) -> bool:
        """Whether more may be read in this second."""
        if self.complete and now >= self._second + 1:
            self._second, self._budget = now, _BYTES_PER_SECOND
        return self._budget > 0

    def silent(self, now: float) -> bool:
        """Whether the link is up in name only."""
        return self._process is not None and now >= self._last + self._patience

    @property
    def _patience(self) -> float:
        return SILENCE_SECONDS if self.greeted else CONNECT_SECONDS

    def drop(self, now: float, reason: str) -> None:
        """End the link; it is retried after a while."""
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
        self._report_loss(now, reason)
        if now - self._began >= _STEADY_SECONDS and not reason.startswith("refused"):
            self._retry = _FIRST_RETRY
        self._next = now + self._retry
        self._retry = min(2 * self._retry, _LAST_RETRY)

    def _report_loss(self, now: float, reason: str) -> None:
        """Report a loss once, and each reason once while it lasts, at however many retries."""
        first = self._lost_at is None
        if self._lost_at is None:
            self._lost_at = now
        if reason in self._reasons or len(self._reasons) == _MOST_REASONS:
            return
        self._reasons.append(reason)
        # What a peer sends may end up on a terminal.
        text = ascii(reason)[1:-1]
        if first:
            self._news.append(
                f"the feed of {self.server} is lost: {text}; its leases are kept until they end, "
                "and the connection is retried"
            )
        else:
            self._news.append(f"the feed of {self.server} is still lost: {text}")

    def _report_return(self, now: float) -> None:
        if self._lost_at is not None:
            seconds = f"{now - self._lost_at:.1f} s"
            self._news.append(f"the feed of {self.server} is back after {seconds}")
        self._lost_at = None
        self._reasons.clear()

    def _last_error_line(self) -> str:
        if self._process is None or self._process.stderr is None:
            return ""
        try:
            printed = os.read(self._process.stderr.fileno(), 4096)
        except BlockingIOError:
            return ""
        lines = printed.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")[:200]
