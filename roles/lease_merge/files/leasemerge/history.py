"""Who had which address when: an append-only log of this name server, bounded in size and age.

Each line is a JSON object: from ``at`` on (Unix seconds) ``address`` belongs to the client with
this ``hardware``, ``hostname`` and published ``name``, which has had it since ``since``; or,
without those, to nobody. A renewal writes nothing. The log is a directory of files, and the oldest
is removed as a whole; its entries for clients that still have their address are written again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .files import require_whole
from .names import Holder
from .status import HistoryStatus
from .work import Progress, Steps, Work

# The log consists of this many files, so that at most that fraction of it is lost at once.
_PARTS = 8
# Lines read, or addresses checked, in one step of a fifth of a millisecond.
_READ_LINES = 50
_WRITE_ADDRESSES = 20
# The bytes of a line, for hostnames of usual length.
_LINE_BYTES = 150
_SUFFIX = ".jsonl"


class Client(NamedTuple):
    """A client as the history knows it."""

    hardware: str | None
    hostname: str | None
    name: str | None


class History:
    """The log, for writing. ``days`` is its maximum age, ``size`` its maximum bytes."""

    def __init__(self, directory: Path, days: int, size: int) -> None:
        """Begin to read what an earlier run wrote, in small steps.

        Raises OSError: when the directory cannot be created.
        """
        directory.mkdir(mode=0o700, exist_ok=True)
        self._directory = directory
        self._age = days * 86400
        self._size = size
        self._held: dict[str, tuple[Client, int, Path]] = {}
        """Who has each address, since when, and the file that has it."""
        self._due: dict[str, None] = {}
        """Addresses still to be checked."""
        self._parts = {path: path.stat().st_size for path in part_paths(directory)}
        # A file may end in half a line, so no old one is appended to.
        self._file = -1
        self._torn = False
        self._work = Work()
        self._work.begin(self._load())
        self.error = ""
        self._failed = False

    @property
    def runnable(self) -> bool:
        """Whether `step` has something to do."""
        return self._work.busy or (bool(self._due) and not self._failed)

    def note(self, addresses: Iterable[str]) -> None:
        """Check these addresses soon: their client or its name may have changed."""
        self._due.update(dict.fromkeys(addresses))

    def note_all(self) -> None:
        """Check every address that somebody has."""
        self.note(self._held)

    def step(self, now: int, holder: Callable[[str], Holder | None]) -> None:
        """Do a little: read on, or write what has changed about some addresses."""
        if self._work.busy:
            if self._work.step() is Progress.DONE:
                self.note_all()
            return
        addresses = [
            address for _, address in zip(range(_WRITE_ADDRESSES), self._due, strict=False)
        ]
        try:
            lines = [self._change(address, holder(address), now) for address in addresses]
            self._append([line for line in lines if line is not None], now)
        except OSError as error:
            self.error = f"{self._directory}: {error.strerror}"
            self._failed = True
            return
        self.error = ""
        for address in addresses:
            del self._due[address]

    def tick(self, now: int) -> None:
        """Remove what is too old or too much; retry what could not be written."""
        self._failed = False
        if self._work.busy:
            return
        parts = sorted(self._parts)
        while parts and (
            _begun(parts[0]) < now - self._age or sum(self._parts.values()) > self._size
        ):
            oldest = parts.pop(0)
            oldest.unlink(missing_ok=True)
            del self._parts[oldest]
            if not parts:
                self._close()
            if self._too_small:
                continue
            self.note(address for address, (_, _, path) in self._held.items() if path == oldest)

    def status(self) -> HistoryStatus:
        """Return its size and age."""
        oldest = min(self._parts, default=None)
        error = self.error
        if self._too_small:
            error = (
                f"{self._directory} is too small for {len(self._held)} clients and loses who has "
                "an address now; raise history_megabytes in service.json"
            )
        return HistoryStatus(
            size=sum(self._parts.values()),
            oldest=None if oldest is None else _begun(oldest),
            error=error,
        )

    @property
    def _too_small(self) -> bool:
        """Whether the present clients alone would fill it, again and again."""
        return len(self._held) * _LINE_BYTES > self._size // 2

    def close(self, now: int, holder: Callable[[str], Holder | None]) -> None:
        """Write what is left to be written."""
        while self.runnable:
            self.step(now, holder)
        self._close()

    def _load(self) -> Steps:
        for path in sorted(self._parts):
            for number, line in enumerate(read_part(path)):
                if (client := client_of(line)) is None:
                    self._held.pop(line["address"], None)
                else:
                    self._held[line["address"]] = (client, line["since"], path)
                if number % _READ_LINES == 0:
                    yield None

    def _change(self, address: str, holder: Holder | None, now: int) -> dict[str, Any] | None:
        """Return the line for an address, if it needs one."""
        before = self._held.get(address)
        if holder is None:
            return None if before is None else {"at": now, "address": address}
        client = Client(holder.hardware, holder.hostname, holder.name)
        if before is not None and before[0] == client:
            if before[2] in self._parts:
                return None
            since = before[1]
        elif before is not None and before[0].hardware == client.hardware:
            since = now
        else:
            since = min(now, now if holder.starts is None else holder.starts)
        return {"at": now, "address": address, **client._asdict(), "since": since}

    def _append(self, lines: list[dict[str, Any]], now: int) -> None:
        if not lines:
            return
        path = self._part(now)
        text = "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines).encode()
        if self._torn:
            text = b"\n" + text
        written = os.write(self._file, text)
        self._parts[path] += written
        self._torn = written != len(text)
        require_whole(written, len(text))
        for line in lines:
            if (client := client_of(line)) is None:
                self._held.pop(line["address"], None)
            else:
                self._held[line["address"]] = (client, line["since"], path)

    def _part(self, now: int) -> Path:
        """Return the file to append to: a new one at first, and when the last is long or old."""
        newest = max(self._parts, default=None)
        if (
            self._file >= 0
            and newest is not None
            and self._parts[newest] < self._size // _PARTS
            and now - _begun(newest) < self._age // _PARTS
        ):
            return newest
        self._close()
        # In order, even if the clock was set back.
        begun = now if newest is None else max(now, _begun(newest) + 1)
        path = self._directory / f"{begun:012d}{_SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._parts[path] = 0
        self._torn = False
        return path

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def remove(directory: Path) -> None:
    """Remove the existing history: it was turned off."""
    for path in part_paths(directory):
        path.unlink()


def begun(directory: Path) -> int | None:
    """Return when the history begins, None if there is none."""
    return next((_begun(path) for path in part_paths(directory)), None)


def part_paths(directory: Path) -> list[Path]:
    """Return the files in order, if any. Raises OSError: when the directory cannot be read."""
    try:
        paths = list(directory.iterdir())
    except FileNotFoundError:
        return []
    return sorted(path for path in paths if path.suffix == _SUFFIX and path.stem.isdigit())


def _begun(path: Path) -> int:
    return int(path.stem)


def read_part(path: Path, having: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the objects in a file's lines, or only in those with the text `having`.

    A partial line, after a power cut, is skipped. Raises OSError: when the file cannot be read.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            if having is not None and having not in text:
                continue
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and {"at", "address"} <= line.keys():
                yield line


def client_of(line: Mapping[str, Any]) -> Client | None:
    """Return the client that has the address from then on; None if nobody has it."""
    if "since" not in line:
        return None
    return Client(line["hardware"], line["hostname"], line["name"])
