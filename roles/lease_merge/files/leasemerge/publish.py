"""Put zone data where tinydns reads it: compiled first, all or nothing, one build at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import time
from pathlib import Path

# tinydns-data(8) needs some seconds for millions of names. One that takes longer hangs.
_PATIENCE = 60.0
_LOCK_SECONDS = 5.0


class BusyError(RuntimeError):
    """Another process publishes into the same directory."""


class Publisher:
    """Builds in a directory of its own beside the live files, and renames what came out of it.

    ``tinydns-data`` reads ``data`` and writes ``data.cdb`` in its working directory
    (tinydns-data(8)); a rename on one file system is what makes the change a single step.
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
        self._data: bytes | None = None
        self._started = 0.0
        self.published: bytes | None = None
        self.builds = 0
        self.failures = 0
        self.error = ""
        self.seconds = 0.0
        self.last: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a build runs."""
        return self._process is not None

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
        self._data = data
        return os.pidfd_open(self._process.pid)

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
        try:
            (self._build / "data.cdb").rename(self.directory / "data.cdb")
            (self._build / "data").rename(self.directory / "data")
        except OSError as error:
            self._fail(f"cannot put zone data in place: {error}")
            return False
        self.published = self._data
        self.builds += 1
        self.error = ""
        self.last = time.time()
        self.seconds = time.monotonic() - self._started
        return True

    def close(self) -> None:
        """Wait for a build that runs, and let others publish."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            self.finish()
        os.close(self._lock)

    def _stage(self, data: bytes) -> None:
        # The serial of the zones is the time stamp of `data` (tinydns-data(8)), so the file that is
        # served now is taken as it is when it says the same.
        staged = self._build / "data"
        staged.unlink(missing_ok=True)
        live = self.directory / "data"
        with contextlib.suppress(OSError):
            if self.published is None and live.read_bytes() == data:
                staged.hardlink_to(live)
                return
        staged.write_bytes(data)

    def _fail(self, error: str) -> None:
        self.failures += 1
        self.error = error
