"""The watch: clients that send requests while something fails, and how long they went without."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_high
from subprocess import Popen
from typing import Any

from .lab import Lab
from .lab.clients import read_events
from .lab.commands import end, eventually

Event = dict[str, Any]

#: Seconds that a lookup may take before its user notices.
SLOW = 0.5


@dataclass(frozen=True)
class Gaps:
    """What the clients of one half of the network experienced; seconds."""

    address: float
    """The longest time in which no new client got an address."""
    client: float
    """The longest wait of one new client, from its first message to its address."""
    median: float
    """The median wait of the new clients."""
    lookup: float
    """The longest time in which lookups of one name failed; 0 if none did."""
    slowest: float
    """The slowest lookup."""
    slow: int
    """Lookups that took longer than half a second."""
    failed: int
    wrong: Sequence[str]
    """Answers that were not the name's address."""
    clients: int
    lookups: int

    def worst(self, other: Gaps) -> Gaps:
        """Return the worse of two halves, figure by figure."""
        return Gaps(
            address=max(self.address, other.address),
            client=max(self.client, other.client),
            median=max(self.median, other.median),
            lookup=max(self.lookup, other.lookup),
            slowest=max(self.slowest, other.slowest),
            slow=self.slow + other.slow,
            failed=self.failed + other.failed,
            wrong=[*self.wrong, *other.wrong],
            clients=self.clients + other.clients,
            lookups=self.lookups + other.lookups,
        )


def measure(
    events: Sequence[Event], right: dict[str, set[str]], since: float, until: float
) -> Gaps:
    """Return the gaps between two times. ``right``: the addresses that each name may have."""
    leases = sorted(
        (e for e in events if e["kind"] == "lease" and since <= e["at"] <= until), key=_at
    )
    times = [since, *(e["at"] for e in leases), until]
    lookups = sorted(
        (e for e in events if e["kind"] == "lookup" and since <= e["asked"] <= until), key=_asked
    )
    gap, failing = 0.0, dict[str, float]()
    for lookup in lookups:
        if not lookup["answer"]:
            began = failing.setdefault(lookup["name"], lookup["asked"])
            gap = max(gap, lookup["at"] - began)
        elif lookup["name"] in failing:
            gap = max(gap, lookup["asked"] - failing.pop(lookup["name"]))
    waits = [e["at"] - max(e["asked"], since) for e in leases] or [until - since]
    return Gaps(
        address=max(b - a for a, b in pairwise(times)),
        client=max(waits),
        median=median_high(waits),
        lookup=gap,
        slowest=max((e["at"] - e["asked"] for e in lookups), default=0.0),
        slow=sum(e["at"] - e["asked"] > SLOW for e in lookups),
        failed=sum(not e["answer"] for e in lookups),
        wrong=sorted(
            {
                f"{e['name']} was {', '.join(e['answer'])}"
                for e in lookups
                if e["answer"] and not set(e["answer"]) <= right[e["name"]]
            }
        ),
        clients=len(leases),
        lookups=len(lookups),
    )


def _at(event: Event) -> float:
    return float(event["at"])


def _asked(event: Event) -> float:
    return float(event["asked"])


@dataclass
class Watch:
    """Clients that send requests, in each probe's half of the network."""

    lab: Lab
    right: dict[str, set[str]]
    events: dict[str, list[Event]]
    processes: dict[str, Popen[str]] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)
    until: float = float("inf")
    forgotten: set[str] = field(default_factory=set)

    def forget(self, *names: str) -> None:
        """Ignore the answers for these names from now on: the drill removes them."""
        self.forgotten |= set(names)

    def mark(self) -> None:
        """Count from here: what came before is what the drill itself does on purpose."""
        self.since = time.monotonic()

    def stop(self) -> None:
        """Count no further than here: what follows is what the drill itself does on purpose."""
        self.until = time.monotonic()

    def read(self) -> None:
        """Read what the probes have reported."""
        for probe, process in self.processes.items():
            self.events[probe] += [
                e for e in read_events(process) if e.get("name") not in self.forgotten
            ]

    def served(self, clients: int = 5, lookups: int = 12, within: float = 90) -> float:
        """Wait until, in each half, so many that begin from now on are served."""
        now = time.monotonic()

        def fault() -> str:
            self.read()
            for probe, events in self.events.items():
                new = [e for e in events if e["kind"] in ("lease", "lookup") and e["asked"] > now]
                leases = sum(e["kind"] == "lease" for e in new)
                answered = sum(e["kind"] == "lookup" and bool(e["answer"]) for e in new)
                if leases < clients or answered < lookups:
                    return f"at {probe} {leases} new clients and {answered} lookups were served"
            return ""

        return eventually(fault, within)

    def last_slow(self, since: float) -> float:
        """Return how long after ``since`` the last slow lookup was sent; 0 for none."""
        self.read()
        return max(
            (
                e["asked"] - since
                for events in self.events.values()
                for e in events
                if e["kind"] == "lookup" and e["asked"] > since and e["at"] - e["asked"] > SLOW
            ),
            default=0.0,
        )

    def gaps(self) -> Gaps:
        """Return what the clients noticed since the mark, the worse of the halves."""
        self.read()
        # Before the lab is queried: the time that takes on a busy machine is not a client's gap.
        until = min(time.monotonic(), self.until)
        for name, address in self.lab.live_names().items():
            self.right.setdefault(f"{name}.{self.lab.domain}", set()).add(address)
        first, *rest = (measure(e, self.right, self.since, until) for e in self.events.values())
        for other in rest:
            first = first.worst(other)
        return first


@contextmanager
def watching(lab: Lab, *probes: str, every: float) -> Iterator[Watch]:
    """Keep clients sending until the end, and served at the beginning."""
    right = {f"{name}.{lab.domain}": {address} for name, address in lab.live_names().items()}
    spec = {"names": list(right), "resolvers": lab.resolvers, "every": every}
    watch = Watch(lab, right, {probe: [] for probe in probes})
    watch.processes = {probe: lab.probe(probe, "watch", spec) for probe in probes}
    try:
        watch.served(clients=2, lookups=4, within=30)
        watch.mark()
        yield watch
    finally:
        for process in watch.processes.values():
            end(process)
