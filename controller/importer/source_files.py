"""Read the files of a source, and find the copies of those that they name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .source import SourceError


def read_text(path: Path) -> str:
    """Read a hand-written file: UTF-8, or else Latin-1, with any line ends.

    Raises SourceError: when it cannot be read.
    """
    return read_text_and_encoding(path)[0]


def read_text_and_encoding(path: Path) -> tuple[str, str]:
    """Read a file; also return its encoding: ``utf-8`` or ``latin-1``.

    Raises SourceError: when it cannot be read.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path}: {reason}") from error
    encoding = "utf-8"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, encoding = data.decode("latin-1"), "latin-1"
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def included_file(by: Path, name: str) -> Path | None:
    """Find an included file: a copy beside the file takes precedence over the path itself."""
    return beside(by, name) or (Path(name) if is_file(Path(name)) else None)


def beside(by: Path, name: str) -> Path | None:
    """Find a copy of a file that `by` names, beside it; None if there is none."""
    return next(filter(is_file, _places_beside(by, name)), None)


def folder_beside(by: Path, name: str) -> Path | None:
    """Find a copy of a folder that the file `by` names, beside it; None if there is none."""
    return next(filter(_is_folder, _places_beside(by, name)), None)


def is_file(path: Path) -> bool:
    """Return whether a path that a file names is a file; an impossible path is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _places_beside(by: Path, name: str) -> Iterator[Path]:
    """Yield where a copy may be: that of `/etc/x/y` is `etc/x/y`, `x/y` or `y` there."""
    parts = Path(name).parts[1:] if name.startswith("/") else Path(name).parts
    return (by.parent.joinpath(*parts[number:]) for number in range(len(parts)))
