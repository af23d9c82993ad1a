"""A lease log as JSON lines: the output of `leasemerge dump`."""

from __future__ import annotations

from collections.abc import Iterator
from json.encoder import encode_basestring_ascii
from socket import inet_aton

from .lease import NEVER, Lease
from .log import LeaseLog


def dump_lines(log: LeaseLog) -> Iterator[bytes]:
    """Yield the last complete block of each address as a line, in the order of the addresses."""
    for address in sorted(log.leases, key=inet_aton):
        yield dump_line(log.leases[address])


def dump_line(lease: Lease) -> bytes:
    """Return a lease as a line with a JSON object, whose keys are the fields of Lease."""
    return (
        f'{{"address": "{lease.address}", "state": "{lease.state}", '
        f'"starts": {_time(lease.starts)}, "ends": {_time(lease.ends)}, '
        f'"cltt": {_time(lease.cltt)}, "hardware": {_text(lease.hardware)}, '
        f'"uid": {_text(lease.uid)}, "hostname": {_text(lease.hostname)}}}\n'
    ).encode()


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring_ascii(text)


def _time(time: int | None) -> str:
    return "null" if time is None else '"never"' if time == NEVER else str(time)
