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


#: What site.json holds (DESIGN.md): tables with their rows' keys, and single values. The rest is
#: for the inventory check alone, and would change the file whenever a comment moves a line.
SITE_KEYS: dict[str, tuple[str, ...] | None] = {
    "domain": None,
    "reverse_zones": None,
    "name_servers": ("name", "address"),
    "fixed_hosts": ("name", "fixed_address", "hardware_ethernet", "aliases"),
    "subnets": ("network", "ranges"),
    "servers": None,
    "reserved_names": None,
    "fixed_ttl": None,
    "lease_ttl": None,
    "negative_ttl": None,
}


def site_json(site: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of a site what site.json holds. Error: none; the inventory check came before."""
    return {
        key: site[key]
        if columns is None
        else [{column: row[column] for column in columns if column in row} for row in site[key]]
        for key, columns in SITE_KEYS.items()
    }


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {"server_table": server_table, "site_json": site_json}
