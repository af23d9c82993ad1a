"""The variables that the roles take: their specs, and their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from controller.yaml_files import LOADER

_ROLES = Path(__file__).resolve().parent.parent / "roles"


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
        for entry_point in _entry_points(role).values():
            found |= entry_point.get("options", {})
    return found


def options(role: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the variables that a role itself takes, each with its spec, in their order."""
    found: Mapping[str, Mapping[str, Any]] = _entry_points(role)["main"]["options"]
    return found


@cache
def required(role: str) -> tuple[str, ...]:
    """Return the variables that a role cannot do without."""
    return tuple(name for name, spec in options(role).items() if spec.get("required"))


@cache
def defaults(loader: Any) -> Mapping[str, Any]:
    """Return the defaults of all roles, as templates; none without Ansible's loader."""
    found: dict[str, Any] = {}
    for role in roles() if loader else ():
        path = _ROLES / role / "defaults/main.yml"
        found |= loader.load_from_file(str(path), trusted_as_template=True)
    return found


def _entry_points(role: str) -> Mapping[str, Mapping[str, Any]]:
    text = (_ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Any]] = yaml.load(text, Loader=LOADER)["argument_specs"]
    return found
