"""Faults of the inventory's files: what YAML or Ansible would refuse, drop or misread.

Ansible warns of a file that it cannot read and goes on without it, and every host in it is gone
from the network. Here each such place is a Fault with its file, line and column. What the values
mean is checked by leasemerge.inventory_check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from ansible import constants  # type: ignore[import-untyped]
from ansible.errors import AnsibleError  # type: ignore[import-untyped]  # has no types
from ansible.inventory.data import InventoryData  # type: ignore[import-untyped]
from ansible.parsing.dataloader import DataLoader  # type: ignore[import-untyped]
from ansible.plugins.inventory.ini import (  # type: ignore[import-untyped]
    InventoryModule as IniInventory,
)

from controller import origins, role_specs
from controller.inventory_sources import (
    GROUPS,
    SECTIONS,
    VARIABLE_FOLDERS,
    beside,
    ini_files,
    inventory_files,
    is_own,
    likely_name,
    misplaced,
    of_nobody,
    plugin_of,
    readable,
    unread,
    variable_files,
)
from controller.inventory_variables import SETTINGS
from controller.origins import shown_path
from controller.yaml_files import MERGE, NULL, compose, fault, place
from leasemerge.faults import Fault, Findings, printable
from leasemerge.host_check import FIXED_HOST_KEYS
from leasemerge.server_check import SERVER_KEYS

#: The heading of the list of faults.
TITLE = "The inventory has faults. Nothing was touched. Fix these and run again:"

# Ansible's own groups, and ours: Ansible takes a host of such a name for the group.
_NO_HOSTS = ("all", "ungrouped", *GROUPS)
# Keys that must not be empty, since that removes something. Others may be empty on purpose, for a
# host that must not have what its group has.
_NEEDED = ("fixed_address", "ipv6_address", "hardware_ethernet", "aliases")
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_TEXT = "tag:yaml.org,2002:str"
# What a template of the site is made from. site_dhcp is not the user's: it depends on the server.
_OF_SITE = re.compile(r"\bsite(?!_dhcp\b)(?:_[a-z0-9_]+)?\b")


def check(source: Path) -> list[Fault]:
    """Return the faults of an inventory source: a file or a folder, and the variables beside it."""
    files = _Files()
    for path in inventory_files(source):
        files.read_inventory(path)
    for path in ini_files(source):
        files.read_ini(path)
    if source.is_dir():
        files.faults += misplaced(source)
    folder = source if source.is_dir() else source.parent
    files.read_variables(folder)
    files.check_places()
    files.faults += [row for row, is_meant in unread(source, folder) if is_meant]
    return files.faults


def without_effect(
    sources: Iterable[Path], hosts: Set[str], groups: Mapping[str, Any], playbooks: Path
) -> Findings:
    """Return what has no effect in sources, whose hosts and groups Ansible has read.

    What seems to be so on purpose is a note. `playbooks` may have variables, too.
    """
    found = Findings([], [])
    sources = [source.absolute() for source in sources if source.exists()]
    folders = [source if source.is_dir() else source.parent for source in sources]
    known = {"host_vars": {*hosts, "localhost"}, "group_vars": {*groups, *GROUPS}}
    for source, folder in zip(sources, folders, strict=True):
        found.notes.extend(row for row, is_meant in unread(source, folder) if not is_meant)
        strays = [*of_nobody(folder, known)]
        if source.is_dir() and source.parent not in {*folders, playbooks}:
            strays += beside(source)
        for row, is_meant in strays:
            (found.faults if is_meant else found.notes).append(row)
    for group in groups.values():
        ours = next((name for name in GROUPS if name in map(str, group.get_ancestors())), None)
        if ours is not None and not group.get_hosts():
            filled = [name for name, other in groups.items() if other.get_hosts()]
            meant = likely_name(group.name, filled)
            problem = f"it has no hosts, and the group {ours} is to have them"
            meant = f"write {meant}, if that is what you meant, or " if meant else "add them, or "
            found.faults.append(Fault(f"Group {group.name}", problem, f"{meant}remove it"))
    return found


def ini_fault(path: Path, line: int, reason: str) -> Fault:
    """Return the fault of a file that Ansible cannot read as INI."""
    # An unclosed bracket, which Ansible takes for a range in a host pattern.
    if "to unpack" in reason:
        reason = "the bracket [ is not closed, or stands in the name of a host"
    reason = _short(" ".join(reason.split()).rstrip("."), 200)
    problem = f"it cannot be read as INI ({reason})"
    remedy = "write [GROUP], and under it a line for each host: NAME KEY=VALUE"
    if path.name.isupper():
        remedy = f"name it {path.name}.md if it is not a file of hosts"
    return Fault(f"{shown_path(path)}:{line}", problem, remedy)


def unreadable(path: Path, exc: Exception) -> Fault | None:
    """Return the fault of a file that Ansible could not read; None if another plugin may.

    Files without an ending may be INI, and those of a plugin are for it.
    """
    if path not in inventory_files(path):
        return None
    plugin = plugin_of(path)
    if plugin is None:
        reason = _short(" ".join(str(exc.__cause__ or exc).split()).rstrip("."), 200)
        return Fault(shown_path(path), f"Ansible cannot read it ({reason})", "correct it")
    enabled = constants.INVENTORY_ENABLED
    if plugin in enabled or "auto" in enabled:
        return None
    problem = f"it is for the inventory plugin {plugin}, which is not enabled"
    return Fault(shown_path(path), problem, "add that to enable_plugins in ansible.cfg")


class _Files:
    """What has been read so far, and its faults."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._groups = {"all", "ungrouped"}
        # Where each of our variables is set, by the kind and the name of what has it.
        self._places: dict[tuple[str, str, str], list[str]] = {}
        # What group_vars/GROUP/ROLE.yml sets for a role: its place, its group and its template.
        self._wiring: dict[str, tuple[str, str, str]] = {}

    def read_inventory(self, path: Path) -> None:
        """Check a file of groups and hosts."""
        root = self._compose(path)
        if root is None:
            return
        if root.tag == NULL:
            self._fault(path, root, "the file is empty", "write a group into it, or remove it")
        elif not isinstance(root, yaml.MappingNode):
            self._fault(
                path, root, "the file is not a mapping", "write each group as a name with a colon"
            )
        elif not any(key.value == "plugin" for key, _ in root.value):
            for key, value in root.value:
                self._group(path, key, value, child=False)

    def read_ini(self, path: Path) -> None:
        """Note what a file in INI format sets. What Ansible cannot read, strict_ini reports."""
        with suppress(AnsibleError):
            IniInventory().parse(_Recorder(self._set), DataLoader(), str(path))

    def check_places(self) -> None:
        """Check that nothing of ours is set where something else hides it, or is hidden by it."""
        for (kind, name, key), places in self._places.items():
            at, group, template = self._wiring.get(key, ("", "", ""))
            of_site = _OF_SITE.findall(template)
            setting = next((part for part in of_site if part in SETTINGS.values()), None)
            first, *others = places
            problem = f"{key} of the {kind} {name} is already set in {first}"
            remedy = "remove one of them"
            if of_site:
                others = [place for place in places if place != at]
                problem = f"{key} is made from {setting or 'the inventory'} in {at}"
                remedy = f"{f'set {setting}' if setting else 'remove it here'}, or change it there"
            elif at and group != name == "all":
                others = places
                problem, remedy = f"{key} of the group all is hidden by {at}", "set it there"
            self.faults += [Fault(where, problem, remedy) for where in others]

    def read_variables(self, folder: Path) -> None:
        """Check group_vars/ and host_vars/ in a folder."""
        for kind in VARIABLE_FOLDERS:
            for entry in readable(folder / kind):
                name = entry.name if entry.is_dir() else entry.stem
                if not entry.is_dir() and entry.suffix and entry.with_suffix("").is_dir():
                    self.faults.append(
                        Fault(
                            shown_path(entry),
                            f"Ansible does not read it, since there is a folder {name} beside it",
                            "move it into the folder",
                        )
                    )
                for path in variable_files(entry):
                    self._variables(path, kind.partition("_")[0], name)

    def _variables(self, path: Path, kind: str, owner: str) -> None:
        root = self._compose(path)
        if root is not None and root.tag != NULL and not isinstance(root, yaml.MappingNode):
            self._fault(
                path, root, "the file is not a mapping", "write each as a name with a colon"
            )
        elif isinstance(root, yaml.MappingNode):
            self._names(path, root)
            self._note(path, kind, owner, root)
            is_of_role = path.parent.name == owner and path.stem in role_specs.roles()
            if kind == "group" and is_of_role:
                for key, value in root.value:
                    template = value.value if isinstance(value, yaml.ScalarNode) else ""
                    self._wiring.setdefault(key.value, (place(path, key), owner, template))

    def _note(self, path: Path, kind: str, owner: str, node: yaml.Node) -> None:
        """Note where a mapping sets our variables for a host or a group."""
        for key, _ in node.value:
            self._set(kind, owner, key.value, place(path, key))

    def _set(self, kind: str, owner: str, key: str, where: str) -> None:
        if is_own(key):
            places = self._places.setdefault((kind, owner, key), [])
            if where not in places:
                places.append(where)

    def _names(self, path: Path, node: yaml.Node) -> None:
        """Check that the keys of a mapping can be variable names."""
        for key, _ in node.value:
            if key.tag == MERGE or (key.tag == _TEXT and _VARIABLE.fullmatch(key.value)):
                continue
            name, colon, rest = str(key.value).partition(":")
            self._fault(
                path,
                key,
                f"{_short(str(key.value))} is not a variable name",
                f"write {_short(name)}: {_short(rest)}, with a space"
                if colon and _VARIABLE.fullmatch(name)
                else "use letters, digits and underscores",
            )

    def _group(self, path: Path, name: yaml.Node, node: yaml.Node, child: bool) -> None:
        """Check a group; a child of one of ours may have a name like it."""
        if not self._is_text(path, name, "group"):
            return
        group = name.value
        if not child:
            self._group_name(path, name)
        self._groups.add(group)
        if node.tag == NULL:
            return
        if not isinstance(node, yaml.MappingNode):
            self._fault(
                path,
                node,
                f"the group {group} is {_kind(node)}",
                "write hosts: under it, and under that each host with a colon on a line of its own",
            )
            return
        for key, value in node.value:
            self._section(path, group, key, value, child)

    def _group_name(self, path: Path, name: yaml.Node) -> None:
        """Check that the name of a new group is not one of ours, misspelt."""
        group = name.value
        if group in self._groups or group in GROUPS:
            return
        meant = likely_name(group, GROUPS)
        if meant:
            self._fault(
                path,
                name,
                f"the group {group} is unknown",
                f"write {meant}, or choose a less similar name for your own group",
            )

    def _section(
        self, path: Path, group: str, key: yaml.Node, value: yaml.Node, child: bool
    ) -> None:
        """Check a key of a group and what is below it."""
        if key.value not in SECTIONS:
            self._fault(
                path,
                key,
                f"{_quoted(key)} is not a part of the group {group}",
                "write a host under hosts: (a group has hosts:, vars: and children:)",
            )
        elif value.tag == NULL:
            return
        elif not isinstance(value, yaml.MappingNode):
            self._fault(
                path,
                value,
                f"{key.value} of the group {group} is {_kind(value)}",
                "write a mapping: each name on a line of its own, with a colon",
            )
        elif key.value == "vars":
            self._names(path, value)
            self._note(path, "group", group, value)
        elif key.value == "hosts":
            for host, variables in value.value:
                self._host(path, host, variables)
        else:
            self._children(path, group, key, value, child or group in GROUPS)

    def _children(
        self, path: Path, group: str, key: yaml.Node, children: yaml.MappingNode, child: bool
    ) -> None:
        """Check the groups below a group; `key` is that of the section."""
        if any(
            isinstance(content, yaml.MappingNode)
            and any(below.value in FIXED_HOST_KEYS for below, _ in content.value)
            for _, content in children.value
        ):
            problem = f"children of the group {group} are hosts, to judge by their keys"
            self._fault(path, key, problem, "write hosts: instead")
            return
        for below, content in children.value:
            self._group(path, below, content, child)

    def _host(self, path: Path, name: yaml.Node, node: yaml.Node) -> None:
        if not self._is_text(path, name, "host"):
            return
        first = re.split(r"[\s{]", name.value)[0]
        if first != name.value:
            problem = f"{_short(name.value)} is not a host name"
            self._fault(path, name, problem, f"write a colon after {_short(first)}, and a space")
            return
        if name.value in _NO_HOSTS:
            self._fault(path, name, f"{name.value} is the name of a group", "choose another")
            return
        if node.tag == NULL:
            return
        if not isinstance(node, yaml.MappingNode):
            problem = f"the host {_short(name.value)} is {_kind(node)}"
            example = f"{{ fixed_address: {node.value if _is_address(node) else '10.1.1.15'} }}"
            self._fault(path, name, problem, f"write {_short(name.value)}: {example}")
            return
        self._names(path, node)
        for key, value in node.value:
            if key.value in _NEEDED and not value.value:
                problem = f"{key.value} of the host {name.value} is empty"
                self._fault(path, key, problem, "write its value, or remove it")
            if (
                key.value not in {*FIXED_HOST_KEYS, *SERVER_KEYS}
                and isinstance(value, yaml.MappingNode)
                and any(below.value in FIXED_HOST_KEYS for below, _ in value.value)
            ):
                problem = f"{key.value} is indented as a key of the host {name.value}"
                self._fault(path, key, problem, "indent it as a host")
        self._note(path, "host", name.value, node)

    def _is_text(self, path: Path, name: yaml.Node, kind: str) -> bool:
        if name.tag == _TEXT and name.value:
            return True
        if name.tag == _TEXT:
            self._fault(path, name, f"a {kind} has an empty name", "write its name")
            return False
        self._fault(
            path,
            name,
            f"the {kind} name {name.value or 'is empty'} is {_kind(name)}, as YAML reads it",
            "put it in quotes",
        )
        return False

    def _compose(self, path: Path) -> yaml.Node | None:
        root, faults = compose(path)
        self.faults += faults
        return root

    def _fault(self, path: Path, node: yaml.Node, problem: str, remedy: str) -> None:
        self.faults.append(fault(path, node, problem, remedy))


class _Recorder(InventoryData):  # type: ignore[misc]  # has no types
    """An inventory that passes on what is set in it, also what is then set again."""

    def __init__(self, note: Callable[[str, str, str, str], None]) -> None:
        super().__init__()
        self._note = note

    def set_variable(self, entity: str, varname: str, value: object) -> None:
        """Set a variable of a group or a host."""
        super().set_variable(entity, varname, value)
        where = origins.place([varname])
        if where is not None:
            self._note("group" if entity in self.groups else "host", entity, str(varname), where)


def _is_address(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and bool(_ADDRESS.fullmatch(node.value))


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    kinds = {"int": "a number", "float": "a number", "bool": "true or false", "null": "null"}
    kinds |= {"timestamp": "a date", "str": f"the text {_short(node.value)}"}
    return kinds.get(node.tag.rpartition(":")[2], "no text")


def _quoted(node: yaml.Node) -> str:
    return _short(node.value) if isinstance(node, yaml.ScalarNode) else _kind(node)


def _short(text: str, length: int = 40) -> str:
    text = printable(text)
    return text if len(text) <= length else f"{text[:length]}…"
