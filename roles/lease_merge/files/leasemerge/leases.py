"""Leases out of dhcpd.leases: bytes in, the last complete block of each address out.

The grammar is what dhcpd 4.x writes and reads (dhcpd.leases(5); `lease_file_subparse` and
`parse_lease_declaration` in server/confpars.c). Where dhcpd gives up on the rest of a damaged
file, this parser does not: a damaged block costs itself and never its neighbours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NamedTuple

NEVER = 2**63 - 1
"""The time that dhcpd writes as `never`: later than every other."""

STATES = frozenset({"active", "free", "backup", "expired", "released", "abandoned", "reset"})
"""The binding states of dhcpd.leases(5)."""

# dhcpd keeps a time in 31 bits and writes the greatest of them as `never` (MAX_TIME in dhcpd.h).
_MAX_TIME = 2**31 - 1

# dhcpd's own blocks are a few hundred bytes, and some kilobytes with many options. What is longer
# is no block, and must not fill the memory while its end is awaited.
MAX_BLOCK = 64 * 1024

# What is kept of the damage: enough to look at, never as much as a hostile file would like.
MAX_FAULTS = 100


class Fault(NamedTuple):
    """One place in a lease log that was skipped."""

    line: int
    """The line, counted from 1, on which the skipped text begins."""
    reason: str
    """Why it was skipped, in words."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One block of dhcpd.leases.

    Times are Unix seconds, None where absent, NEVER for `never`.
    """

    address: str
    """The IPv4 address, dotted decimal without leading zeros."""
    state: str
    """The binding state, one of STATES; `active` where the block has none (dhcpd before 3.0)."""
    starts: int | None = None
    ends: int | None = None
    cltt: int | None = None
    """Client last transaction time: when this server itself last heard from the client."""
    hardware: str | None = None
    """The hardware address: hex pairs with colons, lower case, without its type."""
    uid: str | None = None
    """The client identifier: hex pairs with colons, lower case."""
    hostname: str | None = None
    """What the client called itself; bytes that are not UTF-8 are surrogate escapes."""

    def render(self) -> bytes:
        """Return the block in the syntax of dhcpd.leases(5); it parses back to an equal Lease."""
        lines = [f"lease {self.address} {{"]
        for keyword, time in (("starts", self.starts), ("ends", self.ends), ("cltt", self.cltt)):
            if time is not None:
                lines.append(f"  {keyword} {_render_time(time)};")
        lines.append(f"  binding state {self.state};")
        if self.hardware is not None:
            lines.append(f"  hardware ethernet {self.hardware};")
        if self.uid is not None:
            lines.append(f"  uid {self.uid};")
        if self.hostname is not None:
            lines.append(f'  client-hostname "{_quote(self.hostname)}";')
        lines.append("}\n")
        return "\n".join(lines).encode()


def _render_time(time: int) -> str:
    if time >= _MAX_TIME:
        return "never"
    return datetime.fromtimestamp(time, timezone.utc).strftime("%w %Y/%m/%d %H:%M:%S")


def _quote(text: str) -> str:
    """Return text as the inside of a string: what is not plain ASCII becomes octal, as dhcpd does."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}"
        for byte in text.encode("utf-8", "surrogateescape")
    )


# ---------------------------------------------------------------------------------------------
# Inside a block

# The tokens of conflex.c as far as a lease needs them. A string that its line does not close is
# no string: dhcpd never writes a line break into one.
_STRING = rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"'
_TOKEN = re.compile(rb"(?P<string>" + _STRING + rb')|#[^\n]*+|(?P<mark>[{};])|(?P<word>[^\s"#{};]++|")')
_ESCAPE = re.compile(rb"\\(?:([0-3][0-7]{2})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_LETTERS = {b"t": b"\t", b"r": b"\r", b"n": b"\n", b"b": b"\b"}
_HEX = re.compile(rb"[0-9a-f]{1,2}(?::[0-9a-f]{1,2})*+")
_DATE = re.compile(rb"-?\d+ (\d+)/(\d+)/(\d+) (\d+):(\d+):(\d+)(?: (-?\d+|utc|gmt|z))?", re.IGNORECASE)


def _unquote(token: bytes) -> bytes:
    def value(match: re.Match[bytes]) -> bytes:
        octal, hexadecimal, letter = match.groups()
        if octal:
            return bytes([int(octal, 8)])
        if hexadecimal:
            return bytes([int(hexadecimal, 16)])
        return _LETTERS.get(letter, letter)

    return _ESCAPE.sub(value, token[1:-1])


def _hex_pairs(text: bytes) -> str | None:
    text = text.lower()
    if not _HEX.fullmatch(text):
        return None
    return ":".join(part.zfill(2) for part in text.decode().split(":"))


def _time(words: list[bytes]) -> int | None:
    """Return the time that the words of a statement after its keyword mean; None if they mean none."""
    text = b" ".join(words)
    if text.lower() == b"never":
        return NEVER
    if len(words) == 2 and words[0].lower() == b"epoch" and words[1].isdigit():
        seconds = int(words[1][:20])
        return NEVER if seconds >= _MAX_TIME else seconds
    match = _DATE.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(number[:9]) for number in match.groups()[:6])
    if year >= 2038:
        return NEVER
    try:
        days = datetime(year, month, 1, tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
    zone = match[7]
    offset = int(zone[:9]) if zone and zone.lstrip(b"-").isdigit() else 0
    return int(days) + (((day - 1) * 24 + hour) * 60 + minute) * 60 + second + offset


def parse_block(address: str, body: bytes) -> Lease | None:
    """Return the Lease of a block's body, the text between its braces; None if it is damaged."""
    state: str | None = None
    times: dict[bytes, int | None] = {}
    hardware = uid = hostname = None
    broken = False
    words: list[bytes] = []
    depth = 0
    for token in _TOKEN.finditer(body):
        if token["mark"] == b"{":
            depth += 1
        elif token["mark"] == b"}":
            depth -= 1
            if depth == 0:
                words = []
        elif depth:
            continue
        elif token["mark"] == b";":
            keyword = words[0].lower() if words else b""
            rest = words[1:]
            words = []
            if keyword in (b"starts", b"ends", b"cltt"):
                times[keyword] = _time(rest)
            elif keyword == b"binding" and len(rest) == 2 and rest[0].lower() == b"state":
                state = rest[1].decode("ascii", "replace").lower()
                if state in ("reserved", "bootp"):
                    state = "active"
                broken = broken or state not in STATES
            elif keyword == b"abandoned":
                state = "abandoned"
            elif keyword == b"hardware":
                hardware = _hex_pairs(b"".join(rest[1:]))
            elif keyword == b"uid" and rest:
                quoted = rest[0].startswith(b'"')
                uid = (_unquote(rest[0]).hex(":") or None) if quoted else _hex_pairs(b"".join(rest))
            elif keyword == b"client-hostname" and rest:
                quoted = rest[0].startswith(b'"')
                name = _unquote(rest[0]) if quoted else b"".join(rest)
                hostname = name.decode("utf-8", "surrogateescape")
        elif token["word"] == b'"':
            broken = True
        elif token[0][:1] != b"#":
            words.append(token[0])
    if broken:
        return None
    return Lease(
        address,
        state or "active",
        times.get(b"starts"),
        times.get(b"ends"),
        times.get(b"cltt"),
        hardware,
        uid,
        hostname,
    )


# ---------------------------------------------------------------------------------------------
# The log

_OCTET = rb"0*(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_ADDRESS = rb"(?P<address>" + _OCTET + rb"(?:\." + _OCTET + rb"){3})"
_HEADER = rb"(?i:lease)\s{1,64}+" + _ADDRESS + rb"\s{0,64}+\{"
_FAILOVER = rb'(?i:failover\s{1,64}+peer)\s{1,64}+"(?P<peer>[^"\n]*)"\s{1,64}+(?i:state)\s{0,64}+\{'
_EVENT = re.compile(_STRING + rb"|#[^\n]*+\n|[{};]|" + _HEADER + rb"|" + _FAILOVER)
_SIDE = re.compile(rb"\b(my|partner)\s+state\s+([a-z-]+)", re.IGNORECASE)


class _Blocks(Mapping[str, Lease]):
    """The parsed view of a log's raw blocks."""

    def __init__(self, raw: dict[str, bytes]) -> None:
        self._raw = raw

    def __getitem__(self, address: str) -> Lease:
        lease = parse_block(address, self._raw[address])
        if lease is None:
            raise KeyError(address)
        return lease

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class LeaseLog:
    """A lease file as a log, fed in chunks that may be split anywhere."""

    def __init__(self) -> None:
        self._raw: dict[str, bytes] = {}
        self._changed: set[str] = set()
        self._tail = b""
        self._line = 1
        self.faults: list[Fault] = []
        self.damage = 0
        self.failover: dict[str, tuple[str, str]] = {}

    @property
    def leases(self) -> Mapping[str, Lease]:
        """The last complete block of each address."""
        return _Blocks(self._raw)

    def take_changed(self) -> set[str]:
        """Return the addresses that got a new block since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the log."""
        text = self._tail + chunk
        start = 0
        depth = 0
        header: re.Match[bytes] | None = None
        for event in _EVENT.finditer(text):
            if event["address"] is not None or event["peer"] is not None:
                if header is not None:
                    self._skip(text, header.start(), "a block that never ends")
                header, start, depth = event, event.start(), 1
            elif event[0] == b"{":
                depth += 1
            elif event[0] == b"}":
                depth = max(0, depth - 1)
                if depth == 0:
                    if header is not None:
                        self._take(header, text[header.end() : event.start()])
                    header, start = None, event.end()
            elif depth == 0:
                header, start = None, event.end()
        self._tail = text[start:]

    def _take(self, header: re.Match[bytes], body: bytes) -> None:
        if header["peer"] is not None:
            sides = {m[1].lower(): m[2].decode() for m in _SIDE.finditer(body)}
            peer = header["peer"].decode("utf-8", "replace")
            self.failover[peer] = (sides.get(b"my", ""), sides.get(b"partner", ""))
            return
        address = ".".join(str(int(octet)) for octet in header["address"].split(b"."))
        if parse_block(address, body) is None:
            self._skip(body, 0, f"damaged block of {address}")
            return
        self._raw[address] = body
        self._changed.add(address)

    def _skip(self, text: bytes, position: int, reason: str) -> None:
        self.damage += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(self._line + text.count(b"\n", 0, position), reason))


def parse(data: bytes) -> LeaseLog:
    """Return the log of a whole file."""
    log = LeaseLog()
    log.feed(data)
    return log


def dump_lines(log: LeaseLog) -> Iterator[str]:
    """Yield the last block of each address as a line of JSON, in address order."""
    for address in sorted(log.leases, key=lambda text: tuple(map(int, text.split(".")))):
        lease = log.leases[address]
        times = {
            key: "never" if time == NEVER else time
            for key, time in (("starts", lease.starts), ("ends", lease.ends), ("cltt", lease.cltt))
        }
        yield json.dumps(
            {
                "address": lease.address,
                "state": lease.state,
                **times,
                "hardware": lease.hardware,
                "uid": lease.uid,
                "hostname": lease.hostname,
            }
        )
