"""Filters that turn the inventory into the site, and find its faults."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types

try:
    # Private, but the only thing that knows a value's line; without it sentences lack the line.
    from ansible._internal._datatag._tags import Origin  # type: ignore[import-untyped]  # no types
except ImportError:  # an ansible-core that keeps it elsewhere
    Origin = None

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "roles/lease_merge/files"))

from leasemerge import inventory_check, ranges
from leasemerge.site import Site

_LISTS = ("hardware_ethernet", "aliases")
_KEYS = (
    "fixed_address",
    "ipv6_address",
    *_LISTS,
    "domain",
    "next_server",
    "filename",
    "options",
    "extra",
)
# What site.json holds (docs/design.md): tables with the rows' keys, and single values. The rest is
# for the inventory check alone, and would change the file whenever a comment moves a line.
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
_SITE_TABLES = ("fixed_hosts", "subnets", "name_servers", "dhcp_servers", "dnscache_servers")


def fixed_hosts(
    hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Gather the table of fixed hosts, sorted by name. It is checked_site that judges."""
    return sorted(
        (_fixed_host(host, hostvars[host]) for host in hosts), key=lambda row: row["name"]
    )


def reverse_zones(networks: Iterable[object]) -> list[str]:
    """Name the reverse zones of networks, sorted; what is no network is checked_site's to tell."""
    return ranges.reverse_zones(str(network) for network in networks if _is_network(network))


def checked_site(site: Mapping[str, Any], keep_faults: bool = False) -> dict[str, Any]:
    """Return a site without faults, or raise an error with all of them: one sentence each.

    With `keep_faults` they are returned, as ``faults``. A site without any also has what the roles
    are given as text: ``site_json``, the content of site.json, and ``fixed_hosts_json``, the table.
    Each time that a table of thousands of rows passes through a template Ansible handles every
    value of it; a text is one.
    """
    values = dict(site)
    faults = [str(fault) for fault in inventory_check.faults(_with_places(values))]
    plain = _plain(values)
    if faults and not keep_faults:
        raise AnsibleFilterError("\n".join(["The inventory has faults. Fix these:", *faults]))
    if faults:
        return {**plain, "faults": faults}
    # Whoever asks which addresses are leased need not know that a range may lie in a pool.
    plain["subnets"] = [
        {**subnet, "ranges": ranges.subnet_ranges(subnet)} for subnet in plain["subnets"]
    ]
    return {
        **plain,
        "faults": [],
        "all_zones": list(Site.without_check(plain).all_zones),
        "site_json": _site_json(plain),
        "fixed_hosts_json": json.dumps(plain["fixed_hosts"]),
    }


def _site_json(site: Mapping[str, Any]) -> str:
    content = {
        key: site[key]
        if columns is None
        else [{column: row[column] for column in columns if column in row} for row in site[key]]
        for key, columns in _SITE_KEYS.items()
        if key in site
    }
    return json.dumps(content, indent=4, sort_keys=True)


def _fixed_host(name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": _plain(name), "fixed_address": None}
    row.update((key, []) for key in _LISTS)
    values = {key: variables[key] for key in variables if key in _KEYS or _is_misspelt(str(key))}
    for key, value in values.items():
        if key == "hardware_ethernet":
            row[key] = [ranges.normal_mac(mac) or mac for mac in _plain(_listed(value))]
        elif key in _LISTS:
            row[key] = _plain(_listed(value))
        elif value is not None:
            row[str(key)] = _plain(value)
    # The name's own place is the first file that has the host, such as that of the servers.
    place = _place([values[key] for key in _KEYS if key in values] or [name])
    if place is not None:
        row["where"] = place
    return row


@cache
def _is_misspelt(key: str) -> bool:
    """Tell whether a variable is meant to be a fixed host's key; others are not ours to judge."""
    return bool(get_close_matches(key, _KEYS, n=1, cutoff=0.85))


def _is_network(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        ranges.reverse_zones([value])
    except ValueError:
        return False
    return True


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
    # The tables are put together by templates: their own place is nothing that a person edits.
    own = {key: _place([value]) for key, value in site.items() if key not in _SITE_TABLES}
    placed["where"] = {key: place for key, place in own.items() if place is not None}
    return placed


def _with_place(row: object) -> object:
    if not isinstance(row, Mapping) or "where" in row:
        return row
    place = _place(row.values())
    return row if place is None else {**row, "where": place}


def _record_with_place(line: object) -> object:
    place = _place([line])
    return line if place is None else {"record": line, "where": place}


def _place(values: Iterable[object]) -> str | None:
    """Say `file:line` of each file that values were read from: the first line of them there."""
    if Origin is None:
        return None
    places: dict[str, str] = {}
    for value in values:
        origin = Origin.get_tag(value)
        if origin is not None and origin.path is not None and origin.line_num is not None:
            places.setdefault(origin.path, f"{_from_here(origin.path)}:{origin.line_num}")
    return ", ".join(places.values()) or None


@cache
def _from_here(file: str) -> str:
    """Shorten a path that lies in the working directory: once, not for each of its lines."""
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _plain(value: object) -> Any:
    """Strip Ansible's subclasses, which know templates and origins, down to plain data."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, float)):
        return value
    return int(value) if isinstance(value, int) else str(value)


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what the caller got wrong into Ansible's own error."""

    def adapter(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except (TypeError, ValueError) as exc:
            raise AnsibleFilterError(f"{function.__name__}: {exc}") from exc

    return adapter


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {
            function.__name__: _checked(function)
            for function in (fixed_hosts, reverse_zones, checked_site)
        }
