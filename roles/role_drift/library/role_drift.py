#!/usr/bin/python
"""Module role_drift: what of a role's state is not in place, asked in one round trip."""

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
short_description: Tell what of a role's state is not in place
description:
  - A role has some ten files, packages, users and services. A module of its own for each costs a
    round trip each, and a run that finds all in place is nothing but such round trips. This module
    asks for all of them at once; the role's other tasks then do what is missing, and only that.
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
      - A file is a dictionary. C(path) is where it must be. C(state) is C(file), C(directory) or
        C(any), by default C(file). C(owner), C(group) and C(mode) (octal digits) are compared where
        they are given. Other keys are the caller's own, and come back with it.
      - With C(src) the content is compared with that file of the role, C(NAME.j2) with what the
        template gives. With a pattern such as C(leasemerge/*.py) as C(src), C(path) is the
        directory of all files that match, and what matches there besides them is a stray.
    type: dict
    default: {}
  only:
    description: Glob patterns. What one matches, and none of the lists has, is a stray.
    type: list
    elements: str
    default: []
  units:
    description:
      - The systemd units that must run, and at every boot. A unit is a dictionary of its C(name)
        and the names of the lists of C(files) that it reads when it starts.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Ask this server what is not in place
  role_drift:
    packages: [tinydns]
    files:
      data: [{path: /var/lib/tinydns/root, state: directory, mode: "0755"}]
      server: [{path: /etc/systemd/system/tinydns.service, src: tinydns.service.j2, mode: "0644"}]
    units: [{name: tinydns.service, files: [server]}]
  register: drift

- name: Install the packages
  ansible.builtin.apt:
    name: "{{ drift.packages }}"
  when: drift.packages | length > 0
"""

RETURN = r"""
packages:
  description: Those that are not installed.
  returned: always
  type: list
users:
  description: Those that do not exist.
  returned: always
  type: list
files:
  description: Of each list the files that are not there, or differ, as they were given.
  returned: always
  type: dict
strays:
  description: Paths of the files that should not be there.
  returned: always
  type: list
stopped:
  description:
    - Names of the units that do not run, or not at every boot, or whose unit file systemd has not
      read again.
  returned: always
  type: list
stale:
  description: Names of the units that run and were started before a file of theirs was written.
  returned: always
  type: list
"""

_PROPERTIES = ("ActiveState", "UnitFileState", "NeedDaemonReload", "InactiveExitTimestampMonotonic")


def main() -> None:
    """Answer, or fail with the sentence that tells why not."""
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
    asked = module.params
    try:
        module.exit_json(
            changed=False,
            packages=missing_packages(asked["packages"]),
            users=[user for user in asked["users"] if _known(pwd.getpwnam, user) is None],
            files={
                name: [file for file in files if differs(file)]
                for name, files in asked["files"].items()
            },
            strays=strays(asked["only"], asked["files"]),
            **units(asked["units"], asked["files"]),
        )
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        module.fail_json(msg=f"role_drift: {type(error).__name__}: {error}")


def missing_packages(names: list[str]) -> list[str]:
    """Return those that dpkg does not call installed."""
    if not names:
        return []
    form = "${db:Status-Status} ${Package}\n"
    # It exits with 1 for a package that it never heard of, and tells of the others all the same.
    told = subprocess.run(
        ["dpkg-query", "--show", f"--showformat={form}", *names],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    return [name for name in names if f"installed {name}" not in told]


def differs(file: dict[str, Any]) -> bool:
    """Return whether a file or directory is not there, or not as it should be."""
    path = Path(file["path"])
    try:
        there = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    expected = {"file": stat.S_ISREG, "directory": stat.S_ISDIR, "any": bool}[
        file.get("state", "file")
    ]
    if not expected(there.st_mode):
        return True
    if "owner" in file and _known(pwd.getpwnam, file["owner"]) != there.st_uid:
        return True
    if "group" in file and _known(grp.getgrnam, file["group"]) != there.st_gid:
        return True
    if "mode" in file and int(file["mode"], 8) != stat.S_IMODE(there.st_mode):
        return True
    if "sha256" in file:
        return hashlib.sha256(path.read_bytes()).hexdigest() != str(file["sha256"])
    return False


def strays(patterns: list[str], files: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the paths that a pattern matches and no list has."""
    listed = {file["path"] for some in files.values() for file in some}
    found = {str(path) for pattern in patterns for path in Path("/").glob(pattern.lstrip("/"))}
    return sorted(found - listed)


def units(
    wanted: list[dict[str, Any]], files: dict[str, list[dict[str, Any]]]
) -> dict[str, list[str]]:
    """Return the names of the units that are stopped, and of those that are stale."""
    found = _shown([unit["name"] for unit in wanted])
    stopped = [
        name
        for name, shown in found.items()
        if shown["ActiveState"] not in ("active", "activating", "reloading")
        or shown["UnitFileState"] != "enabled"
        or shown["NeedDaemonReload"] == "yes"
    ]
    # Since boot, and not by the clock on the wall: that may have been set between the two.
    booted = time.time() - time.monotonic()
    stale = []
    for unit in wanted:
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
    told = subprocess.run(
        ["systemctl", "show", "--property", ",".join(_PROPERTIES), *names],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    blocks = told.strip().split("\n\n")
    return {
        name: dict(line.split("=", 1) for line in block.splitlines())
        for name, block in zip(names, blocks, strict=True)
    }


def _known(ask: Callable[[str], Any], name: str) -> int | None:
    """Return the number of a user or group, None if there is none. Root's is 0."""
    try:
        number: int = ask(name)[2]
    except KeyError:
        return None
    return number


if __name__ == "__main__":
    main()
