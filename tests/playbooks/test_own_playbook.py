"""A playbook of the user's own, that imports none of ours: every variable of the roles is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
ROLES = {
    "dhcpd": "dhcp_servers",
    "kea": "dhcp_servers",
    "lease_merge": "tinydns_servers",
    "tinydns": "tinydns_servers",
    "floating_address": "tinydns_servers",
    "dnscache": "dnscache_servers",
}
# The role is loaded, with its defaults, and does nothing.
PLAY = """\
- hosts: {group}
  connection: local
  gather_facts: false
  roles: [{{ role: {role}, when: false }}]
  post_tasks:
    - ansible.builtin.debug:
        msg: "{{{{ [{variables}] | string | length }}}}"
"""


def play(folder: Path, text: str, *more: str) -> tuple[int, str]:
    """Run a playbook on the inventory in `folder` and `more`; return its status and output."""
    (folder / "mine.yml").write_text(text)
    inventories = [word for path in ("inventory", *more) for word in ("-i", path)]
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), *inventories, "mine.yml"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "ANSIBLE_CONFIG": "ansible.cfg"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the inventory beside links to the rest of the project."""
    shutil.copytree(PROJECT / "inventory", tmp_path / "inventory")
    for name in ("ansible.cfg", "roles", "filter_plugins", "inventory_plugins", "molecule"):
        (tmp_path / name).symlink_to(PROJECT / name)
    return tmp_path


def wired(role: str) -> list[str]:
    """Return the variables that the inventory sets for a role."""
    (path,) = (PROJECT / "inventory/group_vars").glob(f"*/{role}.yml")
    return [name for name in yaml.safe_load(path.read_text()) if not name.startswith("_")]


@pytest.mark.parametrize("role", ROLES)
def test_1_a_role_by_itself_has_its_variables(project: Path, role: str) -> None:
    """The three lines that one would write, for an inventory with all that it can have."""
    variables = wired(role)
    assert variables
    text = PLAY.format(group=ROLES[role], role=role, variables=", ".join(variables))
    status, output = play(project, text, "molecule/domains/inventory")
    assert status == 0, output
    assert re.search(r"msg: '?\d+", output), output


def test_2_a_faulty_inventory_stops_it_too(project: Path) -> None:
    """The sentence of the fault is printed, although no playbook of ours was run."""
    with (project / "inventory/fixed_hosts.yml").open("a") as file:
        file.write("    one-too-many: { fixed_address: 10.1.1.16 }\n")
    text = PLAY.format(group="dhcp_servers", role="dhcpd", variables="dhcpd_fixed_hosts")
    status, output = play(project, text)
    assert status != 0, output
    assert "the address 10.1.1.16 is already that of host" in output, output
