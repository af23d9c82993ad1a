"""Filters between the inventory's hosts and the roles' variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleError  # type: ignore[import-untyped]  # has no types
from jinja2.exceptions import UndefinedError


def server_table(
    hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], **columns: str
) -> list[dict[str, Any]]:
    """Make one row for each host: a column's name to the value of the variable named.

    A host without the variable, or with one that cannot be worked out, has an empty text there,
    for the inventory check to report.
    """
    return [
        {column: _value(hostvars[host], variable) for column, variable in columns.items()}
        for host in hosts
    ]


def _value(variables: Mapping[str, Any], name: str) -> Any:
    try:
        value = variables.get(name, "")
        # What a template could not work out raises when it is used, not when it is handed on.
        str(value)
    except (AnsibleError, UndefinedError):
        return ""
    return value


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {"server_table": server_table}
