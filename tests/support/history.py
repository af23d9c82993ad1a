"""A history and the clients that it is called with; what the command answers from it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from leasemerge.history import History
from leasemerge.history_query import Period, find, periods
from leasemerge.names import Holder
from tests.support.rig import ENVIRONMENT, PROGRAM, Rig

NOW = 1_800_000_000
LAPTOP = Holder("02:00:00:00:00:01", "Laptop", "laptop", "draco", NOW - 60, NOW + 3600)
PHONE = Holder("02:00:00:00:00:02", "phone", "phone", "draco", NOW - 60, NOW + 3600)
ADDRESS = "10.1.1.151"


class Network:
    """A history and the clients that it is called with."""

    def __init__(self, directory: Path, days: int = 30, size: int = 1 << 20) -> None:
        """Begin without clients, at NOW."""
        self.directory = directory
        self.bounds = (days, size)
        self.now = NOW
        self.holders: dict[str, Holder] = {}
        self.history = History(directory, *self.bounds)

    def has(self, address: str, holder: Holder | None) -> None:
        """Let a client have an address, or nobody."""
        if holder is None:
            self.holders.pop(address, None)
        else:
            self.holders[address] = holder
        self.history.note([address])
        self.write()

    def write(self) -> None:
        """Let the history do what it has to do."""
        while self.history.runnable:
            self.history.step(self.now, self.holders.get)

    def wait(self, seconds: int) -> None:
        """Let time go on."""
        self.now += seconds
        self.history.tick(self.now)
        self.write()

    def restart(self) -> None:
        """Kill the service and start it again; the clients of now are new to it."""
        self.history = History(self.directory, *self.bounds)
        self.history.note(self.holders)
        self.write()

    def at(self, when: int, who: str | None = None) -> list[Period]:
        """Return what is answered for a moment."""
        return find(periods(self.directory), who, when, when)

    @property
    def size(self) -> int:
        """The bytes on disk."""
        return sum(path.stat().st_size for path in self.directory.iterdir())


def ask(rig: Rig, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `leasemerge history` on a server."""
    command = [*PROGRAM, "history", "--directory", str(rig.state / "history"), *words]
    environment = {**ENVIRONMENT, "TZ": "Europe/Berlin"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
