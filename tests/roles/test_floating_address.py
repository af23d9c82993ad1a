"""The watcher of floating addresses, with a real tinydns, in a network namespace of its own.

What keepalived and systemd make of it is for the lab's tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..support.tinydns import compile_data, needs_tinydns
from ..support.waiting import eventually

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = PROJECT / "roles/floating_address/files/usr/local/sbin/floating_address.py"
ADDRESS = "192.0.2.3"
ZONE = b".office.internal:192.0.2.3:ns1\n"

# The program as it is, with its files elsewhere, and a systemctl that only notes its arguments.
WATCH = """
ip link set lo up
PATH="$1/bin:$PATH" exec {python} -c '
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("floating_address", sys.argv[1])
program = importlib.util.module_from_spec(spec)
sys.modules["floating_address"] = program
spec.loader.exec_module(program)
folder = Path(sys.argv[2])
program.SETTINGS, program.RUN = folder / "settings.json", folder
program.watch()
' {program} "$1"
"""
SYSTEMCTL = '#!/bin/sh\necho "$@" >>"$(dirname "$0")/../killed"\n'

pytestmark = needs_tinydns


class Network:
    """The watcher in its namespace, and what runs beside it."""

    def __init__(self, folder: Path) -> None:
        """Start the watcher."""
        self.folder = folder
        script = WATCH.format(python=sys.executable, program=PROGRAM)
        # Killed, it takes what it has started with it.
        command = ["unshare", "--net", "--pid", "--fork", "--kill-child"]
        command += ["sh", "-ec", script, "sh", str(folder)]
        self.watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.tinydns: subprocess.Popen[bytes] | None = None

    def inside(self, *command: str) -> list[str]:
        """Prefix a command so that it runs in the namespace."""
        return ["nsenter", f"--net=/proc/{self.watcher.pid}/ns/net", *command]

    def addresses(self) -> set[str]:
        """Return the addresses of lo but the usual one."""
        show = self.inside("ip", "-json", "-4", "address", "show", "dev", "lo")
        found = json.loads(subprocess.run(show, capture_output=True, check=True).stdout)
        return {entry["local"] for entry in found[0].get("addr_info", [])} - {"127.0.0.1"}

    def start_tinydns(self) -> None:
        """Start tinydns on the address, as its unit does."""
        env = [f"IP={ADDRESS}", f"ROOT={self.folder}", "UID=65534", "GID=65534"]
        self.tinydns = subprocess.Popen(self.inside("env", "-i", *env, "/usr/sbin/tinydns"))

    def state(self, name: str = ADDRESS) -> str:
        """Return what keepalived reads."""
        path = self.folder / name
        return path.read_text().strip() if path.exists() else ""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """Run the watcher of one address, whose tinydns does not run yet."""
    compile_data(ZONE, tmp_path)
    tmp_path.chmod(0o755)
    (tmp_path / "data.cdb").chmod(0o644)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/systemctl").write_text(SYSTEMCTL)
    (tmp_path / "bin/systemctl").chmod(0o755)
    daemon: dict[str, Any] = {"address": ADDRESS, "unit": "tinydns@x", "query": "office.internal"}
    settings = {
        "hung_after": 1,
        "metrics_file": str(tmp_path / "floating.prom"),
        "daemons": [daemon | {"floating": True}],
    }
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    found = Network(tmp_path)
    try:
        yield found
    finally:
        for process in (found.tinydns, found.watcher):
            if process:
                process.kill()
                process.wait()


def test_address_is_on_lo_and_comes_back(network: Network) -> None:
    eventually("the state is written", lambda: network.state() == "-254")
    assert network.addresses() == {ADDRESS}
    delete = network.inside("ip", "address", "delete", f"{ADDRESS}/32", "dev", "lo")
    subprocess.run(delete, check=True)
    eventually("the address is back", lambda: network.addresses() == {ADDRESS})


def test_state_follows_the_daemon_and_what_hangs_is_killed_once(network: Network) -> None:
    eventually("a daemon that never answered is a fault", lambda: network.state() == "-254")
    eventually("no tinydns here has answered", lambda: network.state("tinydns") == "-100")
    killed = network.folder / "killed"
    time.sleep(1.5)
    assert not killed.exists(), "A daemon that never answered was killed."
    network.start_tinydns()
    eventually("it is noticed that tinydns answers", lambda: network.state() == "0")
    eventually("a resolver here has a tinydns again", lambda: network.state("tinydns") == "0")
    assert network.tinydns is not None
    network.tinydns.send_signal(19)  # SIGSTOP
    eventually("it is noticed that tinydns hangs", lambda: network.state() == "-100")
    eventually("a resolver here has no tinydns", lambda: network.state("tinydns") == "-100")
    eventually("the tinydns that hangs is killed", killed.exists)
    time.sleep(1.5)
    assert killed.read_text().split() == ["kill", "--signal=KILL", "tinydns*@x"]
    network.tinydns.send_signal(18)  # SIGCONT
    eventually("tinydns answers again", lambda: network.state() == "0")
    eventually("a resolver here has a tinydns again", lambda: network.state("tinydns") == "0")
    network.tinydns.kill()
    network.tinydns.wait()
    eventually("a closed port is noticed", lambda: network.state("tinydns") == "-100")
    eventually("it is noticed that tinydns is gone", lambda: network.state() == "-100")
    time.sleep(1.5)
    assert len(killed.read_text().split()) == 3, "A daemon that does not run was killed."


def test_metrics_name_each_address(network: Network) -> None:
    path = network.folder / "floating.prom"
    eventually("the metrics are written", path.exists)
    text = path.read_text()
    assert f'floating_address_answers{{address="{ADDRESS}",unit="tinydns@x"}} 0' in text
    assert f'floating_address_held{{address="{ADDRESS}"}} 0' in text
