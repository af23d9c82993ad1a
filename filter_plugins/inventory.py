"""Filters that turn the inventory into the site, and find its faults."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.utils import missing

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller import (
    inventory_files,
    limits,
    pair_variables,
    role_variables,
    unresolved,
)
from controller.checked_site import FaultySiteError, checked_site
from controller.filters import filters
from controller.inventory_hosts import fixed_hosts, hosts_elsewhere
from controller.inventory_variables import (
    idle_variables,
    misplaced_variables,
    unknown_variables,
    written,
)
from controller.origins import place
from controller.server_variables import ServerVariables
from leasemerge import ranges

# Magic variables that Ansible is about to remove.
_DEPRECATED = frozenset({"play_hosts", "vars"})


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
    own = written(of_task.get("inventory_hostname", "localhost"), hostvars)
    # Only what is accessed is resolved; Ansible warns of access to what it is about to remove.
    magic = {name: of_task[name] for name in of_task if name not in own and name not in _DEPRECATED}
    server_of = cache(partial(ServerVariables, hostvars=hostvars, magic=magic))
    servers = [server_of(host) for host in hosts if host != "localhost"]
    unused = "dhcpd_" if site.get("dhcp_server") == "kea" else "kea_"
    is_faulty = bool(site["faults"])
    faults = [
        *role_variables.faults(servers, is_faulty, unused),
        *role_variables.missing(of_task["groups"], server_of, unused),
    ]
    if not (is_faulty or faults):
        faults = pair_variables.faults(site, server_of)
    notes = []
    if not (is_faulty or faults):
        networks = [subnet["network"] for subnet in site["subnets"]]
        notes = role_variables.notes(servers, networks)
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


def _networks(value: object) -> Iterator[str]:
    """Yield the networks in a value."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _networks(item.get("network") if isinstance(item, Mapping) else item)
    elif isinstance(value, str):
        # Host bits that are set are a fault, but not one of the reverse zone.
        with suppress(ValueError):
            yield str(ip_network(str(value), strict=False))


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
            sentences=(FaultySiteError,),
        )
