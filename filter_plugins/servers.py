"""Filters between the inventory's hosts and the roles' variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def server_table(
    hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], **columns: str
) -> list[dict[str, Any]]:
    """Make one row for each host: a column's name to the value of the variable named.

    A host without the variable has an empty text there, for the inventory check to speak of.
    """
    return [
        {column: hostvars[host].get(variable, "") for column, variable in columns.items()}
        for host in hosts
    ]


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {"server_table": server_table}
