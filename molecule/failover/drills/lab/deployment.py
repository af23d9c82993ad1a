"""Playbooks that are run on the lab, and machines that are replaced."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from .commands import DrillError, output_of
from .network import Network
from .servers import Server


class Deployment(Network):
    """What can be deployed to the lab, from its inventory or a changed one."""

    def start_playbook(
        self, name: str, *args: str, inventory: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a playbook with the lab's inventory, or with another one."""
        place = {self.facts["inventory"]: str(inventory)} if inventory else {}
        sources = [place.get(source, source) for source in self.facts["inventories"]]
        options = [option for source in sources for option in ("-i", source)]
        return self.start_logged(
            f"ansible-{time.monotonic_ns()}.log",
            ["ansible-playbook", *options, name, *args],
            cwd=self.project,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def playbook(
        self, name: str, *args: str, inventory: Path | None = None, within: float = 400
    ) -> tuple[int, str]:
        """Run a playbook; return its exit status and what it printed.

        Raises DrillError: when it takes too long.
        """
        process = self.start_playbook(name, *args, inventory=inventory)
        try:
            process.wait(timeout=within)
        except subprocess.TimeoutExpired as exc:
            with suppress(ProcessLookupError):
                signal_group(process, signal.SIGKILL)
            raise DrillError(f"{name} took more than {within:.0f} s") from exc
        return process.returncode, output_of(process)

    def deploy(self, *args: str, inventory: Path | None = None) -> str:
        """Run site.yml, which must succeed; return what it printed."""
        status, output = self.playbook("playbooks/site.yml", *args, inventory=inventory)
        if status:
            raise DrillError(f"site.yml {shlex.join(args)} failed:\n{output[-3000:]}")
        return output

    def inventory(self, change: Callable[[str, Any], Any]) -> Path:
        """Make a copy of the inventory, each file passed through ``change(name, content)``."""
        source, copy = Path(self.facts["inventory"]), self.scratch / "inventory"
        if copy.exists():
            shutil.rmtree(copy)
        for path in source.rglob("*.yml"):
            to = copy / path.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            content = change(path.name, yaml.safe_load(path.read_text()))
            # In their order: the first standby is the first to take over an address.
            to.write_text(yaml.safe_dump(content, sort_keys=False))
        return copy

    def wipe(self, server: Server) -> None:
        """Remove a machine with all that was on it."""
        self.unplug(server)
        self.run("podman", "rm", "--force", "--time", "1", self.container(server))

    def create(self, inventory: Path | None = None) -> None:
        """Put a bare machine in place of each one that is missing."""
        status, output = self.playbook("molecule/lab/create.yml", inventory=inventory)
        if status:
            raise DrillError(f"create.yml failed:\n{output[-3000:]}")


def signal_group(process: subprocess.Popen[str], number: int) -> None:
    """Signal a process and everything that it started."""
    os.killpg(process.pid, number)
