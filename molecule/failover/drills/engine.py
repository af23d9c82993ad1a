"""What a drill is, how one is run, and the table of what was observed."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from .lab import Lab
from .lab.commands import DrillError
from .watch import Watch, watching


@dataclass
class Run:
    """A drill in progress: the lab, the clients that watch, and what else was observed."""

    lab: Lab
    watch: Watch
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add to what the table shows of this drill."""
        self.notes.append(text)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Record the fault ``otherwise`` unless the condition holds; the drill goes on."""
        if not holds:
            self.faults.append(otherwise)


@dataclass(frozen=True)
class Drill:
    """One failure, named POINT/DRILL, what should happen, and the limits in seconds."""

    name: str
    expectation: str
    steps: Callable[[Run], None]
    """Makes the failure happen and undoes it: afterwards the lab recovers by itself."""
    address: float
    """The longest time in which no new client may get an address."""
    lookup: float
    """The longest time that a lookup may take or fail."""
    client: float = float("inf")
    """The longest time that one new client may wait for its address."""
    median: float = float("inf")
    """The longest time that half of the new clients may wait for theirs."""
    back: float = 90
    """The time within which all must be healthy again."""
    every: float = 1.0
    """Seconds from one new client to the next. A lone server has only its share of the free
    addresses for them, and may not reassign one that is released."""
    halves: bool = False
    """Whether clients next to the secondary are watched, too."""
    kea: Mapping[str, Any] = field(default_factory=dict)
    """The limits that differ with Kea."""
    needs: Callable[[Lab], bool] = lambda _: True
    """Whether a lab has what the drill needs."""

    def limits_in(self, lab: Lab) -> Drill:
        """Return the drill with the limits of the DHCP server that the lab runs."""
        return replace(self, **self.kea) if lab.kea else self


@dataclass(frozen=True)
class Result:
    """What one drill showed."""

    name: str
    expectation: str
    date: str
    took: float
    back: float | None = None
    gaps: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    faults: Sequence[str] = ()


def run(drill: Drill, lab: Lab) -> Result:
    """Run a drill in a healthy lab, and wait until it is healthy again."""
    drill = drill.limits_in(lab)
    date, began = datetime.now(UTC).date().isoformat(), time.monotonic()
    back: float | None = None
    gaps: dict[str, Any] = {}
    notes: list[str] = []
    faults: list[str] = []
    try:
        lab.all_healthy(within=150)
        probes = (lab.left, lab.right) if drill.halves else (lab.left,)
        with watching(lab, *probes, every=drill.every) as watch:
            run = Run(lab, watch, notes, faults)
            drill.steps(run)
            back = lab.all_healthy(within=drill.back)
            watch.served(clients=2, lookups=8, within=40)
            found = watch.gaps()
        gaps = asdict(found)
        for seconds, limit, sentence in (
            (found.address, drill.address, "no new client got an address for {:.1f} s"),
            (found.client, drill.client, "a new client waited {:.1f} s for its address"),
            (found.median, drill.median, "half of the new clients waited {:.1f} s or longer"),
            (found.lookup, drill.lookup, "lookups failed for {:.1f} s"),
            (found.slowest, drill.lookup, "a lookup took {:.1f} s"),
        ):
            run.expect(seconds <= limit, sentence.format(seconds))
        faults += found.wrong
    except Exception as error:  # another fault to report; the next drill is run
        faults.append(str(error) if isinstance(error, DrillError) else traceback.format_exc())
        faults += restored(lab)
    return Result(
        *(drill.name, drill.expectation, date),
        took=time.monotonic() - began,
        back=back,
        gaps=gaps,
        notes=notes,
        faults=faults,
    )


def restored(lab: Lab) -> list[str]:
    """Redeploy the lab's own inventory; return what went wrong with that.

    An aborted drill may have left another one in use.
    """
    try:
        lab.create()
        lab.deploy("-e", "allow_removal=true")
    except DrillError as error:
        return [str(error)]
    return []


def table(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table: seconds, the verdict, and what else was observed."""
    form = "{:36} {:>10} {:>10} {:>10} {:>10} {:>10} {:>6} {:>6}  {}"
    figures = ("address", "client", "median", "lookup", "slowest")
    yield form.format(
        *("DRILL", "NO ADDRESS", "ONE CLIENT", "MEDIAN", "NO LOOKUP", "SLOWEST", "SLOW", "BACK", "")
    ).rstrip()
    for result in results:
        gaps = result["gaps"]
        back = "-" if result["back"] is None else f"{result['back']:.0f}"
        slow = str(gaps.get("slow", "-")) if gaps else "-"
        verdict = "FAULT" if result["faults"] else "as expected"
        seconds = [f"{gaps[figure]:.1f}" if gaps else "-" for figure in figures]
        yield form.format(result["name"], *seconds, slow, back, f"{verdict}, {result['date']}")
        for text in [*result["notes"], *(f"FAULT: {f}" for f in result["faults"])]:
            yield f"      {text}"
