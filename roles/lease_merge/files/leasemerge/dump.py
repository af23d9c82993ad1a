"""A lease log as JSON lines: the output of `leasemerge dump`."""

from __future__ import annotations

from collections.abc import Iterator
from json.encoder import encode_basestring_ascii

from .block import read_block
from .lease import NEVER
from .log import LeaseLog


def dump_lines(log: LeaseLog) -> Iterator[bytes]:
    """Yield the last complete block of each address as a line, in the order of the addresses."""
    for address, body in log.blocks():
        fields = read_block(address, body)
        if fields is not None:
            _, state, starts, ends, cltt, hardware, uid, hostname = fields
            yield (
                f'{{"address": "{address}", "state": "{state}", "starts": {_time(starts)}, '
                f'"ends": {_time(ends)}, "cltt": {_time(cltt)}, "hardware": {_pairs(hardware)}, '
                f'"uid": {_pairs(uid)}, "hostname": {_text(hostname)}}}\n'
            ).encode()


def _pairs(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring_ascii(text)


def _time(time: int | None) -> str:
    return "null" if time is None else '"never"' if time == NEVER else str(time)
