"""A template of a role, written as a playbook writes it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]


def write_template(role: str, template: str, path: Path, variables: Mapping[str, object]) -> None:
    """Write a template of a role to a path, with the role's defaults; `variables` come first."""
    folder = PROJECT / "roles" / role
    task = {"src": str(folder / "templates" / template), "dest": str(path)}
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [str(folder / "defaults/main.yml"), str(folder / "vars/main.yml")],
            "tasks": [{"ansible.builtin.template": task}],
        }
    ]
    playbook = path.with_name(f"{path.name}.play.yml")
    playbook.write_text(yaml.safe_dump(play))
    values = path.with_name(f"{path.name}.vars.json")
    values.write_text(json.dumps(variables))
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", f"@{values}"]
    command.append(str(playbook))
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
