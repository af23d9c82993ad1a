"""Put zone data where tinydns reads it: compiled first, all or nothing, one build at a time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from .cdb import Cdb, Write
from .zone import Edit

# tinydns-data(8) needs some seconds for millions of names. One that takes longer hangs.
_PATIENCE = 60.0
_LOCK_SECONDS = 2.0


class BusyError(RuntimeError):
    """Another process publishes into the same directory."""


class Copy:
    """One file with an image of the compiled zone data. A publisher has two: one is served.

    The other is brought up to date by writing what changed, which takes as long as the change is
    large, and not as the file is. It has been served before, so a reader may still have it open:
    the kernel knows, and gives a lease only where nobody has (fcntl(2), F_SETLEASE).
    """

    def __init__(self, path: Path) -> None:
        """Name the file; there is nothing in it yet."""
        self.path = path
        self.behind: list[Write] = []
        self._descriptor = -1

    def write(self, image: bytes | bytearray) -> None:
        """Begin a new file with the whole image."""
        self.close()
        self.path.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o644)
        # Without this, ext4 writes the file out before it is renamed over another (auto_da_alloc in
        # ext4(5)). A file lost in a power cut is made anew before tinydns starts.
        os.posix_fallocate(self._descriptor, 0, len(image))
        self._write(0, image)
        self.behind = []

    def is_at(self, path: Path) -> bool:
        """Say whether the file is what lies at a path."""
        try:
            return os.path.samestat(path.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def update(self, writes: list[Write]) -> bool:
        """Bring the file up to date by what changed; say whether that was possible."""
        if self._descriptor < 0:
            return False
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            return False
        try:
            for position, data in (*self.behind, *writes):
                self._write(position, data)
        finally:
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        self.behind = []
        return True

    def close(self) -> None:
        """Give the descriptor back; the file is written anew before it is used again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, position: int, data: bytes | bytearray) -> None:
        if os.pwrite(self._descriptor, data, position) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Publisher:
    """Changes what tinydns serves, in a single step: what is built beside it is renamed into place.

    A few names are put into the compiled file (module cdb), in the one of two copies that is not
    served at the moment. That is what makes a name quick. At first, after a fault, and whenever it
    has been quiet for a moment, everything is compiled by ``tinydns-data``, in a working directory
    of its own (tinydns-data(8)).
    """

    def __init__(self, directory: Path, command: str = "tinydns-data") -> None:
        """Take the directory for this process alone; raise BusyError if another has it."""
        self.directory = directory
        self._command = command
        self._build = directory / ".build"
        self._build.mkdir(mode=0o755, exist_ok=True)
        self._lock = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        # A build has the lock too, so that one that outlives a killed service is waited for.
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    os.close(self._lock)
                    raise BusyError(f"{directory} is published into by another process") from error
                time.sleep(0.01)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._cdb: Cdb | None = None
        self._served, self._spare = Copy(self._build / "one.cdb"), Copy(self._build / "two.cdb")
        # What was changed since the build that runs was begun.
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
    def busy(self) -> bool:
        """Whether a build runs."""
        return self._process is not None

    @property
    def in_place(self) -> bool:
        """Whether tinydns reads what was published last; somebody else may have changed it."""
        return self._cdb is None or self._served.is_at(self.directory / "data.cdb")

    def change(self, edits: Sequence[Edit]) -> bool:
        """Publish changes of single lines; say whether that was possible.

        If it was not, everything must be compiled.
        """
        if self.busy:
            self._since += edits
        if self._cdb is None:
            return False
        try:
            self._put(self._cdb, edits)
        except (OSError, ValueError) as error:
            self._fail(f"cannot put names into {self.directory}/data.cdb: {error}")
            return False
        self._published()
        return True

    def start(self, data: bytes) -> int | None:
        """Begin to compile zone data; return a descriptor that is readable when it is done.

        None: nothing was started, and ``error`` says why.
        """
        self._started = time.monotonic()
        try:
            self._stage(data)
            self._process = subprocess.Popen(
                [self._command],
                cwd=self._build,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[self._lock],
            )
        except OSError as error:
            self._fail(f"cannot build zone data: {error}")
            return None
        if self._cdb is not None:
            # Nobody waits for it: what it will say is served already.
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, 19)
        self._since = []
        return os.pidfd_open(self._process.pid)

    def forget(self) -> None:
        """Take no more changes before everything is compiled: the zones themselves are others."""
        self._cdb = None
        self._obsolete = self.busy

    def overdue(self) -> None:
        """Kill a build that hangs."""
        if self._process is not None and time.monotonic() - self._started > _PATIENCE:
            self._process.kill()

    def finish(self) -> bool:
        """Put a build that is done in place; say whether it was good."""
        process, self._process = self._process, None
        if process is None or process.stderr is None:
            return False
        said = os.read(process.stderr.fileno(), 4096).decode("utf-8", "replace").strip()
        process.stderr.close()
        status = process.wait()
        if status != 0:
            self._fail(f"tinydns-data failed ({status}): {said}")
            return False
        if self._obsolete:
            self._obsolete = False
            return True
        behind = self._cdb is None
        try:
            cdb = Cdb((self._build / "data.cdb").read_bytes())
            for old, new in self._since:
                cdb.edit(old, new)
            cdb.take_writes()
            self._spare.write(cdb.image)
            self._serve()
            # Ready for the first change, which would have to write it otherwise.
            self._spare.write(cdb.image)
            (self._build / "data").rename(self.directory / "data")
        except (OSError, ValueError) as error:
            self._fail(f"cannot put zone data in place: {error}")
            return False
        self._cdb = cdb
        self._first = False
        self.builds += 1
        self.seconds = time.monotonic() - self._started
        if behind:
            self._published()
        return True

    def close(self) -> None:
        """Wait for a build that runs, and let others publish."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self.finish()
        self._served.close()
        self._spare.close()
        os.close(self._lock)

    def _put(self, cdb: Cdb, edits: Sequence[Edit]) -> None:
        for old, new in edits:
            cdb.edit(old, new)
        writes = cdb.take_writes()
        if not self._spare.update(writes):
            self._spare.write(cdb.image)
        self._serve()
        self._spare.behind = writes

    def _serve(self) -> None:
        name = self._build / "next.cdb"
        name.unlink(missing_ok=True)
        name.hardlink_to(self._spare.path)
        name.rename(self.directory / "data.cdb")
        self._served, self._spare = self._spare, self._served

    def _stage(self, data: bytes) -> None:
        # The serial of the zones is the time stamp of `data` (tinydns-data(8)), so the file that is
        # served now is taken as it is when it says the same.
        staged = self._build / "data"
        staged.unlink(missing_ok=True)
        live = self.directory / "data"
        with contextlib.suppress(OSError):
            if self._first and live.read_bytes() == data:
                staged.hardlink_to(live)
                return
        staged.write_bytes(data)

    def _published(self) -> None:
        self.publishes += 1
        self.last = time.time()
        self.error = ""

    def _fail(self, error: str) -> None:
        # What is in memory and in the copies may be half changed.
        self._cdb = None
        self.failures += 1
        self.error = error
