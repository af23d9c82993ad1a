"""Leases from Kea's lease files: rows in, the last row of each address out.

Source: Kea's memfile lease database (src/lib/dhcpsrv/csv_lease_file4.cc, lease_file_loader.h). Like
dhcpd.leases, the file is a log: the last row of an address counts (rule 1). Columns are taken by
position: 2.6 appends a twelfth under a header of eleven.

    address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,...
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

from .lease import NEVER, Lease
from .log import MAX_LISTED, Skipped

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
        self.failover: dict[str, tuple[str, str]] = {}
        """Always empty: the state of the pair is elsewhere (module kea_state)."""
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
            self._skip("not a row of a lease file", self._line)
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
