"""Variables of the roles and of Ansible's connections whose values are invalid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from ipaddress import IPv4Network
from operator import getitem
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import (  # type: ignore[import-untyped]  # has no types
    ArgumentSpecValidator,
)

from controller import limits, unresolved
from controller.origins import origin
from controller.plain import plain_value
from controller.role_specs import required, specs
from controller.server_variables import ServerVariables, VariableFaults
from leasemerge.faults import Fault, remedy_for, show
from leasemerge.host_check import FIXED_HOST_KEYS
from leasemerge.server_check import SERVER_KEYS

# What role variables are made from that the inventory check reports itself.
_CHECKED = frozenset({"site", "groups", "hostvars", *FIXED_HOST_KEYS, *SERVER_KEYS})
# In a task that a server delegates to its peer, these are still the server's: a connection made of
# them reaches the wrong machine, and each server would exchange keys with itself.
_OF_THE_TASK = frozenset({"inventory_hostname", "inventory_hostname_short"})
_DELEGATED = (
    "it is made from inventory_hostname, which is another server's name in a task that the other "
    "delegates to this one",
    "write a value for each host, or make it from fixed_address",
)
_KINDS = {
    "bool": "true or false",
    "dict": "a mapping",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "path": "a path",
    "str": "text",
}
# The file of inventory/group_vars that wires a role, and the groups that have the role.
_WIRING = {
    "all/floating_address.yml": ("tinydns_servers", "dnscache_servers"),
    "dhcp_servers/dhcpd.yml": ("dhcp_servers",),
    "dhcp_servers/kea.yml": ("dhcp_servers",),
    "dnscache_servers/dnscache.yml": ("dnscache_servers",),
    "tinydns_servers/lease_merge.yml": ("tinydns_servers",),
    "tinydns_servers/tinydns.yml": ("tinydns_servers",),
}


def faults(servers: Iterable[ServerVariables], site_is_faulty: bool, unused: str) -> list[Fault]:
    """Return a fault for each variable that cannot be resolved, or has a value that no role takes.

    What is made from the site is left out if that is faulty: its faults are reported. Variables
    that begin with `unused` are those of a role that is not deployed.
    """
    found = VariableFaults()
    values = _Values(site_is_faulty)
    for server in servers:
        faulty = set()
        for key in server.written:
            if key.startswith(unused) or not _is_checked(key):
                continue
            for where, problem, remedy in values.problems(server, key):
                found.add_at(where, server, key, problem, remedy)
                faulty.add(key)
        for key, limit in {**limits.limits(), **limits.CONNECTION}.items():
            keys = [name for name in (key, *limits.others(limit)) if name in server.written]
            if not keys or key.startswith(unused) or not faulty.isdisjoint(keys):
                continue
            made_from = set().union(*(server.made_from(name, _CHECKED) for name in keys))
            if site_is_faulty and not _CHECKED.isdisjoint(made_from):
                continue
            for problem, remedy in limits.problems(key, limit, server.value):
                found.add_at(server.place(keys[0]), server, key, problem, remedy)
    return [*found]


def missing(
    groups: Mapping[str, Iterable[str]], server_of: Callable[[str], ServerVariables], unused: str
) -> Iterator[Fault]:
    """Yield a fault for each role with servers that lack a variable which the role needs."""
    for file, members in _WIRING.items():
        role = Path(file).stem
        needed = [name for name in required(role) if not name.startswith(unused)]
        servers = dict.fromkeys(host for group in members for host in groups.get(group, ()))
        lacking = {
            host: [name for name in needed if name not in server_of(host).written]
            for host in servers
        }
        names = {name: None for row in lacking.values() for name in row}
        if names:
            hosts = ", ".join(host for host, row in lacking.items() if row)
            yield Fault(
                f"Role {role} of {hosts}",
                f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not set",
                f"restore group_vars/{file}, as this project's inventory has it",
            )


def notes(servers: Iterable[ServerVariables], networks: Iterable[str]) -> list[Fault]:
    """Return what is allowed, but probably unintended, in the variables of servers.

    ``networks`` are the site's subnets.
    """
    found = VariableFaults()
    for server in servers:
        for key, rows in {
            "dnscache_allowed_networks": _of_allowed(server, networks),
            "ansible_port": _of_port(server),
        }.items():
            for problem, remedy in rows if key in server.written else ():
                found.add(server, key, problem, remedy)
    return [*found]


def _of_allowed(server: ServerVariables, networks: Iterable[str]) -> Iterator[tuple[str, str]]:
    allowed = [IPv4Network(net) for net in server.value("dnscache_allowed_networks") or []]
    for network in networks:
        if not any(IPv4Network(network).subnet_of(other) for other in allowed):
            problem = f"the subnet {network} is not in it, so its clients get no answer"
            yield problem, "add it, unless they have other resolvers"


def _of_port(server: ServerVariables) -> Iterator[tuple[str, str]]:
    address = server.value("lease_merge_address")
    if address is None or server.value("ansible_host") not in (None, address):
        # Ansible connects to a gateway, not to the address that the feeds use.
        return
    port, of_feed = server.value("ansible_port"), server.value("lease_merge_ssh_port")
    if str(port) != str(of_feed):
        problem = f"it is {show(port)}, but the servers reach each other at port {show(of_feed)}"
        yield problem, "set lease_merge_ssh_port too, unless sshd answers on both"


def _is_checked(key: str) -> bool:
    """Return whether a variable is a role's, or one of a connection that the inventory sets."""
    return key in specs() or (key.startswith("ansible_") and origin(key) is not None)


class _Values:
    """What is wrong with the values of variables, each evaluated once for all servers.

    Evaluating one takes milliseconds, and a group's variable is mostly the same for its hosts.
    """

    def __init__(self, site_is_faulty: bool) -> None:
        self._site_is_faulty = site_is_faulty
        # By variable: what it is made from, and what was found.
        self._known: dict[str, list[tuple[dict[str, Any], list[tuple[str, str, str]]]]] = {}

    def problems(self, server: ServerVariables, key: str) -> list[tuple[str, str, str]]:
        """Return the place, the problem and the remedy of each fault in a variable."""
        names = server.made_from(key, _CHECKED)
        delegated: list[tuple[str, str, str]] = []
        if key not in specs() and not _OF_THE_TASK.isdisjoint(names):
            delegated = [(server.place(key), *_DELEGATED)]
        if self._site_is_faulty and not _CHECKED.isdisjoint(names):
            return delegated
        parts = {name: server.template(name) for name in names - _CHECKED}
        known = self._known.setdefault(key, [])
        rows = next((rows for other, rows in known if other == parts), None)
        if rows is None:
            rows = [*_of_value(server, key)]
            known.append((parts, rows))
        return [*delegated, *rows]


def _of_value(server: ServerVariables, key: str) -> Iterator[tuple[str, str, str]]:
    """Yield the place, the problem and the remedy of each fault in the value of a variable."""
    where = server.place(key)
    rows = list(unresolved.find(partial(getitem, server, key)))
    for row in rows:
        problem = f"it cannot be evaluated ({row['reason']})"
        yield row["where"] or where, problem, remedy_for(row["reason"])
    spec = specs().get(key)
    if rows or spec is None:
        return
    value = plain_value(server[key])
    if value is None:
        # The role may accept an empty value.
        may_be_null = spec.get("default") is None or limits.limits().get(key, {}).get("or_null")
        if spec.get("required") or not may_be_null:
            yield where, "it is empty", "write its value, or remove it"
        return
    # Ansible's own check of a role's arguments, which would abort a deployment halfway.
    checked = ArgumentSpecValidator({key: {**spec, "required": False}}).validate({key: value})
    if not checked.error_messages:
        return
    meant = _KINDS.get(str(spec.get("type")), "another type")
    if spec.get("elements"):
        meant = f"{meant}, each entry {_KINDS.get(str(spec['elements']), 'of another type')}"
    if spec.get("choices"):
        meant = f"one of {', '.join(map(str, spec['choices']))}"
    yield where, f"it is {show(value)}", f"write {meant} (docs/variables.md)"
