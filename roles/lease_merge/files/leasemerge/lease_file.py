"""A whole lease file, dhcpd's or Kea's: the one place that detects which."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from . import log
from .block import MAX_BLOCK
from .kea import HEADER, KeaLog
from .log import LeaseLog

# It fits the processor's cache, and cannot hold a block that is too long.
_CHUNK = MAX_BLOCK - (1 << 12)

_END = b"\n}\n"  # of a block


def parse(data: bytes) -> LeaseLog:
    """Return the log of a file's content; the first line shows whose it is."""
    return _kea_log(data) if data.startswith(HEADER) else log.parse(data)


def read(path: Path) -> LeaseLog:
    """Return the log of a file; for Kea's, with what its LFC left beside it.

    Raises OSError: when it cannot be read.
    """
    return _kea_log(_read_kea(path)) if _is_kea(path) else _read_dhcpd(path)


def _is_kea(path: Path) -> bool:
    # A pipe has no beginning that could be read twice.
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(HEADER)) == HEADER


def _kea_log(data: bytes) -> LeaseLog:
    rows = KeaLog()
    rows.feed(data)
    # As blocks, so that whoever reads a whole file need not know whose it was.
    leases = log.parse(b"".join(lease.render() for lease in rows.leases.values()))
    leases.damage += rows.damage
    leases.skipped += rows.skipped
    return leases


def _read_kea(path: Path) -> bytes:
    # Imported where it is needed: dhcpd's file is read without ctypes.
    from .kea_tail import KeaTail

    tail = KeaTail(path)
    try:
        begins, data = tail.read()
        if not begins:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        while chunk := tail.read()[1]:
            data += chunk
    finally:
        tail.close()
    return data


def _read_dhcpd(path: Path) -> LeaseLog:
    found = LeaseLog()
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = rest + chunk
            # A block in two pieces would be read event by event.
            end = text.rfind(_END) + len(_END)
            if end < len(_END):
                end = len(text)
            found.feed(text[:end])
            rest = text[end:]
    found.feed(rest)
    return found
