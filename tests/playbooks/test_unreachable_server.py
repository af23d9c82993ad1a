"""A server that is away ends no run that can do without it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
AWAY = """\
all:
  vars: {{ansible_become: false, ansible_python_interpreter: {python}}}
  hosts:
    draco: {{ansible_connection: local}}
    # Nobody listens there.
    taurus: {{ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 9}}
"""
RUN = """\
- import_playbook: {playbooks}/refuse-other-dhcp-server.yml
- hosts: dhcp_servers
  gather_facts: false
  tasks: [{{ansible.builtin.debug: {{msg: "the run goes on with {{{{ inventory_hostname }}}}"}}}}]
"""


def test_1_the_run_goes_on_without_it(tmp_path: Path) -> None:
    """Ansible ended it at the first such task, without a word, where any_errors_fatal was set."""
    (tmp_path / "away.yml").write_text(AWAY.format(python=sys.executable))
    (tmp_path / "run.yml").write_text(RUN.format(playbooks=PROJECT / "playbooks"))
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "inventory", "-i",
         tmp_path / "away.yml", tmp_path / "run.yml"],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert "the run goes on with draco" in done.stdout, done.stdout + done.stderr


def test_2_every_task_that_can_do_without_a_server_lets_the_run_go_on() -> None:
    """A role does not know in which play it is."""
    found = [
        (path, task)
        for path in sorted((*PROJECT.glob("playbooks/**/*.yml"), *PROJECT.glob("roles/**/*.yml")))
        for task in tasks(yaml.safe_load(path.read_text()), fatal="roles" in path.parts)
    ]
    assert len(found) > 5
    for path, task in found:
        assert task.get("any_errors_fatal") is False, f"{path}: {task['name']}"


def test_3_no_such_task_runs_once() -> None:
    """There an unreachable server ends the run whatever the task ignores, without a word."""
    once = [
        (path, task)
        for path in sorted((*PROJECT.glob("playbooks/**/*.yml"), *PROJECT.glob("roles/**/*.yml")))
        for task in listed(yaml.safe_load(path.read_text()))
        if task.get("run_once")
    ]
    assert len(once) > 5
    for path, task in once:
        imported = next((v for k, v in task.items() if k.endswith("import_tasks")), None)
        of_file = yaml.safe_load((path.parent / imported).read_text()) if imported else []
        for inner in listed([task, *of_file]):
            assert not inner.get("ignore_unreachable"), f"{path}: {task['name']}: {inner['name']}"


def listed(content: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping in a file: its plays, blocks and tasks."""
    if isinstance(content, list):
        for item in content:
            yield from listed(item)
    elif isinstance(content, dict):
        yield content
        for value in content.values():
            yield from listed(value)


def tasks(content: Any, *, fatal: bool) -> Iterator[dict[str, Any]]:
    """Yield each task that ignores an unreachable server, where an error may end the whole run."""
    if isinstance(content, list):
        for item in content:
            yield from tasks(item, fatal=fatal)
    elif isinstance(content, dict):
        fatal = fatal or bool(content.get("any_errors_fatal"))
        if content.get("ignore_unreachable") and fatal:
            yield content
        for value in content.values():
            yield from tasks(value, fatal=fatal)
