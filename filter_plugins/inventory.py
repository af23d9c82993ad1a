"""Filters that turn the inventory into the site, and find its faults."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import cache, partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types
from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.utils import missing

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "roles/lease_merge/files"))

from controller import unresolved
from controller.filters import filters
from controller.origins import origin, place
from leasemerge import inventory_check, ranges
from leasemerge.host_check import FIXED_HOST_KEYS
from leasemerge.server_check import SERVER_KEYS
from leasemerge.site import Site

_ROLES = Path(__file__).resolve().parent.parent / "roles"
_LISTS = ("hardware_ethernet", "aliases")
_KEYS = tuple(key for key in FIXED_HOST_KEYS if key != "name")
# What no two hosts have alike.
_OF_ONE_HOST = ("fixed_address", "ipv6_address", "hardware_ethernet", "aliases")
# The variables of the site by the key of its definition, as a person knows them.
_SETTINGS = {
    key: f"site_{key}"
    for key in (
        "domain",
        "reserved_names",
        "dhcp_server",
        "subnets",
        "default_lease_time",
        "min_lease_time",
        "max_lease_time",
        "mclt",
        "options",
        "extra",
        "fixed_ttl",
        "lease_ttl",
        "negative_ttl",
        "records",
        "zones",
        "ipv6_networks",
        "forward_zones",
        "upstream_resolvers",
        "own_variables",
        "reverse_zones",
    )
}
_GROUPS = {
    "name_servers": "the group tinydns_servers",
    "dhcp_servers": "the group dhcp_servers",
    "tinydns_servers": "the group tinydns_servers",
    "dnscache_servers": "the group dnscache_servers",
    "fixed_hosts": "the group fixed_hosts",
}
# What derived.yml and check-inventory.yml make of them.
_DERIVED = (
    *("site_definition", "site_gathered", "site_reverse_zones"),
    *("site_name_servers", "site_dnscache_servers", "site_resolvers"),
    *("site_dhcp", "site_dhcp_other", "site_dhcp_kinds"),
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
_SITE_TABLES = (
    *("fixed_hosts", "subnets", "name_servers"),
    *("dhcp_servers", "tinydns_servers", "dnscache_servers"),
    *("hosts_elsewhere", "misplaced_variables", "unknown_variables"),
)


@pass_context
def site_setting(context: Context, name: str, default: Any = None) -> Any:
    """Return the value of a variable, or the default where there is no such variable.

    Of a variable with a template that cannot be worked out, return a mapping with the key
    ``unresolved``, for checked_site to report. Jinja's own filter `default` would take the default
    there, and what a person wrote would be lost.
    """
    take = partial(context.resolve_or_missing, name)
    rows = [{"name": name, **row} for row in unresolved.find(take)]
    if rows:
        where = place(key for key in context.get_all() if key == name)
        return {"unresolved": [{**row, "where": row["where"] or where} for row in rows]}
    value = take()
    return default if value is missing else value


def fixed_hosts(
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    own_variables: object = (),
) -> list[dict[str, Any]]:
    """Gather the table of fixed hosts, sorted by name. It is checked_site that finds faults.

    What a host has in an inventory file or in host_vars comes along as well, for checked_site to
    refuse, unless it is a variable of Ansible's, of a role, or one of `own_variables`.
    """
    known: set[str] | None = None
    if not _is_unresolved(own_variables):
        own = map(str, _listed(own_variables))
        known = {*_KEYS, *_SETTINGS.values(), *_role_variables(), *own}
    seen: set[object] = set()
    rows = [_fixed_host(host, hostvars[host], known, seen) for host in hosts]
    return sorted(rows, key=lambda row: str(row["name"]))


def hosts_elsewhere(
    groups: Mapping[str, Iterable[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """List hosts that are not fixed hosts, though they have a variable that only those have."""
    fixed = set(groups.get("fixed_hosts", ()))
    rows = []
    for host in groups.get("all", ()):
        if host in fixed:
            continue
        variables = hostvars[host]
        for key in ("fixed_address", "hardware_ethernet", *SERVER_KEYS):
            group = SERVER_KEYS.get(key, "fixed_hosts")
            if key in variables and group not in variables["group_names"]:
                where = _where(name for name in variables if name == key) or _where([host])
                rows.append({"name": _plain(host), "key": key, "group": group, **where})
                break
    return rows


# What playbooks/import-leases.yml is given on the command line, where every host has it.
_OF_PLAYBOOKS = frozenset({"dhcpd_leases", "dnsmasq_leases", "kea_leases"})


def unknown_variables(
    groups: Mapping[str, Iterable[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """List variables that are named like the site's or a role's, and are none of them."""
    known = {*_SETTINGS.values(), *_DERIVED, *_role_variables(), *_OF_PLAYBOOKS}
    prefixes = ("site_", *(f"{role}_" for role in _roles()))
    rows: dict[str, dict[str, Any]] = {}
    for host in _examples(groups):
        for name in hostvars[host]:
            tag = origin(name)
            # What stands elsewhere is a host's, and reported with it.
            of_hosts = tag is not None and "group_vars" not in Path(tag.path).parts
            if name in known or name in rows or name in _KEYS or of_hosts:
                continue
            meant = get_close_matches(name, known, n=1, cutoff=0.8)
            if not name.startswith(prefixes):
                # A variable of the user's own, unless its name is nearly one of ours.
                close = get_close_matches(name, (*_KEYS, *_SETTINGS.values()), 1, 0.85)
                if tag is None or not close:
                    continue
                meant = close
            rows[name] = {"name": _plain(name), "meant": next(iter(meant), None), **_where([name])}
    return list(rows.values())


def misplaced_variables(
    groups: Mapping[str, Iterable[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """List the site's variables that a host has otherwise, and a host's variables that all have.

    dhcpd would be given another site than DNS has, or every host the address of one.
    """
    # As they are written: to work out ten thousand records for each host takes seconds.
    raw: Callable[[str], Mapping[str, Any]] = getattr(hostvars, "raw_get", hostvars.__getitem__)
    of_all = raw("localhost")
    rows: dict[object, dict[str, Any]] = {}
    for key in (*_OF_ONE_HOST, *SERVER_KEYS):
        # A host that is named localhost, which is a fault, has its own.
        if key in of_all and "localhost" not in groups.get("fixed_hosts", ()):
            where = _where(name for name in of_all if name == key)
            problem, remedy = "it is set for every host", "write it at the host that it is for"
            rows[key] = {"name": key, "problem": problem, "remedy": remedy, **where}
    for host in _examples(groups):
        variables = raw(host)
        for name in _SETTINGS.values():
            value = variables.get(name)
            if name not in _DERIVED and value != of_all.get(name):
                where = _where([value])
                problem = f"the host {_plain(host)} has another value of it than the network"
                row = {"name": name, "problem": problem, "remedy": "set it in group_vars/all alone"}
                rows.setdefault((name, where.get("where", host)), {**row, **where})
    return list(rows.values())


def reverse_zones(networks: object) -> list[str]:
    """Name the reverse zones of networks or subnets, in lists of any depth, sorted.

    What is no network is left out, for checked_site to report.
    """
    return ranges.reverse_zones(_networks(networks))


def checked_site(site: Mapping[str, Any], keep_faults: bool = False) -> dict[str, Any]:
    """Return a site without faults, or raise an error with all of them: one sentence each.

    With `keep_faults` they are returned, as ``faults``. ``notes`` are sentences about what is
    allowed, but likely unintended. A site without faults also has what the roles are given as text:
    ``site_json``, the content of site.json, and ``fixed_hosts_json``, the table. Each time that a
    table of thousands of rows passes through a template Ansible handles every value of it; a text
    is one.
    """
    # Ansible templates each value again that is taken from what it hands over: once is enough.
    placed = _plain(_with_places(dict(site)))
    broken = {key: value["unresolved"] for key, value in placed.items() if _is_unresolved(value)}
    placed |= dict.fromkeys(broken)
    placed["unresolved"] = [row for rows in broken.values() for row in rows]
    found = inventory_check.check(placed, {**_SETTINGS, **_GROUPS})
    faults = [str(fault) for fault in found.faults]
    if faults and not keep_faults:
        raise AnsibleFilterError("\n".join(["The inventory has faults. Fix these:", *faults]))
    plain = dict(placed)
    if isinstance(placed.get("records"), list):
        plain["records"] = [_record(line) for line in placed["records"]]
    plain |= {"faults": faults, "notes": [str(note) for note in found.notes]}
    if faults:
        return dict(plain)
    return {
        **plain,
        "all_zones": list(Site.without_check(plain).all_zones),
        "site_json": _site_json(plain),
        "fixed_hosts_json": json.dumps(plain["fixed_hosts"]),
    }


def _is_unresolved(value: object) -> bool:
    """Return whether it is what site_setting returns where a template cannot be worked out."""
    return isinstance(value, Mapping) and value.keys() == {"unresolved"}


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


def _fixed_host(
    name: str, variables: Mapping[str, Any], known: set[str] | None, seen: set[object]
) -> dict[str, Any]:
    row: dict[str, Any] = {"name": _plain(name), "fixed_address": None}
    row.update((key, []) for key in _LISTS)
    values: dict[str, Any] = {}
    for key in _KEYS:
        if key not in variables:
            continue
        try:
            value = variables[key]
            plain = _plain(_listed(value) if key in _LISTS else value)
        except unresolved.ERRORS as exc:
            row.setdefault("unresolved", {})[key] = unresolved.reason(exc)
            continue
        values[key] = value
        if key == "hardware_ethernet":
            row[key] = [ranges.normal_mac(mac) or mac for mac in plain]
        elif plain is not None:
            row[key] = plain
    # The name's own place is the first file that has the host, such as that of the servers.
    row.update(_where(values.values()) or _where(variables.keys() & _KEYS) or _where([name]))
    if known is not None:
        found = _unknown(variables, known, seen)
        row.update((str(key), None) for key in found)
        # The row's place is where its keys stand: a server's unknown one may be in another file.
        if found:
            row["places"] = {str(key): place([key]) for key in found}
    return row


def _unknown(variables: Mapping[str, Any], known: set[str], seen: set[object]) -> list[str]:
    """Return the variables that are written at a host, as its keys are, and are unknown.

    One that several hosts have of their group is returned once, as `seen` holds those so far.
    """
    unknown: dict[object, str] = {}
    for key in variables:
        if key in known or key.startswith("ansible_"):
            continue
        group = SERVER_KEYS.get(key)
        if group is not None:
            if group not in variables["group_names"]:
                unknown.setdefault(group, key)
            continue
        tag = origin(key)
        if tag is None or "group_vars" in tag.path:
            # Every host has it.
            known.add(key)
            continue
        # Facts, and what a task has registered or set, come from somewhere else.
        folder = str(variables.get("inventory_dir"))
        if _is_of_hosts(tag.path, folder):
            position = (tag.path, tag.line_num, tag.col_num)
            if position not in seen:
                seen.add(position)
                unknown[key] = key
    return list(unknown.values())


@cache
def _is_of_hosts(file: str, folder: str) -> bool:
    """Return whether a file is one of an inventory's hosts, not one of a group's variables."""
    path = Path(file)
    return path.parent == Path(folder) or "host_vars" in path.parts


def _examples(groups: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the servers, and a host of each group, which has the group's variables."""
    hosts = ["localhost", *(members[0] for members in map(list, groups.values()) if members)]
    servers = [host for group in set(SERVER_KEYS.values()) for host in groups.get(group, ())]
    return list(dict.fromkeys([*hosts, *servers]))


@cache
def _roles() -> tuple[str, ...]:
    return tuple(
        sorted(path.parent.parent.name for path in _ROLES.glob("*/meta/argument_specs.yml"))
    )


@cache
def _role_variables() -> frozenset[str]:
    """Return the names of all variables that the roles take."""
    names: set[str] = set()
    for role in _roles():
        text = (_ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
        specs = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        names.update(*(spec.get("options", {}) for spec in specs["argument_specs"].values()))
    return frozenset(names)


def _networks(value: object) -> Iterator[str]:
    """Yield the networks in a value."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _networks(item.get("network") if isinstance(item, Mapping) else item)
    elif isinstance(value, str):
        # What has host bits set is a fault, but not one of its reverse zone.
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
    # The tables are put together by templates: their own place is nothing that a person edits.
    own = {key: place([value]) for key, value in site.items() if key not in _SITE_TABLES}
    placed["where"] = {key: found for key, found in own.items() if found is not None}
    return placed


def _with_place(row: object) -> object:
    if not isinstance(row, Mapping) or "where" in row:
        return row
    return {**row, **_where(row.values())}


def _record_with_place(line: object) -> object:
    where = _where([line])
    return {"record": line, **where} if where else line


def _record(line: Any) -> Any:
    return line["record"] if isinstance(line, Mapping) and "record" in line else line


def _where(values: Iterable[object]) -> dict[str, str]:
    found = place(values)
    return {} if found is None else {"where": found}


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


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(
            checked_site,
            fixed_hosts,
            hosts_elsewhere,
            misplaced_variables,
            reverse_zones,
            site_setting,
            unknown_variables,
        )
