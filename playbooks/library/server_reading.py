#!/usr/bin/python3
"""An Ansible module that reads what the status shows of a server, in one round trip."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]  # no types

DOCUMENTATION = """
module: server_reading
author: The project
version_added: "1.0"
short_description: read what the status shows of a server
description:
  - Reads files, the states of systemd units, the clock, free space and the status of leasemerge.
  - Changes nothing. One module instead of a task each, since a task costs a round trip.
options:
  units:
    description: Names of systemd units.
    type: list
    elements: str
    default: []
  files:
    description:
      - Files to read, in this order, as pairs of a name and a path. Those with the same name are
        parts of a whole, any of which may be missing.
    type: list
    elements: list
    default: []
  disks:
    description: Directories whose file systems' free space is read.
    type: list
    elements: str
    default: []
  status:
    description: Whether leasemerge runs here and has a status.
    type: bool
    default: false
  time:
    description: The controller's clock, in Unix seconds.
    type: float
    required: true
"""
EXAMPLES = """
- server_reading:
    units: [isc-dhcp-server.service]
    files: [[leases, /var/lib/dhcp/dhcpd.leases]]
    disks: [/var/lib/dhcp]
    time: "{{ now().timestamp() }}"
"""
RETURN = """
reading:
  description:
    - C(units) maps a name to systemd's state, C(hung) for an active one whose process is stopped,
      and C(missing) for one that is not installed.
    - C(disabled) lists the active units that are not started at boot.
    - C(files) maps a name to the content in base64, or null.
    - C(disks) maps a directory to its free and total bytes.
    - C(status) is the output of C(leasemerge status --json).
    - C(time) is the option, and C(offset) the seconds by which this clock was ahead of it.
    - C(addresses) maps an address to its interface.
  type: dict
  returned: always
"""

# sudo on Debian 14 does not look in /usr/local.
_LEASEMERGE = "/usr/local/bin/leasemerge"


def unit_states(units: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the state of each unit, and the active ones that are not enabled."""
    if not units:
        return {}, []
    properties = "Id,LoadState,ActiveState,MainPID,UnitFileState"
    shown = _output(["systemctl", "show", "--property", properties, "--", *units])
    states: dict[str, str] = {}
    disabled = []
    for block in shown.split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" not in values:
            continue
        state = values["ActiveState"]
        if values["LoadState"] == "not-found":
            state = "missing"
        elif state == "active" and _stopped(values.get("MainPID", "0")):
            state = "hung"
        if state == "active" and values.get("UnitFileState") == "disabled":
            disabled.append(values["Id"])
        states[values["Id"]] = state
    return {unit: states.get(unit, "unknown") for unit in units}, disabled


def _stopped(process: str) -> bool:
    """Return whether a process is stopped (proc(5), /proc/pid/stat), as by SIGSTOP."""
    try:
        stat = Path("/proc", process, "stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in ("T", "t")


def free_space(directory: str) -> list[int] | None:
    """Return the bytes that a service can still write there, and the size of the file system."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return None
    full = found.f_files and not found.f_favail
    return [0 if full else found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize]


def contents(files: list[list[str]]) -> dict[str, str | None]:
    """Return what the files of each name contain, in base64; None if none can be read."""
    found: dict[str, bytes | None] = {}
    for name, path in files:
        known = found.setdefault(name, None)
        with contextlib.suppress(OSError):
            found[name] = (known or b"") + Path(path).read_bytes()
    return {
        name: None if data is None else base64.b64encode(data).decode()
        for name, data in found.items()
    }


def addresses() -> dict[str, str]:
    """Return the interface of each IPv4 address; any other takes precedence over `lo`."""
    found: dict[str, str] = {}
    for line in _output(["ip", "-4", "-o", "address", "show"]).splitlines():
        match = re.match(r"\d+: (\S+)\s+inet ([\d.]+)", line)
        if match and (match[2] not in found or match[1] != "lo"):
            found[match[2]] = match[1].partition("@")[0]
    return found


def _output(command: list[str]) -> str:
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "str", "default": []},
            "files": {"type": "list", "elements": "list", "default": []},
            "disks": {"type": "list", "elements": "str", "default": []},
            "status": {"type": "bool", "default": False},
            "time": {"type": "float", "required": True},
        },
        supports_check_mode=True,
    )
    offset = time.time() - module.params["time"]
    states, disabled = unit_states(module.params["units"])
    reading: dict[str, Any] = {
        "time": module.params["time"],
        "offset": offset,
        "units": states,
        "disabled": disabled,
        "status": _output([_LEASEMERGE, "status", "--json"]) if module.params["status"] else "",
        "files": contents(module.params["files"]),
        "disks": {directory: free_space(directory) for directory in module.params["disks"]},
        "addresses": addresses(),
    }
    module.exit_json(changed=False, reading=reading)


if __name__ == "__main__":
    main()
