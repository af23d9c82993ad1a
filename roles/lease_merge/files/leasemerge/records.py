"""A line of a zone file (RFC 1035 section 5.1) -> a Record, with its data as DNS carries them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from .faults import printable
from .record_data import (
    CAA,
    CNAME,
    MX,
    NS,
    PTR,
    TXT,
    TYPES,
    RecordError,
    check_quotes,
    checked_name,
    data_text,
    is_number,
    read,
    read_name,
    read_raw,
)

_TTL_MAX = 2**31 - 1  # RFC 2181 section 8
_TOKEN = re.compile(r'\s*(?:;.*|("(?:[^"\\]|\\.)*"|(?:[^\s;"\\]|\\.)+))(?=[\s;]|$)|\s+$')
# BIND's notation of a TTL.
_TIME = re.compile(r"(?:[0-9]+[SMHDW])+")
# What is meant as the address of a PTR.
_REVERSED = re.compile(r"[0-9.]*[0-9]")
_RAW_TYPE = re.compile(r"TYPE([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Record:
    """One record. Names are absolute, in lower case, without the final dot."""

    name: str
    type: int
    data: bytes
    """As in RFC 1035 section 3.2.1 (RDATA), with no name compressed."""
    ttl: int | None = None
    """Seconds; None for the site's own."""
    target: str | None = None
    """The name that a CNAME, MX, NS, PTR or SRV points to; empty for the root, which is nobody."""
    relative: tuple[str | None, str | None] = field(default=(None, None), compare=False)
    """The name and the target as they are written, in lower case; None if absolute."""

    @property
    def type_name(self) -> str:
        """The type as a zone file writes it."""
        return next((name for name, kind in TYPES.items() if kind == self.type), f"TYPE{self.type}")

    def __str__(self) -> str:
        """Return the line of a zone file, without the final dot of the name."""
        ttl = "" if self.ttl is None else f"{self.ttl} "
        return f"{self.name} {ttl}{self.type_name} {data_text(self.type, self.data)}"


def parse(line: object, origin: str) -> Record:
    """Return the record of a line: name, perhaps a TTL and `IN`, type, data.

    Names without a final dot are relative to `origin`, and `@` is `origin` itself. Raises
    RecordError: when it is not such a line.
    """
    if isinstance(line, Mapping):
        raise RecordError("it is a mapping", _instead_of(line))
    if isinstance(line, (list, tuple)):
        text = printable(" ".join(map(str, line)))
        raise RecordError("it is a list", f"write it as one text: '{text}'")
    if not isinstance(line, str):
        raise RecordError("it is not text", "put it in quotes")
    return _parse(line, origin)


def _instead_of(line: Mapping[object, object]) -> str:
    """Return what to write instead of a mapping.

    A colon and a blank make one of a line without quotes, also inside the text of a TXT.
    """
    (name, data), *more = line.items() or [("", None)]
    if more or not isinstance(data, str):
        return "write it as one text, a line of a zone file such as 'mail A 192.0.2.25'"
    if '"' in str(name):
        text = printable(f"{name}: {data}").replace("'", "''")
        return f"put the whole line in single quotes: '{text}'"
    return f"write it as one text, without a colon: '{printable(f'{name} {data}')}'"


# The check reads each line and the site does so again, and a rewritten site still has most of the
# lines; ten thousand take a quarter of a second.
@lru_cache(maxsize=2**16)
def _parse(line: str, origin: str) -> Record:
    words = list(_words(line))
    comment = words.pop() if words and words[-1].startswith(";") else ""
    if len(words) < 2:
        raise RecordError("it has no name, no type or no data", "write NAME TYPE DATA")
    owner = words.pop(0)
    name = _owner(owner, origin)
    ttl = None
    while words and (is_number(words[0]) or words[0].upper() == "IN"):
        word = words.pop(0)
        if is_number(word):
            if ttl is not None or int(word) > _TTL_MAX:
                raise RecordError(
                    f"the TTL {word} is not valid", f"write one number of seconds up to {_TTL_MAX}"
                )
            ttl = int(word)
    word = words.pop(0).upper() if words else ""
    raw = _RAW_TYPE.fullmatch(word)
    if raw is not None:
        return Record(name, *read_raw(int(raw[1]), words), ttl)
    if _TIME.fullmatch(word):
        raise RecordError(f"the TTL {word.lower()} has a unit", "write a number of seconds")
    if word not in TYPES:
        raise RecordError(
            f"the type {word[:80]} is unknown" if word else "it has no type",
            f"use {', '.join(TYPES)}, or TYPE and a number (RFC 3597)",
        )
    kind = TYPES[word]
    if kind in (TXT, CAA):
        check_quotes(words if kind == TXT else words[2:], comment)
    if kind == PTR and _REVERSED.fullmatch(owner):
        raise RecordError(
            f"its name {owner[:80]} is not the whole name of an address",
            "write the numbers backwards, as in 9.1.1.10.in-addr.arpa, and a dot at the end",
        )
    data, target = read(kind, words, origin)
    relative = (_relative(owner), None if target is None else _relative(words[-1]))
    return Record(name, kind, data, ttl, target, relative)


def answer_size(name: str, records: Sequence[Record]) -> int:
    """Return the size in octets of tinydns' answer to a query for a name with these records.

    Up to the end of the answer section: tinydns omits what follows if it does not fit. The names of
    RFC 1035's types are compressed as its response.c does it.
    """
    known: set[str] = set()
    size = 12 + _compressed(name, known) + 4
    for record in records:
        size += _compressed(name, known) + 10
        if record.type in (CNAME, NS, PTR, MX) and record.target is not None:
            size += (2 if record.type == MX else 0) + _compressed(record.target, known)
        else:
            size += len(record.data)
    return size


def _compressed(name: str, known: set[str]) -> int:
    size = 0
    while name:
        if name in known:
            return size + 2
        known.add(name)
        label, _, name = name.partition(".")
        size += 1 + len(label)
    return size + 1


def _words(line: str) -> Iterator[str]:
    """Yield the words of a line, with quotes and escapes still in them, and its comment."""
    position = 0
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None or match.end() == position:
            raise RecordError(
                f"what follows {line[:position].strip()!r} is neither a word nor quoted text"
                if line[:position].strip()
                else "it does not begin with a name",
                'write a quotation mark at both ends of a text, and \\" or \\\\ inside',
            )
        word = match[1] or match[0].strip()
        if word in ("(", ")"):
            raise RecordError("it has a parenthesis", "write the record on one line without")
        if word:
            yield word
        position = match.end()


def _owner(word: str, origin: str) -> str:
    if word == "*" or word.startswith("*."):
        rest = read_name(word[2:] or "@", origin)
        return checked_name(f"*.{rest}", word)
    return read_name(word, origin)


def _relative(word: str) -> str | None:
    return None if word.endswith(".") or word == "@" else word.lower()
