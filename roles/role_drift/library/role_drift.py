#!/usr/bin/python
"""Module role_drift: compare a host with the desired state of a role, in one round trip."""

from __future__ import annotations

import grp
import hashlib
import pwd
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]  # has no types

DOCUMENTATION = r"""
module: role_drift
short_description: Compare a host with the desired state of a role
description:
  - A role has some ten files, packages, users and services. A module for each of them costs a round
    trip, and a run with nothing to do consists of such round trips. This module compares all of
    them in one, so that a role can skip whole groups of tasks.
  - It changes nothing.
author: maintainers
options:
  packages:
    description: Debian packages that must be installed.
    type: list
    elements: str
    default: []
  users:
    description: Users that must exist.
    type: list
    elements: str
    default: []
  files:
    description:
      - Lists of files and directories, each list under a name of the caller's choice.
      - A file is a dictionary. C(path) is where it must be. C(state) is C(file), C(directory),
        C(any) or C(absent), by default C(file). C(owner), C(group) and C(mode) (octal digits) are
        compared if they are given. Other keys are for the caller's own tasks.
      - With C(src) the content is compared with that file of the role; C(NAME.j2) is a template.
        With a pattern such as C(leasemerge/*.py) as C(src), C(path) is the directory of all files
        that match, and any other file there that matches is a stray, as with C(only).
    type: dict
    default: {}
  only:
    description: Glob patterns. A path that matches one and is in none of the lists is a stray.
    type: list
    elements: str
    default: []
  units:
    description:
      - The systemd units that must be enabled and running. A unit is a dictionary of its C(name)
        and, as C(files), the names of the lists of files that it reads when it starts. With
        C(enabled) false it only needs to run, because another unit starts it.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Compare this server with the desired state
  role_drift:
    packages: [tinydns]
    files:
      data: [{path: /var/lib/tinydns/root, state: directory, mode: "0755"}]
      server: [{path: /etc/systemd/system/tinydns.service, src: tinydns.service.j2, mode: "0644"}]
    units: [{name: tinydns.service, files: [server]}]
  register: drift

- name: Skip the rest if nothing differs
  ansible.builtin.meta: end_role
  when: not drift.differs

- name: Install tinydns
  ansible.builtin.import_tasks: install.yml
  when: (drift.packages + drift.files.data) | length > 0

# A task loops over the desired state, and skips what is in place.
- name: Deploy the unit
  ansible.builtin.template:
    src: "{{ item.src }}"
    dest: "{{ item.path }}"
  loop: "{{ __tinydns_files.server }}"
  when: item.path in drift.paths
"""

RETURN = r"""
differs:
  description: Whether anything differs, so that one of the lists below has an entry.
  returned: always
  type: bool
packages:
  description: The packages that are not installed.
  returned: always
  type: list
users:
  description: The users that do not exist.
  returned: always
  type: list
files:
  description: The files in each list that are missing or differ, as they were given.
  returned: always
  type: dict
paths:
  description: The paths of all these files, for tasks that loop over the desired state.
  returned: always
  type: list
strays:
  description: Paths of the files that should not exist.
  returned: always
  type: list
stopped:
  description:
    - Names of the units that are not running or not enabled, or whose unit file has changed since
      systemd loaded it.
  returned: always
  type: list
stale:
  description: Names of the running units that were started before one of their files was written.
  returned: always
  type: list
"""

_PROPERTIES = ("ActiveState", "UnitFileState", "NeedDaemonReload", "InactiveExitTimestampMonotonic")


def main() -> None:
    """Print the differences, or fail with the reason."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "users": {"type": "list", "elements": "str", "default": []},
            "files": {"type": "dict", "default": {}},
            "only": {"type": "list", "elements": "str", "default": []},
            "units": {"type": "list", "elements": "dict", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        found = compare(module.params)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        module.fail_json(msg=f"role_drift: {type(error).__name__}: {error}")
    module.exit_json(changed=False, differs=any_entry(found), **found)


def compare(desired: dict[str, Any]) -> dict[str, Any]:
    """Return everything in which this host differs from the desired state."""
    found = {
        name: [file for file in files if differs(file)] for name, files in desired["files"].items()
    }
    return {
        "packages": missing_packages(desired["packages"]),
        "users": [user for user in desired["users"] if _known(pwd.getpwnam, user) is None],
        "files": found,
        "paths": [file["path"] for files in found.values() for file in files],
        "strays": strays(desired["only"], desired["files"]),
        **units(desired["units"], desired["files"]),
    }


def any_entry(found: dict[str, Any]) -> bool:
    """Return whether one of the lists that `compare` returns has an entry."""
    return any(any(some.values()) if isinstance(some, dict) else some for some in found.values())


def missing_packages(names: list[str]) -> list[str]:
    """Return the packages that are not installed."""
    if not names:
        return []
    form = "${db:Status-Status} ${Package}\n"
    # It exits with 1 if it does not know one of the packages, and still lists the others.
    listed = subprocess.run(
        ["dpkg-query", "--show", f"--showformat={form}", *names],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    return [name for name in names if f"installed {name}" not in listed]


def differs(file: dict[str, Any]) -> bool:
    """Return whether a file or directory differs from the desired state."""
    path = Path(file["path"])
    if file.get("state") == "absent":
        return path.is_symlink() or path.exists()
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    expected = {"file": stat.S_ISREG, "directory": stat.S_ISDIR, "any": bool}[
        file.get("state", "file")
    ]
    if not expected(found.st_mode):
        return True
    if "owner" in file and _known(pwd.getpwnam, file["owner"]) != found.st_uid:
        return True
    if "group" in file and _known(grp.getgrnam, file["group"]) != found.st_gid:
        return True
    if "mode" in file and int(file["mode"], 8) != stat.S_IMODE(found.st_mode):
        return True
    if "sha256" in file:
        return hashlib.sha256(path.read_bytes()).hexdigest() != str(file["sha256"])
    return False


def strays(patterns: list[str], files: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the paths that match a pattern and are in no list."""
    listed = {file["path"] for some in files.values() for file in some}
    found = {str(path) for pattern in patterns for path in Path("/").glob(pattern.lstrip("/"))}
    return sorted(found - listed)


def units(
    desired: list[dict[str, Any]], files: dict[str, list[dict[str, Any]]]
) -> dict[str, list[str]]:
    """Return the names of the units that are stopped, and of those that are stale."""
    found = _shown([unit["name"] for unit in desired])
    stopped = [
        unit["name"]
        for unit, shown in zip(desired, found.values(), strict=True)
        if shown["ActiveState"] not in ("active", "activating", "reloading")
        or (unit.get("enabled", True) and shown["UnitFileState"] != "enabled")
        or shown["NeedDaemonReload"] == "yes"
    ]
    # Seconds since boot: the wall clock may have been set since the unit started.
    booted = time.time() - time.monotonic()
    stale = []
    for unit in desired:
        shown = found[unit["name"]]
        if shown["ActiveState"] in ("active", "activating", "reloading"):
            started = booted + int(shown["InactiveExitTimestampMonotonic"]) / 1e6
            paths = [Path(file["path"]) for name in unit["files"] for file in files[name]]
            if any(path.exists() and path.stat().st_mtime > started for path in paths):
                stale.append(unit["name"])
    return {"stopped": stopped, "stale": stale}


def _shown(names: list[str]) -> dict[str, dict[str, str]]:
    """Return the properties of each unit."""
    if not names:
        return {}
    shown = subprocess.run(
        ["systemctl", "show", "--property", ",".join(_PROPERTIES), *names],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    blocks = shown.strip().split("\n\n")
    return {
        name: dict(line.split("=", 1) for line in block.splitlines())
        for name, block in zip(names, blocks, strict=True)
    }


def _known(lookup: Callable[[str], Any], name: str) -> int | None:
    """Return the numeric id of a user or group, or None if it does not exist."""
    try:
        number: int = lookup(name)[2]
    except KeyError:
        return None
    return number


if __name__ == "__main__":
    main()
