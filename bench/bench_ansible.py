"""How long Ansible takes: a run that changes nothing, and pinning a host, on the deployed lab.

    python bench/bench_ansible.py

Prints a table: for each number of fixed hosts the seconds of site.yml with nothing to do, and of
pin-hosts.yml for a name alone (restarts nothing) and for a MAC address (restarts both dhcpd, one
after the other), beside the seconds of as many bare ssh round trips as the run has remote tasks.
Needs the lab (`make lab`); its servers have their own inventory again at the end.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parent.parent
INVENTORIES = ["inventory", "molecule/lab/inventory"]
# A subnet without any of the lab's machines: room for 65,000 fixed hosts.
SUBNET = "10.200.0.0/16"
# A run that takes longer than this is broken.
LIMIT = 1800


def main() -> int:
    """Measure each size, and restore the lab."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--inventory", nargs="+", default=INVENTORIES)
    options = parser.parse_args()
    first, *others = options.inventory
    trip = _round_trip(options.inventory)
    print(f"One bare ssh round trip takes {trip * 1000:.0f} ms.")
    print(
        f"{'fixed hosts':>11} {'first run':>10} {'no-op':>8} {'its trips':>10} {'as bare ssh':>12}"
        f" {'pin a name':>11} {'pin a MAC':>10}",
        flush=True,
    )
    try:
        for count in options.hosts:
            _measure(count, first, others, trip)
    finally:
        _play("site.yml", options.inventory, "-e", "allow_removal=true")
    return 0


def _measure(count: int, first: str, others: Sequence[str], trip: float) -> None:
    """Deploy this many fixed hosts, and print a row."""
    with tempfile.TemporaryDirectory(prefix="bench-ansible-") as directory:
        inventory = Path(directory) / "inventory"
        shutil.copytree(PROJECT / first, inventory)
        _add_hosts(inventory, count)
        inventories = [str(inventory), *others]
        grown, _ = _play("site.yml", inventories)
        idle, trips = _play("site.yml", inventories)
        _add_line(inventory, f"bench-name: {{ fixed_address: {_address(count)} }}")
        name, _ = _play("pin-hosts.yml", inventories)
        line = f"fixed_address: {_address(count + 1)}, hardware_ethernet: '02:00:5e:ff:ff:ff'"
        _add_line(inventory, f"bench-mac: {{ {line} }}")
        pinned, _ = _play("pin-hosts.yml", inventories)
        print(
            f"{count:>11} {grown:>9.1f}s {idle:>7.1f}s {trips:>10} {trips * trip:>11.1f}s"
            f" {name:>10.1f}s {pinned:>9.1f}s",
            flush=True,
        )


def _address(number: int) -> str:
    return f"10.200.{1 + number // 250}.{1 + number % 250}"


def _add_hosts(inventory: Path, count: int) -> None:
    """Add this many fixed hosts to an inventory, each with a MAC address."""
    lines = [
        f"bench-{number}: {{ fixed_address: {_address(number)},"
        f' hardware_ethernet: "02:00:5e:f0:{number >> 8:02x}:{number & 255:02x}" }}'
        for number in range(count)
    ]
    _add_line(inventory, *lines)
    variables = inventory / "group_vars/all"
    site = yaml.safe_load((variables / "site.yml").read_text(encoding="utf-8"))
    subnets = [*site["site_subnets"], {"network": SUBNET}]
    # Read after site.yml, whose value it overrides.
    (variables / "zz-bench.yml").write_text(yaml.safe_dump({"site_subnets": subnets}))


def _add_line(inventory: Path, *lines: str) -> None:
    path = inventory / "fixed_hosts.yml"
    text = path.read_text(encoding="utf-8").rstrip("\n")
    path.write_text("\n".join([text, *(f"    {line}" for line in lines), ""]), encoding="utf-8")


def _play(playbook: str, inventories: Sequence[str], *options: str) -> tuple[float, int]:
    """Run a playbook; return its seconds, and how many tasks ran on servers."""
    begun = time.monotonic()
    output = _run("ansible-playbook", *_options(inventories), *options, f"playbooks/{playbook}")
    seconds = time.monotonic() - begun
    recap = output.partition("PLAY RECAP")[2]
    done = re.findall(r"^(?!localhost)\S+ *: ok=(\d+)", recap, re.MULTILINE)
    return seconds, sum(map(int, done))


def _round_trip(inventories: Sequence[str], times: int = 20) -> float:
    """Measure `ssh SERVER true` over an open connection, as Ansible's are."""
    shown = _run(
        "ansible",
        *_options(inventories),
        "dhcp_servers[0]",
        "-m",
        "ansible.builtin.debug",
        "-a",
        'msg=\'<<{{ ansible_host }} {{ ansible_user | default("root") }}'
        ' {{ ansible_ssh_private_key_file | default("") }}>>\'',
    )
    host, user, *key = re.sub(r".*<<(.*?)>>.*", r"\1", shown, flags=re.DOTALL).split()
    with tempfile.TemporaryDirectory(prefix="bench-ssh-") as directory:
        known = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        shared = ["-o", f"ControlPath={directory}/%C", "-o", "ControlMaster=auto"]
        identity = ["-i", key[0]] if key else []
        command = ["ssh", *known, *shared, "-o", "ControlPersist=60", "-o", "LogLevel=ERROR"]
        command += [*identity, f"{user}@{host}"]
        _quietly([*command, "true"])
        begun = time.monotonic()
        for _ in range(times):
            _quietly([*command, "true"])
        seconds = time.monotonic() - begun
        _quietly([*command[:-1], "-O", "exit", command[-1]])
    return seconds / times


def _quietly(command: Sequence[str]) -> None:
    """Run ssh without a pipe, which the connection that stays open would keep open."""
    null = subprocess.DEVNULL
    subprocess.run(command, check=True, stdin=null, stdout=null, stderr=null, timeout=60)


def _options(inventories: Sequence[str]) -> list[str]:
    return [part for inventory in inventories for part in ("-i", inventory)]


def _run(program: str, *arguments: str) -> str:
    """Run one of Ansible's programs in the project, or print its output and exit."""
    path = Path(sys.executable).parent / program
    run = subprocess.run(
        [path, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=LIMIT
    )
    if run.returncode != 0:
        raise SystemExit(f"{program} {' '.join(arguments)} failed:\n{run.stdout}\n{run.stderr}")
    return run.stdout


if __name__ == "__main__":
    sys.exit(main())
