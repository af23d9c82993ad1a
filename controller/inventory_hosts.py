"""The table of fixed hosts, from the hosts' variables, and hosts missing from it by mistake."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ansible.vars.hostvars import HostVarsVars  # type: ignore[import-untyped]  # has no types

from controller import role_specs, unresolved
from controller.inventory_variables import (
    HOST_KEYS,
    OF_ONE_HOST,
    SETTINGS,
    inventory_of,
    set_for,
    shared_keys,
    written,
)
from controller.origins import origin, place
from controller.plain import plain_value, where_written
from controller.unresolved import is_unresolved
from leasemerge.ranges import listed, normal_mac
from leasemerge.server_check import SERVER_KEYS

_LISTS = ("hardware_ethernet", "aliases")
# What dhcpd does not use for a host without a MAC address. Its group may set it for the others.
_OF_DHCP = ("next_server", "filename", "options", "extra")


def fixed_hosts(
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    own_variables: object = (),
    as_text: bool = False,
) -> list[dict[str, Any]] | str:
    """Return the table of fixed hosts, sorted by name. It is checked_site that finds faults.

    What else a host has in an inventory file or in host_vars is included for checked_site to
    reject, unless it is a variable of Ansible's, of a role, or one of `own_variables`. `as_text` is
    for thousands of hosts: the table as JSON is one value, whereas Ansible processes every value of
    a list between two filters. What JSON cannot hold stays a list.
    """
    known: set[str] | None = None
    if not is_unresolved(own_variables):
        own = map(str, listed(own_variables))
        known = {*HOST_KEYS, *SETTINGS.values(), *role_specs.specs(), *own}
    seen: set[object] = set()
    shared = {key for _, key in shared_keys(hostvars)}
    if inventory_of(hostvars) is not None and "localhost" not in hosts:
        of_all = written("localhost", hostvars)
        shared.update(key for key in OF_ONE_HOST if key in of_all)
    rows = []
    for host in hosts:
        # As written: few values are templates, and having Ansible look for them takes longer.
        own_values = _of_host(host, written(host, hostvars), hostvars, shared)
        rows.append(_fixed_host(host, own_values, hostvars, known, seen))
    rows.sort(key=lambda row: str(row["name"]))
    text = json.dumps(rows) if as_text else ""
    return text if as_text and json.loads(text) == rows else rows


def hosts_elsewhere(
    groups: Mapping[str, Iterable[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """List hosts that are not fixed hosts but have a variable that only those have."""
    fixed = set(groups.get("fixed_hosts", ()))
    rows = []
    for host in groups.get("all", ()):
        if host in fixed:
            continue
        variables = hostvars[host]
        for key in (*OF_ONE_HOST, *SERVER_KEYS):
            group = SERVER_KEYS.get(key, "fixed_hosts")
            if key in variables and group not in variables["group_names"]:
                where = where_written(name for name in variables if name == key) or where_written(
                    [host]
                )
                rows.append({"name": plain_value(host), "key": key, "group": group, **where})
                break
    return rows


def _of_host(
    name: str, variables: Mapping[str, Any], hostvars: object, shared: Collection[str]
) -> Mapping[str, Any]:
    """Return a host's variables without those of its groups that are not for it.

    A key of one host that several share is one fault, reported where it is set.
    """
    unused = () if variables.get("hardware_ethernet") else _OF_DHCP
    doubtful = {key for key in (*shared, *unused) if key in variables}
    inventory = inventory_of(hostvars)
    if not doubtful or inventory is None:
        return variables
    own = set_for(hostvars, inventory.get_host(name))
    left = {key: value for key, value in variables.items() if key not in doubtful}
    return left | {key: own[key] for key in own if key in doubtful}


def _fixed_host(
    name: str,
    variables: Mapping[str, Any],
    hostvars: Mapping[str, Mapping[str, Any]],
    known: set[str] | None,
    seen: set[object],
) -> dict[str, Any]:
    row: dict[str, Any] = {"name": plain_value(name), "fixed_address": None}
    row.update((key, []) for key in _LISTS)
    values: dict[str, Any] = {}
    for key in HOST_KEYS:
        if key not in variables:
            continue
        try:
            value = variables[key]
            if _may_be_template(value):
                value = _evaluated(name, key, variables, hostvars)
            plain = plain_value(listed(value) if key in _LISTS else value)
        except unresolved.ERRORS as exc:
            row.setdefault("unresolved", {})[key] = unresolved.reason(exc)
            continue
        values[key] = value
        if key == "hardware_ethernet":
            row[key] = [normal_mac(mac) or mac for mac in plain]
        elif plain is not None:
            row[key] = plain
    # The name's own place is the first file that has the host, such as servers.yml.
    row.update(
        where_written(values.values())
        or where_written(variables.keys() & HOST_KEYS)
        or where_written([name])
    )
    if known is not None:
        found = _unknown(variables, known, seen)
        row.update((str(key), None) for key in found)
        # The row's place is where its keys are; a server's unknown key may be in another file.
        if found:
            row["places"] = {str(key): place([key]) for key in found}
    return row


def _evaluated(
    name: str, key: str, variables: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]]
) -> Any:
    if not hasattr(hostvars, "_loader"):
        return hostvars[name][key]
    # A host's variables do not have hostvars, except in a task.
    return HostVarsVars({**variables, "hostvars": hostvars}, hostvars._loader, name)[key]


def _unknown(variables: Mapping[str, Any], known: set[str], seen: set[object]) -> list[str]:
    """Return the unknown variables that are set for a host in the way its keys are.

    One that several hosts get from their group is returned once: `seen` holds those so far.
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
        # Facts, and what a task has registered or set, come from elsewhere.
        folder = str(variables.get("inventory_dir"))
        if _is_of_hosts(tag.path, folder):
            position = (tag.path, tag.line_num, tag.col_num)
            if position not in seen:
                seen.add(position)
                unknown[key] = key
    return list(unknown.values())


def _may_be_template(value: object) -> bool:
    """Return whether Ansible has to evaluate a value: it has a brace, or is encrypted."""
    if isinstance(value, str):
        return "{" in value
    if isinstance(value, Mapping):
        return any(map(_may_be_template, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_may_be_template, value))
    return not (value is None or isinstance(value, (int, float)))


@cache
def _is_of_hosts(file: str, folder: str) -> bool:
    """Return whether a file defines an inventory's hosts, not a group's variables."""
    path = Path(file)
    return path.parent == Path(folder) or "host_vars" in path.parts
