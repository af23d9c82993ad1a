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
    if os.pwrite(descriptor, data, start) != len(data):
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
