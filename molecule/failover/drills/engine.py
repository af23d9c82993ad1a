"""What a drill is, how one is run, and the table of what was seen."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .lab import DrillError, Lab
from .watch import Watch, watching


@dataclass
class Run:
    """A drill that is going on: the lab, the clients that keep asking, and what else was seen."""

    lab: Lab
    watch: Watch
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add to what the table says of this drill."""
        self.notes.append(text)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Hold the drill against what should happen; it goes on either way."""
        if not holds:
            self.faults.append(otherwise)


@dataclass(frozen=True)
class Drill:
    """One failure. ``expectation`` says what should happen, the limits are in seconds."""

    number: str
    name: str
    expectation: str
    strike: Callable[[Run], None]
    """Does it and undoes it: afterwards the lab becomes well by itself."""
    address: float
    """The longest time in which no new client may get an address."""
    lookup: float
    """The longest time that a look-up may take or fail."""
    back: float = 90
    """The time in which all must be well again."""
    every: float = 1.0
    """Seconds from one new client to the next. A lone server has only its half of the free
    addresses for them, and what one gives back it may not give to another."""
    halves: bool = False
    """Whether clients are watched beside the secondary too."""


@dataclass(frozen=True)
class Result:
    """What one drill showed."""

    number: str
    name: str
    expectation: str
    took: float
    back: float | None = None
    gaps: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    faults: Sequence[str] = ()


def run(drill: Drill, lab: Lab) -> Result:
    """Do a drill to a lab that is well, and wait until it is well again."""
    began = time.monotonic()
    back: float | None = None
    gaps: dict[str, Any] = {}
    notes: list[str] = []
    faults: list[str] = []
    try:
        lab.all_well(within=150)
        probes = (lab.left, lab.right) if drill.halves else (lab.left,)
        with watching(lab, *probes, every=drill.every) as watch:
            run = Run(lab, watch, notes, faults)
            drill.strike(run)
            back = lab.all_well(within=drill.back)
            watch.served(clients=2, lookups=8, within=40)
            found = watch.gaps()
        gaps = asdict(found)
        run.expect(
            found.address <= drill.address,
            f"no new client got an address for {found.address:.1f} s",
        )
        run.expect(found.lookup <= drill.lookup, f"look-ups failed for {found.lookup:.1f} s")
        run.expect(found.slowest <= drill.lookup, f"a look-up took {found.slowest:.1f} s")
        faults += found.wrong
    except DrillError as error:
        faults.append(str(error))
    except Exception:  # a drill that breaks is one more fault to tell, and the next drill is done
        faults.append(traceback.format_exc())
    return Result(
        *(drill.number, drill.name, drill.expectation),
        took=time.monotonic() - began,
        back=back,
        gaps=gaps,
        notes=notes,
        faults=faults,
    )


def table(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table: seconds, and what else was seen."""
    form = "{:5} {:44} {:>10} {:>10} {:>10} {:>10} {:>6}  {}"
    yield form.format("DRILL", "", "NO ADDRESS", "ONE CLIENT", "NO LOOK-UP", "SLOWEST", "BACK", "")
    for result in results:
        gaps = result["gaps"]
        figures = [
            f"{gaps[k]:.1f}" if gaps else "-" for k in ("address", "client", "lookup", "slowest")
        ]
        back = "-" if result["back"] is None else f"{result['back']:.0f}"
        verdict = "FAULT" if result["faults"] else "as expected"
        yield form.format(result["number"], result["name"], *figures, back, verdict)
        for text in [*result["notes"], *(f"FAULT: {f}" for f in result["faults"])]:
            yield f"      {text}"
