"""The inventory check of what was imported: Ansible computes it, as every playbook does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_FAULTS = "{{ (site_definition | checked_site(keep_faults=true)).faults | to_json }}"


def faults(inventory: Path) -> list[str]:
    """Return every fault of an inventory, a sentence each with file and line.

    Where Ansible cannot read the inventory, or is not here, that is the one sentence.
    """
    program = Path(sys.executable).parent / "ansible"
    command = [str(program if program.exists() else "ansible"), "-i", str(inventory.resolve())]
    command += ["localhost", "-m", "ansible.builtin.debug", "-a", f"msg={_FAULTS}"]
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
