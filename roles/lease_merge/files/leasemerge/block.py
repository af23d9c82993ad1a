"""The grammar of dhcpd.leases, and of a block: its text in, the fields of a Lease out.

It is what dhcpd 4.x writes and reads: dhcpd.leases(5); `write_lease` in server/db.c;
`parse_lease_declaration` in server/confpars.c; the tokens in common/conflex.c. Text is Latin-1:
each character is a byte of the file.

Two expressions hold the statements of a block in dhcpd's own layout, so a match proves such a
block: BLOCKS finds the blocks of a log (log.py), _BODY reads their fields. Any other block is read
token by token, with the same result: an unreadable statement costs only itself. A block is
*damaged* when no statement has its state and one of them cannot be read: it could be anything.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from .lease import NEVER, STATES

MAX_BLOCK = 64 * 1024
"""The most characters in a block. dhcpd's own have a few hundred, a few thousand with many options;
anything longer is not a block, and must not fill the memory while its end is awaited."""

Fields = tuple[str, str, int | None, int | None, int | None, str | None, str | None, str | None]
"""The fields of a Lease, in their order."""

# dhcpd never writes a line break in a string, so a quote that its line does not close is damage,
# and the damage ends with the line.
STRING = r'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"'

_NUMBER = r"(?:1[0-9]{0,2}+|2(?:[0-4][0-9]?+|5[0-5]?+|[6-9]|)|[3-9][0-9]?+|0)"
_NETWORK = r"\.".join([_NUMBER] * 3)
_MAC = ":".join(["[0-9a-f][0-9a-f]"] * 6)
_TIME = r"[0-9A-Za-z\ /:-]++"
# `db-time-format local` adds a comment to a time.
_END = r";(?:\n|\ \#[^\n]*+\n)"
_ANY = rf'(?:[^"\\;\#{{}}\n]++|{STRING})*+{_END}'
_PRINTABLE = r'"[\ !\#-\[\]-~]*+"'

# The statements in the order in which `write_lease` in server/db.c writes them, one per line. An
# empty alternative costs less than an optional group. No group is inside a possessive repetition,
# which Python 3.11.2 (Debian 12) does not always survive (CPython issue 101955).
_STATEMENTS = rf"""
    (?:\ \ starts\ (?P<starts>{_TIME}){_END}|)
    (?:\ \ ends\ (?P<ends>{_TIME}){_END}|)
    (?:\ \ (?:tstp|tsfp|atsfp)\ {_TIME}{_END})*+
    (?:\ \ cltt\ (?P<cltt>{_TIME}){_END}|)
    \ \ binding\ state\ (?P<state>{"|".join(STATES)});\n
    (?:\ \ (?:next|rewind)\ binding\ state\ [a-z]++;\n)*+
    (?:\ \ (?:reserved;\n|dynamic-bootp;\n|billing\ {_ANY}))*+
    (?:\ \ hardware\ ethernet\ (?P<hardware>{_MAC});\n|)
    (?:\ \ uid\ (?:"(?P<string>(?:\\[0-3][0-7][0-7]|[^"\\\n]|\\["\\])*+)"
              |(?P<pairs>[0-9a-f]{{2}}(?::[0-9a-f]{{2}})*+));\n|)
    (?:\ \ (?:set\ (?!fqdn-hostname)|option\ ){_ANY})*+
    (?:\ \ set\ fqdn-hostname\ =\ (?P<fqdn>{_PRINTABLE});\n|)
    (?:\ \ (?:set\ (?!fqdn-hostname)|option\ ){_ANY})*+
    (?:\ \ client-hostname\ (?P<hostname>{_PRINTABLE});\n|)
"""
_BODY = re.compile(_STATEMENTS, re.VERBOSE | re.ASCII)

_WITHOUT_GROUPS = re.sub("[?]P<[a-z]+>", "?:", _STATEMENTS)
BLOCKS = re.compile(
    rf"lease\ ({_NETWORK})\.({_NUMBER})\ \{{\n({_WITHOUT_GROUPS})\}}\n|(?s:.)++",
    re.VERBOSE | re.ASCII,
)
"""A block: the first three octets of its address, the last one, and its body. Where there is no
block in dhcpd's own layout, the rest of the text, and all three are empty."""

_OCTET = r"0{0,2}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_OPENING = rf"(?i:lease)\s{{1,64}}+(?P<address>{_OCTET}(?:\.{_OCTET}){{3}})\s{{0,64}}+\{{"
# Only up to the name: a string is an event of its own, and a chunk may end inside it.
_PEER = r'(?P<peer>(?i:failover\s{1,64}+peer)\s{0,64}+(?="))'
PEER_STATE = re.compile(
    r'failover\s++peer\s*+"([^"]*+)"\s*+state\s*+\{([^}]*+)\}', re.IGNORECASE | re.ASCII
)
EVENT = re.compile(
    rf'{STRING}|(?P<comment>#[^\n]*+)|(?P<mark>[{{}};])|(?P<broken>"[^\n]*+)|{_OPENING}|{_PEER}',
    re.ASCII,
)
# A header is shorter: anything nearer to the end of the text may be the beginning of one.
MAX_HEADER = 1024
# How a broken line ends when a block was torn and the next one begins on the same line. A client's
# hostname cannot look like this: a string has no line break.
GLUED = re.compile(_OPENING + r"[ \t\r]*+\Z", re.ASCII)
SIDE = re.compile(r"\b(my|partner)\s+state\s+([a-z-]+)", re.IGNORECASE | re.ASCII)
WORD = re.compile(r"[\w-]++", re.ASCII)
BLANK = re.compile(r"(?:\s|\xef\xbb\xbf)*+", re.ASCII)  # a byte order mark is one too
# The statements that `lease_file_subparse` knows, without `lease`.
OTHER = re.compile(
    "ia-na|ia-ta|ia-pd|class|subclass|host|group|failover|server-duid|authoring-byte-order",
    re.IGNORECASE,
)

# Python's own codec reads the escapes that _BODY allows in a string the way dhcpd does.
_UNESCAPE = codecs.getdecoder("unicode_escape")
_TOKEN = re.compile(
    rf'(?P<mark>[{{}};])|(?P<word>[^\s"#{{}};]++|{STRING})|#[^\n]*+|(?P<broken>"[^\n]*+)', re.ASCII
)
# What `parse_lease_declaration` knows, to distinguish an old dhcpd's block from a damaged one.
_KEYWORD = re.compile(
    "starts|ends|timestamp|tstp|tsfp|atsfp|cltt|uid|class|hardware|reserved|dynamic-bootp|"
    "abandoned|next|rewind|binding|client-hostname|billing|on|option|supersede|set|"
    "ddns-fwd-name|ddns-rev-name"
)
_HARDWARE_TYPES = re.compile(r"ethernet|token-ring|fddi|infiniband|unknown-[0-9]+")
_HARDWARE_LENGTH = 20  # HARDWARE_ADDR_LEN in includes/dhcpd.h
_ONE_STRING = re.compile(STRING)
_DOT = re.compile(r" ?\. ?")
_ESCAPE = re.compile(r"\\(?:([0-3][0-7]{2})|x([0-9A-Fa-f]{2})|([^\n]))")
_LETTERS = {"t": "\t", "r": "\r", "n": "\n", "b": "\b"}
_HEX_NUMBERS = re.compile(r"[0-9A-Fa-f]++(?::[0-9A-Fa-f]++)*+")
_DATE = re.compile(
    r" *-?\d+ +(\d{4,9}) */ *(\d{1,9}) */ *(\d{1,9}) +(\d{1,9}) *: *(\d{1,9}) *: *(\d{1,9})"
    r"(?: +(?:(-?\d{1,9})|utc))? *",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = re.compile(r" *(?:epoch +(\d{1,19})|never) *", re.ASCII | re.IGNORECASE)
_FIRST_DAY = datetime(1970, 1, 1).toordinal()
_MAX_TIME = 2**31 - 1  # MAX_TIME in includes/dhcpd.h


def read_block(address: str, body: str) -> Fields | None:
    """Return the fields of a block; None if it is damaged.

    The body is the text between its braces, without the first line break.
    """
    block = _BODY.fullmatch(body)
    if block is None:
        return read_tokens(address, body)
    starts, ends, cltt, state, hardware, string, pairs, fqdn, hostname = block.groups()
    name = hostname or fqdn
    return (
        address,
        state,
        _time(starts) if starts else None,
        _time(ends) if ends else None,
        _time(cltt) if cltt else None,
        hardware,
        _UNESCAPE(string.encode("latin-1"))[0].encode("latin-1").hex(":") if string else pairs,
        name[1:-1] if name else None,
    )


def read_tokens(address: str, body: str) -> Fields | None:
    """Return the same as `read_block`, by the tokens of the block: the slow path."""
    state: str | None = None
    times: dict[str, int | None] = {}
    hardware = uid = hostname = fqdn = None
    unreadable = False
    for keyword, values in _statements(body):
        value = " ".join(values)
        if keyword in ("starts", "ends", "cltt"):
            times[keyword] = _time(value)
        elif keyword == "binding":
            # Like dhcpd: what follows the state is an error, but the state counts.
            word = values[1].lower() if len(values) > 1 else ""
            # States that dhcpd still reads: in older versions, flags of an active lease.
            word = "active" if word in ("reserved", "bootp") else word
            if word in STATES and values[0].lower() == "state":
                state = word
            else:
                unreadable = True
        elif keyword == "abandoned":
            state = "abandoned"
        elif keyword == "hardware":
            known = values and _HARDWARE_TYPES.fullmatch(values[0].lower())
            hardware = _pairs("".join(values[1:]), _HARDWARE_LENGTH) if known else None
        elif keyword == "uid":
            uid = _uid(value) if value.startswith('"') else _pairs("".join(values))
        elif keyword == "client-hostname":
            hostname = _hostname(value)
        elif keyword == "set":
            variable, _, string = "".join(values).partition("=")
            if variable == "fqdn-hostname":
                fqdn = _string(string)
        elif not _KEYWORD.fullmatch(keyword):
            unreadable = True
        if keyword not in ("next", "rewind") and "binding" in map(str.lower, values):
            unreadable = True  # A semicolon is missing, so this has swallowed the state.
    if state is None and unreadable:
        return None
    starts, ends, cltt = (times.get(keyword) for keyword in ("starts", "ends", "cltt"))
    # Option 81's name (docs/dhcpd-notes.md), which dhcpd.conf sets if there is no option 12.
    hostname = fqdn if hostname is None else hostname
    return address, state or "active", starts, ends, cltt, hardware, uid, hostname


def _statements(body: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each statement of a block as its keyword, in lower case, and its other words.

    For a statement with braces, only the words before the brace count. The end of the block also
    ends a statement.
    """
    words: list[str] = []
    depth = 0
    for token in _TOKEN.finditer(body + "\n;"):
        if token["word"]:
            if depth == 0:
                words.append(token["word"])
            continue
        mark = token["mark"]
        if mark is None and token["broken"] is None:
            continue
        if mark == "{":
            depth += 1
        elif mark == "}":
            depth -= 1
        if depth == 0 or (depth == 1 and mark == "{"):
            if mark is None:
                yield "", words
            elif words:
                yield words[0].lower(), words[1:]
            words = []


@lru_cache(maxsize=1 << 16)
def _time(text: str) -> int | None:
    """Return the Unix seconds of a dhcpd.leases(5) date; None if it has none (dhcpd: no time).

    As in `parse_date_core` in common/parse.c: the day of the week is ignored, a number after the
    time is added as seconds, a number may be greater than the calendar allows, and 2038 or later
    is never, since its times have 31 bits. Every date here is in UTC, so the `UTC` at the end of
    OpenBSD's dates changes nothing.
    """
    if date := _DATE.fullmatch(text):
        year, month, day, hour, minute, second, zone = map(int, date.groups("0"))
        if year >= 2038:
            return NEVER
        if not 1 <= month <= 12 or year < 1970:
            return None
        days = datetime(year, month, 1).toordinal() - _FIRST_DAY + day - 1
        seconds = max(0, ((days * 24 + hour) * 60 + minute) * 60 + second + zone)
    elif epoch := _EPOCH.fullmatch(text):
        seconds = int(epoch[1] or _MAX_TIME)
    else:
        return None
    return seconds if seconds < _MAX_TIME else NEVER


def _pairs(text: str, most: int = MAX_BLOCK) -> str | None:
    """Return hexadecimal numbers with colons as hex pairs; None for anything else."""
    if not _HEX_NUMBERS.fullmatch(text):
        return None
    # dhcpd keeps the low eight bits of a greater number.
    pairs = [number.zfill(2)[-2:] for number in text.lower().split(":")]
    return ":".join(pairs) if len(pairs) <= most else None


def _uid(string: str) -> str | None:
    """Return a client identifier as hex pairs; None if it is empty or not one string."""
    return _octets(string[1:-1]).hex(":") or None if _ONE_STRING.fullmatch(string) else None


def _octets(inside: str) -> bytes:
    """Return the octets that `read_string` in common/conflex.c reads from inside a string."""
    return _ESCAPE.sub(_unescape, inside).encode("latin-1")


def _unescape(escape: re.Match[str]) -> str:
    octal, hexadecimal, letter = escape.groups()
    if letter is not None:
        return _LETTERS.get(letter, letter)
    return chr(int(octal, 8) if octal else int(hexadecimal, 16))


def _string(value: str) -> str | None:
    """Return the text of a string; None for anything else."""
    return _text(_octets(value[1:-1])) if _ONE_STRING.fullmatch(value) else None


def _hostname(value: str) -> str | None:
    """Return the hostname in a string or in bare words joined by dots; None for anything else."""
    if value.startswith('"'):
        return _string(value)
    word = _DOT.sub(".", value)
    return _text(word.encode("latin-1")) if word and " " not in word else None


def _text(octets: bytes) -> str:
    # For dhcpd, a name ends at a NUL.
    return octets.partition(b"\0")[0].decode("utf-8", "surrogateescape")
