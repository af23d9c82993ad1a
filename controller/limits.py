"""Values of the roles' variables that have the right type, but that a daemon would not take.

Each role has its limits in meta/limits.yml: `minimum`, `maximum` (a number, or a variable that has
it), `below` (a variable), `each` (what an entry is: address or network), and `needs` (a variable
that must not be empty while this one is true). With `or_null` the variable may be null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import yaml

from controller.yaml_files import LOADER
from leasemerge.faults import Fault, show
from leasemerge.ranges import listed

_ROLES = Path(__file__).resolve().parent.parent / "roles"
_PORT = {"minimum": 1, "maximum": 65535}
# Of a connection, which no role has.
CONNECTION = {"ansible_port": _PORT, "ansible_ssh_port": _PORT}
_ENTRIES: dict[str, tuple[Callable[[str], object], str, str]] = {
    "address": (IPv4Address, "is not an IPv4 address", "write one"),
    "network": (IPv4Network, "is not a network", "write it as 10.1.1.0/24"),
}


@cache
def limits(role: str = "*") -> Mapping[str, Mapping[str, Any]]:
    """Return the limits of a role's variables, or of all roles'."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(_ROLES.glob(f"{role}/meta/limits.yml")):
        found |= yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    return found


def beyond(role: str, value_of: Callable[[str], Any]) -> list[str]:
    """Return a sentence for each variable of a role that is beyond its limits."""
    return [
        str(Fault(f"Variable {name}", problem, remedy))
        for name, limit in limits(role).items()
        for problem, remedy in problems(name, limit, value_of)
    ]


def others(limit: Mapping[str, Any]) -> list[str]:
    """Return the variables that a limit depends on."""
    bounds = (limit.get(key) for key in ("minimum", "maximum", "below", "needs"))
    return [bound for bound in bounds if isinstance(bound, str)]


def problems(
    name: str, limit: Mapping[str, Any], value_of: Callable[[str], Any]
) -> Iterator[tuple[str, str]]:
    """Yield the problem and the remedy of each value beyond the limit of a variable.

    ``value_of`` returns the value of a variable, None if it has none. What has another type than
    the variable takes is left to Ansible's own check.
    """
    value = value_of(name)
    if "each" in limit:
        parse, problem, remedy = _ENTRIES[limit["each"]]
        for entry in () if isinstance(value, Mapping) else listed(value):
            try:
                parse(str(entry))
            except ValueError:
                yield f"{show(entry)} {problem}", remedy
    elif "needs" in limit:
        if str(value).lower() in ("true", "yes", "on", "1") and not value_of(limit["needs"]):
            yield f"it is true, but {limit['needs']} is empty", "set both, or neither of them"
    else:
        yield from _beyond(limit, value, value_of)


def _beyond(
    limit: Mapping[str, Any], value: Any, value_of: Callable[[str], Any]
) -> Iterator[tuple[str, str]]:
    number = _number(value)
    if number is None:
        if limit is _PORT and value is not None:
            yield f"it is {show(value)}", "write a port number from 1 to 65535"
        return
    bounds = {
        key: _number(value_of(bound) if isinstance(bound, str) else bound)
        for key, bound in limit.items()
    }
    least, most, below = (bounds.get(key) for key in ("minimum", "maximum", "below"))
    other = next(iter(others(limit)), None)
    if other is not None and most is not None and number > most:
        yield f"it is {show(value)}, above {other} ({_text(most)})", f"lower it, or raise {other}"
    elif below is not None and number >= below:
        problem = f"it is {show(value)}, not below {other} ({_text(below)})"
        yield problem, f"lower it, or raise {other}"
    elif (least is not None and number < least) or (most is not None and number > most):
        span = "" if least is None else f"{_text(least)} or more"
        if least is not None and most is not None:
            span = f"a number from {_text(least)} to {_text(most)}"
        yield f"it is {show(value)}", f"write {span}"


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _text(number: float) -> str:
    return str(int(number)) if number.is_integer() else str(number)
