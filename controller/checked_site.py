"""The site of an inventory, checked: every fault of it, and what the roles get as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from controller.inventory_variables import SETTINGS
from controller.origins import place
from controller.plain import plain_value, where_written
from controller.unresolved import is_unresolved
from leasemerge import inventory_check, ranges
from leasemerge.site import Site

_GROUPS = {
    "name_servers": "the group tinydns_servers",
    "dhcp_servers": "the group dhcp_servers",
    "tinydns_servers": "the group tinydns_servers",
    "dnscache_servers": "the group dnscache_servers",
    "fixed_hosts": "the group fixed_hosts",
}
# What site.json holds (docs/design.md): tables with the rows' keys, and single values. The rest is
# only for the inventory check, and would change the file whenever a comment moves a line.
_SITE_KEYS: dict[str, tuple[str, ...] | None] = {
    "domain": None,
    "reverse_zones": None,
    "name_servers": ("name", "address"),
    "fixed_hosts": (
        "name",
        "fixed_address",
        "ipv6_address",
        "hardware_ethernet",
        "aliases",
        "domain",
    ),
    "subnets": ("network", "ranges", "shared_network", "domain"),
    "servers": None,
    "reserved_names": None,
    "fixed_ttl": None,
    "lease_ttl": None,
    "negative_ttl": None,
    "zones": None,
    "records": None,
}
_SITE_TABLES = (
    *("fixed_hosts", "subnets", "name_servers"),
    *("dhcp_servers", "tinydns_servers", "dnscache_servers"),
    *("hosts_elsewhere", "misplaced_variables", "unknown_variables", "idle_variables"),
)


class FaultySiteError(ValueError):
    """The inventory has faults: a title, and one sentence for each, on lines of their own."""


def checked_site(site: Mapping[str, Any], keep_faults: bool = False) -> dict[str, Any]:
    """Return a site without faults. Raises FaultySiteError: when it has some.

    With `keep_faults` they are returned, as ``faults``. ``notes`` are sentences about what is
    allowed but probably unintended. A site without faults also has what the roles get as text:
    ``site_json``, the content of site.json, and ``fixed_hosts_json``, the table. Whenever a table
    of thousands of rows passes through a template, Ansible processes every value; a text is one.
    """
    site = dict(site)
    if isinstance(site.get("fixed_hosts"), str):
        # If it is not JSON, the check reports it.
        with suppress(ValueError):
            site["fixed_hosts"] = json.loads(site["fixed_hosts"])
    # Ansible would template each value again whenever it is accessed: once is enough.
    placed = plain_value(_with_places(site))
    broken = {key: value["unresolved"] for key, value in placed.items() if is_unresolved(value)}
    placed |= dict.fromkeys(broken)
    placed["unresolved"] = [row for rows in broken.values() for row in rows]
    found = inventory_check.check(placed, {**SETTINGS, **_GROUPS})
    faults = [str(fault) for fault in found.faults]
    if faults and not keep_faults:
        raise FaultySiteError("\n".join(["The inventory has faults. Fix these:", *faults]))
    checked = dict(placed)
    if isinstance(placed.get("records"), list):
        checked["records"] = [_record(line) for line in placed["records"]]
    checked |= {"faults": faults, "notes": [str(note) for note in found.notes]}
    if faults:
        return dict(checked)
    return {
        **checked,
        "all_zones": list(Site.without_check(checked).all_zones),
        "site_json": _site_json(checked),
        "fixed_hosts_json": json.dumps(checked["fixed_hosts"]),
    }


def _site_json(site: Mapping[str, Any]) -> str:
    # The servers need not know that a range may lie in a pool.
    subnets = [{**subnet, "ranges": ranges.subnet_ranges(subnet)} for subnet in site["subnets"]]
    site = {**site, "subnets": subnets}
    content = {
        key: site[key]
        if columns is None
        else [{column: row[column] for column in columns if column in row} for row in site[key]]
        for key, columns in _SITE_KEYS.items()
        if key in site
    }
    return json.dumps(content, indent=4, sort_keys=True)


def _with_places(site: Mapping[Any, Any]) -> dict[Any, Any]:
    """Add the places that the site's own values and the rows of its tables were read from."""
    placed = dict(site)
    for table in _SITE_TABLES:
        rows = site.get(table)
        if isinstance(rows, (list, tuple)):
            placed[table] = [_with_place(row) for row in rows]
    records = site.get("records")
    if isinstance(records, (list, tuple)):
        placed["records"] = [_record_with_place(line) for line in records]
    # Templates assemble the tables: their own place is not something that the user edits.
    own = {key: place([value]) for key, value in site.items() if key not in _SITE_TABLES}
    placed["where"] = {key: found for key, found in own.items() if found is not None}
    return placed


def _with_place(row: object) -> object:
    if not isinstance(row, Mapping) or "where" in row:
        return row
    return {**row, **where_written(row.values())}


def _record_with_place(line: object) -> object:
    where = where_written([line])
    return {"record": line, **where} if where else line


def _record(line: Any) -> Any:
    return line["record"] if isinstance(line, Mapping) and "record" in line else line
