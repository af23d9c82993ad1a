"""Install zone data where tinydns reads it: compiled first, all or nothing, one build at a time."""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import os
import subprocess
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

from .cdb import Cdb, Write
from .files import create, reserve, write_all
from .work import Progress, Steps, Work
from .zone import Edit

# tinydns-data(8) needs a few seconds for millions of names. If it takes longer, it hangs.
_PATIENCE = 60.0
# A service that is stopping does not wait that long.
_LAST_PATIENCE = 5.0
_LOCK_SECONDS = 2.0
# Bytes of a file read or written in one step, in less than a tenth of a millisecond.
_SLICE = 1 << 17
# A compiled file is recompiled when it is this much longer than twice its first size.
_WASTE = 1 << 20


class BusyError(RuntimeError):
    """Another process is publishing into the same directory."""


class BuildError(RuntimeError):
    """A build failed; the message is the reason."""


class Copy:
    """One file with an image of the compiled zone data. A publisher has two: one is served.

    The other is brought up to date by writing what changed, which takes time in proportion to the
    change, not to the file. It has been served before, so a reader may still have it open: the
    kernel knows, and grants a lease only if nobody has (fcntl(2), F_SETLEASE).
    """

    def __init__(self, path: Path) -> None:
        """Name the file; there is nothing in it yet."""
        self.path = path
        self.behind: list[Write] = []
        self._descriptor = -1

    def write(self, image: bytes | bytearray) -> None:
        """Write the whole image to a new file."""
        for _ in self.write_in_steps(image):
            pass

    def write_in_steps(self, image: bytes | bytearray) -> Iterator[None]:
        """Write a new file; it has the whole image after the last step."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._descriptor = create(self.path)
        reserve(self._descriptor, 0, len(image))
        for start in range(0, len(image), _SLICE):
            with memoryview(image) as view:
                write_all(self._descriptor, view[start : start + _SLICE], start)
            yield
        self.behind = []

    def is_at(self, path: Path) -> bool:
        """Return whether the file is the one at a path."""
        try:
            return os.path.samestat(path.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def update(self, writes: Sequence[Write]) -> bool:
        """Bring the file up to date with what changed; return whether that was possible."""
        if self._descriptor < 0:
            return False
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            return False
        try:
            for position, data in (*self.behind, *writes):
                write_all(self._descriptor, data, position)
        finally:
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        self.behind = []
        return True

    def close(self) -> None:
        """Close the file; it is written as a whole before it is used again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def remove(self) -> None:
        """Close the file and remove it."""
        self.close()
        self.path.unlink(missing_ok=True)


class Publisher:
    """Changes what tinydns serves, in a single step: what is built beside it is renamed into place.

    A few names are edited into the compiled file (module cdb), in the one of two copies that is not
    served at the moment. That makes a name quick, and the file is correct without a compile.
    ``tinydns-data`` compiles everything, in a working directory of its own (tinydns-data(8)): at
    first, for another site, after a fault, and when removed entries take up too much room
    (``wasteful``).

    `compile` and `write_text` work in small steps, so that a name that arrives meanwhile need not
    wait: the caller calls `step` whenever it has nothing else to do.
    """

    def __init__(self, directory: Path, command: str = "tinydns-data") -> None:
        """Lock the directory for this process alone.

        Raises BusyError: when another process has it.
        """
        self.directory = directory
        self._command = command
        self._build = directory / ".build"
        self._build.mkdir(mode=0o755, exist_ok=True)
        self._lock = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        # A build holds the lock too, so a build that outlives a killed service is waited for.
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    os.close(self._lock)
                    raise BusyError(f"another process is publishing into {directory}") from error
                time.sleep(0.01)
        for path in self._build.glob("*.cdb"):
            with contextlib.suppress(OSError):
                path.unlink()
        self._numbers = count()
        self.work = Work()
        self._started = 0.0
        self._cdb: Cdb | None = None
        self._compiled_size = 0
        self._served, self._spare = self._new_copy(), self._new_copy()
        self._compiling = False
        # What was changed since the running build was begun.
        self._since: list[Edit] = []
        self._obsolete = False
        self._first = True
        self.publishes = 0
        self.builds = 0
        self.failures = 0
        self.error = ""
        self.seconds = 0.0
        self.last: float | None = None

    @property
    def intact(self) -> bool:
        """Whether single names can be published."""
        return self._cdb is not None

    @property
    def in_place(self) -> bool:
        """Whether tinydns reads what was published last; somebody else may have changed it."""
        return self._cdb is None or self._served.is_at(self.directory / "data.cdb")

    @property
    def wasteful(self) -> bool:
        """Whether removed entries take up so much room that compiling pays."""
        return self._cdb is not None and len(self._cdb.image) > 2 * self._compiled_size + _WASTE

    def change(self, edits: Sequence[Edit]) -> bool:
        """Publish changes of single lines; return whether that was possible.

        If it was not, everything must be compiled.
        """
        if self._compiling:
            self._since += edits
        if self._cdb is None:
            # They go into what is being built.
            return self._compiling and not self._obsolete
        try:
            self._put(self._cdb, edits)
        except (OSError, ValueError) as error:
            # The image in memory and the copies may be half changed.
            self._cdb = None
            self.failures += 1
            self.error = f"cannot put names into {self.directory}/data.cdb: {error}"
            return False
        self._published()
        return True

    def compile(self, data: Iterable[bytes]) -> None:
        """Begin to compile zone data, which comes in parts, and to install the result."""
        self._started = time.monotonic()
        self._since = []
        self._obsolete = False
        self._compiling = True
        self.work.begin(self._compile(data))

    def write_text(self, data: Iterable[bytes]) -> None:
        """Begin to write zone data for people to read; what tinydns reads has it already."""
        self.work.begin(self._write_text(data))

    def step(self) -> Progress:
        """Do a little of the work.

        Raises BuildError: when it has failed. What is served stays as it is.
        """
        try:
            progress = self.work.step()
        except (OSError, ValueError, BuildError) as error:
            self._end_build()
            self.failures += 1
            self.error = str(error)
            raise BuildError(self.error) from error
        if progress is Progress.DONE:
            self._end_build()
        return progress

    def forget(self) -> None:
        """Publish no change before everything is compiled: the zones themselves differ."""
        self._cdb = None
        self._obsolete = self._compiling

    def overdue(self) -> None:
        """Kill a build that hangs."""
        if self.work.process is not None and time.monotonic() - self._started > _PATIENCE:
            self.work.process.kill()

    def close(self) -> None:
        """Finish what was begun, and let others publish."""
        with contextlib.suppress(OSError, ValueError, BuildError):
            self.work.finish(_LAST_PATIENCE)
        self._served.close()
        self._spare.close()
        os.close(self._lock)

    # -- the work ------------------------------------------------------------------------------

    def _write_text(self, data: Iterable[bytes]) -> Steps:
        yield from self._stage(data)
        self._put_text_in_place()

    def _compile(self, data: Iterable[bytes]) -> Steps:
        yield from self._stage(data)
        # The serial of the zones is the time stamp of `data` (tinydns-data(8)), so the existing
        # file is kept if its content is the same.
        staged, live = self._build / "data", self.directory / "data"
        with contextlib.suppress(OSError):
            if self._first and filecmp.cmp(staged, live, shallow=False):
                staged.unlink()
                staged.hardlink_to(live)
        yield from self._run()
        if self._obsolete:
            return
        yield from self._adopt()

    def _stage(self, data: Iterable[bytes]) -> Iterator[None]:
        """Write `data` in the working directory."""
        staged = self._build / "data"
        staged.unlink(missing_ok=True)
        descriptor = create(staged)
        try:
            position = 0
            for part in data:
                reserve(descriptor, position, len(part))
                write_all(descriptor, part, position)
                position += len(part)
                yield
        except OSError as error:
            raise BuildError(f"cannot write {staged}: {error.strerror}") from error
        finally:
            os.close(descriptor)

    def _run(self) -> Steps:
        """Run `tinydns-data`."""
        try:
            process = subprocess.Popen(
                [self._command],
                cwd=self._build,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[self._lock],
            )
        except OSError as error:
            raise BuildError(f"cannot run {self._command}: {error.strerror}") from error
        if self._cdb is not None:
            # Nobody is waiting for it: its result is served already.
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, 19)
        yield process
        assert process.stderr is not None
        printed = os.read(process.stderr.fileno(), 4096).decode("utf-8", "replace").strip()
        process.stderr.close()
        if (status := process.wait()) != 0:
            raise BuildError(f"tinydns-data failed ({status}): {printed}")

    def _adopt(self) -> Iterator[None]:
        """Serve what was compiled, with the changes made meanwhile.

        The served copy and the spare one stay in use until both new ones are ready.
        """
        image = yield from _read(self._build / "data.cdb")
        size = len(image)
        first, second = self._new_copy(), self._new_copy()
        try:
            yield from first.write_in_steps(image)
            yield from second.write_in_steps(image)
        except OSError as error:
            self._obsolete = True
            raise BuildError(f"cannot write {self._build}: {error.strerror}") from error
        finally:
            if self._obsolete:
                first.remove()
                second.remove()
        if self._obsolete:
            return
        cdb = Cdb(image)
        for old, new in self._since:
            cdb.edit(old, new)
        behind, former = self._cdb is None, (self._served, self._spare)
        # Until the new image is in place, none is valid.
        self._cdb = None
        self._served, self._spare = second, first
        self._publish_spare(cdb)
        self._put_text_in_place()
        self._cdb, self._compiled_size = cdb, size
        self._first = False
        self.builds += 1
        self.seconds = time.monotonic() - self._started
        if behind:
            self._published()
        # Each may take a millisecond: nobody else has the file any more, so its space is freed.
        for copy in former:
            yield
            copy.remove()

    def _put_text_in_place(self) -> None:
        (self._build / "data").rename(self.directory / "data")

    # -- the copies ----------------------------------------------------------------------------

    def _new_copy(self) -> Copy:
        return Copy(self._build / f"{next(self._numbers)}.cdb")

    def _put(self, cdb: Cdb, edits: Sequence[Edit]) -> None:
        for old, new in edits:
            cdb.edit(old, new)
        self._publish_spare(cdb)

    def _publish_spare(self, cdb: Cdb) -> None:
        writes = cdb.take_writes()
        if not self._spare.update(writes):
            self._spare.write(cdb.image)
        name = self._build / "next.cdb"
        name.unlink(missing_ok=True)
        name.hardlink_to(self._spare.path)
        name.rename(self.directory / "data.cdb")
        self._served, self._spare = self._spare, self._served
        self._spare.behind = writes

    def _published(self) -> None:
        self.publishes += 1
        self.last = time.time()
        self.error = ""

    def _end_build(self) -> None:
        self._compiling = False
        self._since = []


def _read(path: Path) -> Generator[None, None, bytearray]:
    """Return the content of a file, read in small steps."""
    with path.open("rb", buffering=0) as file:
        image = bytearray(os.fstat(file.fileno()).st_size)
        for start in range(0, len(image), _SLICE):
            with memoryview(image) as view, view[start : start + _SLICE] as part:
                if file.readinto(part) != len(part):
                    raise BuildError(f"{path} was cut short")
            yield
    return image
