"""Work in small steps, so that nothing urgent has to wait for it."""

from __future__ import annotations

import enum
import subprocess
from collections.abc import Iterator

Process = subprocess.Popen[bytes]

Steps = Iterator[Process | None]
"""A step ends with None, or with a process that has to end before the next step."""


class Progress(enum.Enum):
    """What is left of the work after a step."""

    MORE = enum.auto()
    """Another step can be done at once."""
    WAITING = enum.auto()
    """A process runs, and nothing can be done before it ends."""
    DONE = enum.auto()


class Work:
    """One piece of work at a time."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._steps: Steps | None = None
        self.process: Process | None = None
        """The process that the work waits for."""

    @property
    def busy(self) -> bool:
        """Whether there is work that was begun but not finished."""
        return self._steps is not None

    @property
    def runnable(self) -> bool:
        """Whether a step can be done now."""
        return self.busy and (self.process is None or self.process.poll() is not None)

    def begin(self, steps: Steps) -> None:
        """Take on some work; there must be none at the moment."""
        assert self._steps is None
        self._steps = steps

    def step(self) -> Progress:
        """Do a little. An exception of the work is raised here, and the work is over."""
        if self._steps is None:
            return Progress.DONE
        if not self.runnable:
            return Progress.WAITING
        try:
            self.process = next(self._steps)
        except BaseException as error:
            self._steps = self.process = None
            if isinstance(error, StopIteration):
                return Progress.DONE
            raise
        return Progress.MORE if self.runnable else Progress.WAITING

    def finish(self, patience: float) -> None:
        """Do all of it; a process is killed after this many seconds."""
        while (progress := self.step()) is not Progress.DONE:
            if progress is Progress.WAITING and self.process is not None:
                try:
                    self.process.wait(patience)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
