"""Work in steps: what may be done now, what must be waited for, and what ends it."""

from __future__ import annotations

import subprocess
import time

import pytest

from leasemerge.work import Progress, Steps, Work


def _sleep(seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", str(seconds)])


def test_1_a_step_at_a_time() -> None:
    """Each call does one; the last one ends it."""
    done: list[int] = []

    def steps() -> Steps:
        for number in range(2):
            done.append(number)
            yield None

    work = Work()
    assert (work.busy, work.step()) == (False, Progress.DONE)
    work.begin(steps())
    assert work.busy
    assert (work.step(), done) == (Progress.MORE, [0])
    assert (work.step(), done) == (Progress.MORE, [0, 1])
    assert (work.step(), work.busy) == (Progress.DONE, False)


def test_2_nothing_is_done_while_its_process_runs() -> None:
    """The next step comes when the process has ended, and may ask what became of it."""
    results: list[int | None] = []

    def steps() -> Steps:
        process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        yield process
        results.append(process.returncode)

    work = Work()
    work.begin(steps())
    assert work.step() is Progress.WAITING
    assert not work.runnable
    assert (work.step(), results) == (Progress.WAITING, [])
    assert work.process is not None
    work.process.communicate()
    assert work.runnable
    assert (work.step(), results) == (Progress.DONE, [0])


def test_3_what_the_work_raises_ends_it() -> None:
    """It is raised by the step, once; then other work can begin."""

    def steps() -> Steps:
        yield None
        raise OSError("disk full")

    work = Work()
    work.begin(steps())
    work.step()
    with pytest.raises(OSError, match="disk full"):
        work.step()
    assert (work.busy, work.step()) == (False, Progress.DONE)


def test_4_finish_does_all_and_kills_what_hangs() -> None:
    """A process that takes longer than the patience is killed, and the work goes on."""
    results: list[int | None] = []

    def steps() -> Steps:
        for seconds in (0, 60):
            process = _sleep(seconds)
            yield process
            results.append(process.returncode)
        yield None

    work = Work()
    work.begin(steps())
    began = time.monotonic()
    work.finish(1)
    assert (results, work.busy) == ([0, -9], False)
    assert time.monotonic() - began < 30
