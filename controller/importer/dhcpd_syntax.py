"""Parse dhcpd.conf into words, statements and blocks, with the line each begins on.

Source: dhcpd.conf(5), and dhcp-options(5), "RECORDS", for the braces of a definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .remarks import Remark, Section
from .source import SourceError
from .source_files import included_file, read_text_and_encoding

_TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\]|\\.)*"|[{};,()=]|[^\s{};,()="#]+', re.DOTALL)
_SPACE = re.compile(r"\s*")
_STRING_OR_LINE_END = re.compile(r'"(?:[^"\\]|\\.)*"|\n', re.DOTALL)
# Deeper than any real configuration; a file that includes itself ends here.
_MAX_INCLUDES = 40
# dhcpd's own parser recurses at each brace; ours must not run out of stack when it renders.
_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: its words (commas included), its text without `;` or `{`, and its block."""

    words: tuple[str, ...]
    text: str
    where: str
    block: tuple[Statement, ...] | None = None

    @property
    def keyword(self) -> str:
        """The first word, in lower case as dhcpd compares it."""
        return self.words[0].lower() if self.words else ""

    @property
    def values(self) -> tuple[str, ...]:
        """The words after the keyword, without commas and quotation marks."""
        return tuple(unquoted(word) for word in self.words[1:] if word != ",")

    @property
    def value(self) -> str:
        """The first word after the keyword. Raises SourceError: when there is none."""
        values = self.values
        if not values:
            raise SourceError(f"{self.where}: {self.text or 'this block'} lacks its value.")
        return values[0]

    @property
    def plain(self) -> str:
        """All words in lower case, one space between them."""
        return " ".join(self.words).lower()

    @property
    def shown(self) -> str:
        """The statement as a sentence shows it."""
        return self.text if self.block is None else f"{self.text} {{ … }}"

    def render(self) -> str:
        """Write it as dhcpd.conf text."""
        if self.block is None:
            return f"{self.text};"
        return "\n".join([f"{self.text} {{", *(indented(s.render()) for s in self.block), "}"])

    def inner(self) -> Iterator[Statement]:
        """Yield the statements of its block, and those of their blocks."""
        for statement in self.block or ():
            yield statement
            yield from statement.inner()


def parse(path: Path, depth: int = 0) -> tuple[list[Statement], list[Remark]]:
    """Read a file and all that it includes.

    Raises SourceError: when quotation marks or braces do not match.
    """
    parser = _Parser(path, depth)
    parser.read()
    return parser.statements, parser.remarks


class _Parser:
    """Read one file, token by token."""

    def __init__(self, path: Path, depth: int) -> None:
        self.statements: list[Statement] = []
        """Those of the innermost open block."""
        self.remarks: list[Remark] = []
        self._path = path
        self._depth = depth
        self._text, encoding = read_text_and_encoding(path)
        if encoding != "utf-8":
            sentence = "The file is not UTF-8: it was read as Latin-1, and its text is UTF-8 now."
            self.remarks.append(Remark(Section.CHOSEN, f"{path}:1", sentence))
        # The open blocks: the statements before each, and its heading.
        self._blocks: list[tuple[list[Statement], Statement]] = []
        # The statement that is being read: its words, its text, where it begins.
        self._words: list[str] = []
        self._spelt = ""
        self._begins = ""
        # Open braces of a definition, `option x code 1 = { … };`: they hold no statements.
        self._record_braces = 0
        self._counted, self._line = 0, 1

    def read(self) -> None:
        text, position = self._text, 0
        while (start := _SPACE.match(text, position).end()) < len(text):  # type: ignore[union-attr]  # matches always
            match = _TOKEN.match(text, start)
            if match is None:
                raise SourceError(f"{self._where(start)}: a quotation mark is not closed.")
            token, spaced = match[0], start > position
            position = match.end()
            if token.startswith("#"):
                continue
            if token in "{};" and not self._is_in_definition(token):
                self._end_statement(token, start)
            else:
                self._begins = self._begins if self._words else self._where(start)
                self._spelt += (" " if self._words and spaced else "") + token
                self._words.append(token)
        if self._blocks or self._words:
            place = self._blocks[-1][1].where if self._blocks else self._begins
            raise SourceError(f"{place}: this does not end before the file does.")

    def _is_in_definition(self, token: str) -> bool:
        """Return whether a brace belongs to the definition of an option, and count it if so."""
        words = self._words
        if token == ";" or not words or words[0].lower() != "option":
            return False
        if "code" not in map(str.lower, words) or (token == "}" and not self._record_braces):
            return False
        self._record_braces += 1 if token == "{" else -1
        return True

    def _end_statement(self, token: str, start: int) -> None:
        """Take what was read as a statement, or as the heading of a block; or end a block."""
        words = self._words
        begins = self._begins if words else self._where(start)
        if token == "{":
            if len(self._blocks) == _MAX_DEPTH:
                raise SourceError(f"{self._where(start)}: the blocks are nested too deep.")
            self._blocks.append((self.statements, Statement(tuple(words), self._spelt, begins)))
            self.statements = []
        elif token == "}":
            if words or not self._blocks:
                raise SourceError(
                    f"{self._where(start)}: this brace closes nothing, or a ; is missing."
                )
            outer, heading = self._blocks.pop()
            outer.append(replace(heading, block=tuple(self.statements)))
            self.statements = outer
        elif words and words[0].lower() == "include":
            more, others = _included(self._path, unquoted(words[-1]), begins, self._depth)
            self.statements += more
            self.remarks += others
        elif words:
            self.statements.append(Statement(tuple(words), self._spelt, begins))
        self._words, self._spelt, self._record_braces = [], "", 0

    def _where(self, offset: int) -> str:
        """Return file and line of an offset, which is not before the one of the last call."""
        self._line += self._text.count("\n", self._counted, offset)
        self._counted = offset
        return f"{self._path}:{self._line}"


def _included(by: Path, name: str, where: str, depth: int) -> tuple[list[Statement], list[Remark]]:
    path = included_file(by, name)
    if depth >= _MAX_INCLUDES:
        text = f"It includes {name} in an endless loop."
    elif path is not None:
        return parse(path, depth + 1)
    else:
        text = f"It includes {name}, which is not here; copy it beside {by.name} and import again."
    return [], [Remark(Section.LEFT_OUT, where, text)]


def is_plain_option(statement: Statement) -> bool:
    """Return whether it is an option with a value, not a definition (`code`, `space`) or `=`."""
    words = statement.words
    return (
        statement.block is None
        and len(words) > 2
        and words[1].lower() != "space"
        and words[2].lower() not in {"=", "code"}
        and not words[2].startswith("=")
    )


def option_value(statement: Statement) -> str:
    """Return an option's value as it is written."""
    name = re.escape(statement.words[1])
    match = re.match(rf"\S+?\s*{name}\s*(.*)", statement.text, re.DOTALL)
    return match[1] if match else " ".join(statement.words[2:])


def identifier(name: str) -> str:
    """Return a name that needs no quotation marks: no client ever sees a shared network's."""
    text = re.sub(r"[^A-Za-z0-9_-]+", "-", name)
    return text if text[:1].isalpha() else f"net-{text}"


def unquoted(word: str) -> str:
    """Strip the quotation marks from a word."""
    return word[1:-1] if len(word) > 1 and word.startswith('"') else word


def address_of(text: str) -> str:
    """Strip the leading zeros from an address' octets, which dhcpd reads as decimal."""
    match = re.fullmatch(r"0*(\d{1,3})\.0*(\d{1,3})\.0*(\d{1,3})\.0*(\d{1,3})", text, re.ASCII)
    return ".".join(match.groups()) if match else text


def indented(text: str) -> str:
    """Indent text by one level; a string that spans lines stays as it is."""
    return "    " + _STRING_OR_LINE_END.sub(
        lambda match: "\n    " if match[0] == "\n" else match[0], text
    )
