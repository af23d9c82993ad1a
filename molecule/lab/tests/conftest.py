"""What the lab's tests share: the inventory's description, and testinfra's hosts.

The lab draws itself from the inventory (molecule/lab/show.yml writes lab.json from it), and so does
every expectation here: nothing in these tests names a host or an address.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import testinfra  # type: ignore[import-untyped]  # has no types
import yaml
from testinfra.host import Host  # type: ignore[import-untyped]  # has no types

PROJECT = Path(__file__).resolve().parents[3]
LAB = json.loads((PROJECT / ".lab/lab.json").read_text())
SITE = LAB["site"]
DOMAIN = SITE["domain"]

sys.path.insert(0, str(PROJECT / "roles/lease_merge/files"))
from leasemerge.site import Site  # noqa: E402  # the package lies in its role

#: The same inventory, for what follows from it: the domain of a host or a client, the records.
NETWORK = Site.without_check(SITE)

DHCP_SERVERS = [row["name"] for row in SITE["dhcp_servers"]]
NAME_SERVERS = [row["name"] for row in SITE["tinydns_servers"]]
CACHES = [row["name"] for row in SITE["dnscache_servers"]]
#: The resolvers that clients receive, and each server's floating addresses with their daemons.
RESOLVERS = LAB["resolvers"]
FLOATING = LAB["floating"]

#: Which DHCP server it is: its name, units, files, and the command that prints the pair's state.
DHCP = LAB["dhcp"]

#: Every daemon of every server, by its unit.
UNITS = sorted(
    [(server, unit) for server in DHCP_SERVERS for unit in DHCP["units"]]
    + [(server, "leasemerge") for server in NAME_SERVERS]
    + [(server, unit) for server in FLOATING for unit in ("floating-address", "keepalived")]
    + [(server, row["unit"]) for server, rows in FLOATING.items() for row in rows]
    + [(server, f"dnscache@{LAB['addresses'][server]}.service") for server in CACHES]
)
#: The second tinydns on each address.
SPARES = [
    (server, row["unit"].replace("@", "-spare@"))
    for server, rows in FLOATING.items()
    for row in rows
    if row["unit"].startswith("tinydns@")
]


def machine(name: str) -> Host:
    """Find a machine of the lab by its name in the inventory."""
    return testinfra.get_host(f"podman://{LAB['prefix']}-{name}")


def client(name: str) -> Host:
    """Find a DHCP client of the lab."""
    return machine(f"client-{name}")


def dig(server: str, *question: str) -> list[str]:
    """Query a name server from its own network; the answers, sorted. No answer fails the test."""
    result = machine("root").run(f"dig +short +tries=3 +time=1 @{server} {' '.join(question)}")
    assert result.rc == 0, f"{server} does not answer {question}: {result.stdout}"
    return sorted(result.stdout.split("\n")[:-1])


def eventually(check: Callable[[], Any], seconds: float = 20) -> Any:
    """Repeat a check until it holds and return its result; in the end, fail as it does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def pair_is_healthy() -> None:
    """Check that both servers of the pair see each other as healthy."""
    for server in DHCP_SERVERS:
        state = machine(server).check_output(DHCP["pair_state"])
        assert state in DHCP["healthy"], f"{server} sees the pair as {state}."


@contextmanager
def dhcp_client(
    name: str, program: str, mac: str, network: str, leases: Path | None = None
) -> Iterator[str]:
    """Run a client for a while; yield its address, empty if it is given none.

    With `leases`, a directory, it comes back with the lease that it had there before.
    """
    container = f"{LAB['prefix']}-client-{name}"
    lab = f"{PROJECT}/molecule/lab/files:/lab:ro"
    volumes = [lab, f"{leases}:/run/dhclient"] if leases else [lab]
    remove = ["podman", "rm", "--force", "--time", "1", "--ignore", container]
    start = [
        *("podman", "run", "--detach", "--name", container, "--hostname", name),
        *("--label", f"name_service_lab={LAB['prefix']}", "--dns", "none", "--systemd", "false"),
        *("--cap-add", "NET_ADMIN,NET_RAW", "--network", network, "--mac-address", mac),
        *(word for volume in volumes for word in ("--volume", volume)),
        *(LAB["client_image"], "/bin/sh", "/lab/run-client.sh", program, name),
    ]
    subprocess.run(remove, check=True, capture_output=True)
    subprocess.run(
        start, check=True, capture_output=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
             "CONTAINERS_CONF": f"{PROJECT}/.lab/containers.conf"},
    )  # fmt: skip
    try:
        yield address_of(name)
    finally:
        subprocess.run(remove, check=True, capture_output=True)


def address_of(name: str, seconds: float = 15) -> str:
    """Wait for the address that a client is given; empty if none comes."""

    def address() -> str:
        found: str = client(name).check_output("sh /lab/client-address.sh")
        assert found
        return found

    try:
        return str(eventually(address, seconds))
    except AssertionError:
        return ""


def play(
    playbook: str, *options: str, inventory: Path | None = None, wrapper: Sequence[str] = ()
) -> tuple[int, str]:
    """Run a playbook against the lab; its exit status and output."""
    first, *others = LAB["inventories"]
    sources = [str(inventory or first), *others]
    command = [
        *wrapper,
        "ansible-playbook",
        *(word for source in sources for word in ("-i", source)),
    ]
    # Labs side by side have servers of the same addresses: each needs ssh connections of its own.
    own = {key: os.environ[key] for key in ("ANSIBLE_SSH_CONTROL_PATH_DIR",) if key in os.environ}
    run = subprocess.run(
        [*command, *options, f"playbooks/{playbook}"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
        env={"PATH": f"{PROJECT}/.venv/bin:/usr/sbin:/usr/bin:/sbin:/bin", "ANSIBLE_NOCOLOR": "1",
             "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"), "HOME": "/root", **own},
    )  # fmt: skip
    return run.returncode, run.stdout + run.stderr


def changed_tasks(output: str) -> list[tuple[str, str]]:
    """List task and host of each change that a run reports, without the handlers that follow."""
    task, changes = "", []
    for line in output.splitlines():
        if heading := re.match(r"(TASK|RUNNING HANDLER) \[(.*)\]", line):
            task = heading[2] if heading[1] == "TASK" else ""
        elif (change := re.match(r"changed: \[([^\] ]+)", line)) and task:
            changes.append((task, change[1]))
    return changes


@pytest.fixture
def inventory() -> Iterator[Path]:
    """Copy the inventory, to be edited."""
    copy = PROJECT / ".lab/edited-inventory"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(LAB["inventories"][0], copy)
    yield copy
    shutil.rmtree(copy)


def edit_fixed_hosts(inventory: Path, name: str, variables: dict[str, object] | None) -> None:
    """Add a line to the table of fixed hosts, or with None take it out."""
    path = inventory / "fixed_hosts.yml"
    table = yaml.safe_load(path.read_text())
    table["fixed_hosts"]["hosts"].pop(name, None)
    if variables is not None:
        table["fixed_hosts"]["hosts"][name] = variables
    path.write_text(yaml.safe_dump(table))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Print the journal of the unit that a failed test was about."""
    outcome = yield
    report = outcome.get_result()
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if report.when == "call" and report.failed and {"server", "unit"} <= parameters.keys():
        server, unit = parameters["server"], parameters["unit"]
        journal = machine(server).run("journalctl -n 30 --no-pager -u %s", unit).stdout
        report.sections.append((f"journal of {unit} on {server}", journal))
