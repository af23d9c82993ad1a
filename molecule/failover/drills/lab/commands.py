"""Commands in the lab: here, on its servers, inside its containers."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .servers import Server

# The environment of a container's first process.
ENVIRONMENT = ("env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")


class DrillError(Exception):
    """What a drill waited for did not happen."""


def eventually(fault: Callable[[], str], within: float, every: float = 0.25) -> float:
    """Wait until ``fault`` returns nothing; return the seconds that took.

    Raises DrillError: when that takes longer than ``within`` seconds, with its last result.
    """
    began = time.monotonic()
    while wrong := fault():
        if time.monotonic() - began > within:
            raise DrillError(f"after {within:.0f} s still: {wrong}")
        time.sleep(every)
    return time.monotonic() - began


class Commands:
    """The lab's servers and containers; ``facts`` are what run-drill.yml writes."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Take the lab as it is deployed."""
        self.facts = facts
        self.project = Path(facts["project"])
        self.site: Mapping[str, Any] = facts["site"]
        self.domain: str = self.site["domain"]
        self.dhcp: Mapping[str, Any] = facts["dhcp"]
        aliases = {n["server"]: n["address"] for n in self.site["name_servers"]}
        roles = {s["name"]: s["role"] for s in self.site["dhcp_servers"]}
        resolvers = {
            s["name"]: s["resolver_address"] or s["address"] for s in self.site["dnscache_servers"]
        }
        merging = [s["name"] for s in self.site["tinydns_servers"]]
        self.servers = [
            Server(
                *(name, address, roles.get(name, ""), aliases.get(name, "")),
                resolver=resolvers.get(name, ""),
                merges=name in merging,
                dhcp_units=tuple(self.dhcp["units"] if name in roles else ()),
                floating=tuple((f["address"], f["unit"]) for f in facts["floating"][name]),
            )
            for name, address in facts["servers"].items()
        ]
        self.pair = sorted((s for s in self.servers if s.role), key=lambda s: s.role)
        self.primary, self.secondary = self.pair
        self.name_servers = [s for s in self.servers if s.alias]
        # In the order in which clients get them.
        self.resolvers: list[str] = facts["resolvers"]
        self.caches = [s for r in self.resolvers for s in self.servers if s.resolver == r]
        self.left, self.right, *far = map(self.container, facts["probes"])
        # Each container's first process and when that started.
        self._processes: dict[str, tuple[int, str]] = {}
        #: One probe in every subnet that has any.
        self.everywhere = (self.left, *far)

    @property
    def kea(self) -> bool:
        """Return whether the pair runs Kea."""
        return bool(self.dhcp["name"] == "kea")

    def container(self, server: Server | str) -> str:
        """Return podman's name for it."""
        return f"{self.facts['prefix']}-{server if isinstance(server, str) else server.name}"

    def run(self, *argv: str, check: bool = True, timeout: float = 60) -> str:
        """Run a command here; return its output. Raises DrillError: when ``check`` and it fails."""
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired as exc:
            if check:
                raise DrillError(f"{shlex.join(argv)} took more than {timeout:.0f} s") from exc
            return ""
        if check and done.returncode:
            raise DrillError(f"{shlex.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def on(self, server: Server | str, *argv: str, check: bool = True, timeout: float = 60) -> str:
        """Run a command on a server."""
        try:
            command = self.inside(self.container(server), *argv)
        except DrillError:
            if check:
                raise
            return ""
        return self.run(*command, check=check, timeout=timeout)

    def inside(self, container: str, *argv: str) -> list[str]:
        """Return a command that runs inside a container. Raises DrillError: when it does not run.

        It uses nsenter(1): `podman exec` costs ten times as much, and a drill has hundreds.
        """
        process = self._processes.get(container)
        # The pid may be another process's by now; the start time tells them apart.
        if process is None or started(process[0]) != process[1]:
            pid = int(self.run("podman", "inspect", "--format", "{{.State.Pid}}", container))
            if not (begun := started(pid)):
                raise DrillError(f"{container} does not run")
            process = self._processes[container] = (pid, begun)
        return ["nsenter", "--all", f"--target={process[0]}", *ENVIRONMENT, *argv]

    def shell(self, server: Server, script: str, check: bool = True) -> str:
        """Run a shell script on a server."""
        return self.on(server, "sh", "-ec", script, check=check)

    def put(self, server: Server, path: str, content: str) -> None:
        """Write a file on a server."""
        script = f"mkdir -p $(dirname {path}); cat >{path}"
        argv = self.inside(self.container(server), "sh", "-ec", script)
        subprocess.run(argv, input=content, text=True, check=True, timeout=60)

    def start_logged(self, name: str, argv: Sequence[str], **how: Any) -> subprocess.Popen[str]:
        """Start a process whose output can be read while it runs, and never blocks it."""
        path = self.scratch / name
        with path.open("w") as out:
            process = subprocess.Popen(argv, stdout=out, text=True, **how)
        process.stdout = path.open()
        return process

    @property
    def scratch(self) -> Path:
        """Where the drills may write."""
        return Path(self.facts["results"]).parent


def started(pid: int) -> str:
    """Return when a process started, in ticks since boot (proc(5)); empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def output_of(process: subprocess.Popen[str]) -> str:
    """Return all that a process has printed so far."""
    assert process.stdout is not None
    process.stdout.seek(0)
    return process.stdout.read()


def end(process: subprocess.Popen[str]) -> None:
    """Let a probe end by itself."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
