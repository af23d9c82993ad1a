"""Leases out of dhcpd.leases: bytes in, the last complete block of each address out.

The grammar is what dhcpd 4.x writes and reads: dhcpd.leases(5); `lease_file_subparse` and
`parse_lease_declaration` in server/confpars.c; the tokens in common/conflex.c. dhcpd gives up on
what follows a damaged block; this parser does not: a damaged block costs itself only.

A block is *complete* when its closing brace is there. A statement in it that cannot be read costs
itself. A complete block is *damaged* when no statement in it says its state and one of them cannot
be read: it could be anything, so the block before it still counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, compress, islice, repeat
from json.encoder import encode_basestring_ascii
from socket import inet_aton
from typing import NamedTuple, cast

NEVER = 2**63 - 1
"""The time that dhcpd writes as `never`: later than every other."""

STATES = ("active", "free", "backup", "expired", "released", "abandoned", "reset")
"""The binding states of dhcpd.leases(5)."""

MAX_BLOCK = 64 * 1024
"""The most bytes of a block. dhcpd's own are some hundred bytes, a few thousand with many options;
what is longer is no block, and must not fill the memory while its end is awaited."""

MAX_FAULTS = 100
"""The most places of damage that are told: enough to look at, not as much as a file may have."""


class Fault(NamedTuple):
    """A place in a lease log that was skipped: its line, counted from 1, and why in words."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Lease:
    """One block of dhcpd.leases.

    Times are Unix seconds, None where absent, NEVER for `never`.
    """

    address: str
    """IPv4, dotted decimal, without leading zeros."""
    state: str
    """One of STATES; `active` where the block has no binding state (dhcpd before 3.0)."""
    starts: int | None = None
    ends: int | None = None
    cltt: int | None = None
    """Client last transaction time: when this server itself last heard from the client."""
    hardware: str | None = None
    """Hex pairs with colons, lower case, without the type of hardware."""
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


_DATES_END = 2145916800  # 2038: a date from there on is never, to dhcpd and here


def _render_time(time: int) -> str:
    if time == NEVER:
        return "never"
    if time >= _DATES_END:
        return f"epoch {time}"
    return datetime.fromtimestamp(time, UTC).strftime("%w %Y/%m/%d %H:%M:%S")


def _quote(text: str) -> str:
    """Return text as the inside of a string, what is not plain ASCII in octal, as dhcpd does."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}"
        for byte in text.encode("utf-8", "surrogateescape")
    )


# The inside of a block.

# dhcpd never writes a line break into a string, so a quote that its line does not close is damage,
# and the damage ends with the line.
_STRING = rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"'
_TOKEN = re.compile(
    rb"(?P<mark>[{};])|(?P<word>[^\s\"#{};]++|" + _STRING + rb')|#[^\n]*+|(?P<broken>"[^\n]*+)'
)

# A value as dhcpd writes it, and what may follow it: `db-time-format local` adds a comment.
_TIME = r"[0-9A-Za-z /:-]++"
_VALUE = r"(" + _TIME + r");"
_END = r"(?:\n|[ ]\#[^\n]*+\n)"
_ANY = r'(?:[^"\\;#{}\n]++|' + _STRING.decode() + r")*+;" + _END
_MAC = ":".join(["[0-9a-f][0-9a-f]"] * 6)
# The statements in the order in which `write_lease` in server/db.c writes them, a line each, with
# no other escapes than its own. What this does not match is read token by token, to the same end.
# Latin-1, so that each byte is a character. An empty alternative and counted digits cost less than
# an optional group and a repetition.
_PLAIN = (
    r"(?:\ \ starts\ " + _VALUE + _END + r"|)"
    r"(?:\ \ ends\ " + _VALUE + _END + r"|)"
    r"(?:\ \ (?:tstp|tsfp|atsfp)\ " + _TIME + ";" + _END + r")*+"
    r"(?:\ \ cltt\ " + _VALUE + _END + r"|)"
    r"\ \ binding\ state\ (active|free|backup|expired|released|abandoned|reset);\n"
    r"(?:\ \ (?:next|rewind)\ binding\ state\ [a-z]++;\n)*+"
    r"(?:\ \ (?:reserved;\n|dynamic-bootp;\n|billing\ " + _ANY + r"))*+"
    r"(?:\ \ hardware\ ethernet\ (" + _MAC + r");\n|)"
    r'(?:\ \ uid\ (?:"((?:\\[0-3][0-7][0-7]|[^"\\\n]|\\["\\])*+)"|'
    r"([0-9a-f]{2}(?::[0-9a-f]{2})*+));\n|)"
    r"(?:\ \ (?:set|option)\ " + _ANY + r")*+"
    r'(?:\ \ client-hostname\ ("[ !\#-\[\]-~]*+");\n|)'
)
_PLAIN_BODY = re.compile(_PLAIN, re.VERBOSE)
# The second half takes all that is left where a block is not plain, and has no groups.
_PLAIN_BLOCKS = re.compile(
    r"lease\ ([0-9.]++)\ \{\n" + _PLAIN + r"\}\n|.++", re.VERBOSE | re.DOTALL
)
# What `parse_lease_declaration` knows, for telling a block of an old dhcpd from a damaged one.
_KEYWORDS = frozenset(
    b"starts ends timestamp tstp tsfp atsfp cltt uid class hardware reserved dynamic-bootp "
    b"abandoned next rewind binding client-hostname billing on option supersede set "
    b"ddns-fwd-name ddns-rev-name".split()
)
_HARDWARE_TYPES = re.compile(rb"ethernet|token-ring|fddi|infiniband|unknown-\d+")
_HARDWARE_LENGTH = 20  # HARDWARE_ADDR_LEN in includes/dhcpd.h
_ONE_STRING = re.compile(_STRING)
_DOT = re.compile(rb" ?\. ?")
_ESCAPE = re.compile(rb"\\(?:([0-3][0-7]{2})|x([0-9A-Fa-f]{2})|([^\n]))")
_LETTERS = {b"t": b"\t", b"r": b"\r", b"n": b"\n", b"b": b"\b"}
_HEX_PAIRS = re.compile(rb"[0-9a-f]{2}(?::[0-9a-f]{2})*+")
_DATE = re.compile(
    r" *-?\d+ +(\d{4,9}) */ *(\d{1,9}) */ *(\d{1,9}) +(\d{1,9}) *: *(\d{1,9}) *: *(\d{1,9})"
    r"(?: +(?:(-?\d{1,9})|utc))? *",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = re.compile(r" *(?:epoch +(\d{1,19})|never) *", re.ASCII | re.IGNORECASE)

_Fields = tuple[str, int | None, int | None, int | None, str | None, str | None, str | None]


def _fields(body: bytes) -> _Fields | None:
    """Return what follows the address in a Lease; None if the block with this body is damaged."""
    plain = _PLAIN_BODY.fullmatch(body.decode("latin-1"))
    if plain is None:
        return _odd_fields(body)
    starts, ends, cltt, state, hardware, string, pairs, hostname = plain.groups()
    return (
        state,
        _time(starts) if starts else None,
        _time(ends) if ends else None,
        _time(cltt) if cltt else None,
        hardware,
        _plain_uid(string) if string else pairs,
        hostname[1:-1] if hostname else None,
    )


def _plain_uid(string: str) -> str:
    # Python's own codec reads the escapes that dhcpd writes as dhcpd does.
    return string.encode("latin-1").decode("unicode_escape").encode("latin-1").hex(":")


def _odd_fields(body: bytes) -> _Fields | None:
    state: str | None = None
    times: dict[bytes, int | None] = {}
    hardware = uid = hostname = None
    unreadable = False
    for keyword, values in _statements(body):
        value = b" ".join(values)
        if keyword in (b"starts", b"ends", b"cltt"):
            times[keyword] = _time(value.decode("latin-1"))
        elif keyword == b"binding":
            # Like dhcpd, to which what follows is an error, but not of the state.
            word = values[1].lower().decode("latin-1") if len(values) > 1 else ""
            # States that dhcpd still reads: flags of an active lease in older versions.
            word = "active" if word in ("reserved", "bootp") else word
            if word in STATES and values[0].lower() == b"state":
                state = word
            else:
                unreadable = True
        elif keyword == b"abandoned":
            state = "abandoned"
        elif keyword == b"hardware":
            known = values and _HARDWARE_TYPES.fullmatch(values[0].lower())
            hardware = _pairs(b"".join(values[1:]), _HARDWARE_LENGTH) if known else None
        elif keyword == b"uid":
            uid = _uid(value) if value.startswith(b'"') else _pairs(b"".join(values))
        elif keyword == b"client-hostname":
            hostname = _hostname(value)
        elif keyword not in _KEYWORDS:
            unreadable = True
        if keyword not in (b"next", b"rewind") and b"binding" in map(bytes.lower, values):
            unreadable = True  # A semicolon is missing, and the state became a part of this.
    if state is None and unreadable:
        return None
    starts, ends, cltt = (times.get(keyword) for keyword in (b"starts", b"ends", b"cltt"))
    return state or "active", starts, ends, cltt, hardware, uid, hostname


def _statements(body: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield each statement of a block as its keyword, in lower case, and its other words.

    Of a statement with braces only what stands before the brace is told. The end of the block ends
    a statement too.
    """
    words: list[bytes] = []
    depth = 0
    for token in _TOKEN.finditer(body + b"\n;"):
        if token["word"]:
            if depth == 0:
                words.append(token["word"])
            continue
        mark = token["mark"]
        if mark is None and token["broken"] is None:
            continue
        if mark == b"{":
            depth += 1
        elif mark == b"}":
            depth -= 1
        if depth == 0 or (depth == 1 and mark == b"{"):
            if mark is None:
                yield b"", words
            elif words:
                yield words[0].lower(), words[1:]
            words = []


@lru_cache(maxsize=1 << 16)
def _time(text: str) -> int | None:
    """Return what a date of dhcpd.leases(5) means; None if it means nothing (dhcpd: no time).

    As in `parse_date_core` in common/parse.c: the day of the week is not looked at, a number after
    the time is added in seconds, a number may be greater than a calendar has it, and 2038 or later
    is never, since a time there has 31 bits. A date that ends in `UTC` (OpenBSD's dhcpd) says what
    every date here means anyway.
    """
    if date := _DATE.fullmatch(text):
        year, month, day, hour, minute, second, zone = map(int, date.groups("0"))
        if year >= 2038:
            return NEVER
        if not 1 <= month <= 12 or year < 1970:
            return None
        days = datetime(year, month, 1).toordinal() - _EPOCH_DAY + day - 1
        seconds = max(0, ((days * 24 + hour) * 60 + minute) * 60 + second + zone)
    elif epoch := _EPOCH.fullmatch(text):
        seconds = int(epoch[1] or _MAX_TIME)
    else:
        return None
    return seconds if seconds < _MAX_TIME else NEVER


_EPOCH_DAY = datetime(1970, 1, 1).toordinal()
_MAX_TIME = 2**31 - 1  # MAX_TIME in includes/dhcpd.h


def _pairs(text: bytes, most: int = MAX_BLOCK) -> str | None:
    """Return hexadecimal numbers with colons as hex pairs; None if they are something else."""
    text = text.lower()
    if not _HEX_PAIRS.fullmatch(text):
        # Of a greater number dhcpd keeps the last eight bits.
        text = b":".join(number and number.zfill(2)[-2:] for number in text.split(b":"))
        if not _HEX_PAIRS.fullmatch(text):
            return None
    return text.decode() if (len(text) + 1) // 3 <= most else None


def _uid(string: bytes) -> str | None:
    """Return a client identifier as hex pairs; None if it is empty or not one string."""
    octets = _unquote(string)
    return octets.hex(":") if octets else None


def _unquote(string: bytes) -> bytes | None:
    """Return what a string means to `read_string` in common/conflex.c; None for anything else."""
    return _ESCAPE.sub(_unescape, string[1:-1]) if _ONE_STRING.fullmatch(string) else None


def _unescape(escape: re.Match[bytes]) -> bytes:
    octal, hexadecimal, letter = escape.groups()
    if letter is not None:
        return _LETTERS.get(letter, letter)
    return bytes([int(octal, 8) if octal else int(hexadecimal, 16)])


def _hostname(value: bytes) -> str | None:
    """Return a hostname out of a string, or of bare words with dots between them; None for others.

    To dhcpd it ends at a NUL.
    """
    if value.startswith(b'"'):
        name = _unquote(value)
    else:
        word = _DOT.sub(b".", value)
        name = word if word and b" " not in word else None
    if name is None:
        return None
    return name.partition(b"\0")[0].decode("utf-8", "surrogateescape")


# The log.

_OCTET = rb"0{0,2}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_HEADER = rb"(?i:lease)\s{1,64}+(?P<address>" + _OCTET + rb"(?:\." + _OCTET + rb"){3})\s{0,64}+\{"
# Only as far as the name: a string is an event of its own, which a chunk may end in.
_PEER = rb'(?P<peer>(?i:failover\s{1,64}+peer)\s{0,64}+(?="))'
_PEER_STATE = re.compile(rb'failover\s++peer\s*+"([^"]*+)"\s*+state\s*+\{([^}]*+)\}', re.IGNORECASE)
_EVENT = re.compile(
    _STRING
    + rb'|(?P<comment>#[^\n]*+)|(?P<mark>[{};])|(?P<broken>"[^\n]*+)|'
    + _HEADER
    + rb"|"
    + _PEER
)
# A header is shorter: what is nearer to the end of the text may be the beginning of one.
_MAX_HEADER = 1024
# A broken line that ends like this: a block was torn, and the next one begins on the same line. The
# line break keeps a client's hostname from looking like it: there is none in a string.
_GLUED = re.compile(_HEADER + rb"[ \t\r]*+\Z")
_SIDE = re.compile(rb"\b(my|partner)\s+state\s+([a-z-]+)", re.IGNORECASE)
_WORD = re.compile(rb"[\w-]++")
_BLANK = re.compile(rb"(?:\s|\xef\xbb\xbf)*+")  # a byte order mark is one too
# The statements besides `lease` that `lease_file_subparse` knows.
_OTHERS = frozenset(
    b"ia-na ia-ta ia-pd class subclass host group failover server-duid authoring-byte-order".split()
)

# A stretch of blocks in dhcpd's own layout is taken as a whole, without looking into them one by
# one. The shape of a block, all that is left of it when the other bytes are gone, proves that its
# end is one, and that it says its state once: each line ends with the only semicolon, or a comment,
# and has no string but before it; one line has the mark, which stands for the words of a state. A
# comment with a semicolon proves nothing: it may be what the line above the state ends with.
_WINDOW = 128 * 1024
_BETWEEN = b"}\nlease "
_OPEN = b" {\n"
_STATE = b"  binding state "
_MARK = b"\1"  # not in a block of dhcpd's own, which has it in octal
_NOT_SHAPE = bytes(byte for byte in range(256) if byte not in b'"{};#\n' + _MARK)
_LINES = rb'(?:(?:"[^"\n]*+")?+;(?:#[^;\n]*+)?+\n)*+'
_SHAPE = re.compile(rb"\{\n" + _LINES + _MARK + rb";(?:#[^\n]*+)?+\n" + _LINES)
_HIDDEN = re.compile(_STRING + rb"|#[^\n]*+(?=\n)")  # not a comment that takes the end
_LINE_ABOVE = re.compile(rb'[^";#]*+;[ \t]*+(?:#.*+)?+|[^";#]*[{]')
_READABLE = tuple(f"{state};".encode() for state in STATES)
# Told apart by the first digit, which costs a third less than one after the other.
_NUMBER = rb"(?:1[0-9]{0,2}+|2(?:[0-4][0-9]?+|5[0-5]?+|[6-9]|)|[3-9][0-9]?+|0)"
# A line for each, since a shape proves that no line break is in what stands for an address.
_CANONICAL = re.compile(rb"(?:" + rb"\.".join([_NUMBER] * 4) + rb"\n)*+")


@lru_cache(maxsize=1 << 8)  # of which each may be as long as a block
def _is_proof(shape: bytes) -> bool:
    return _SHAPE.fullmatch(shape) is not None


def _shape(parts: list[bytes], between: bytes) -> bytes:
    """Return the shape of what was split in these parts, at what ends with the words of a state."""
    return between.replace(_STATE, _MARK).join(parts).translate(None, _NOT_SHAPE)


class _Block(NamedTuple):
    """An open block of a lease, or the open statement of a failover peer, which has no address."""

    address: bytes | None
    body: int  # where it begins, from the beginning of the statement


class _Leases(Mapping[str, Lease]):
    """The last complete block of each address, parsed when it is asked for."""

    def __init__(self, bodies: dict[bytes, bytes]) -> None:
        self._bodies = bodies

    def __getitem__(self, address: str) -> Lease:
        fields = _fields(self._bodies[address.encode()])
        if fields is None:
            raise KeyError(address)
        return Lease(address, *fields)

    def __iter__(self) -> Iterator[str]:
        return (address.decode() for address in self._bodies)

    def __len__(self) -> int:
        return len(self._bodies)


class LeaseLog:
    """A lease file as a log, fed in chunks that may be split anywhere.

    What a feed costs grows with the chunk; what is kept grows with the addresses.
    """

    def __init__(self) -> None:
        """Begin an empty log."""
        self.damage = 0
        """How many places were skipped."""
        self.faults: list[Fault] = []
        """The first MAX_FAULTS of them."""
        self.failover: dict[str, tuple[str, str]] = {}
        """The last known state of each failover peer: my state, partner state."""
        self._bodies: dict[bytes, bytes] = {}
        # None is all of them: a log that is only read whole need not gather them.
        self._changed: set[bytes] | None = None
        # What is not done yet: the text from the beginning of the open statement on.
        self._text = b""
        self._line = 1  # of the text from here on:
        self._counted = 0
        self._start = 0  # of the open statement
        self._scanned = 0  # the events before this are done
        self._depth = 0  # of braces
        self._block: _Block | None = None
        self._lost = False  # after damage without an end nothing counts until the next header
        self._skip_line = False  # lost inside a string: nothing at all before the line's end

    @property
    def leases(self) -> Mapping[str, Lease]:
        """The last complete block of each address."""
        return _Leases(self._bodies)

    def take_changed(self) -> set[str]:
        """Return the addresses that got a new block since the last call."""
        changed = self._bodies if self._changed is None else self._changed
        self._changed = set()
        return {address.decode() for address in changed}

    @property
    def complete(self) -> bool:
        """Whether it ends between two statements: what follows may be read as a log of its own."""
        return not (self._text or self._depth or self._lost or self._skip_line)

    def append(self, later: LeaseLog) -> None:
        """Take what was read of the bytes that follow a complete log, as a log of their own."""
        self.damage += later.damage
        told = (Fault(self._line - 1 + fault.line, fault.reason) for fault in later.faults)
        self.faults += islice(told, MAX_FAULTS - len(self.faults))
        self.failover |= later.failover
        if self._changed is not None:
            self._changed |= later._bodies.keys() if later._changed is None else later._changed
        # Into those of the later log, which most addresses of the earlier have a block in.
        bodies = later._bodies
        bodies |= {at: body for at, body in self._bodies.items() if at not in bodies}
        self._bodies = bodies
        self._text, self._line = later._text, self._line - 1 + later._line
        self._scanned, self._depth, self._block = later._scanned, later._depth, later._block
        self._lost, self._skip_line = later._lost, later._skip_line

    def addresses(self) -> list[bytes]:
        """List the addresses that there are blocks of, in any order."""
        return list(self._bodies)

    def lacking(self, addresses: Iterable[bytes]) -> set[bytes]:
        """Return those of the addresses that there is no block of."""
        # Sought in the smaller and denser table, which the processor's cache has more of.
        lacking = set(addresses)
        lacking.difference_update(self._bodies)
        return lacking

    def only(self, addresses: Iterable[bytes]) -> LeaseLog:
        """Return the same log without the blocks of any other address."""
        log = copy(self)
        log._bodies = {address: self._bodies[address] for address in addresses}
        return log

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the log."""
        self._text += chunk
        next_window = 0
        done = False
        while not done:
            if self._skip_line and not self._skip_to_line_end():
                break
            if self._scanned >= next_window and not (self._depth or self._lost):
                next_window = self._take_windows()
            done = self._scan(next_window)
        # Lost text is of no use; of an open statement even the beginning is.
        used = self._scanned if self._lost else self._start
        self._line = self._line_at(used)
        self._counted = 0
        self._text = self._text[used:]
        self._scanned -= used
        self._start = 0

    def _scan(self, next_window: int) -> bool:
        """Take event after event; return whether the text is at its end.

        Stop before it where a window may be tried, or where the rest of a line is to be skipped.
        """
        text = self._text
        for event in _EVENT.finditer(text, self._scanned):
            kind, end = event.lastgroup, event.end()
            self._skip_blanks()
            too_long = self._too_long(event.start(), end)
            if kind in ("comment", "broken") and end == len(text):
                # The rest of the line may be yet to come.
                self._scanned = event.start()
                self._skip_line = too_long
                return True
            self._scanned = end
            if too_long and kind is None:
                self._skip_line = True
                return False
            if kind in ("address", "peer"):
                self._take_header(event)
            elif kind == "broken":
                self._take_broken(event)
            elif self._lost or kind is None:
                pass
            elif kind == "comment":
                if self._depth == 0 and self._start == event.start():
                    self._start = end
            elif self._take_mark(event) and end >= next_window:
                return False
        self._scanned = max(self._scanned, len(text) - _MAX_HEADER)
        self._skip_blanks()
        self._too_long(self._scanned, len(text))
        return True

    def _skip_blanks(self) -> None:
        if self._depth == 0 and not self._lost:
            blank = _BLANK.match(self._text, self._start)
            self._start = blank.end() if blank else self._start

    def _too_long(self, start: int, end: int) -> bool:
        """Return whether an event is longer than a block may be; be lost if the statement is."""
        if not self._lost and end - self._start > MAX_BLOCK:
            self._skip(self._start, f"no end within {MAX_BLOCK} bytes")
            self._lost = True
            self._depth = 0
            self._block = None
        return end - start > MAX_BLOCK

    def _skip_to_line_end(self) -> bool:
        line_end = self._text.find(b"\n", self._scanned)
        self._skip_line = line_end < 0
        self._scanned = len(self._text) if self._skip_line else line_end
        return not self._skip_line

    def _take_header(self, header: re.Match[bytes], offset: int = 0) -> None:
        """Open a block. The header is at its place in the text, shifted by the offset."""
        start = header.start() + offset
        before = self._text[self._start : start]
        if self._lost:
            self._lost = False
        elif self._block is not None:
            self._skip(self._start, "a block without its end")
        elif self._depth:
            # A block inside another statement is that statement's; but dhcpd begins its own
            # statements at the beginning of a line, so the one around has lost its end.
            if before[-1:] not in (b"\n", b"\0"):
                self._depth += 1
                return
            self._skip(self._start, "a statement without its end")
        elif _WORD.fullmatch(before):
            # The end of a longer word only looks like a header.
            self._depth = 1
            return
        elif before:
            self._skip(self._start, "text that is no statement")
        address = header["address"]
        self._block = _Block(address, header.end() - header.start())
        self._start = start
        self._depth = 0 if address is None else 1

    def _take_broken(self, line: re.Match[bytes]) -> None:
        glued = _GLUED.search(line[0])
        if glued:
            self._scanned = line.start() + glued.end()
            self._take_header(glued, line.start())

    def _take_mark(self, mark: re.Match[bytes]) -> bool:
        """Take a brace or a semicolon; return whether it ends a statement of the file."""
        if mark[0] == b"{":
            self._depth += 1
            return False
        if mark[0] == b"}":
            self._depth -= 1
        if self._depth > 0:
            return False
        if self._depth < 0:
            self._skip(self._start, "a closing brace too many")
            self._depth = 0
        elif self._block is not None:
            self._take_block(self._block, mark)
        elif self._start < mark.start():
            word = _WORD.match(self._text, self._start)
            if not word or word[0].lower() not in _OTHERS:
                self._skip(self._start, "text that is no statement")
        self._block = None
        self._start = mark.end()
        return True

    def _take_block(self, block: _Block, end: re.Match[bytes]) -> None:
        if block.address is None:
            state = _PEER_STATE.fullmatch(self._text, self._start, end.end())
            if state is None:
                self._skip(self._start, "a failover state that cannot be read")
                return
            sides = {side[1].lower(): side[2].decode() for side in _SIDE.finditer(state[2])}
            peer = state[1].decode("utf-8", "replace")
            self.failover[peer] = (sides.get(b"my", ""), sides.get(b"partner", ""))
            return
        body = self._text[self._start + block.body : end.start()].removeprefix(b"\n")
        if _fields(body) is None:
            self._skip(self._start, "a block whose state cannot be read")
            return
        address = b".".join(b"%d" % int(number) for number in block.address.split(b"."))
        self._bodies[address] = body
        if self._changed is not None:
            self._changed.add(address)

    def _take_windows(self) -> int:
        """Take the plain blocks from the open statement on; return where to try again."""
        text = self._text
        self._skip_blanks()
        while self._start < len(text):
            end = text.rfind(b"\n}\n", self._start, self._start + _WINDOW) + 3
            if end <= self._start or not self._take_window(text[self._start : end]):
                return max(end, self._start + 1)
            self._start = self._scanned = end
            self._skip_blanks()
        return len(text)

    def _take_window(self, window: bytes) -> bool:
        """Take a window that is nothing but plain blocks; return whether it is."""
        if not window.startswith(b"lease ") or _MARK in window:
            return False
        blocks = window.removeprefix(b"lease ").removesuffix(b"}\n").split(_BETWEEN)
        # A shape does not show a bare word at the end of the line above the state, but mostly that
        # line ends with a semicolon.
        between = b";\n" + _STATE
        stated = window.split(between)
        if len(stated) <= len(blocks):
            between = b"\n" + _STATE
            stated = window.split(between)
            above = (text.rpartition(b"\n")[2] for text in stated[:-1])
            if not all(map(_LINE_ABOVE.fullmatch, above)):
                return False
        shape = _shape(stated, between)
        shapes = shape.split(b"}\n")
        if not len(stated) == len(shapes) == len(blocks) + 1:
            return False
        most = MAX_BLOCK - len(_BETWEEN)
        if len(window) > most and max(map(len, blocks)) > most:
            return False
        shapes.pop()
        # Only a few differ, so that it costs little to look at each.
        odd = {shape for shape in set(shapes) if not _is_proof(shape)}
        if odd and not all(
            _is_proof(_shape(_HIDDEN.sub(b"", block).split(between), between))
            for block in compress(blocks, map(odd.__contains__, shapes))
        ):
            return False
        if not all(map(bytes.startswith, stated[1:], repeat(_READABLE))):
            return False
        known = len(self._bodies)
        try:
            bodies = map(bytes.split, blocks, repeat(_OPEN), repeat(1))
            self._bodies.update(cast("Iterable[tuple[bytes, bytes]]", bodies))
            plain = True
        except ValueError:  # of a header in another layout
            plain = False
        # What is known is an address; what is new came to the end. If one of those is none, the
        # careful way takes the window once more, so that nothing but they must be undone.
        new = list(islice(reversed(self._bodies), len(self._bodies) - known))
        if not (plain and _CANONICAL.fullmatch(b"\n".join([*new, b""]))):
            for address in new:
                del self._bodies[address]
            return False
        if self._changed is not None:
            self._changed.update(block.partition(_OPEN)[0] for block in blocks)
        # The shape has every line, and is a tenth of the window.
        self._line = self._line_at(self._start) + shape.count(b"\n")
        self._counted = self._start + len(window)
        return True

    def _skip(self, position: int, reason: str) -> None:
        self.damage += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(self._line_at(position), reason))

    def _line_at(self, position: int) -> int:
        return self._line + self._text.count(b"\n", self._counted, position)


def parse(data: bytes) -> LeaseLog:
    """Return the log of a whole file."""
    log = LeaseLog()
    log.feed(data)
    return log


def in_order(log: LeaseLog) -> Iterator[bytes]:
    """Yield the blocks of a log as text, in the order of addresses, so many at once as is best."""
    # By networks of 256 addresses, so that the first blocks need not wait for all to be sorted.
    networks: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for address in log._bodies:
        networks[address.rpartition(b".")[0]].append(address)
    ordered = chain.from_iterable(
        # In the order of their numbers: the shorter ones first.
        sorted(sorted(networks[network]), key=len)
        for network in sorted(networks, key=lambda network: inet_aton(f"{network.decode()}.0"))
    )
    while some := list(islice(ordered, _BATCH)):
        blocks = map(_OPEN.join, zip(some, map(log._bodies.__getitem__, some), strict=True))
        yield b"lease " + _BETWEEN.join(blocks) + b"}\n"


# What so many blocks take stays in the processor's cache.
_BATCH = 200


def dump_lines(blocks: bytes) -> bytes:
    """Return each block as a line with a JSON object, whose keys are those of `leasemerge dump`."""
    return "".join(
        f'{{"address": "{address}", "state": "{state}", "starts": {starts}, "ends": {ends}, '
        f'"cltt": {cltt}, "hardware": {hardware}, "uid": {uid}, "hostname": {hostname}}}\n'
        for address, starts, ends, cltt, state, hardware, uid, hostname in _json_rows(blocks)
    ).encode()


_Row = tuple[str, str, str, str, str, str, str, str]


def _json_rows(blocks: bytes) -> Iterable[_Row]:
    """Return the fields of each block, in JSON but for the address and the state."""
    plain = _PLAIN_BLOCKS.findall(blocks.decode("latin-1"))
    if not plain or not plain[-1][0]:
        return map(_json_row, parse(blocks).leases.values())
    address, starts, ends, cltt, state, hardware, strings, pairs, hostname = zip(
        *plain, strict=True
    )
    # All strings at once; an escape that dhcpd does not write, and that is no octet, parts them.
    octets = "\\u0100".join(strings).encode("latin-1").decode("unicode_escape").split("\u0100")
    uid = (
        f'"{text.encode("latin-1").hex(":") or hexadecimal}"' if text or hexadecimal else "null"
        for text, hexadecimal in zip(octets, pairs, strict=True)
    )
    return zip(
        address,
        *(map(_json_time, times) for times in (starts, ends, cltt)),
        state,
        (f'"{text}"' if text else "null" for text in hardware),
        uid,
        # Quoted already, and without a character that JSON would escape.
        (text or "null" for text in hostname),
        strict=True,
    )


def _json_row(lease: Lease) -> _Row:
    return (
        lease.address,
        _json_seconds(lease.starts),
        _json_seconds(lease.ends),
        _json_seconds(lease.cltt),
        lease.state,
        _json(lease.hardware),
        _json(lease.uid),
        _json(lease.hostname),
    )


def _json(text: str | None) -> str:
    return "null" if text is None else encode_basestring_ascii(text)


def _json_seconds(time: int | None) -> str:
    return "null" if time is None else '"never"' if time == NEVER else str(time)


@lru_cache(maxsize=1 << 16)
def _json_time(text: str) -> str:
    return _json_seconds(_time(text) if text else None)
