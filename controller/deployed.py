"""The site deployed on the servers, as the module slurp reads it."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# The tables that are compared, with the key of each row.
_TABLES = {"fixed_hosts": "name", "subnets": "network"}


def deployed_sites(slurped: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each site.json in what slurp returned for the servers.

    One that could not be read, or is damaged, is left out: there is nothing to compare with, and
    the deployment repairs it.
    """
    for found in slurped:
        try:
            site = json.loads(b64decode(str(found.get("content", ""))))
        except ValueError:
            continue
        if isinstance(site, dict) and all(
            _is_table(site.get(table), key) for table, key in _TABLES.items()
        ):
            yield site


def _is_table(value: object, key: str) -> bool:
    if value is None:
        return True
    return isinstance(value, list) and all(isinstance(row, dict) and key in row for row in value)
