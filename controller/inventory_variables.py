"""The variables of an inventory: the known ones, and those that are misspelt or misplaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ansible.vars.plugins import (  # type: ignore[import-untyped]  # has no types
    get_vars_from_inventory_sources,
)

from controller import role_specs
from controller.inventory_sources import OWN_PREFIXES, readable
from controller.origins import origin
from controller.plain import plain_value, where_written
from leasemerge.host_check import FIXED_HOST_KEYS
from leasemerge.server_check import SERVER_KEYS

#: What a fixed host has as variables.
HOST_KEYS = tuple(key for key in FIXED_HOST_KEYS if key != "name")
#: What no two hosts share.
OF_ONE_HOST = ("fixed_address", "ipv6_address", "hardware_ethernet", "aliases")
# The variables of the site, as users know them, by the key of its definition.
SETTINGS = {
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
#: What derived.yml and check-inventory.yml derive from them.
DERIVED = (
    *("site_definition", "site_gathered", "site_reverse_zones"),
    *("site_name_servers", "site_dhcp_servers", "site_dnscache_servers", "site_resolvers"),
    "site_reserved_addresses",
    *("site_dhcp", "site_dhcp_other", "site_dhcp_kinds"),
)
# What playbooks/import-leases.yml gets on the command line, so that every host has it.
_OF_PLAYBOOKS = frozenset({"dhcpd_leases", "dnsmasq_leases", "kea_leases"})


def written(name: str, hostvars: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return a host's variables in the inventory, as templates."""
    found: Mapping[str, Any] = getattr(hostvars, "raw_get", hostvars.__getitem__)(name)
    return found


def unknown_variables(
    groups: Mapping[str, Iterable[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """List variables that are named like the site's or a role's, but are not one of them."""
    known = {*SETTINGS.values(), *DERIVED, *role_specs.specs(), *_OF_PLAYBOOKS}
    rows: dict[str, dict[str, Any]] = {}
    for host in _examples(groups):
        for name in hostvars[host]:
            tag = origin(name)
            # Elsewhere it is a host's, and reported with the host.
            of_hosts = tag is not None and "group_vars" not in Path(tag.path).parts
            if name in known or name in rows or name in HOST_KEYS or of_hosts:
                continue
            if name.startswith(OWN_PREFIXES):
                meant = get_close_matches(name, known, n=1, cutoff=0.8)
            elif tag is None:
                # One of Ansible's.
                continue
            else:
                # A variable of the user's own, unless its name is nearly one of ours.
                meant = get_close_matches(name, (*HOST_KEYS, *SETTINGS.values()), 1, 0.85)
                if not meant:
                    continue
            rows[name] = {
                "name": plain_value(name),
                "meant": next(iter(meant), None),
                **where_written([name]),
            }
    return list(rows.values())


# What inventory/group_vars/dhcp_servers sets, without prefix, whichever DHCP server runs. Not read
# from there: what users add to those files is theirs, and is noted.
_WIRED = {
    "dhcpd": frozenset(
        (
            *("failover_role", "failover_address", "failover_peer_address", "failover_mclt"),
            *("domain_name", "domain_name_servers", "options", "extra"),
            *("default_lease_time", "min_lease_time", "max_lease_time"),
            *("subnets", "fixed_hosts", "reserved_addresses"),
        )
    ),
    "kea": frozenset(
        (
            *("role", "server", "address", "peer", "peer_address", "lease_group"),
            *("domain_name", "domain_name_servers", "options"),
            *("default_lease_time", "min_lease_time", "max_lease_time"),
            *("subnets", "fixed_hosts", "reserved_addresses"),
        )
    ),
}


def idle_variables(
    groups: Mapping[str, Iterable[str]], hostvars: Mapping[str, Mapping[str, Any]], role: str
) -> list[dict[str, Any]]:
    """List what the inventory sets for the role of the DHCP server that is not in use."""
    wired = {f"{role}_{name}" for name in _WIRED[role]}
    names = {name for name in role_specs.specs() if name.startswith(f"{role}_")} - wired
    rows = {
        name: {"name": plain_value(name), "role": role, **where_written([name])}
        for host in _examples(groups)
        for name in hostvars[host]
        # What is set for one run, or by a playbook, does not come from a file.
        if name in names and origin(name) is not None
    }
    return list(rows.values())


def misplaced_variables(
    groups: Mapping[str, Iterable[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """List the site's variables that differ for a host, and a host's variables that all have.

    dhcpd would get another site than DNS, or every host the address of one.
    """
    # As written: evaluating ten thousand records for each host takes seconds.
    of_all = written("localhost", hostvars)
    rows: dict[object, dict[str, Any]] = {}
    for key in (*OF_ONE_HOST, "domain", *SERVER_KEYS):
        # A host named localhost, which is a fault, has its own.
        if key in of_all and "localhost" not in groups.get("fixed_hosts", ()):
            where = where_written(name for name in of_all if name == key)
            problem, remedy = "it is set for every host", "set it for the host that it belongs to"
            if key == "domain":
                remedy = "set site_domain, or choose another name for a variable of your own"
            rows[key] = {"name": key, "problem": problem, "remedy": remedy, **where}
    for group, key in shared_keys(hostvars):
        # What every host has is reported above.
        if key not in rows:
            problem = f"the group {group} sets it for all its hosts"
            remedy = "set it for the host that it belongs to"
            row = {"name": plain_value(key), "problem": problem, "remedy": remedy}
            rows[(group, key)] = {**row, **where_written([key])}
    for host in dict.fromkeys([*_examples(groups), *_hosts_with_settings(hostvars)]):
        variables = written(host, hostvars)
        for name in SETTINGS.values():
            value, usual = variables.get(name), of_all.get(name)
            # To compare an encrypted value Ansible needs the password.
            if name not in DERIVED and value is not usual and value != usual:
                where = where_written([value])
                problem = f"the host {plain_value(host)} sets it differently from the network"
                row = {"name": name, "problem": problem, "remedy": "set it only in group_vars/all"}
                rows.setdefault((name, where.get("where", host)), {**row, **where})
    return list(rows.values())


def inventory_of(hostvars: object) -> Any:
    """Return what Ansible holds of the inventory; None for hostvars that are not Ansible's."""
    # Private, but nothing else tells a host's variables from its groups'.
    return getattr(hostvars, "_inventory", None)


def set_for(hostvars: object, entity: Any) -> Mapping[str, Any]:
    """Return what is set for a host or a group alone: by its lines, host_vars or group_vars."""
    loader, sources = getattr(hostvars, "_loader", None), inventory_of(hostvars)._sources
    in_files = get_vars_from_inventory_sources(loader, sources, [entity], "task")
    return {**entity.vars, **in_files}


def shared_keys(hostvars: object) -> Iterator[tuple[str, str]]:
    """Yield each key of one host, as written, that a group of several sets, after the group."""
    inventory = inventory_of(hostvars)
    for name, group in {} if inventory is None else inventory.groups.items():
        if len(group.get_hosts()) > 1:
            yield from ((name, key) for key in set_for(hostvars, group) if key in OF_ONE_HOST)


def _hosts_with_settings(hostvars: object) -> Iterator[str]:
    """Yield the hosts whose line or host_vars have a variable of the site."""
    inventory = inventory_of(hostvars)
    if inventory is None:
        return
    folders = {Path(source) for source in inventory._sources if source}
    folders = {path if path.is_dir() else path.parent for path in folders}
    in_files = {
        entry.name if entry.is_dir() else entry.stem
        for folder in folders
        for entry in readable(folder / "host_vars")
    }
    for name, host in inventory.hosts.items():
        own = set_for(hostvars, host) if name in in_files else host.vars
        if not own.keys().isdisjoint(SETTINGS.values()):
            yield name


def _examples(groups: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the servers, and one host of each group, which has the group's variables."""
    hosts = ["localhost", *(members[0] for members in map(list, groups.values()) if members)]
    servers = [host for group in set(SERVER_KEYS.values()) for host in groups.get(group, ())]
    return list(dict.fromkeys([*hosts, *servers]))
