"""Faults of the inventory's files: what YAML or Ansible would refuse, drop or misread.

Ansible warns of a file that it cannot read, goes on without it, and every host in it is gone from
the network. Here each such place is a Fault with its file, line and column. What the values mean
is the business of leasemerge.inventory_check.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "roles/lease_merge/files"))

from leasemerge.faults import Fault
from leasemerge.host_check import FIXED_HOST_KEYS
from leasemerge.server_check import SERVER_KEYS

#: What stands above the list of faults.
TITLE = "The inventory has faults. Nothing was touched. Fix these and run again:"

GROUPS = ("fixed_hosts", "dhcp_servers", "tinydns_servers", "dnscache_servers")

# libyaml's is ten times as fast as the one in Python.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What variables of ours and of Ansible's begin with.
_PREFIXES = (
    *("site_", "ansible_", "dhcpd_", "kea_", "tinydns_", "dnscache_", "lease_merge_"),
    "floating_address_",
)
_SECTIONS = ("hosts", "vars", "children")
_SUFFIXES = (".yml", ".yaml", ".json")
_VARIABLES = ("group_vars", "host_vars")
# Names of Ansible's own, and of ours: Ansible takes a host of such a name for the group.
_NO_HOSTS = ("all", "ungrouped", *GROUPS)
# Keys that take something away where they are empty. Of the others that may be meant, for a host
# that must not have what its group has.
_NEEDED = ("fixed_address", "ipv6_address", "hardware_ethernet", "aliases")
# Endings that Ansible passes over in a folder (ansible.cfg has no INVENTORY_IGNORE_EXTS of ours).
_PASSED_OVER = (
    *(".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst"),
    *(".orig", ".cfg", ".retry"),
)
# Endings of copies that an editor, a package or a person leaves behind.
_COPIES = (
    *(
        "~",
        ".bak",
        ".backup",
        ".orig",
        ".old",
        ".save",
        ".sav",
        ".copy",
        ".rej",
        ".tmp",
        ".disabled",
    ),
    *(".rpmsave", ".rpmnew", ".rpmorig", ".dpkg-old", ".dpkg-new", ".dpkg-dist", ".ucf-old"),
    *(".ucf-dist", ".j2", ".example", ".sample"),
)
# Endings of what nobody takes for a part of the inventory.
_OTHERS = (".md", ".rst", ".swp", ".pyc", ".pyo", ".rpm", ".retry")
# A section of an INI file.
_SECTION = re.compile(r"^\s*\[([^]:\n]+)", re.MULTILINE)
# A line of a YAML file that is nothing else's.
_YAML_LINE = re.compile(r"^(---|\s*(- )?[\w-]+:)\s*$", re.MULTILINE)
# What Ansible puts in front of a file that is encrypted.
_VAULT = b"$ANSIBLE_VAULT"
# What git leaves in a file that it could not merge.
_CONFLICT = re.compile(rb"^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE)
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# YAML 1.1 section "integer": 0600 is 384.
_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_NUMBER = "tag:yaml.org,2002:int"
_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"

# A part of libyaml's message for each usual slip, what the slip is, and its remedy.
_SLIPS = (
    ("violates indentation", "a tab is used for indentation", "use spaces"),
    (
        "mapping values are not allowed",
        "there is a second colon in the line, or the line is indented more than the one above",
        "indent it as the lines around it, and put a text with a colon in quotes",
    ),
    ("could not find expected ':'", "no colon follows the name", "write one, and a space after it"),
    (
        "expected ',' or '}'",
        "the brace { is not closed, or a comma or a quotation mark is missing after it",
        "add what is missing",
    ),
    (
        "expected ',' or ']'",
        "the bracket [ is not closed, or a comma or a quotation mark is missing after it",
        "add what is missing",
    ),
    ("unexpected end of stream", "the quotation mark is not closed", "close it"),
    (
        "did not find expected key",
        "this line is not indented like those above it, or text follows a quotation mark",
        "indent it as the lines around it, and put a text in quotes as a whole",
    ),
    (
        "expected '-' indicator",
        "this line is not indented like those above it",
        "indent it as the lines around it",
    ),
    ("undefined alias", "the text begins with *", "put it in quotes"),
    ("expected alphabetic or numeric", "the text begins with * or &", "put it in quotes"),
    (
        "unknown escape character",
        "there is a backslash between double quotation marks",
        "use single ones",
    ),
    ("another document", "there is a second --- line", "remove it"),
)
# The messages whose place is where the piece begins that is not ended.
_BEGUN = ("expected ':'", "expected ',' or", "unexpected end of stream")


def check(source: Path) -> list[Fault]:
    """Return the faults of an inventory source: a file or a folder, and the variables beside it."""
    files = _Files()
    for path in _inventory_files(source):
        files.read_inventory(path)
    if source.is_dir():
        files.faults += _misplaced(source)
    folder = source if source.is_dir() else source.parent
    files.read_variables(folder)
    files.faults += [fault for fault, is_meant in _unread(source, folder) if is_meant]
    return files.faults


def notes(sources: Iterable[Path]) -> list[Fault]:
    """Return the files of sources that Ansible does not read, and that nobody seems to miss."""
    return [
        fault
        for source in sources
        if source.exists()
        for fault, is_meant in _unread(source, source if source.is_dir() else source.parent)
        if not is_meant
    ]


def ini_fault(path: Path, line: int, reason: str) -> Fault:
    """Return the fault of a file that Ansible cannot read as INI."""
    # A bracket that is not closed, which Ansible takes for the range of a pattern of hosts.
    if "to unpack" in reason:
        reason = "the bracket [ is not closed, or stands in the name of a host"
    reason = _short(" ".join(reason.split()).rstrip("."), 200)
    problem = f"it cannot be read as INI ({reason})"
    remedy = "write [GROUP], and under it a line for each host: NAME KEY=VALUE"
    return Fault(f"{_shown(path)}:{line}", problem, remedy)


def _inventory_files(source: Path) -> Iterator[Path]:
    """Yield the YAML files that Ansible reads of a source, in its order."""
    if not source.is_dir():
        if source.suffix in _SUFFIXES or (not source.suffix and _is_yaml(_text(source))):
            yield source
        return
    for path in _entries(source):
        if not path.is_dir() or not _meant(path.name, _VARIABLES):
            yield from _inventory_files(path)


def _entries(folder: Path) -> Iterator[Path]:
    """Yield what Ansible reads of a folder of hosts, and what it only passes over by its ending."""
    for path in sorted(folder.iterdir()):
        if path.name not in _VARIABLES and not path.name.startswith("."):
            yield path


def _misplaced(source: Path) -> Iterator[Fault]:
    """Yield folders of variables and files that Ansible reads as something else."""
    for path in _entries(source):
        if path.is_dir():
            meant = _meant(path.name, _VARIABLES)
            if meant:
                problem = "Ansible reads a folder of this name as one of hosts"
                yield Fault(_shown(path), problem, f"rename it to {meant}, if that is meant")
                continue
            for name in _VARIABLES:
                if (path / name).is_dir():
                    problem = f"Ansible reads {name} beside the inventory's folder of hosts alone"
                    where = source / name
                    yield Fault(_shown(path / name), problem, f"move it to {_shown(where)}")
            yield from _misplaced(path)
        elif not path.name.endswith((*_SUFFIXES, *_PASSED_OVER, ".ini", ".toml")) and path.suffix:
            is_copy = path.name.endswith(_COPIES)
            if not path.stat().st_mode & 0o111 and (is_copy or _is_yaml(_text(path))):
                problem = "Ansible reads a file of this ending as hosts in INI format"
                remedy = f"rename it to {path.stem.partition('.')[0]}.yml, or to {path.name}.bak"
                yield Fault(_shown(path), problem, f"{remedy} to have it passed over")


def _unread(source: Path, folder: Path) -> Iterator[tuple[Fault, bool]]:
    """Yield a fault for each file that is not read, and whether it is likely meant to be."""
    if source.is_dir():
        for path in _unread_files(source):
            yield from _not_read(path, source, _has_hosts)
    for kind in _VARIABLES:
        read = {path for entry in _readable(folder / kind) for path in _variable_files(entry)}
        for path in sorted((folder / kind).rglob("[!.]*")):
            if path not in read and path.is_file():
                yield from _not_read(path, folder, _has_variables)


def _not_read(
    path: Path, folder: Path, is_meant: Callable[[str], bool]
) -> Iterator[tuple[Fault, bool]]:
    parts = path.relative_to(folder).parts
    if path.name.endswith(_OTHERS) or any(part.startswith(".") for part in parts):
        return
    problem = "Ansible does not read it, because of its ending"
    is_of_folder = path.suffix in (*_SUFFIXES, "")
    if is_of_folder:
        problem = f"Ansible does not read it, because of the ending of {path.parent.name}"
    is_copy = any(part.endswith(_COPIES) for part in parts)
    if not is_copy and is_meant(_text(path)):
        right = f"{path.name.partition('.')[0]}.yml"
        remedy = "rename the folder" if is_of_folder else f"rename it to {right}"
        yield Fault(_shown(path), problem, f"{remedy}, or move it away"), True
    elif is_copy or not path.name.endswith(".txt"):
        remedy = "move it away, or know that nothing in it counts"
        yield Fault(_shown(path), problem, remedy), False


def _unread_files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder of hosts that Ansible passes over."""
    for path in _entries(folder):
        if path.is_dir():
            yield from _unread_files(path)
        elif path.name.endswith(_PASSED_OVER):
            yield path


def _readable(folder: Path) -> Iterator[Path]:
    """Yield the entries of group_vars/ or host_vars/ that Ansible may read."""
    for entry in sorted(folder.glob("[!.]*")):
        # The folder of a host may have a dot in its name.
        if entry.suffix in (*_SUFFIXES, "") or (
            entry.is_dir() and not entry.name.endswith(_COPIES)
        ):
            yield entry


def _text(path: Path) -> str:
    """Return what a file holds, as far as it is text."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_yaml(text: str) -> bool:
    """Return whether a text is meant to be YAML, and not INI."""
    return not _SECTION.search(text) and (bool(_YAML_LINE.search(text)) or bool(_mapping(text)))


def _has_hosts(text: str) -> bool:
    """Return whether a text has hosts, in YAML or in INI."""
    if any(name in GROUPS for name in _SECTION.findall(text)):
        return True
    content = _mapping(text)
    return any(
        key in GROUPS or (isinstance(value, dict) and not value.keys().isdisjoint(_SECTIONS))
        for key, value in content.items()
    )


def _has_variables(text: str) -> bool:
    """Return whether a text has variables, by names that are ours or Ansible's."""
    names = map(str, _mapping(text))
    return any(name in FIXED_HOST_KEYS or name.startswith(_PREFIXES) for name in names)


def _mapping(text: str) -> dict[object, object]:
    try:
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


class _Files:
    """What has been read so far, and its faults."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._hosts: set[str] = set()
        self._groups = {"all", "ungrouped"}
        # Where each key of ours of a host was first seen.
        self._keys: dict[tuple[str, str], str] = {}

    def read_inventory(self, path: Path) -> None:
        """Check a file of groups and hosts."""
        root = self._compose(path)
        if root is None:
            return
        if root.tag == _NULL:
            self._fault(path, root, "the file is empty", "write a group into it, or remove it")
        elif not isinstance(root, yaml.MappingNode):
            self._fault(
                path, root, "the file is not a mapping", "write each group as a name with a colon"
            )
        elif not any(key.value == "plugin" for key, _ in root.value):
            for key, value in root.value:
                self._group(path, key, value, child=False)

    def read_variables(self, folder: Path) -> None:
        """Check group_vars/ and host_vars/ in a folder."""
        groups = {*self._groups, *GROUPS}
        for kind, names in (("group_vars", groups), ("host_vars", self._hosts)):
            for entry in _readable(folder / kind):
                name = entry.name if entry.is_dir() else entry.stem
                meant = _meant(name, names)
                if name not in names and meant:
                    self.faults.append(
                        Fault(
                            _shown(entry),
                            f"there is no {kind.partition('_')[0]} {name}",
                            f"rename it to {meant}, if that is meant, or remove it",
                        )
                    )
                if not entry.is_dir() and entry.suffix and entry.with_suffix("").is_dir():
                    self.faults.append(
                        Fault(
                            _shown(entry),
                            f"Ansible does not read it, since there is a folder {name} beside it",
                            "move it into the folder",
                        )
                    )
                for path in _variable_files(entry):
                    self._variables(path)

    def _variables(self, path: Path) -> None:
        root = self._compose(path)
        if root is not None and root.tag != _NULL and not isinstance(root, yaml.MappingNode):
            self._fault(
                path, root, "the file is not a mapping", "write each as a name with a colon"
            )
        elif isinstance(root, yaml.MappingNode):
            self._names(path, root)

    def _names(self, path: Path, node: yaml.Node) -> None:
        """Check that the keys of a mapping can be names of variables."""
        for key, _ in node.value:
            if key.tag == _MERGE or (key.tag == _TEXT and _VARIABLE.fullmatch(key.value)):
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

    def _compose(self, path: Path) -> yaml.Node | None:
        """Return a file's YAML; None, with its faults noted, if there is none to look into."""
        try:
            data = path.read_bytes()
        except OSError as exc:
            self.faults.append(
                Fault(_shown(path), f"it cannot be read ({exc.strerror})", "see why")
            )
            return None
        if data.startswith(_VAULT):
            return None
        conflict = _CONFLICT.search(data)
        if conflict:
            line = data.count(b"\n", 0, conflict.start()) + 1
            self.faults.append(
                Fault(
                    f"{_shown(path)}:{line}",
                    "a git conflict is not resolved",
                    "keep one of the two versions, and remove git's marks",
                )
            )
            return None
        try:
            root = yaml.compose(data.decode(), Loader=_Loader) or yaml.ScalarNode(_NULL, "")
        except UnicodeDecodeError as exc:
            line = data.count(b"\n", 0, exc.start) + 1
            self.faults.append(
                Fault(f"{_shown(path)}:{line}", "the text is not UTF-8", "save the file as UTF-8")
            )
            return None
        except yaml.YAMLError as exc:
            self.faults.append(_slip(path, data, exc))
            return None
        before = len(self.faults)
        self._mappings(path, root, set())
        return root if len(self.faults) == before else None

    def _mappings(self, path: Path, node: yaml.Node, seen: set[int]) -> None:
        """Check the keys of every mapping below a node."""
        if isinstance(node, yaml.ScalarNode):
            if node.tag == _NUMBER and _OCTAL.fullmatch(node.value):
                meant = node.value.lstrip("0_") or "0"
                problem = f"{node.value} is an octal number to YAML, since it begins with 0"
                self._fault(path, node, problem, f"write {meant}, or put a text in quotes")
            return
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._mappings(path, item, seen)
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fault(path, key, "a brace begins a text", "put a text with {{ }} in quotes")
                continue
            if key.value in lines and key.tag != _MERGE:
                problem = f"{key.value} is already in line {lines[key.value]}"
                self._fault(path, key, problem, "remove one of them, or put both into one")
            lines.setdefault(key.value, key.start_mark.line + 1)
            self._mappings(path, value, seen)

    def _group(self, path: Path, name: yaml.Node, node: yaml.Node, child: bool) -> None:
        """Check a group; a child of one of ours may be named like it."""
        if not self._is_text(path, name, "group"):
            return
        group = name.value
        if group not in self._groups and not child:
            meant = _meant(group, GROUPS)
            if group not in GROUPS and meant:
                self._fault(
                    path,
                    name,
                    f"the group {group} is unknown",
                    f"write {meant}, or choose a name that is less like it for a group of your own",
                )
        self._groups.add(group)
        if node.tag == _NULL:
            return
        if not isinstance(node, yaml.MappingNode):
            self._fault(
                path,
                node,
                f"the group {group} is {_kind(node)}",
                "write hosts: under it, and under that each host with a colon in a line of its own",
            )
            return
        for key, value in node.value:
            if key.value not in _SECTIONS:
                self._fault(
                    path,
                    key,
                    f"{_quoted(key)} is not a part of the group {group}",
                    "write a host under hosts: (a group has hosts:, vars: and children:)",
                )
            elif value.tag == _NULL:
                continue
            elif not isinstance(value, yaml.MappingNode):
                self._fault(
                    path,
                    value,
                    f"{key.value} of the group {group} is {_kind(value)}",
                    "write a mapping: each name in a line of its own, with a colon",
                )
            elif key.value == "vars":
                self._names(path, value)
            elif key.value == "hosts":
                for host, variables in value.value:
                    self._host(path, host, variables)
            elif key.value == "children" and any(
                isinstance(content, yaml.MappingNode)
                and any(below.value in FIXED_HOST_KEYS for below, _ in content.value)
                for _, content in value.value
            ):
                problem = f"children of the group {group} are hosts, by their keys"
                self._fault(path, key, problem, "write hosts: instead")
            elif key.value == "children":
                for below, content in value.value:
                    self._group(path, below, content, child=child or group in GROUPS)

    def _host(self, path: Path, name: yaml.Node, node: yaml.Node) -> None:
        if not self._is_text(path, name, "host"):
            return
        first = re.split(r"[\s{]", name.value)[0]
        if first != name.value:
            problem = f"{_short(name.value)} is not a host name"
            self._fault(path, name, problem, f"write a colon after {_short(first)}, and a space")
            return
        self._hosts.add(name.value)
        if name.value in _NO_HOSTS:
            self._fault(path, name, f"{name.value} is the name of a group", "choose another")
            return
        if node.tag == _NULL:
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
            if key.value not in FIXED_HOST_KEYS and key.value not in SERVER_KEYS:
                if isinstance(value, yaml.MappingNode) and any(
                    below.value in FIXED_HOST_KEYS for below, _ in value.value
                ):
                    problem = f"{key.value} is indented as a key of the host {name.value}"
                    self._fault(path, key, problem, "indent it as a host")
                continue
            here = _place(path, key)
            first = self._keys.setdefault((name.value, key.value), here)
            if first != here:
                self._fault(
                    path,
                    key,
                    f"{key.value} of the host {name.value} is already set in {first}",
                    "remove one of them",
                )

    def _is_text(self, path: Path, name: yaml.Node, kind: str) -> bool:
        if name.tag == _TEXT:
            return True
        self._fault(
            path,
            name,
            f"the {kind} name {name.value or 'is empty'} is {_kind(name)}, as YAML reads it",
            "put it in quotes",
        )
        return False

    def _fault(self, path: Path, node: yaml.Node, problem: str, remedy: str) -> None:
        self.faults.append(Fault(_place(path, node), problem, remedy))


def _variable_files(entry: Path) -> Iterator[Path]:
    """Yield the files of variables that Ansible reads of an entry of group_vars/ or host_vars/."""
    if not entry.is_dir():
        yield entry
        return
    for path in sorted(entry.glob("[!.]*")):
        if path.suffix in ("", *(() if path.is_dir() else _SUFFIXES)):
            yield from _variable_files(path)


def _slip(path: Path, data: bytes, exc: yaml.YAMLError) -> Fault:
    """Return the fault of a file that is not YAML."""
    mark = getattr(exc, "problem_mark", None)
    if not isinstance(exc, yaml.MarkedYAMLError) or mark is None:
        # A control character: the error counts characters.
        position = int(getattr(exc, "position", 0))
        line = data.decode().count("\n", 0, position) + 1
        return Fault(f"{_shown(path)}:{line}", "there is a control character", "remove it")
    message = f"{exc.context or ''} {exc.problem or ''}"
    if exc.context_mark is not None and any(part in message for part in _BEGUN):
        mark = exc.context_mark
    where = f"{_shown(path)}:{mark.line + 1}:{mark.column + 1}"
    for part, problem, remedy in _SLIPS:
        if part in message:
            return Fault(where, problem, remedy)
    if "cannot start any token" in message:
        lines = data.decode().splitlines()
        char = lines[mark.line][mark.column : mark.column + 1]
        if char == "\t":
            return Fault(where, "a tab is used for indentation", "use spaces")
        return Fault(where, f"the text begins with {char}", "put it in quotes")
    return Fault(where, f"it is not YAML: {exc.problem}", "write it as YAML")


def _place(path: Path, node: yaml.Node) -> str:
    mark = node.start_mark
    return _shown(path) if mark is None else f"{_shown(path)}:{mark.line + 1}:{mark.column + 1}"


@cache
def _shown(path: Path) -> str:
    """Return a path as it is typed in the working directory: once, not for each of its lines."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


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
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= length else f"{text[:length]}…"


def _meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelt one is most like, if there is one."""
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0.8)), None)
