"""What is wrong with the import, according to the inventory check and dhcpd itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from controller.dhcpd_output import WARNING, messages

from .source_files import included_file, read_text

PROJECT = Path(__file__).resolve().parents[2]
FAULTS = "{{ (site_definition | checked_site(keep_faults=true)).faults | to_json }}"
"""What Ansible turns into a list of every fault of an inventory."""
# dhcpd looks up the names of hosts, one after the other.
_DHCPD_SECONDS = 30
_MAX_FILES = 1000
_INCLUDE = re.compile(
    r'#[^\n]*|\binclude\s+"(?P<name>[^"\n]*)"\s*;|"(?:[^"\\]|\\.)*"', re.IGNORECASE | re.DOTALL
)


def faults(inventory: Path) -> list[str]:
    """Return every fault of an inventory, a sentence each with file and line.

    If Ansible cannot read the inventory, or is not installed, that is the only sentence.
    """
    program = Path(sys.executable).parent / "ansible"
    command = [str(program if program.exists() else "ansible"), "-i", str(inventory.resolve())]
    command += ["localhost", "-m", "ansible.builtin.debug", "-a", f"msg={FAULTS}"]
    settings = {"ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    settings |= {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    try:
        run = subprocess.run(
            command,
            cwd=PROJECT,
            env={**os.environ, **settings, "ANSIBLE_FORCE_COLOR": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        return [f"The inventory was not checked: {command[0]}: {error.strerror}."]
    answer = run.stdout[run.stdout.find("{") :]
    try:
        found = json.loads(json.loads(answer)["msg"])
    except (KeyError, TypeError, ValueError):
        return [f"Ansible cannot read the inventory: {(run.stderr or run.stdout).strip()}"]
    place = f"{inventory.resolve()}/"
    return [str(fault).replace(place, "") for fault in found]


def refusals(path: Path) -> list[tuple[str, str]]:
    """Return what dhcpd refuses in its configuration: file and line, and a sentence.

    Nothing if a file that it includes is missing here, if there is no dhcpd, or if dhcpd may not
    read a copy of the files (AppArmor).
    """
    program = shutil.which("dhcpd", path="/usr/sbin:/usr/local/sbin:/sbin:/usr/bin")
    if program is None:
        return []
    with tempfile.TemporaryDirectory(prefix="dhcpd-") as folder:
        copies: dict[str, Path] = {}
        conf = _copied(path, Path(folder), copies)
        if conf is None:
            return []
        leases = Path(folder) / "leases"
        leases.touch()
        try:
            run = subprocess.run(
                [program, "-4", "-t", "-cf", conf, "-lf", leases],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_DHCPD_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            return []
    if run.returncode == 0 or "ermission denied" in run.stderr:
        return []
    of_lines, rest = messages(run.stderr)
    found = [
        (f"{copies.get(file, path)}:{line}", f"dhcpd refuses this file: {text}.")
        for file, line, text in of_lines
        if folder not in text  # not that an included file is bad
    ]
    if not found:  # not about one line, such as a failover peer that no pool names
        lines = [line.strip(" .") for line in rest if not WARNING.match(line)]
        reason = ". ".join(lines) or "it does not say why"
        found = [(f"{path}:1", f"dhcpd refuses this file: {reason}.")]
    return list(dict.fromkeys(found))  # a file may be included twice


def _copied(path: Path, folder: Path, copies: dict[str, Path]) -> Path | None:
    """Copy a file and what it includes, line by line, with includes that point to the copies.

    Return the copy; None if a file is missing here.
    """
    copy = folder / f"{len(copies)}.conf"
    copies[str(copy)] = path
    whole = True

    def included(match: re.Match[str]) -> str:
        nonlocal whole
        if match["name"] is None:
            return match[0]  # a comment, or a string
        file = included_file(path, match["name"])
        inner = _copied(file, folder, copies) if file and len(copies) < _MAX_FILES else None
        whole = whole and inner is not None
        return f'include "{inner}";'

    copy.write_text(_INCLUDE.sub(included, read_text(path)), encoding="utf-8")
    return copy if whole else None
