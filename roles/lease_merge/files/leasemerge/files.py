"""Files that are written alongside and renamed into place, without waiting for the disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def create(path: Path) -> int:
    """Create a file and return its descriptor.

    Raises FileExistsError: when it exists.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)


def reserve(descriptor: int, start: int, length: int) -> None:
    """Allocate disk space for what is to be written.

    Without this, ext4 writes a file out before it is renamed over another (auto_da_alloc in
    ext4(5)). Only for what is rebuilt after a power cut that has lost it.
    """
    if length:
        os.posix_fallocate(descriptor, start, length)


def write_all(descriptor: int, data: bytes | bytearray | memoryview, start: int) -> None:
    """Write all of it.

    Raises OSError: also when the disk fills up halfway.
    """
    require_whole(os.pwrite(descriptor, data, start), len(data))


def append_all(descriptor: int, data: bytes) -> None:
    """Write all of it at the end of a file.

    Raises OSError: also when the disk fills up halfway.
    """
    require_whole(os.write(descriptor, data), len(data))


def require_whole(written: int, length: int) -> None:
    """Raise OSError: when fewer bytes were written than there are.

    A write to a file is cut short when the disk is full, and only the next one says so (write(2)).
    """
    if written != length:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def replace(path: Path, data: bytes) -> None:
    """Replace a whole file at once; readers see the old one or the new one."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    descriptor = create(beside)
    try:
        reserve(descriptor, 0, len(data))
        write_all(descriptor, data, 0)
    finally:
        os.close(descriptor)
    beside.replace(path)
