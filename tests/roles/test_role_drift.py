"""Module role_drift with this machine's own files and packages. Units are for the lab's tests."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import role_drift

ROOT = Path(__file__).resolve().parents[2]


def test_package_that_dpkg_does_not_call_installed_is_missing() -> None:
    assert role_drift.missing_packages(["dpkg", "no-such-package"]) == ["no-such-package"]
    assert role_drift.missing_packages([]) == []


def file(path: Path, **more: Any) -> dict[str, Any]:
    """Return what role_drift reports of a file that is as this test makes it."""
    return {
        "path": str(path),
        "owner": "root",
        "group": "root",
        "mode": "0640",
        "sha256": hashlib.sha256(b"content").hexdigest(),
        **more,
    }


@pytest.mark.parametrize(
    ("more", "drifted"),
    [
        ({}, False),
        ({"mode": "0644"}, True),
        ({"owner": "daemon"}, True),
        ({"owner": "no-such-user"}, True),
        ({"group": "daemon"}, True),
        ({"sha256": hashlib.sha256(b"other").hexdigest()}, True),
        ({"state": "directory"}, True),
        ({"state": "any"}, False),
    ],
)
def test_file_that_differs_in_anything_is_reported(
    tmp_path: Path, more: dict[str, Any], drifted: bool
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    path.chmod(0o640)
    assert role_drift.differs(file(path, **more)) is drifted


def test_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert role_drift.differs({"path": str(tmp_path / "absent")})
    assert role_drift.differs({"path": str(tmp_path / "file/below")})
    assert not role_drift.differs({"path": str(tmp_path), "state": "directory"})


def test_file_that_should_be_absent_differs_if_it_exists(tmp_path: Path) -> None:
    (tmp_path / "override.conf").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name, drifted in (("override.conf", True), ("dangling", True), ("nowhere", False)):
        assert role_drift.differs({"path": str(tmp_path / name), "state": "absent"}) is drifted


def test_stray_is_what_a_pattern_matches_and_no_list_has(tmp_path: Path) -> None:
    for name in ("ours.py", "old.py", "old.txt"):
        (tmp_path / name).touch()
    listed = {"package": [{"path": str(tmp_path / "ours.py")}]}
    assert role_drift.strays([f"{tmp_path}/*.py"], listed) == [str(tmp_path / "old.py")]


PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {{ansible_python_interpreter: {python}}}
  roles: [role_drift]
  tasks:
    - role_drift:
        files: {{package: [{{path: "{folder}/one", src: "package/*.py"}}]}}
        only: ["{folder}/other/*.py"]
      register: drift
    - ansible.builtin.copy: {{content: "{{{{ drift | to_json }}}}", dest: "{folder}/drift.json"}}
"""


def test_the_patterns_of_a_list_are_added_to_those_of_the_task(tmp_path: Path) -> None:
    """A file whose source is a pattern names its directory's strays; `only` names more."""
    for name in ("files/package/ours.py", "one/ours.py", "one/old.py", "other/old.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "play.yml").write_text(PLAY.format(folder=tmp_path, python=sys.executable))
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), tmp_path / "play.yml"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    drift = json.loads((tmp_path / "drift.json").read_text())
    assert drift["strays"] == [f"{tmp_path}/one/old.py", f"{tmp_path}/other/old.py"]
    assert drift["paths"] == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, False),
        ({"packages": ["tinydns"]}, True),
        ({"users": ["dhcpd"]}, True),
        ({"files": {"data": [], "server": [{"path": "/etc/a"}]}}, True),
        ({"strays": ["/etc/b"]}, True),
        ({"stopped": ["tinydns.service"]}, True),
        ({"stale": ["tinydns.service"]}, True),
    ],
)
def test_one_entry_anywhere_is_a_difference(more: dict[str, Any], expected: bool) -> None:
    """The roles skip all of their tasks where there is none."""
    desired = {"packages": ["dpkg"], "users": ["root"], "files": {"data": []}, "only": []}
    found = role_drift.compare({**desired, "units": []})
    assert role_drift.any_entry({**found, **more}) is expected


def test_the_paths_are_those_of_all_lists(tmp_path: Path) -> None:
    """A task that loops over one list of the desired state skips what is not among them."""
    (tmp_path / "there").touch()
    files = {
        "one": [{"path": str(tmp_path / name)} for name in ("there", "missing")],
        "other": [{"path": str(tmp_path / "there"), "state": "absent"}],
    }
    found = role_drift.compare(
        {"packages": [], "users": [], "files": files, "only": [], "units": []}
    )
    assert found["paths"] == [str(tmp_path / "missing"), str(tmp_path / "there")]
