"""Which files of an inventory Ansible reads, and which it ignores or takes for something else.

Ansible ignores a file silently, and every host in it is gone from the network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import yaml

from controller import role_specs
from controller.origins import shown_path
from controller.yaml_files import LOADER
from leasemerge.faults import Fault
from leasemerge.host_check import FIXED_HOST_KEYS
from leasemerge.server_check import SERVER_KEYS

GROUPS = ("fixed_hosts", "dhcp_servers", "tinydns_servers", "dnscache_servers")
#: The keys of a group in a file of hosts.
SECTIONS = ("hosts", "vars", "children")
VARIABLE_FOLDERS = ("group_vars", "host_vars")

#: The prefixes of our variables.
OWN_PREFIXES = ("site_", *(f"{role}_" for role in role_specs.roles()))
_SUFFIXES = (".yml", ".yaml", ".json")
# Endings that Ansible ignores in a folder (our ansible.cfg does not set INVENTORY_IGNORE_EXTS).
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
# Endings that nobody would take for part of the inventory.
_OTHERS = (".md", ".rst", ".swp", ".pyc", ".pyo", ".rpm", ".retry")
# A section of an INI file.
_SECTION = re.compile(r"^\s*\[([^]:\n]+)", re.MULTILINE)
# A line that only a YAML file has.
_YAML_LINE = re.compile(r"^(---|\s*(- )?[\w-]+:)\s*$", re.MULTILINE)


def inventory_files(source: Path) -> Iterator[Path]:
    """Yield the YAML files that Ansible reads from a source, in its order."""
    if not source.is_dir():
        if source.suffix in _SUFFIXES or (not source.suffix and _is_yaml(_text(source))):
            yield source
        return
    for path in _entries(source):
        if not _is_loop(path) and not (path.is_dir() and likely_name(path.name, VARIABLE_FOLDERS)):
            yield from inventory_files(path)


def ini_files(source: Path) -> Iterator[Path]:
    """Yield the files of a source that Ansible reads as INI."""
    if source.is_dir():
        for path in _entries(source):
            if not _is_loop(path):
                yield from ini_files(path)
    elif (
        not source.name.endswith((*_PASSED_OVER, ".toml"))
        and may_be_ini(source)
        and not _is_yaml(_text(source))
    ):
        yield source


def may_be_ini(path: Path) -> bool:
    """Return whether a file is neither YAML, by its name, nor a script."""
    return path.suffix not in _SUFFIXES and not _text(path).startswith("#!")


def plugin_of(path: Path) -> str | None:
    """Return the inventory plugin that a YAML file is for; None for a file of hosts."""
    plugin = _mapping(_text(path)).get("plugin")
    return plugin if isinstance(plugin, str) else None


def misplaced(source: Path) -> Iterator[Fault]:
    """Yield variable folders and files that Ansible reads as something else."""
    for path in _entries(source):
        if _is_loop(path):
            yield Fault(shown_path(path), "it is a link to a folder that it lies in", "remove it")
        elif path.is_dir():
            meant = likely_name(path.name, VARIABLE_FOLDERS)
            if meant:
                problem = "Ansible reads a folder of this name as one of hosts"
                yield Fault(
                    shown_path(path), problem, f"rename it to {meant}, if that is what you meant"
                )
                continue
            for name in VARIABLE_FOLDERS:
                if (path / name).is_dir():
                    problem = f"Ansible reads {name} only beside the inventory's folder of hosts"
                    where = source / name
                    yield Fault(shown_path(path / name), problem, f"move it to {shown_path(where)}")
            yield from misplaced(path)
        elif path.name.endswith((*_SUFFIXES, *_PASSED_OVER)):
            continue
        elif not path.exists():
            yield Fault(shown_path(path), "it is a link to nothing", "remove it, or correct it")
        elif path.suffix not in ("", ".ini", ".toml"):
            is_copy = path.name.endswith(_COPIES)
            text = _text(path)
            is_ini = bool(_SECTION.search(text))
            if not path.stat().st_mode & 0o111 and (is_copy or _is_yaml(text) or not is_ini):
                problem = "Ansible reads a file with this extension as hosts in INI format"
                remedy = f"rename it to {path.stem.partition('.')[0]}.yml, or to {path.name}.bak"
                yield Fault(shown_path(path), problem, f"{remedy} to have it ignored")


def unread(source: Path, folder: Path) -> Iterator[tuple[Fault, bool]]:
    """Yield a fault for each file that is not read, and whether it probably should be."""
    if source.is_dir():
        for path in _unread_files(source):
            yield from _not_read(path, source, _has_hosts)
    for kind in VARIABLE_FOLDERS:
        read = {path for entry in readable(folder / kind) for path in variable_files(entry)}
        for path in sorted((folder / kind).rglob("[!.]*")):
            if path not in read and path.is_file():
                yield from _not_read(path, folder, _has_variables)


def of_nobody(folder: Path, known: Mapping[str, Collection[str]]) -> Iterator[tuple[Fault, bool]]:
    """Yield a fault for each variable file of no host or group, and whether it is to have one."""
    for kind, names in known.items():
        for entry in readable(folder / kind):
            name = entry.name if entry.is_dir() else entry.stem
            if name in names:
                continue
            of = kind.partition("_")[0]
            meant = likely_name(name, names)
            remedy = f"rename it to {meant}, if that is what you meant, or remove it"
            if not meant:
                remedy = f"add the {of} to the inventory, or move the file away"
            is_meant = bool(meant) or any(map(_has_own_variables, variable_files(entry)))
            yield Fault(shown_path(entry), f"there is no {of} {name}", remedy), is_meant


def beside(source: Path) -> Iterator[tuple[Fault, bool]]:
    """Yield a fault for each of our variable files beside a folder of hosts, not in it."""
    for kind in VARIABLE_FOLDERS:
        for entry in readable(source.parent / kind):
            if any(map(_has_own_variables, variable_files(entry))):
                problem = f"Ansible reads {kind} only in the inventory's folder"
                remedy = f"move it to {shown_path(source / kind)}"
                yield Fault(shown_path(entry), problem, remedy), True


def readable(folder: Path) -> Iterator[Path]:
    """Yield the entries of group_vars/ or host_vars/ that Ansible may read."""
    for entry in sorted(folder.glob("[!.]*")):
        # The folder of a host may have a dot in its name.
        if entry.suffix in (*_SUFFIXES, "") or (
            entry.is_dir() and not entry.name.endswith(_COPIES)
        ):
            yield entry


def variable_files(entry: Path) -> Iterator[Path]:
    """Yield the variable files that Ansible reads for an entry of group_vars/ or host_vars/."""
    if not entry.is_dir():
        yield entry
        return
    for path in sorted(entry.glob("[!.]*")):
        if path.suffix in ("", *(() if path.is_dir() else _SUFFIXES)):
            yield from variable_files(path)


def likely_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most similar to a misspelt one, if there is one."""
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0.8)), None)


def _entries(folder: Path) -> Iterator[Path]:
    """Yield what Ansible reads in a folder of hosts, and what it ignores only by its ending."""
    for path in sorted(folder.iterdir()):
        if path.name not in VARIABLE_FOLDERS and not path.name.startswith("."):
            yield path


def _is_loop(path: Path) -> bool:
    """Return whether a path is a link to a folder that it lies in."""
    parent = path.parent.resolve()
    return path.is_symlink() and path.is_dir() and path.resolve() in (parent, *parent.parents)


def _not_read(
    path: Path, folder: Path, is_meant: Callable[[str], bool]
) -> Iterator[tuple[Fault, bool]]:
    parts = path.relative_to(folder).parts
    if path.name.endswith(_OTHERS) or any(part.startswith(".") for part in parts):
        return
    problem = "Ansible does not read it, because of its extension"
    is_of_folder = path.suffix in (*_SUFFIXES, "")
    if is_of_folder:
        problem = f"Ansible does not read it, because of the extension of {path.parent.name}"
    is_copy = any(part.endswith(_COPIES) for part in parts)
    if not is_copy and is_meant(_text(path)):
        right = f"{path.name.partition('.')[0]}.yml"
        remedy = "rename the folder" if is_of_folder else f"rename it to {right}"
        yield Fault(shown_path(path), problem, f"{remedy}, or move it away"), True
    elif is_copy or not path.name.endswith(".txt"):
        remedy = "move it away, or accept that nothing in it is used"
        yield Fault(shown_path(path), problem, remedy), False


def _unread_files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder of hosts that Ansible ignores."""
    for path in _entries(folder):
        if path.is_dir() and not _is_loop(path):
            yield from _unread_files(path)
        elif path.name.endswith(_PASSED_OVER):
            yield path


def _text(path: Path) -> str:
    """Return the content of a file, as far as it is text."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_yaml(text: str) -> bool:
    """Return whether a text is meant to be YAML, not INI."""
    return not _SECTION.search(text) and (bool(_YAML_LINE.search(text)) or bool(_mapping(text)))


def _has_hosts(text: str) -> bool:
    """Return whether a text has hosts, in YAML or in INI."""
    if any(name in GROUPS for name in _SECTION.findall(text)):
        return True
    content = _mapping(text)
    return any(
        key in GROUPS or (isinstance(value, dict) and not value.keys().isdisjoint(SECTIONS))
        for key, value in content.items()
    )


def _has_variables(text: str) -> bool:
    """Return whether a text has variables with names of ours or Ansible's."""
    return any(is_own(name) or name.startswith("ansible_") for name in map(str, _mapping(text)))


def _has_own_variables(path: Path) -> bool:
    return any(map(is_own, map(str, _mapping(_text(path)))))


def is_own(name: str) -> bool:
    """Return whether a variable has a name of ours."""
    return name in FIXED_HOST_KEYS or name in SERVER_KEYS or name.startswith(OWN_PREFIXES)


def _mapping(text: str) -> dict[object, object]:
    try:
        content = yaml.load(text, Loader=LOADER)
    except (yaml.YAMLError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
