"""Lease files read whole, by two processes where that pays."""

from __future__ import annotations

import os
import pickle
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from .leases import MAX_BLOCK, LeaseLog

# Large enough to cost few calls, small enough to stay in the processor's cache, and for no block in
# it to be too long.
_CHUNK = 60_000
LARGE = 1 << 24
"""So many bytes take longer to read than a second process takes to begin and to be heard."""


def is_large(path: Path) -> bool:
    """Return whether a lease file is worth a second process."""
    try:
        return path.stat().st_size >= LARGE
    except OSError:
        return False  # and who reads it is told why


def read_log(path: Path) -> LeaseLog:
    """Return the log of a whole file. Error: OSError."""
    with path.open("rb") as file:
        if is_large(path):
            log = _read_halves(file)
            if log is not None:
                return log
            file.seek(0)
        return _read(file)


def _read(file: BinaryIO, most: int = sys.maxsize) -> LeaseLog:
    log = LeaseLog()
    for chunk in whole_blocks(file, most):
        log.feed(chunk)
    return log


def whole_blocks(file: BinaryIO, most: int = sys.maxsize) -> Iterator[bytes]:
    """Yield a lease file in chunks that end with a block, which costs less than one in two pieces.

    A chunk ends anywhere where no block ends for long: the memory is bounded.
    """
    rest = b""
    while chunk := file.read(min(_CHUNK, most)):
        most -= len(chunk)
        blocks, end, rest = (rest + chunk).rpartition(b"\n}\n")
        if not end:
            blocks, rest = rest, b""
        yield blocks + end
    yield rest


def _read_halves(file: BinaryIO) -> LeaseLog | None:
    """Return the log of a large file, read in two halves at once; None if that did not work."""
    middle = _middle(file)
    if not middle:
        return None

    def read_first(other: BinaryIO) -> None:
        # Opened once more, since the two would share the place in the file.
        with Path(f"/proc/self/fd/{file.fileno()}").open("rb") as again:
            first = _read(again, middle)
        # Most blocks have a later one, and to hand those over would cost more than was won.
        # As one text: its parts would each be pickled and held in memory once more.
        pickle.dump(b" ".join(first.addresses()), other)
        other.flush()
        pickle.dump(first.only(pickle.load(other)), other)
        other.flush()

    try:
        with beside(read_first) as other:
            file.seek(middle)
            second = _read(file)
            pickle.dump(second.lacking(pickle.load(other).split()), other)
            other.flush()
            log: LeaseLog = pickle.load(other)
    except (EOFError, pickle.UnpicklingError, ConnectionError, ChildProcessError):
        return None
    if not log.complete:
        return None
    log.append(second)
    return log


def _middle(file: BinaryIO) -> int:
    """Return where a block ends in the middle of a file, 0 for none."""
    half = os.fstat(file.fileno()).st_size // 2
    # Not quite: who reads the first half has to list its addresses as well.
    half -= half // 32
    file.seek(half)
    before, end, _ = file.read(MAX_BLOCK).partition(b"\n}\n")
    return half + len(before) + len(end) if end else 0


@contextmanager
def beside(work: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """Have work done by a second process; each is given a file to talk to the other.

    Error: ChildProcessError if there can be no second process, and instead of another error if the
    work failed; its file is at its end by then. Without an error its end is not waited for, which
    comes late where there is much memory to be freed.
    """
    ours, theirs = socket.socketpair()
    try:
        process = os.fork()
    except OSError as error:
        ours.close()
        theirs.close()
        raise ChildProcessError(f"a second process cannot begin: {error.strerror}") from error
    if process == 0:
        status = 1
        try:
            ours.close()
            with theirs.makefile("rwb") as file:
                work(cast("BinaryIO", file))
            status = 0
        except (ConnectionError, EOFError):
            status = 0  # The parent has no use for it any more.
        finally:
            # Without the parent's way out, which would write once more what the parent writes.
            os._exit(status)
    theirs.close()
    try:
        with ours, ours.makefile("rwb") as file:
            yield cast("BinaryIO", file)
    except BaseException as error:
        _, status = os.waitpid(process, 0)
        if status:
            raise ChildProcessError("the process that did a part of the work failed") from error
        raise
