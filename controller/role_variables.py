"""Variables of the roles and of Ansible's connections whose values are invalid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from ipaddress import IPv4Network
from operator import getitem
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import (  # type: ignore[import-untyped]  # has no types
    ArgumentSpecValidator,
)
from ansible.vars.hostvars import HostVarsVars  # type: ignore[import-untyped]
from jinja2 import Environment, TemplateSyntaxError
from jinja2.nodes import Name

from controller import limits, unresolved
from controller.origins import origin, place
from controller.plain import plain_value
from controller.yaml_files import LOADER
from leasemerge.faults import Fault, remedy_for, show
from leasemerge.host_check import FIXED_HOST_KEYS
from leasemerge.server_check import SERVER_KEYS

_ROLES = Path(__file__).resolve().parent.parent / "roles"
_PARSER = Environment(autoescape=True)
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


@cache
def roles() -> tuple[str, ...]:
    """Return the names of the roles that take variables."""
    return tuple(
        sorted(path.parent.parent.name for path in _ROLES.glob("*/meta/argument_specs.yml"))
    )


@cache
def specs() -> Mapping[str, Mapping[str, Any]]:
    """Return all variables that the roles take, each with its spec in argument_specs.yml."""
    found: dict[str, Mapping[str, Any]] = {}
    for role in roles():
        text = (_ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
        points = yaml.load(text, Loader=LOADER)
        for point in points["argument_specs"].values():
            found |= point.get("options", {})
    return found


def faults(
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    magic: Mapping[str, Any],
    site_is_faulty: bool,
    unused: tuple[str, ...] = (),
) -> list[Fault]:
    """Return a fault for each variable that cannot be resolved, or has a value that no role takes.

    And one for each role of a server that lacks a variable which the role needs.
    `magic`: the variables of a task that are not the host's own. What is made from the site is left
    out if that is faulty: its faults are reported. Variables that begin with `unused` are those of
    a role that is not deployed.
    """
    loader = getattr(hostvars, "_loader", None)
    raw = getattr(hostvars, "raw_get", hostvars.__getitem__)
    # A variable of a group belongs to each host in it, but is one fault.
    found: dict[tuple[str, str, str, str], list[str]] = {}
    # What was found, by variable and what it is made from: resolving one takes milliseconds.
    known: dict[str, list[tuple[dict[str, Any], list[tuple[str, str, str]]]]] = {}
    for host in hosts:
        of_host = raw(host)
        own = {**_defaults(loader), **of_host}
        # As a role's task sees them.
        values = HostVarsVars({**magic, **own, "hostvars": hostvars}, loader, host)
        for key in of_host:
            if key not in specs() and not (key.startswith("ansible_") and origin(key)):
                continue
            if key.startswith(unused):
                continue
            names = {key, *_names(key, own)}
            if key not in specs() and not _OF_THE_TASK.isdisjoint(names):
                row = (_where(key, of_host), *_DELEGATED)
                found.setdefault((str(key), *row), []).append(str(host))
            if site_is_faulty and not _CHECKED.isdisjoint(names):
                continue
            parts = {name: own.get(name) for name in names - _CHECKED}
            before = known.setdefault(key, [])
            rows = next((rows for other, rows in before if other == parts), None)
            if rows is None:
                where = _where(key, of_host)
                rows = [*_of_value(key, partial(getitem, values, key), where)]
                before.append((parts, rows))
            for row in rows:
                found.setdefault((str(key), *row), []).append(str(host))
        # With their places.
        written = {name: name for name in of_host}
        reported = {key for (key, *_), names in found.items() if str(host) in names}
        for key, limit in {**limits.limits(), **limits.CONNECTION}.items():
            keys = [written[name] for name in (key, *limits.others(limit)) if name in written]
            if not keys or key.startswith(unused) or not reported.isdisjoint(keys):
                continue
            if site_is_faulty and any(not _CHECKED.isdisjoint(_names(n, own)) for n in keys):
                continue
            where = _where(keys[0], of_host)
            for problem, remedy in limits.problems(key, limit, partial(_value, values)):
                found.setdefault((key, where, problem, remedy), []).append(str(host))
    of_variables = [
        Fault(f"Variable {key} of {', '.join(names)}{where and f' ({where})'}", problem, remedy)
        for (key, where, problem, remedy), names in found.items()
    ]
    groups = magic.get("groups") or raw("localhost").get("groups", {})
    return [*of_variables, *_missing(groups, hostvars, unused)]


def notes(
    hosts: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    networks: Iterable[str],
) -> list[Fault]:
    """Return what is allowed, but probably unintended, in the variables of servers.

    ``networks`` are the site's subnets.
    """
    loader = getattr(hostvars, "_loader", None)
    raw = getattr(hostvars, "raw_get", hostvars.__getitem__)
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for host in hosts:
        of_host = raw(host)
        values = HostVarsVars({**_defaults(loader), **of_host}, loader, host)
        for key in of_host:
            rows: Iterator[tuple[str, str]] = iter(())
            if key == "dnscache_allowed_networks":
                rows = _of_allowed(_value(values, key), networks)
            elif key == "ansible_port" and _is_direct(values):
                rows = _of_port(_value(values, key), _value(values, "lease_merge_ssh_port"))
            for problem, remedy in rows:
                row = (str(key), _where(key, of_host), problem, remedy)
                found.setdefault(row, []).append(str(host))
    return [
        Fault(f"Variable {key} of {', '.join(names)}{where and f' ({where})'}", problem, remedy)
        for (key, where, problem, remedy), names in found.items()
    ]


def _of_allowed(value: Any, networks: Iterable[str]) -> Iterator[tuple[str, str]]:
    allowed = [IPv4Network(network) for network in value or []]
    for network in networks:
        if not any(IPv4Network(network).subnet_of(other) for other in allowed):
            problem = f"the subnet {network} is not in it, so its clients get no answer"
            yield problem, "add it, unless they have other resolvers"


def _is_direct(values: Mapping[str, Any]) -> bool:
    """Return whether Ansible connects to the address that the feeds use, not to a gateway."""
    address = _value(values, "lease_merge_address")
    return address is not None and _value(values, "ansible_host") in (None, address)


def _of_port(port: Any, of_feed: Any) -> Iterator[tuple[str, str]]:
    if str(port) != str(of_feed):
        problem = f"it is {show(port)}, but the servers reach each other at port {show(of_feed)}"
        yield problem, "set lease_merge_ssh_port too, unless sshd answers on both"


def _value(values: Mapping[str, Any], name: str) -> Any:
    """Return the value of a variable; None if it has none, or one that is reported already."""
    try:
        value = plain_value(values[name])
        str(value)
    except (KeyError, *unresolved.ERRORS):
        return None
    return value


def _missing(
    groups: Mapping[str, Iterable[str]],
    hostvars: Mapping[str, Mapping[str, Any]],
    unused: tuple[str, ...],
) -> Iterator[Fault]:
    """Yield a fault for each role that lacks variables which it needs, and for its servers."""
    raw = getattr(hostvars, "raw_get", hostvars.__getitem__)
    for file, members in _WIRING.items():
        role = Path(file).stem
        needed = [name for name in _required(role) if not name.startswith(unused)]
        servers = dict.fromkeys(host for group in members for host in groups.get(group, ()))
        lacking = {host: [name for name in needed if name not in raw(host)] for host in servers}
        names = {name: None for row in lacking.values() for name in row}
        if names:
            hosts = ", ".join(host for host, row in lacking.items() if row)
            yield Fault(
                f"Role {role} of {hosts}",
                f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not set",
                f"restore group_vars/{file}, as this project's inventory has it",
            )


@cache
def _required(role: str) -> tuple[str, ...]:
    text = (_ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    options = yaml.load(text, Loader=LOADER)["argument_specs"]["main"]["options"]
    return tuple(name for name, spec in options.items() if spec.get("required"))


def _where(key: str, of_host: Mapping[str, Any]) -> str:
    """Return the place of a variable. The key's own is that of the first file that has it."""
    return place([of_host[key]]) or place([key]) or ""


@cache
def _defaults(loader: Any) -> Mapping[str, Any]:
    """Return the defaults of all roles, as templates."""
    found: dict[str, Any] = {}
    for role in roles() if loader else ():
        path = _ROLES / role / "defaults/main.yml"
        found |= loader.load_from_file(str(path), trusted_as_template=True)
    return found


def _of_value(key: str, take: Any, where: str) -> Iterator[tuple[str, str, str]]:
    """Yield the place, the problem and the remedy of each fault in the value of a variable."""
    rows = list(unresolved.find(take))
    for row in rows:
        problem = f"it cannot be evaluated ({row['reason']})"
        yield row["where"] or where, problem, remedy_for(row["reason"])
    spec = specs().get(key)
    if rows or spec is None:
        return
    value = plain_value(take())
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


def _names(key: str, values: Mapping[str, Any]) -> set[str]:
    """Return the names that a variable uses, directly or indirectly."""
    names: set[str] = set()
    waiting = [key]
    while waiting:
        name = waiting.pop()
        # The site's settings are checked with the site.
        used = {"site" if part.startswith("site_") else part for part in _used(values.get(name))}
        waiting += used - names - _CHECKED
        names |= used
    return names


def _used(value: object) -> Iterator[str]:
    """Yield the names in the templates of a value."""
    if isinstance(value, str):
        try:
            yield from (node.name for node in _PARSER.parse(value).find_all(Name))
        except TemplateSyntaxError:
            return
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _used(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _used(item)
