"""Files in an inventory that Ansible cannot read: the error is theirs, and no other plugin's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def write(name: str, text: str, mode: int = 0o644) -> Callable[[Path], None]:
    """Return what makes a file in an inventory."""

    def make(folder: Path) -> None:
        (folder / name).write_text(text)
        (folder / name).chmod(mode)

    return make


def link(name: str, target: str) -> Callable[[Path], None]:
    """Return what makes a link in an inventory."""
    return lambda folder: (folder / name).symlink_to(target)


REFUSED = {
    "a link to nothing": (
        link("hosts.prod", "/nothing"),
        "{}/hosts.prod: it is a link to nothing; remove it, or correct it.",
    ),
    "a link to the folder itself": (
        link("self", "."),
        "{}/self: it is a link to a folder that it lies in; remove it.",
    ),
    "a group in itself": (
        write("more.yml", "a: { children: { b: } }\nb: { children: { a: } }\n"),
        "{}/more.yml: Ansible cannot read it (Adding group 'a' as child to 'b' creates a recursive "
        "dependency loop); correct it.",
    ),
    "a plugin that is not enabled": (
        write("zz.yml", "plugin: ansible.builtin.constructed\n"),
        "{}/zz.yml: it is for the inventory plugin ansible.builtin.constructed, which is not "
        "enabled; add that to enable_plugins in ansible.cfg.",
    ),
    "a text without an ending": (
        write("README", "This is a text\n"),
        "{}/README:1: it cannot be read as INI (Expected key=value host variable assignment, got: "
        "is); name it README.md if it is not a file of hosts.",
    ),
}


def listed(folder: Path) -> subprocess.CompletedProcess[str]:
    """Have Ansible list an inventory."""
    command = ["ansible-inventory", "-i", str(folder), "--list"]
    env = {**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Return a copy of the inventory."""
    return Path(shutil.copytree(PROJECT / "inventory", tmp_path / "inventory"))


@pytest.mark.parametrize("name", REFUSED)
def test_the_file_is_named(name: str, inventory: Path) -> None:
    """One sentence after the heading, and nothing else."""
    make, sentence = REFUSED[name]
    make(inventory)
    assert listed(inventory).stderr.splitlines()[1:] == [sentence.format(inventory)]


def test_the_error_of_a_script_is_its_own(inventory: Path) -> None:
    """A script that fails is not read as INI."""
    write("hosts", "#!/bin/sh\necho 'no such database' >&2\nexit 1\n", 0o755)(inventory)
    stderr = listed(inventory).stderr
    assert "script returned non-zero exit code" in stderr
    assert "INI" not in stderr


def test_a_file_without_an_ending_may_be_ini(inventory: Path) -> None:
    """What is not YAML is left to the next plugin."""
    write("hosts", "[fixed_hosts]\none fixed_address=10.1.1.44\n")(inventory)
    found = listed(inventory)
    assert (found.returncode, found.stderr) == (0, "")
