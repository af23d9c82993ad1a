"""The data of each type of record: words of a zone file <-> the octets that DNS carries (RDATA).

Sources: RFC 1035 section 3.3 (CNAME, MX, NS, PTR, TXT), 3.4 (A), 5.1 (names, quotes and escapes);
RFC 3596 (AAAA), RFC 2782 (SRV), RFC 8659 section 4 (CAA), RFC 3597 section 5 (any type).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, CAA = 1, 2, 5, 6, 12, 15, 16, 28, 33, 257
TYPES = {
    "A": A, "AAAA": AAAA, "CNAME": CNAME, "MX": MX, "TXT": TXT, "SRV": SRV, "NS": NS, "PTR": PTR,
    "CAA": CAA,
}  # fmt: skip

# RFC 1035 section 2.3.4. In the text of an absolute name: 255 minus the root's octet and the first
# length octet.
_LABEL_MAX, _NAME_MAX = 63, 253
# What tinydns can hold for one record, with room for the header and a question of any length.
_DATA_MAX = 512

# Letters, digits and hyphens; the underscore of RFC 8552, the slash of RFC 2317.
_LABEL = re.compile(r"[a-z0-9_/-]+")
# At either end of a word: quotation marks that a zone file takes for a part of the text, which are
# the apostrophe and Unicode's U+2018 to U+201F, U+00AB and U+00BB.
_OTHER_QUOTES = re.compile("['\u2018-\u201f\xab\xbb]|.*['\u2018-\u201f\xab\xbb]$")
# RFC 8659 section 4.1: all other flags are reserved.
_CAA_FLAGS = ("0", "128")
# IANA's "Certification Authority Restriction Properties".
_CAA_TAGS = (
    *("issue", "issuewild", "iodef"),
    *("issuemail", "issuevmc", "contactemail", "contactphone"),
)
_ESCAPE = re.compile(r"\\([0-9]{3}|.)", re.DOTALL)


class RecordError(ValueError):
    """A line is not a record: `problem` is why, `remedy` what to write."""

    def __init__(self, problem: str, remedy: str) -> None:
        """Keep both parts of the sentence, without unprintable characters of the line."""
        self.problem = "".join(char if char.isprintable() else "?" for char in problem)
        super().__init__(f"{self.problem}; {remedy}")
        self.remedy = remedy


Read = tuple[bytes, "str | None"]
"""The octets, and the name that they point to, if the type has one."""


def read(kind: int, words: Sequence[str], origin: str) -> Read:
    """Return the data of a type named in TYPES, and the name that they point to.

    Raises RecordError: when the words are not such data.
    """
    data, target = _READERS[kind](words, origin)
    return _bounded(data), target


def check_quotes(words: Sequence[str], comment: str) -> None:
    """Check that a text is the one that was meant: without quotes it ends at a blank or a `;`.

    Raises RecordError: when it has other quotation marks, or it is not quoted and has several
    words or a comment after it.
    """
    bare = [word for word in words if not word.startswith('"')]
    if any(map(_OTHER_QUOTES.match, bare)):
        raise RecordError(
            "its text has quotation marks that a zone file does not know",
            'write a straight double quotation mark (") at both ends',
        )
    if len(bare) > 1 or (bare and comment):
        problem = (
            "and what follows the semicolon would be a comment"
            if comment
            else "and its words would be joined without a blank"
        )
        raise RecordError(
            f"its text is not in quotes, {problem}", 'write a quotation mark (") at both ends'
        )


def read_raw(kind: int, words: Sequence[str]) -> tuple[int, bytes]:
    r"""Return a type and its data, from `\# LENGTH HEX…` (RFC 3597 section 5).

    Raises RecordError: when the words are others, or no line may have the type.
    """
    named = next((name for name, number in TYPES.items() if number == kind), None)
    # RFC 6895 section 3.1: types that are not data; and the SOA, which each zone has already.
    if named is not None or kind in (0, SOA, 41) or 128 <= kind <= 255 or kind >= 65535:
        raise RecordError(
            f"TYPE{kind} cannot be written in this way",
            f"write {named}" if named else "leave it out",
        )
    octets = "".join(words[2:])
    if len(words) < 2 or words[0] != "\\#" or not is_number(words[1]):
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
    return kind, _bounded(data)


def data_text(kind: int, data: bytes) -> str:
    r"""Return the data of a type as a zone file writes them; as `\# …` if it is not named here."""
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


def read_name(word: str, origin: str) -> str:
    """Return the absolute name of a word, without its final dot; the root is empty.

    Raises RecordError: when it is not a name.
    """
    if word == "@":
        return origin
    if word == ".":
        return ""
    name = word[:-1] if word.endswith(".") else f"{word}.{origin}"
    return checked_name(name.lower() if name.isascii() else name, word)


def checked_name(name: str, word: str) -> str:
    """Return an absolute name; `word` is how the line spells it.

    Raises RecordError: when DNS or tinydns cannot hold it.
    """
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


def wire_name(name: str) -> bytes:
    """Return an absolute name, without its final dot, as DNS carries it.

    Raises ValueError: when a label is empty, too long or not ASCII.
    """
    labels = [label.encode("ascii") for label in name.split(".")] if name else []
    if any(not 0 < len(label) <= _LABEL_MAX for label in labels):
        raise ValueError(f"not a domain name: {name}")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def reverse_name(address: str) -> str:
    """Return the name of an address' PTR (RFC 1035 section 3.5, RFC 3596 section 2.5)."""
    if ":" in address:
        return IPv6Address(address).reverse_pointer
    return ".".join((*reversed(address.split(".")), "in-addr.arpa"))


def number_of(type_name: str) -> int:
    """Return the number of a type by its name in a zone file."""
    return TYPES[type_name] if type_name in TYPES else int(type_name.removeprefix("TYPE"))


def is_number(word: str) -> bool:
    """Return whether a word may be one of a record's numbers."""
    # The length bounds the work of int(); none of the numbers here is longer.
    return word.isascii() and word.isdigit() and len(word) <= 10


def _count(words: Sequence[str], number: int, form: str) -> None:
    if len(words) != number:
        raise RecordError(f"its data are {' '.join(words)[:80] or 'missing'}", f"write {form}")


def _number(word: str, most: int, what: str) -> int:
    if not is_number(word) or int(word) > most:
        raise RecordError(f"the {what} is {word[:80]}", f"write a number from 0 to {most}")
    return int(word)


def _bounded(data: bytes) -> bytes:
    if len(data) > _DATA_MAX:
        raise RecordError(
            f"its data have {len(data)} octets",
            f"shorten them: tinydns has no answer of more than {_DATA_MAX}",
        )
    return data


def _read_address(words: Sequence[str], _: str) -> Read:
    _count(words, 1, "one IPv4 address")
    try:
        return IPv4Address(words[0]).packed, None
    except ValueError as error:
        raise RecordError(
            f"{words[0][:80]} is not an IPv4 address", "write four numbers from 0 to 255"
        ) from error


def _read_ipv6(words: Sequence[str], _: str) -> Read:
    _count(words, 1, "one IPv6 address")
    try:
        return _ipv6(words[0]).packed, None
    except ValueError as error:
        raise RecordError(
            f"{words[0][:80]} is not an IPv6 address", "write it like 2001:db8::1"
        ) from error


def _ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise ValueError("the scope of an address is no part of it in DNS")
    return IPv6Address(text)


def _read_target(words: Sequence[str], origin: str) -> Read:
    _count(words, 1, "the one name that it points to")
    target = _target(words[0], origin)
    if not target:
        raise RecordError("it points to the root", "write the name of a host")
    return wire_name(target), target


def _target(word: str, origin: str) -> str:
    try:
        IPv4Address(word)
    except ValueError:
        return read_name(word, origin)
    raise RecordError(f"its target {word} is an address", "write the name of the host")


def _read_mx(words: Sequence[str], origin: str) -> Read:
    _count(words, 2, "a preference and the name of the mail server")
    target = _target(words[1], origin)
    return _number(words[0], 65535, "preference").to_bytes(2) + wire_name(target), target


def _read_srv(words: Sequence[str], origin: str) -> Read:
    _count(words, 4, "priority, weight, port and the name of the server")
    numbers = b"".join(
        _number(word, 65535, what).to_bytes(2)
        for word, what in zip(words[:3], ("priority", "weight", "port"), strict=True)
    )
    target = _target(words[3], origin)
    return numbers + wire_name(target), target


def _read_txt(words: Sequence[str], _: str) -> Read:
    if not words:
        raise RecordError("it has no text", 'write one in quotes, "" for an empty one')
    strings = []
    for word in words:
        octets = _text(word)
        strings += [octets[start : start + 255] for start in range(0, max(1, len(octets)), 255)]
    return b"".join(bytes([len(string)]) + string for string in strings), None


def _read_caa(words: Sequence[str], _: str) -> Read:
    _count(words, 3, 'flags, a tag and a text, such as 0 issue "ca.example.com"')
    tag = words[1].lower()
    if tag not in _CAA_TAGS:
        raise RecordError(
            f"the tag {words[1][:80]} is unknown",
            f"write {', '.join(_CAA_TAGS[:-1])} or {_CAA_TAGS[-1]}",
        )
    if words[0] not in _CAA_FLAGS:
        raise RecordError(f"the number of the flags is {words[0][:80]}", "write 0 or 128")
    head = bytes([int(words[0]), len(tag)])
    return head + tag.encode() + _text(words[2]), None


_READERS: dict[int, Callable[[Sequence[str], str], Read]] = {
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
                    f"the escape {match[0]} is not an octet", "write three digits, \\000 to \\255"
                )
            octets.append(int(match[1]))
        else:
            octets += match[1].encode()
        position = match.end()
    octets += text[position:].encode()
    return bytes(octets)


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
