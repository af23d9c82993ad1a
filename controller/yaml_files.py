"""A YAML file as its nodes, and its syntax faults, each with line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from controller.origins import shown_path
from leasemerge.faults import Fault

NULL = "tag:yaml.org,2002:null"
MERGE = "tag:yaml.org,2002:merge"

#: libyaml's is ten times as fast as the one in Python.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NEWLINE = b"\n"
# What an encrypted file of Ansible's begins with.
_VAULT = b"$ANSIBLE_VAULT"
# What git leaves in a file that it could not merge.
_CONFLICT = re.compile(rb"^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE)
# YAML 1.1 section "integer": 0600 is 384.
_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_NUMBER = "tag:yaml.org,2002:int"
_STANDARD = "tag:yaml.org,2002:"
_TEXT = _STANDARD + "str"
# Ansible's own tags.
_ANSIBLE = ("!vault", "!vault-encrypted", "!unsafe")
# The same section: 8:00 is 480, a number in base 60. 8:00:00 is as many seconds as it looks like.
# Keys of seconds end in one of these.
_SECONDS = ("lease_time", "_ttl", "_mclt")

# A part of libyaml's message for each common mistake, what it is, and its remedy.
_SLIPS = (
    ("violates indentation", "a tab is used for indentation", "use spaces"),
    (
        "mapping values are not allowed",
        "there is a second colon in the line, or the line is indented more than the one above",
        "indent it like the lines around it, and put text that contains a colon in quotes",
    ),
    ("could not find expected ':'", "no colon follows the name", "write one, and a space after it"),
    (
        "expected ',' or '}'",
        "the brace { is not closed, or a comma or a quotation mark is missing after it",
        "add what is missing",
    ),
    (
        "expected ',' or ']'",
        "the bracket [ is not closed, or a comma or a quotation mark is missing after it",
        "add what is missing",
    ),
    ("unexpected end of stream", "the quotation mark is not closed", "close it"),
    (
        "did not find expected key",
        "this line is not indented like those above it, or text follows a quotation mark",
        "indent it like the lines around it, and put the whole text in quotes",
    ),
    (
        "expected '-' indicator",
        "this line is not indented like those above it",
        "indent it like the lines around it",
    ),
    ("undefined alias", "the text begins with *", "put it in quotes"),
    ("expected alphabetic or numeric", "the text begins with * or &", "put it in quotes"),
    (
        "unknown escape character",
        "there is a backslash between double quotation marks",
        "use single ones",
    ),
    ("another document", "there is a second --- line", "remove it"),
)
# The messages whose place is the beginning of the unfinished part.
_BEGUN = ("expected ':'", "expected ',' or", "unexpected end of stream")


def compose(path: Path) -> tuple[yaml.Node | None, list[Fault]]:
    """Return a file's YAML, and its faults; None if there is nothing to look into.

    An empty file is a node with the tag NULL. A file encrypted by Ansible is None.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        return None, [Fault(shown_path(path), f"it cannot be read ({exc.strerror})", "see why")]
    if data.startswith(_VAULT):
        return None, []
    conflict = _CONFLICT.search(data)
    if conflict:
        where = f"{shown_path(path)}:{data.count(_NEWLINE, 0, conflict.start()) + 1}"
        remedy = "keep one of the two versions, and remove git's marks"
        return None, [Fault(where, "a git conflict is not resolved", remedy)]
    try:
        root = yaml.compose(data.decode(), Loader=LOADER) or yaml.ScalarNode(NULL, "")
    except UnicodeDecodeError as exc:
        where = f"{shown_path(path)}:{data.count(_NEWLINE, 0, exc.start) + 1}"
        return None, [Fault(where, "the text is not UTF-8", "save the file as UTF-8")]
    except yaml.YAMLError as exc:
        return None, [_slip(path, data, exc)]
    faults = list(_misread(path, root, set(), ()))
    return (None if faults else root), faults


def fault(path: Path, node: yaml.Node, problem: str, remedy: str) -> Fault:
    """Return the fault of a node of a file, with its line and column."""
    return Fault(place(path, node), problem, remedy)


def place(path: Path, node: yaml.Node) -> str:
    """Return where a node begins: `file:line:column`."""
    mark, file = node.start_mark, shown_path(path)
    return file if mark is None else f"{file}:{mark.line + 1}:{mark.column + 1}"


def _misread(
    path: Path, node: yaml.Node, seen: set[int], above: tuple[int, ...]
) -> Iterator[Fault]:
    """Yield what YAML would drop or read as something else, at a node and below it."""
    if not node.tag.startswith(_STANDARD) and node.tag not in _ANSIBLE:
        remedy = "write the value itself, or put it in quotes if it is text"
        yield fault(path, node, f"the tag {node.tag} is unknown", remedy)
        return
    if isinstance(node, yaml.ScalarNode):
        if node.tag == _NUMBER and _OCTAL.fullmatch(node.value):
            number = node.value.lstrip("0_") or "0"
            problem = f"{node.value} is an octal number to YAML, since it begins with 0"
            yield fault(path, node, problem, f"write {number}, or put it in quotes if it is text")
        elif node.tag not in (_TEXT, NULL) and node.tag.startswith(_STANDARD):
            yield from _not_of_its_kind(path, node)
        return
    if id(node) in above:
        remedy = "write the value itself instead of the alias"
        yield fault(path, node, "it has an alias (*) of itself", remedy)
        return
    if id(node) in seen:
        return
    seen.add(id(node))
    above = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _misread(path, item, seen, above)
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            if isinstance(key, yaml.SequenceNode):
                yield fault(path, key, "a list has the place of a name", "write each on its own")
            else:
                yield fault(path, key, "a brace begins a text", "put text with {{ }} in quotes")
            continue
        if key.value in lines and key.tag != MERGE:
            problem = f"{key.value} is already on line {lines[key.value]}"
            yield fault(path, key, problem, "remove one of them, or put both into one")
        lines.setdefault(key.value, key.start_mark.line + 1)
        if value.tag == _NUMBER and value.value.count(":") == 1 and key.value.endswith(_SECONDS):
            number = yaml.load(value.value, Loader=LOADER)
            problem = f"{value.value} is {number} seconds to YAML, which reads it in base 60"
            yield fault(path, value, problem, "write whole seconds")
        yield from _misread(path, value, seen, above)
    yield from _merge(path, node, lines)


def _not_of_its_kind(path: Path, node: yaml.ScalarNode) -> Iterator[Fault]:
    """Yield the fault of a value that is not what its form or its tag says, such as a date."""
    kind = node.tag.removeprefix(_STANDARD)
    try:
        yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, KeyError, OverflowError):
        names = {"timestamp": "date", "int": "number", "float": "number"}
        problem = f"{node.value} is not a valid {names.get(kind, kind)}"
        yield fault(path, node, problem, "correct it, or put it in quotes if it is text")


def _merge(path: Path, node: yaml.Node, lines: Mapping[str, int]) -> Iterator[Fault]:
    """Put what the merge keys (<<) of a mapping stand for into it, as Ansible's loader does."""
    merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if key.tag != MERGE:
            continue
        for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if not isinstance(source, yaml.MappingNode):
                remedy = "write an alias of a mapping, such as <<: *NAME"
                yield fault(path, key, "<< has no mapping to merge", remedy)
                return
            for name, content in source.value:
                # Ansible takes it for a key that is there twice (duplicate_dict_key).
                if name.value in lines or name.value in merged:
                    problem = f"{name.value} of the merged mapping (<<) is already set"
                    yield fault(path, key, problem, "set it in only one of them")
                merged[name.value] = (name, content)
    if merged:
        own = [pair for pair in node.value if pair[0].tag != MERGE]
        node.value = [*merged.values(), *own]


def _slip(path: Path, data: bytes, exc: yaml.YAMLError) -> Fault:
    """Return the fault of a file that is not YAML."""
    mark = getattr(exc, "problem_mark", None)
    if not isinstance(exc, yaml.MarkedYAMLError) or mark is None:
        # A control character: the error counts characters.
        position = int(getattr(exc, "position", 0))
        line = data.decode().count("\n", 0, position) + 1
        return Fault(f"{shown_path(path)}:{line}", "there is a control character", "remove it")
    message = f"{exc.context or ''} {exc.problem or ''}"
    if exc.context_mark is not None and any(part in message for part in _BEGUN):
        mark = exc.context_mark
    where = f"{shown_path(path)}:{mark.line + 1}:{mark.column + 1}"
    for part, problem, remedy in _SLIPS:
        if part in message:
            return Fault(where, problem, remedy)
    if "cannot start any token" in message:
        lines = data.decode().splitlines()
        char = lines[mark.line][mark.column : mark.column + 1]
        if char == "\t":
            return Fault(where, "a tab is used for indentation", "use spaces")
        return Fault(where, f"the text begins with {char}", "put it in quotes")
    return Fault(where, f"it is not YAML: {exc.problem}", "write it as YAML")
