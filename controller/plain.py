"""Ansible's values as plain data, with the place that they were read from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.origins import place


def plain_value(value: object) -> Any:
    """Reduce Ansible's subclasses, which know templates and origins, to plain data."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {plain_value(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if value is None or isinstance(value, (bool, float)):
        return value
    return int(value) if isinstance(value, int) else str(value)


def where_written(values: Iterable[object]) -> dict[str, str]:
    """Return a row's key ``where``: the places that values were read from; empty if unknown."""
    found = place(values)
    return {} if found is None else {"where": found}
