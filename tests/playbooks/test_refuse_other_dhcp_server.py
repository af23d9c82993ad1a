"""A server that runs dhcpd is not given Kea as well, nor the other way round."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
# The servers are this machine; what is tagged `always` is what comes before a deployment.
OPTIONS = ["--tags", "none", "-e", "ansible_connection=local", "-e", "ansible_become=false"]
TWICE = """\
- import_playbook: {playbooks}/deploy-dhcp.yml
- import_playbook: {playbooks}/deploy-dhcp.yml
"""


@pytest.mark.parametrize("state", ["active", "inactive"])
def test_1_the_other_dhcp_server_must_not_run(tmp_path: Path, state: str) -> None:
    """Each server is looked at once a run, whatever imports the check."""
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\necho {state}\n')
    systemctl.chmod(0o755)
    playbook = tmp_path / "twice.yml"
    playbook.write_text(TWICE.format(playbooks=PROJECT / "playbooks"))
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), *OPTIONS, "-e",
         f"ansible_python_interpreter={sys.executable}", playbook],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"},
    )  # fmt: skip
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == ["is-active kea-dhcp4-server.service"] * 2, "A call for each of two servers."
    output = " ".join((done.stdout + done.stderr).split())
    assert (done.returncode == 0) == (state == "inactive"), output
    refusal = "draco runs kea, and site_dhcp_server is dhcpd. Nothing was touched."
    assert (refusal in output) == (state == "active"), output
