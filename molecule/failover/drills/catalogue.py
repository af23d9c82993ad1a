"""The list of drills, and how a point's module adds one to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .engine import Drill, Run
from .lab import Lab
from .lab.servers import Server

DRILLS: list[Drill] = []

Target = Callable[[Lab], Server]

# The servers that a drill is run on in turn, by the word for each in its name.
PAIR: Mapping[str, Target] = {
    "primary": lambda lab: lab.primary,
    "secondary": lambda lab: lab.secondary,
}
NAME_SERVERS: Mapping[str, Target] = {
    "first": lambda lab: lab.name_servers[0],
    "last": lambda lab: lab.name_servers[-1],
}
MACHINES: Mapping[str, Target] = {
    "primary": lambda lab: lab.primary,
    "secondary": lambda lab: lab.secondary,
    "cache": lambda lab: lab.caches[-1],
}
CACHES: Mapping[str, Target] = {
    "first": lambda lab: lab.caches[0],
    "last": lambda lab: lab.caches[-1],
}


def drill(
    name: str, *, of: Mapping[str, Target] | None = None, **limits: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Turn a function into a drill, or one per server in ``of``, which the function then takes.

    ``name`` is POINT/DRILL, with ``{}`` for the server's word. The function's docstring is what
    should happen, the limits are Drill's.
    """

    def register(steps: Callable[..., None]) -> Callable[..., None]:
        expectation = str(steps.__doc__)
        for word, target in (of or {}).items():
            DRILLS.append(
                Drill(name.format(word), expectation, partial(_on, steps, target), **limits)
            )
        if not of:
            DRILLS.append(Drill(name, expectation, steps, **limits))
        return steps

    return register


def _on(steps: Callable[[Run, Server], None], target: Target, run: Run) -> None:
    steps(run, target(run.lab))


def chosen(words: list[str]) -> list[Drill]:
    """Return the drills that the words name: POINT/DRILL, POINT for all its drills, or `all`."""
    return [d for d in DRILLS if {d.name, d.name.partition("/")[0], "all"} & set(words)]
