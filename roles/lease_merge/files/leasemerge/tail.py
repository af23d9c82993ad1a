"""Follow one growing lease file by events: no polling, no lost byte, no byte twice.

dhcpd appends to dhcpd.leases and now and then rewrites it: it writes a new file, links the old one
to ``dhcpd.leases~`` and renames the new one into place (dhcpd.leases(5), "THE DHCPD.LEASES FILE").
So the directory is watched, and a file that is no longer the one that was read is read from its
start.
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

# inotify(7). A directory watch reports these for the files in it, with their names.
_IN_MODIFY = 0x2
_IN_MOVED_TO = 0x80
_IN_CREATE = 0x100
_IN_DELETE = 0x200
_IN_IGNORED = 0x8000
_IN_Q_OVERFLOW = 0x4000
_EVENT = struct.Struct("iIII")

# Small enough that a long file does not keep the service from its other work.
CHUNK = 65536
# Enough bytes before the read position to show whether a file was rewritten in place or only
# grew: every lease block holds an address and a time.
_TAIL = 256

_libc = ctypes.CDLL(None, use_errno=True)


class Tail:
    """The bytes of ``path`` as they come; ``fileno`` becomes readable when there may be more.

    A file that is written as a whole can be watched without being read.

    The file, and even its directory, may be absent for a while.
    """

    def __init__(self, path: Path) -> None:
        """Start watching; nothing is read yet."""
        self.path = path
        self._name = os.fsencode(path.name)
        self._inotify = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._inotify < 0:
            number = ctypes.get_errno()
            raise OSError(
                number,
                f"no inotify descriptor for {path}: {os.strerror(number)}; "
                "sysctl fs.inotify.max_user_instances limits how many a user may have",
            )
        # The directory that is watched: its device and its inode number.
        self._watched: tuple[int, int] | None = None
        self._file = -1
        self._offset = 0
        self._last = b""
        self.watch()

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return int(self._inotify)

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self._inotify)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def watch(self) -> bool:
        """Watch the directory if it is not watched; return whether the watch is new.

        Called at every tick, so that a directory that was absent at first, was removed, or had
        another file system mounted over it is found again.
        """
        directory = self.path.parent
        try:
            found = directory.stat()
        except OSError:
            return False
        if (found.st_dev, found.st_ino) == self._watched:
            return False
        mask = _IN_MODIFY | _IN_MOVED_TO | _IN_CREATE | _IN_DELETE
        if _libc.inotify_add_watch(self._inotify, os.fsencode(directory), mask) < 0:
            return False
        self._watched = (found.st_dev, found.st_ino)
        return True

    def woken(self) -> bool:
        """Read the pending events; return whether one is about the file."""
        ours = False
        while True:
            try:
                events = os.read(self._inotify, CHUNK)
            except BlockingIOError:
                return ours
            position = 0
            while position < len(events):
                _, mask, _, length = _EVENT.unpack_from(events, position)
                position += _EVENT.size
                name = events[position : position + length].rstrip(b"\0")
                position += length
                if mask & _IN_IGNORED:
                    self._watched = None
                    ours = True
                ours = ours or bool(mask & _IN_Q_OVERFLOW) or name == self._name

    @property
    def present(self) -> bool:
        """Whether the file was there when it was last looked for."""
        return self._file >= 0

    def read(self) -> tuple[bool, bytes]:
        """Return whether the log begins again, and the next bytes, empty at the end.

        Raises OSError: when the file is there but cannot be read.
        """
        fresh = self._open()
        if self._file < 0:
            return fresh, b""
        chunk = os.pread(self._file, CHUNK, self._offset)
        if chunk:
            self._offset += len(chunk)
            self._last = (self._last + chunk)[-_TAIL:]
        return fresh, chunk

    def _open(self) -> bool:
        """Open the file now at the path; return whether it is to be read from its start."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            # An unlinked file is read no further: whatever comes next is another file.
            if self._file < 0:
                return False
            os.close(self._file)
            self._file = -1
            return False
        if self._file >= 0:
            held = os.fstat(self._file)
            if (held.st_dev, held.st_ino) == (now.st_dev, now.st_ino):
                if not self._rewritten(held.st_size):
                    return False
                self._offset, self._last = 0, b""
                return True
            os.close(self._file)
            self._file = -1
        self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        self._offset, self._last = 0, b""
        return True

    def _rewritten(self, size: int) -> bool:
        if size < self._offset:
            return True
        start = self._offset - len(self._last)
        return os.pread(self._file, len(self._last), start) != self._last
