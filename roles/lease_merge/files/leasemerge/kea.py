"""Leases from Kea's lease files: rows in, the last row of each address out.

Source: Kea's memfile lease database (src/lib/dhcpsrv/csv_lease_file4.cc, lease_file_loader.h) and
its LFC process (src/bin/lfc). Like dhcpd.leases, the file is a log: the last row of an address
counts. Columns are taken by position: 2.6 appends a twelfth under a header of eleven.

    address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,...
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from . import log
from .lease import NEVER, Lease
from .log import MAX_LISTED, LeaseLog, Skipped
from .tail import CHUNK, Tail

HEADER = b"address,hwaddr,client_id,"
"""How a lease file of Kea begins."""
COLUMNS = (
    HEADER + b"valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n"
)
"""The first line of a lease file, as 2.2 writes it; a later Kea adds what it needs."""

# Lease::STATE_* of Kea's src/lib/dhcpsrv/lease.h: default, declined, expired-reclaimed, released.
# Unlike with dhcpd, no partner confirms the end of a lease: its address is free at once.
_STATES = {b"0": "active", b"1": "abandoned", b"2": "free", b"3": "free"}
# Longer than any row: a name has at most 255 octets, each of which may be escaped as six.
_MAX_ROW = 8192
_INFINITE = 2**32 - 1
_TIME_MAX = 2**40
_FIELDS = 10
_HEX_PAIRS = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2})*", re.IGNORECASE)
_NUMBER = re.compile(rb"[0-9]{1,13}")
# How Kea escapes a comma and an ampersand.
_ESCAPE = re.compile(rb"&#x([0-9a-fA-F]{2})")
# What the role's hostname-char-set also drops from a client's name.
_UNSAFE = re.compile(r"[^a-z0-9 _.-]")
# The role's watch writes here what Kea last reported about the pair: its own state and its peer's.
_PAIR = Path("/run/kea-watch/pair")
# It does so every five seconds.
_PAIR_FRESH = 30
# What the role sets as ddns-generated-prefix: Kea invents a name for an empty option 81.
_GENERATED = re.compile(r"no-name(?:-[0-9]{1,3}){4}")


class KeaLog:
    """The last row of each address in a lease file that is fed chunk by chunk.

    An unreadable row costs only itself; it is counted in `damage`.
    """

    def __init__(self) -> None:
        """Begin with an empty log."""
        self.damage = 0
        self.skipped: list[Skipped] = []
        self._leases: dict[str, Lease] = {}
        self._changed: set[str] = set()
        self._rest = b""
        self._skipping = False
        self._line = 0

    @property
    def leases(self) -> Mapping[str, Lease]:
        """The last row of each address."""
        return self._leases

    def take_changed(self) -> set[str]:
        """Return the addresses that had a row since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file; a row counts when its line is complete."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line += 1
            if self._skipping:
                self._skipping = False
                continue
            self._take(line)
        if len(self._rest) > _MAX_ROW:
            if not self._skipping:
                self._skip("a row without an end", self._line + 1)
            self._rest, self._skipping = b"", True

    def _take(self, line: bytes) -> None:
        if not line or line.startswith(HEADER):
            return
        lease = row(line)
        if lease is None:
            self._skip("no row of a lease file", self._line)
            return
        self._leases[lease.address] = lease
        self._changed.add(lease.address)

    def _skip(self, reason: str, line: int) -> None:
        self.damage += 1
        if len(self.skipped) < MAX_LISTED:
            self.skipped.append(Skipped(line, reason))


def row(line: bytes) -> Lease | None:
    """Return the lease of one row without its line break, None if it is damaged.

    Kea writes when a lease expires and for how long it was granted; the difference is the time of
    the last contact. A row has no start of its own: a grant and a renewal look the same.
    """
    fields = line.split(b",")
    if len(fields) < _FIELDS:
        return None
    address, hardware, client, lifetime, expire, state = (
        *fields[:5],
        _STATES.get(fields[9]),
    )
    if state is None or not _NUMBER.fullmatch(lifetime) or not _NUMBER.fullmatch(expire):
        return None
    try:
        text = str(IPv4Address(address.decode("ascii")))
    except ValueError:
        return None
    pairs = [_pairs(value) for value in (hardware, client)]
    if None in pairs:
        return None
    seconds, ends = int(lifetime), int(expire)
    last_seen = ends - seconds
    if last_seen < 0 or ends > _TIME_MAX:
        return None
    if seconds == 0 and state == "active":
        state = "free"
    return Lease(
        text,
        state,
        last_seen,
        NEVER if seconds == _INFINITE else ends,
        last_seen,
        pairs[0] or None,
        pairs[1] or None,
        hostname(fields[8]),
    )


def _pairs(value: bytes) -> str | None:
    """Return hex pairs in lower case, empty if there are none, None for anything else."""
    text = value.decode("ascii", "replace")
    if not text:
        return ""
    return text.lower() if _HEX_PAIRS.fullmatch(text) else None


def hostname(value: bytes) -> str | None:
    """Return what the client sent, from the column `hostname`; None if it sent no name."""
    name = _ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), value)
    # For option 81, Kea writes an absolute name.
    text = name.removesuffix(b".").decode("utf-8", "surrogateescape")
    return None if not text or _GENERATED.fullmatch(text.partition(".")[0]) else text


def subnet_id(network: str) -> int:
    """Return the id that the role assigns to a subnet, which is part of each lease in it.

    Unique and permanent: with another id, every client would get another address.
    """
    return int(IPv4Network(network).network_address)


def render(lease: Lease, subnet_id: int) -> bytes:
    """Return the row of a lease, with its line break.

    Kea records no start of a lease: it is granted at the last contact, for the time left. Empty for
    a lease that has ended: Kea keeps no row of it.
    """
    states = {"active": 0, "abandoned": 1}
    if lease.ends is None or lease.state not in states:
        return b""
    granted = max(lease.starts or 0, lease.cltt or 0)
    seconds = _INFINITE if lease.ends == NEVER else max(1, lease.ends - granted)
    ends = granted + _INFINITE if lease.ends == NEVER else granted + seconds
    nobody = lease.state == "abandoned"
    fields = (
        lease.address,
        "" if nobody else lease.hardware or "",
        "" if nobody else lease.uid or "",
        seconds,
        ends,
        subnet_id,
        0,
        0,
        "" if nobody else _UNSAFE.sub("", (lease.hostname or "").lower()),
        states[lease.state],
        "",
    )
    return (",".join(map(str, fields)) + "\n").encode()


def parse(data: bytes) -> LeaseLog:
    """Return the log of a whole lease file, dhcpd's or Kea's: the first line shows whose it is."""
    if not data.startswith(HEADER):
        return log.parse(data)
    rows = KeaLog()
    rows.feed(data)
    leases = log.parse(b"".join(lease.render() for lease in rows.leases.values()))
    leases.damage += rows.damage
    leases.skipped += rows.skipped
    return leases


def read_log(path: Path) -> LeaseLog:
    """Return the log of a lease file and of what Kea's LFC left beside it.

    Raises OSError: when it cannot be read.
    """
    tail = KeaTail(path)
    try:
        begins, data = tail.read()
        if not begins:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        while chunk := tail.read()[1]:
            data += chunk
    finally:
        tail.close()
    return parse(data)


def pair_state() -> Mapping[str, tuple[str, str]]:
    """Return the state of this server and of its partner, as Kea reports them to its watch."""
    try:
        if time.time() - _PAIR.stat().st_mtime > _PAIR_FRESH:
            return {}
        own, partner = _PAIR.read_text().split()
    except (OSError, ValueError):
        return {}
    return {"kea": (own, partner)}


class KeaTail(Tail):
    """The bytes of Kea's lease files as they come: what its LFC has cleaned, then the file itself.

    The file becomes ``.1`` and an empty one is begun; then LFC merges ``.2`` and ``.1`` into
    ``.completed``, which becomes ``.2``. So the log is ``.completed`` or ``.2``, ``.1``, the file.
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
            opened = [self._opened(path) for path in self._paths()]
            # LFC may rename and remove files meanwhile: they count only if they are still the same.
            if [_identity(one) for one in opened] == [_found(path) for path in self._paths()]:
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

    def _paths(self) -> list[Path]:
        completed = _beside(self.path, ".completed")
        cleaned = completed if completed.exists() else _beside(self.path, ".2")
        return [cleaned, _beside(self.path, ".1"), self.path]

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
