"""Read the lines of dnsmasq's configuration from all the files that it is spread over.

Source: dnsmasq(8). Files that a line names are looked up beside the file that names them: on the
controller, the path itself would be another machine's file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .remarks import Remark, Remarks, Section
from .source import SourceError
from .source_files import beside, folder_beside, is_file, read_text

# dnsmasq itself has no limit; a file that includes itself ends here.
_MAX_FILES = 1000
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,"]+)|(,)|(")')
# What a backslash stands for between quotation marks; before anything else it is one
# (dnsmasq's option.c, read_file).
_ESCAPES = {"t": "\t", "n": "\n", "b": "\b", "r": "\r", "e": "\033", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r'\\([tnbre"\\])')
_ALSO = {
    "dhcp-hostsfile": "dhcp-host",
    "dhcp-hostsdir": "dhcp-host",
    "dhcp-optsfile": "dhcp-option",
    "dhcp-optsdir": "dhcp-option",
    "addn-hosts": "hosts-line",
    "hostsdir": "hosts-line",
}
"""The keys that name files whose lines lack their key, each with that key."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its key in lower case, its value as written, and its file and number."""

    key: str
    value: str
    where: str

    @property
    def text(self) -> str:
        """The line as a sentence shows it."""
        return f"{self.key}={self.value}" if self.value else self.key

    @property
    def parts(self) -> list[str]:
        """The value's comma-separated parts, without quotation marks."""
        parts = [""]
        for quoted, plain, comma, stray in _WORD.findall(self.value):
            if comma:
                parts.append("")
            elif quoted:
                parts[-1] += _ESCAPE.sub(_unescaped, quoted)
            else:
                text = plain.strip() if parts[-1] == "" else plain.rstrip()
                parts[-1] += text or stray
        return parts


class LineRemarks(Remarks):
    """The sentences on lines of dnsmasq."""

    def no_place(self, line: Line, why: str) -> None:
        """Note that a line is left out, and why."""
        self.left_out(line.where, line.text, why)


def read_lines(paths: Iterable[Path]) -> tuple[list[Line], list[Remark]]:
    """Read files, and all that they name, in order. Raises SourceError: when one is unreadable."""
    files = _Files()
    all_paths = list(paths)
    lines = [line for path in all_paths for line in files.read(path, None)]
    keys = {line.key for line in lines}
    if any(line.key not in {"hosts-line", "dhcp-host"} for line in lines):
        first = all_paths[0]
        if "no-hosts" not in keys:
            lines += files.named(first, "/etc/hosts", "hosts-line", f"{first}:1", "no-hosts")
        if "read-ethers" in keys:
            lines += files.named(first, "/etc/ethers", "ethers-line", f"{first}:1", "")
    return lines, files.remarks


def read_named(by: Path, line: Line) -> tuple[list[Line], list[Remark]]:
    """Read the file or folder that a line names, beside the file `by`."""
    files = _Files()
    return list(files.included(by, line)), files.remarks


class _Files:
    def __init__(self) -> None:
        self.remarks: list[Remark] = []
        self._count = 0

    def read(self, path: Path, key: str | None) -> Iterator[Line]:
        """Yield the lines of a file, and of those it names; `key` is the key of every line."""
        self._count += 1
        if self._count > _MAX_FILES:
            raise SourceError(f"{path}: the files include each other in a loop.")
        for number, raw in enumerate(read_text(path).split("\n"), start=1):
            text = _without_comment(raw).strip()
            where = f"{path}:{number}"
            if not text:
                continue
            if key is not None:
                yield Line(key, text, where)
                continue
            name, equals, value = text.partition("=")
            if ":" in name.partition(",")[0] and (not equals or "," in name):
                yield Line("dhcp-host", text, where)  # from a dhcp-hostsfile
                continue
            if re.match(r"[0-9.]+\s+\S", text) and not equals:
                yield Line("hosts-line", text, where)  # from an addn-hosts file
                continue
            line = Line(name.strip().lower().removeprefix("--"), value.strip(), where)
            if line.key in {"conf-file", "conf-dir", "servers-file"} or line.key in _ALSO:
                yield from self.included(path, line)
            else:
                yield line

    def included(self, by: Path, line: Line) -> Iterator[Line]:
        """Yield the lines of the file or folder that a line names."""
        name, *endings = line.parts
        key = _ALSO.get(line.key)
        folder = folder_beside(by, name)
        if folder is not None:
            for path in sorted(folder.iterdir()):
                if is_file(path) and _counts(path.name, endings):
                    yield from self.read(path, key)
        elif line.key.endswith("dir"):
            self._missing(by, name, line.where)
        else:
            yield from self.named(by, name, key, line.where, "")

    def named(
        self, by: Path, name: str, key: str | None, where: str, unless: str
    ) -> Iterator[Line]:
        """Yield the lines of a file that has a copy beside another one."""
        path = beside(by, name)
        if path is not None and path.resolve() != by.resolve():
            yield from self.read(path, key)
        elif path is None:
            self._missing(by, name, where, unless)

    def _missing(self, by: Path, name: str, where: str, unless: str = "") -> None:
        text = f"dnsmasq reads {name} too, which is not here; copy it beside {by.name}"
        also = f", or write {unless} if nothing of it counts" if unless else ""
        self.remarks.append(Remark(Section.LEFT_OUT, where, f"{text} and import again{also}."))


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES[match[1]]


def _without_comment(raw: str) -> str:
    """Cut off a comment: a # at the beginning or after a space, outside quotation marks."""
    quoted = False
    for at, char in enumerate(raw):
        if char == '"' and raw[at - 1 : at] != "\\":
            quoted = not quoted
        elif char == "#" and not quoted and (at == 0 or raw[at - 1].isspace()):
            return raw[:at]
    return raw


def _counts(name: str, endings: list[str]) -> bool:
    """Return whether a file of a conf-dir is read: not a backup, and by the given endings.

    An ending with a star selects files to be read, one without excludes files.
    """
    if name.endswith("~") or name.startswith(".") or (name[:1] == name[-1:] == "#"):
        return False
    wanted = [ending[1:] for ending in endings if ending.startswith("*")]
    unwanted = [ending for ending in endings if ending and not ending.startswith("*")]
    if any(name.endswith(ending) for ending in unwanted):
        return False
    return not wanted or any(name.endswith(ending) for ending in wanted)
