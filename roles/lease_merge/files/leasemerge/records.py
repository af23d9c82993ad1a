"""A line of a zone file -> a Record, with its data as DNS carries them.

Sources: RFC 1035 section 5.1 (the line, its quotes and escapes), 3.3 (CNAME, MX, NS, PTR, TXT), 3.4
(A); RFC 3596 (AAAA), RFC 2782 (SRV), RFC 8659 section 4 (CAA), RFC 3597 section 5 (any type).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, CAA = 1, 2, 5, 6, 12, 15, 16, 28, 33, 257
TYPES = {
    "A": A, "AAAA": AAAA, "CNAME": CNAME, "MX": MX, "TXT": TXT, "SRV": SRV, "NS": NS, "PTR": PTR,
    "CAA": CAA,
}  # fmt: skip

# RFC 1035 section 2.3.4. In the text of an absolute name: 255 less the root's octet and the first
# length octet.
_LABEL_MAX, _NAME_MAX = 63, 253
_TTL_MAX = 2**31 - 1  # RFC 2181 section 8
# What tinydns can hold of one record, with room for the header and a question of any length.
_DATA_MAX = 512

# Letters, digits and hyphens; the underscore of RFC 8552, the slash of RFC 2317.
_LABEL = re.compile(r"[a-z0-9_/-]+")
_TOKEN = re.compile(r'\s*(?:;.*|("(?:[^"\\]|\\.)*"|(?:[^\s;"\\]|\\.)+))(?=[\s;]|$)|\s+$')
_ESCAPE = re.compile(r"\\([0-9]{3}|.)", re.DOTALL)
# BIND's way to write a TTL.
_TIME = re.compile(r"(?:[0-9]+[SMHDW])+")
_RAW_TYPE = re.compile(r"TYPE([0-9]{1,5})")


class RecordError(ValueError):
    """A line is no record: `problem` is why, `remedy` what to write."""

    def __init__(self, problem: str, remedy: str) -> None:
        """Keep both parts of the sentence, in which no character of a line breaks the line."""
        self.problem = "".join(char if char.isprintable() else "?" for char in problem)
        super().__init__(f"{self.problem}; {remedy}")
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Record:
    """One record. Names are absolute, in lower case, without the final dot."""

    name: str
    type: int
    data: bytes
    """As RFC 1035 section 3.2.1 has it (RDATA), with no name compressed."""
    ttl: int | None = None
    """Seconds; None for the site's own."""
    target: str | None = None
    """The name that a CNAME, MX, NS, PTR or SRV points to; empty for the root, which is nobody."""

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

    Names without a final dot are relative to `origin`, which `@` stands for itself. Raises
    RecordError: for what is no such line.
    """
    if isinstance(line, Mapping):
        text = ", ".join(f"{name} {data}" for name, data in line.items())
        raise RecordError("it is a mapping", f"write it as one text, without a colon: '{text}'")
    if not isinstance(line, str):
        raise RecordError("it is not text", "put it in quotes")
    return _parse(line, origin)


# The check reads each line and the site does again, and a site that is written again has most lines
# still; ten thousand take a quarter of a second.
@lru_cache(maxsize=2**16)
def _parse(line: str, origin: str) -> Record:
    words = list(_words(line))
    if len(words) < 2:
        raise RecordError("it has no name, no type or no data", "write NAME TYPE DATA")
    name = _owner(words.pop(0), origin)
    ttl = None
    while words and (_is_number(words[0]) or words[0].upper() == "IN"):
        word = words.pop(0)
        if _is_number(word):
            if ttl is not None or int(word) > _TTL_MAX:
                raise RecordError(
                    f"the TTL {word} is none", f"write one number of seconds up to {_TTL_MAX}"
                )
            ttl = int(word)
    word = words.pop(0).upper() if words else ""
    raw = _RAW_TYPE.fullmatch(word)
    if raw is not None:
        return Record(name, *_read_raw(int(raw[1]), words), ttl)
    if _TIME.fullmatch(word):
        raise RecordError(f"the TTL {word.lower()} has a unit", "write a number of seconds")
    if word not in TYPES:
        raise RecordError(
            f"the type {word[:80]} is unknown" if word else "it has no type",
            f"use {', '.join(TYPES)}, or TYPE and a number (RFC 3597)",
        )
    kind = TYPES[word]
    data, target = _READERS[kind](words, origin)
    if len(data) > _DATA_MAX:
        raise RecordError(
            f"its data have {len(data)} octets",
            f"shorten them: tinydns has no answer of more than {_DATA_MAX}",
        )
    return Record(name, kind, data, ttl, target)


def number_of(type_name: str) -> int:
    """Return the number of a type that a zone file names."""
    return TYPES[type_name] if type_name in TYPES else int(type_name.removeprefix("TYPE"))


def data_text(kind: int, data: bytes) -> str:
    r"""Return the data of a type as a zone file writes them; of one not named here as `\# …`."""
    if kind == A:
        return ".".join(map(str, data))
    if kind == AAAA and len(data) == 16:
        return str(IPv6Address(data))
    if kind in (CNAME, NS, PTR):
        return _name_text(data)
    if kind == MX:
        return f"{int.from_bytes(data[:2])} {_name_text(data[2:])}"
    if kind == SRV:
        numbers = (int.from_bytes(data[start : start + 2]) for start in (0, 2, 4))
        return " ".join([*map(str, numbers), _name_text(data[6:])])
    if kind == TXT:
        texts = []
        while data:
            texts.append(_quoted(data[1 : 1 + data[0]]))
            data = data[1 + data[0] :]
        return " ".join(texts)
    if kind == CAA and len(data) > 1:
        tag, value = data[2 : 2 + data[1]], data[2 + data[1] :]
        return f"{data[0]} {tag.decode('ascii', 'replace')} {_quoted(value)}"
    return f"\\# {len(data)} {data.hex()}".rstrip()


def _name_text(data: bytes) -> str:
    labels = []
    while data and data[0]:
        labels.append(data[1 : 1 + data[0]].decode("ascii", "replace"))
        data = data[1 + data[0] :]
    return ".".join(labels) + "."


def _quoted(octets: bytes) -> str:
    return '"' + "".join(_character(octet) for octet in octets) + '"'


def _character(octet: int) -> str:
    if octet in b'"\\':
        return f"\\{chr(octet)}"
    return chr(octet) if 32 <= octet < 127 else f"\\{octet:03d}"


def wire_name(name: str) -> bytes:
    """Return an absolute name, without its final dot, as DNS carries it."""
    labels = [label.encode("ascii") for label in name.split(".")] if name else []
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise ValueError("the scope of an address is no part of it in DNS")
    return IPv6Address(text)


def reverse_name(address: str) -> str:
    """Return the name of an address' PTR (RFC 1035 section 3.5, RFC 3596 section 2.5)."""
    if ":" in address:
        return IPv6Address(address).reverse_pointer
    return ".".join((*reversed(address.split(".")), "in-addr.arpa"))


def answer_size(name: str, records: Sequence[Record]) -> int:
    """Return the octets of tinydns' answer to a query for a name that has these records.

    Up to the end of the answer section: what follows, tinydns leaves out where it does not fit. It
    compresses the names of RFC 1035's types as its response.c does.
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
    """Yield the words of a line, quotes and escapes still in them."""
    position = 0
    while position < len(line):
        match = _TOKEN.match(line, position)
        if match is None or match.end() == position:
            raise RecordError(
                f"what follows {line[:position].strip()!r} is no word or quoted text"
                if line[:position].strip()
                else "it does not begin with a name",
                'write a quotation mark at both ends of a text, and \\" or \\\\ inside',
            )
        if match[1] is not None:
            if match[1] in ("(", ")"):
                raise RecordError("it has a parenthesis", "write the record on one line without")
            yield match[1]
        position = match.end()


def _text(word: str) -> bytes:
    """Return the octets of a word or quoted text (character-string in RFC 1035 section 5.1)."""
    quoted = word.startswith('"')
    text = word[1:-1] if quoted else word
    octets = bytearray()
    position = 0
    for match in _ESCAPE.finditer(text):
        octets += text[position : match.start()].encode()
        if match[1].isdigit():
            if len(match[1]) < 3 or int(match[1]) > 255:
                raise RecordError(
                    f"the escape {match[0]} is no octet", "write three digits, \\000 to \\255"
                )
            octets.append(int(match[1]))
        else:
            octets += match[1].encode()
        position = match.end()
    octets += text[position:].encode()
    return bytes(octets)


def _owner(word: str, origin: str) -> str:
    if word == "*" or word.startswith("*."):
        rest = _name(word[2:] or "@", origin)
        return _checked(f"*.{rest}", word)
    return _name(word, origin)


def _name(word: str, origin: str) -> str:
    """Return the absolute name of a word, without its final dot; the root is empty."""
    if word == "@":
        return origin
    if word == ".":
        return ""
    name = word[:-1] if word.endswith(".") else f"{word}.{origin}"
    return _checked(name.lower() if name.isascii() else name, word)


def _checked(name: str, word: str) -> str:
    for label in name.removeprefix("*.").split("."):
        if len(label) > _LABEL_MAX:
            raise RecordError(
                f"a label of the name {word[:80]} has {len(label)} characters",
                f"shorten it to {_LABEL_MAX} at most",
            )
        if not _LABEL.fullmatch(label):
            raise RecordError(
                f"{word[:80]} is not a domain name",
                "write labels of letters, digits, hyphens and underscores with a dot between them",
            )
    if len(name) > _NAME_MAX:
        raise RecordError(
            f"the name {word[:80]} has {len(name)} characters with its domain",
            f"shorten it to {_NAME_MAX} at most",
        )
    return name


# The data of each type: words -> RDATA and the target, if the type has one.

_Read = tuple[bytes, "str | None"]


def _count(words: Sequence[str], number: int, form: str) -> None:
    if len(words) != number:
        raise RecordError(f"its data are {' '.join(words)[:80] or 'missing'}", f"write {form}")


def _is_number(word: str) -> bool:
    # The length bounds what int() must do; none of the numbers here is longer.
    return word.isascii() and word.isdigit() and len(word) <= 10


def _number(word: str, most: int, what: str) -> int:
    if not _is_number(word) or int(word) > most:
        raise RecordError(f"the {what} is {word[:80]}", f"write a number from 0 to {most}")
    return int(word)


def _read_address(words: Sequence[str], _: str) -> _Read:
    _count(words, 1, "one IPv4 address")
    try:
        return IPv4Address(words[0]).packed, None
    except ValueError as error:
        raise RecordError(
            f"{words[0][:80]} is not an IPv4 address", "write four numbers from 0 to 255"
        ) from error


def _read_ipv6(words: Sequence[str], _: str) -> _Read:
    _count(words, 1, "one IPv6 address")
    try:
        return _ipv6(words[0]).packed, None
    except ValueError as error:
        raise RecordError(
            f"{words[0][:80]} is not an IPv6 address", "write it as 2001:db8::1"
        ) from error


def _target(word: str, origin: str) -> str:
    try:
        IPv4Address(word)
    except ValueError:
        return _name(word, origin)
    raise RecordError(f"its target {word} is an address", "write the name of the host")


def _read_target(words: Sequence[str], origin: str) -> _Read:
    _count(words, 1, "the one name that it points to")
    target = _target(words[0], origin)
    if not target:
        raise RecordError("it points to the root", "write the name of a host")
    return wire_name(target), target


def _read_mx(words: Sequence[str], origin: str) -> _Read:
    _count(words, 2, "a preference and the name of the mail server")
    target = _target(words[1], origin)
    return _number(words[0], 65535, "preference").to_bytes(2) + wire_name(target), target


def _read_srv(words: Sequence[str], origin: str) -> _Read:
    _count(words, 4, "priority, weight, port and the name of the server")
    numbers = b"".join(
        _number(word, 65535, what).to_bytes(2)
        for word, what in zip(words[:3], ("priority", "weight", "port"), strict=True)
    )
    target = _target(words[3], origin)
    return numbers + wire_name(target), target


def _read_txt(words: Sequence[str], _: str) -> _Read:
    if not words:
        raise RecordError("it has no text", 'write one in quotes, "" for an empty one')
    strings = []
    for word in words:
        octets = _text(word)
        strings += [octets[start : start + 255] for start in range(0, max(1, len(octets)), 255)]
    return b"".join(bytes([len(string)]) + string for string in strings), None


def _read_caa(words: Sequence[str], _: str) -> _Read:
    _count(words, 3, 'flags, a tag and a text, such as 0 issue "ca.example.com"')
    tag = words[1].lower()
    if not (tag.isascii() and tag.isalnum() and len(tag) <= 255):
        raise RecordError(f"the tag {words[1][:80]} is none", "write issue, issuewild or iodef")
    head = bytes([_number(words[0], 255, "number of the flags"), len(tag)])
    return head + tag.encode() + _text(words[2]), None


def _read_raw(kind: int, words: Sequence[str]) -> tuple[int, bytes]:
    r"""Read `\# LENGTH HEX…` (RFC 3597 section 5)."""
    named = next((name for name, number in TYPES.items() if number == kind), None)
    # RFC 6895 section 3.1: what is no data; and the SOA, which each zone has already.
    if named is not None or kind in (0, SOA, 41) or 128 <= kind <= 255 or kind >= 65535:
        raise RecordError(
            f"TYPE{kind} cannot be written in this way",
            f"write {named}" if named else "leave it out",
        )
    octets = "".join(words[2:])
    if len(words) < 2 or words[0] != "\\#" or not _is_number(words[1]):
        raise RecordError(
            f"its data are {' '.join(words)[:80] or 'missing'}",
            "write \\#, the number of octets and two hexadecimal digits for each",
        )
    try:
        data = bytes.fromhex(octets)
    except ValueError as error:
        raise RecordError(
            f"{octets[:80]} is not hexadecimal", "write two digits for each octet"
        ) from error
    if len(data) != int(words[1]):
        raise RecordError(f"its data have {len(data)} octets, not {words[1]}", "correct either")
    if len(data) > _DATA_MAX:
        raise RecordError(
            f"its data have {len(data)} octets",
            f"shorten them: tinydns has no answer of more than {_DATA_MAX}",
        )
    return kind, data


_READERS: dict[int, Callable[[Sequence[str], str], _Read]] = {
    A: _read_address,
    AAAA: _read_ipv6,
    CNAME: _read_target,
    NS: _read_target,
    PTR: _read_target,
    MX: _read_mx,
    SRV: _read_srv,
    TXT: _read_txt,
    CAA: _read_caa,
}
