"""A server's variables, as a task of a role sees them, and the faults in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible.vars.hostvars import HostVarsVars  # type: ignore[import-untyped]  # has no types
from jinja2 import Environment, TemplateSyntaxError
from jinja2.nodes import Name

from controller import role_specs, unresolved
from controller.inventory_variables import written
from controller.origins import place
from controller.plain import plain_value
from leasemerge.faults import Fault

_PARSER = Environment(autoescape=True)


class ServerVariables:
    """The variables of one server: what the inventory has, and the roles' defaults."""

    def __init__(
        self,
        name: str,
        hostvars: Mapping[str, Mapping[str, Any]],
        magic: Mapping[str, Any],
    ) -> None:
        """Read a server's variables. `magic`: those of a task that are not the host's own."""
        loader = getattr(hostvars, "_loader", None)
        self.name = name
        #: What the inventory has, as templates.
        self.written = written(name, hostvars)
        self._templates = {**role_specs.defaults(loader), **self.written}
        values = {**magic, **self._templates, "hostvars": hostvars}
        self._values = HostVarsVars(values, loader, name)

    def __getitem__(self, key: str) -> Any:
        """Return a variable's value, of which Ansible resolves each part as it is accessed."""
        return self._values[key]

    def value(self, key: str) -> Any:
        """Return a variable's value; None if it has none, or none that can be resolved."""
        try:
            value = plain_value(self._values[key])
            str(value)
        except (KeyError, *unresolved.ERRORS):
            return None
        return value

    def template(self, key: str) -> Any:
        """Return what a variable is made from; None if there is no such variable."""
        return self._templates.get(key)

    def place(self, key: str) -> str:
        """Return where the inventory has a variable; empty if that is unknown."""
        # The key's own place is that of the first file that has it.
        own = (name for name in self.written if name == key)
        return place([self.written.get(key)]) or place(own) or ""

    def made_from(self, key: str, ends: Collection[str]) -> set[str]:
        """Return a variable's name, and those that it uses directly or indirectly.

        Names in `ends` are not followed. The site's settings count as the site.
        """
        names = {key}
        waiting = [key]
        while waiting:
            used = {
                "site" if name.startswith("site_") else name
                for name in _used(self._templates.get(waiting.pop()))
            }
            waiting += used - names - {*ends}
            names |= used
        return names


class VariableFaults:
    """Faults of variables. A group's variable belongs to each host in it, but is one fault."""

    def __init__(self) -> None:
        """Begin without any."""
        self._servers: dict[tuple[str, str, str, str], list[str]] = {}

    def add(self, server: ServerVariables, key: str, problem: str, remedy: str) -> None:
        """Add a fault, at the place of the variable."""
        self.add_at(server.place(key), server, key, problem, remedy)

    def add_at(
        self, where: str, server: ServerVariables, key: str, problem: str, remedy: str
    ) -> None:
        """Add a fault whose place is another one than the variable's."""
        self._servers.setdefault((str(key), where, problem, remedy), []).append(server.name)

    def __iter__(self) -> Iterator[Fault]:
        """Yield each fault once, with all servers that have it."""
        for (key, where, problem, remedy), servers in self._servers.items():
            variable = f"Variable {key} of {', '.join(servers)}"
            yield Fault(f"{variable} ({where})" if where else variable, problem, remedy)


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
