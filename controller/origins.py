"""Where in the inventory an Ansible value was written."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

try:
    # Private, but nothing else knows a value's line; without it sentences lack the line.
    from ansible._internal._datatag._tags import Origin  # type: ignore[import-untyped]  # no types
except ImportError:  # another ansible-core has it elsewhere
    Origin = None


def origin(value: object) -> Any:
    """Return Ansible's tag with the file and line that a value comes from; None if it has none."""
    tag = None if Origin is None else Origin.get_tag(value)
    return None if tag is None or tag.path is None or tag.line_num is None else tag


def place(values: Iterable[object]) -> str | None:
    """Return the first `file:line` in each file that the values were read from."""
    places: dict[str, str] = {}
    for value in values:
        tag = origin(value)
        if tag is not None:
            places.setdefault(tag.path, f"{shown_path(tag.path)}:{tag.line_num}")
    return ", ".join(places.values()) or None


@cache
def shown_path(file: str | Path) -> str:
    """Return a path as typed in the working directory; cached, as it is needed for each line."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
