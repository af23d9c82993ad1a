"""Variables of the roles and of Ansible's connections whose values are invalid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
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

from controller import unresolved
from controller.origins import origin, place
from controller.plain import plain_value
from controller.yaml_files import LOADER
from leasemerge.faults import Fault, show
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
    """Return a fault for each variable that cannot be resolved, or has the wrong type.

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
    return [
        Fault(f"Variable {key} of {', '.join(names)}{where and f' ({where})'}", problem, remedy)
        for (key, where, problem, remedy), names in found.items()
    ]


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
        yield row["where"] or where, problem, "fix its template"
    spec = specs().get(key)
    if rows or spec is None:
        return
    value = plain_value(take())
    if value is None:
        # The role may accept an empty value.
        if spec.get("required") or spec.get("default") is not None:
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
