"""Follow Kea's lease files: what its LFC has cleaned, then the file that it appends to.

Source: Kea's src/lib/dhcpsrv/memfile_lease_mgr.cc (loadLeasesFromFiles, lfcCallback) and its LFC
process (src/bin/lfc).
"""

from __future__ import annotations

import os
from pathlib import Path

from .tail import CHUNK, Tail


def lease_files(path: Path) -> list[Path]:
    """Return the files that hold the log of a lease file, the oldest first and itself last.

    The file becomes ``.1`` and an empty one is begun; then LFC merges ``.2`` and ``.1`` into
    ``.completed``, which becomes ``.2``. So the log is ``.completed``, or ``.2`` and ``.1``; then
    the file.
    """
    completed, cleaned, before = (_beside(path, end) for end in (".completed", ".2", ".1"))
    if completed.exists():
        return [completed, path]
    return [*(one for one in (cleaned, before) if one.exists()), path]


class KeaTail(Tail):
    """The bytes of ``lease_files`` as they come.

    Kea closes a file before renaming it: a renamed file is complete, and is read to its end before
    the next one.
    """

    def __init__(self, path: Path) -> None:
        """Start watching; nothing is read yet."""
        self._earlier: list[int] = []
        super().__init__(path)

    def close(self) -> None:
        """Close every descriptor."""
        self._close_earlier()
        super().close()

    def read(self) -> tuple[bool, bytes]:
        """Return whether the log begins again, and the next bytes, empty at the end.

        Raises OSError: when a file is there but cannot be read.
        """
        begins = False
        if self._file < 0:
            begins = self._begin()
            if self._file < 0:
                return begins, b""
        while self._earlier:
            if chunk := self._next(self._earlier[0]):
                return begins, chunk
            os.close(self._earlier.pop(0))
            self._offset = 0
        # Checked before the read: what Kea appends later is in the file when it renames it.
        follows = self._follows()
        if chunk := self._next(self._file):
            return begins, chunk
        if follows == "this":
            return begins, b""
        os.close(self._file)
        self._file, self._offset = -1, 0
        if follows == "next":
            try:
                self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return self.read()
            return begins, self._next(self._file)
        return self._begin() or begins, b""

    def _next(self, descriptor: int) -> bytes:
        chunk = os.pread(descriptor, CHUNK, self._offset)
        self._offset += len(chunk)
        return chunk

    def _follows(self) -> str:
        """Return where the log continues: in this file, in the next one, or in all of them."""
        held = os.fstat(self._file)
        if self._is(self.path, held):
            return "this" if held.st_size >= self._offset else "all"
        return "next" if self._is(_beside(self.path, ".1"), held) else "all"

    @staticmethod
    def _is(path: Path, held: os.stat_result) -> bool:
        try:
            return os.path.samestat(path.stat(), held)
        except FileNotFoundError:
            return False

    def _begin(self) -> bool:
        """Open every file of the log; return whether there is one."""
        while True:
            opened = [self._opened(path) for path in lease_files(self.path)]
            # LFC may rename and remove files meanwhile: they count only if they are still the same.
            found = [_found(path) for path in lease_files(self.path)]
            if [_identity(one) for one in opened] == found:
                break
            _close(opened)
        *earlier, current = opened
        self._offset = 0
        if current is None:
            _close(earlier)
            return False
        self._earlier = [one for one in earlier if one is not None]
        self._file = current
        return True

    @staticmethod
    def _opened(path: Path) -> int | None:
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None

    def _close_earlier(self) -> None:
        _close(self._earlier)
        self._earlier = []


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _identity(descriptor: int | None) -> tuple[int, int] | None:
    if descriptor is None:
        return None
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _found(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _close(descriptors: list[int | None] | list[int]) -> None:
    for descriptor in descriptors:
        if descriptor is not None:
            os.close(descriptor)
