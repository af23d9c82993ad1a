"""Filters that turn the inventory into the site, and find its faults."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types
from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.utils import missing

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller import (
    inventory_files,
    limits,
    pair_variables,
    role_variables,
    server_variables,
    unresolved,
)
from controller.filters import filters
from controller.inventory_hosts import fixed_hosts, hosts_elsewhere
from controller.inventory_variables import (
    SETTINGS,
    idle_variables,
    misplaced_variables,
    unknown_variables,
)
from controller.origins import place
from controller.plain import plain_value, where_written
from controller.unresolved import is_unresolved
from leasemerge import inventory_check, ranges
from leasemerge.site import Site

# Magic variables that Ansible is about to remove.
_DEPRECATED = frozenset({"play_hosts", "vars"})
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


@pass_context
def site_setting(context: Context, name: str, default: Any = None) -> Any:
    """Return the value of a variable, or the default if there is no such variable.

    For a variable with a template that cannot be resolved, return a mapping with the key
    ``unresolved``, for checked_site to report. Jinja's own filter `default` would return the
    default, and what the user wrote would be lost.
    """
    take = partial(context.resolve_or_missing, name)
    rows = [{"name": name, **row} for row in unresolved.find(take)]
    if not rows and take() is context.resolve_or_missing("omit"):
        rows = [{"name": name, "reason": "omit has no meaning here", "where": None}]
    if rows:
        where = place(key for key in context.get_all() if key == name)
        return {"unresolved": [{**row, "where": row["where"] or where} for row in rows]}
    value = take()
    return default if value is missing else value


@pass_context
def checked_variables(
    context: Context,
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    site: Mapping[str, Any],
) -> dict[str, list[str]]:
    """Return what is wrong with the roles' variables, and those of Ansible's connections.

    ``faults`` has a sentence for each that cannot be resolved, has another type than the role
    takes, or does not go with another server's; ``notes``, where nothing has a fault, one for each
    that is allowed but probably unintended. `site` is the checked site: if it has faults, what is
    made from it is left out.
    """
    of_task = context.get_all()
    own = server_variables.written(of_task.get("inventory_hostname", "localhost"), hostvars)
    # Only what is accessed is resolved; Ansible warns of access to what it is about to remove.
    magic = {name: of_task[name] for name in of_task if name not in own and name not in _DEPRECATED}
    servers = [host for host in hosts if host != "localhost"]
    unused = "dhcpd_" if site.get("dhcp_server") == "kea" else "kea_"
    is_faulty = bool(site["faults"])
    faults = [
        *role_variables.faults(servers, hostvars, magic, is_faulty, unused),
        *role_variables.missing(of_task["groups"], hostvars, unused),
    ]
    if not (is_faulty or faults):
        faults = pair_variables.faults(site, hostvars, magic)
    notes = []
    if not (is_faulty or faults):
        networks = [subnet["network"] for subnet in site["subnets"]]
        notes = role_variables.notes(servers, hostvars, networks)
    return {"faults": [*map(str, faults)], "notes": [*map(str, notes)]}


@pass_context
def beyond_limits(context: Context, role: str) -> list[str]:
    """Return a sentence for each variable of a role that is beyond its limits."""

    def value_of(name: str) -> Any:
        value = context.resolve_or_missing(name)
        return None if value is missing else value

    return limits.beyond(role, value_of)


@pass_context
def without_effect(
    context: Context, sources: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Return a sentence for each file and each group in an inventory that has no effect."""
    groups = getattr(hostvars, "_inventory").groups  # noqa: B009  # private, but nothing else
    playbooks = Path(str(context.resolve("playbook_dir")))
    found = inventory_files.without_effect(map(Path, sources), set(hostvars), groups, playbooks)
    return {"faults": [*map(str, found.faults)], "notes": [*map(str, found.notes)]}


def reverse_zones(networks: object) -> list[str]:
    """Name the reverse zones of networks or subnets, in lists of any depth, sorted.

    What is not a network is left out, for checked_site to report.
    """
    return ranges.reverse_zones(_networks(networks))


def checked_site(site: Mapping[str, Any], keep_faults: bool = False) -> dict[str, Any]:
    """Return a site without faults, or raise an error with all of them: one sentence each.

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
        raise AnsibleFilterError("\n".join(["The inventory has faults. Fix these:", *faults]))
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


def _networks(value: object) -> Iterator[str]:
    """Yield the networks in a value."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _networks(item.get("network") if isinstance(item, Mapping) else item)
    elif isinstance(value, str):
        # Host bits that are set are a fault, but not one of the reverse zone.
        with suppress(ValueError):
            yield str(ip_network(str(value), strict=False))


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


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(
            beyond_limits,
            checked_site,
            checked_variables,
            fixed_hosts,
            hosts_elsewhere,
            idle_variables,
            misplaced_variables,
            reverse_zones,
            site_setting,
            unknown_variables,
            without_effect,
        )
