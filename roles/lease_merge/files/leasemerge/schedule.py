"""When the service publishes, compiles, retries and reports: pure, the clock is an argument.

A ``clock`` is in seconds of a monotonic clock; ``now`` is Unix seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from .protocol import ALIVE_SECONDS

# A service waits this long for a peer to begin, and to have sent everything, before it publishes
# what it knows. Until then the existing zone data is served, and none at boot: the other server
# answers. Publishing only what it remembers would remove names whose leases were renewed while it
# was off.
FIRST_WAIT = 3.0
FIRST_READING = 20.0
# The service checks its clocks and files this often: the wall clock may have been set meanwhile.
TICK = 1.0
# The node exporter is scraped every 15 seconds or so.
METRICS_SECONDS = 3.0
# The text of the zone data, which only people read, is written after a quiet moment, and at the
# latest after this long if changes keep coming.
QUIET = 1.0
LONGEST = 30.0
# What failed is retried after this.
RETRY_SECONDS = 2.0


class Every:
    """Something that is due at once, and then every so many seconds."""

    def __init__(self, seconds: float) -> None:
        """Take the interval."""
        self._seconds = seconds
        self.next = -math.inf

    def take(self, clock: float) -> bool:
        """Return whether it is due, and note that it is done: next in one interval from now."""
        if clock < self.next:
            return False
        self.next = clock + self._seconds
        return True


class Schedule:
    """What is due. The service reports what happens, and takes what is due before each step."""

    def __init__(self, clock: float, peers: Iterable[str]) -> None:
        """Begin with everything to be compiled, once each peer has sent what it knows."""
        self.tick = Every(TICK)
        self.alive = Every(ALIVE_SECONDS)
        self.metrics = Every(METRICS_SECONDS)
        self.started = clock
        self._awaited = set(peers)
        self.open = False
        """Whether anything may be published yet; at first the feeds are waited for."""
        self._changed = True
        self._compile_at = clock
        self._text_at = self._text_by = math.inf

    # -- what happened -------------------------------------------------------------------------

    def note_feeds(self, clock: float, caught_up: bool, peers: Mapping[str, str]) -> None:
        """Note how far the feeds are; `open` says whether that is enough to publish from.

        ``caught_up`` is about this server's own log; ``peers`` are the states of the peers' feeds.
        """
        for server, state in peers.items():
            patience = FIRST_READING if state == "reading" else FIRST_WAIT
            if state == "following" or clock - self.started > patience:
                self._awaited.discard(server)
        self.open = self.open or (caught_up and not self._awaited)

    def changed(self) -> None:
        """Note that the merge has news."""
        self._changed = True

    def published(self, clock: float) -> None:
        """Note that single names were published: the text is behind now."""
        self._text_by = min(self._text_by, clock + LONGEST)
        self._text_at = min(clock + QUIET, self._text_by)

    def compile(self, clock: float) -> None:
        """Have everything compiled: now, or when a retry that is already scheduled is due."""
        if self._compile_at > clock + RETRY_SECONDS:
            self._compile_at = clock

    def compile_failed(self, clock: float) -> None:
        """Note that nothing can be published before everything is compiled."""
        self._compile_at = clock + RETRY_SECONDS

    def text_failed(self, clock: float) -> None:
        """Note that the text is still behind."""
        self._text_at = self._text_by = clock + RETRY_SECONDS

    # -- what is due ---------------------------------------------------------------------------

    def take_publish(self, now: int, expiry: int | None) -> bool:
        """Return whether names may have changed, and note that they are published.

        ``expiry`` is when the next lease ends.
        """
        due = self._changed or (expiry is not None and expiry <= now)
        self._changed = False
        return due

    def take_compile(self, clock: float) -> bool:
        """Return whether everything is to be compiled, and note that it is, the text with it."""
        if clock < self._compile_at:
            return False
        self._compile_at = self._text_at = self._text_by = math.inf
        return True

    def take_text(self, clock: float) -> bool:
        """Return whether the text alone is to be written, and note that it is."""
        if clock < self._text_at:
            return False
        self._text_at = self._text_by = math.inf
        return True

    def wait(self, clock: float, busy: bool) -> float:
        """Return the seconds until something is due; a busy publisher begins nothing else."""
        times = [self.tick.next]
        if not self.open:
            times += [end for end in self._ends_of_waiting() if end > clock]
        elif not busy:
            times += [self._compile_at, self._text_at]
        return max(0.0, min(times) - clock)

    def _ends_of_waiting(self) -> tuple[float, float]:
        return self.started + FIRST_WAIT, self.started + FIRST_READING
