"""Parse the JSON of Kea, with the file and line of every object.

Source: the Kea Administrator Reference Manual, "JSON Syntax": JSON with `#`, `//` and `/* */`
comments, commas before a closing bracket, `<?include "file"?>`, and numbers with leading zeros.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .source import SourceError
from .source_files import included_file, read_text

_TOKEN = re.compile(
    r"""\s+ | \#[^\n]* | //[^\n]* | /\*.*?\*/
    | <\?include\s+"(?P<include>[^"]*)"\s*\?>
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<number>[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
    | (?P<word>[A-Za-z]+)
    | (?P<mark>[{}\[\],:])""",
    re.DOTALL | re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "null": None}
_MAX_INCLUDES = 10  # Kea's own
_MAX_DEPTH = 60


class Object(dict[str, Any]):
    """An object, and where it begins."""

    where: str = ""

    def objects(self, key: str) -> list[Object]:
        """Return the objects of a list. Raises SourceError: when it is not one."""
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, Object) for item in value):
            raise SourceError(f"{self.where}: {key} is not a list of objects.")
        return value

    def text(self, key: str) -> str:
        """Return a text, empty if there is none. Raises SourceError: when it is not text."""
        value = self.get(key)
        if value is None:
            return ""
        if isinstance(value, (dict, list)):
            raise SourceError(f"{self.where}: {key} is not text.")
        return str(value)


def parse(path: Path) -> Any:
    """Read a file and what it includes. Raises SourceError: when it is not Kea's JSON."""
    tokens = list(_tokens(path, 0))
    tokens.append(("end", "", tokens[-1][2] if tokens else f"{path}:1"))
    value, at = _value(tokens, 0, 0)
    if tokens[at][0] == "mark" and tokens[at][1] == ",":
        at += 1  # a trailing comma, as in an excerpt from a list
    if tokens[at][0] != "end":
        raise SourceError(f"{tokens[at][2]}: this is not JSON: something follows the end.")
    return value


_Token = tuple[str, str, str]
"""Kind, text, and place."""


def _tokens(path: Path, depth: int) -> Iterator[_Token]:
    if depth > _MAX_INCLUDES:
        raise SourceError(f"{path}: the includes go too deep.")
    text = read_text(path)
    at, line = 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SourceError(f"{path}:{line}: this is not JSON: {text[at : at + 20].split()[:1]}.")
        if match["include"] is not None:
            name = match["include"]
            included = included_file(path, name)
            if included is None:
                raise SourceError(
                    f"{path}:{line}: it includes {name}, which is not here; copy it beside "
                    f"{path.name} and import again."
                )
            yield from _tokens(included, depth + 1)
        elif match.lastgroup is not None:
            yield match.lastgroup, match[0], f"{path}:{line}"
        line += text.count("\n", at, match.end())
        at = match.end()


def _value(tokens: list[_Token], at: int, depth: int) -> tuple[Any, int]:
    kind, text, where = tokens[at]
    if depth > _MAX_DEPTH:
        raise SourceError(f"{where}: this is nested too deep.")
    if kind == "string":
        return _string(text, where), at + 1
    if kind == "number":
        whole = re.fullmatch(r"\+?(-?)0*([0-9]{1,18})", text)
        if whole:
            return int(whole[1] + whole[2]), at + 1
        return _float(text, where), at + 1
    if kind == "word" and text.lower() in _WORDS:
        return _WORDS[text.lower()], at + 1
    if kind == "mark" and text == "{":
        return _object(tokens, at + 1, depth, where)
    if kind == "mark" and text == "[":
        return _list(tokens, at + 1, depth)
    raise SourceError(f"{where}: this is not JSON: a value is missing at {text or 'the end'}.")


def _object(tokens: list[_Token], at: int, depth: int, where: str) -> tuple[Object, int]:
    data = Object()
    data.where = where
    while tokens[at][1] != "}" or tokens[at][0] != "mark":
        kind, text, place = tokens[at]
        if kind != "string" or tokens[at + 1][:2] != ("mark", ":"):
            raise SourceError(f"{place}: this is not JSON: no key and its colon.")
        data[_string(text, place)], at = _value(tokens, at + 2, depth + 1)
        at = _behind_comma(tokens, at, "}")
    return data, at + 1


def _list(tokens: list[_Token], at: int, depth: int) -> tuple[list[Any], int]:
    items = []
    while tokens[at][1] != "]" or tokens[at][0] != "mark":
        value, at = _value(tokens, at, depth + 1)
        items.append(value)
        at = _behind_comma(tokens, at, "]")
    return items, at + 1


def _behind_comma(tokens: list[_Token], at: int, end: str) -> int:
    kind, text, where = tokens[at]
    if kind == "mark" and text == ",":
        return at + 1
    if kind == "mark" and text == end:
        return at
    raise SourceError(f"{where}: this is not JSON: a comma or {end} is missing.")


def _string(text: str, where: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError as error:
        raise SourceError(f"{where}: this is not JSON: {error}.") from error


def _float(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise SourceError(f"{where}: this is not JSON: {error}.") from error
