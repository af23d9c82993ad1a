"""A server under test: the service as a process of its own, in a directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leasemerge.lease import Lease
from tests.support.small_site import SITE

# Whoever has a rig waits for it.
from tests.support.waiting import eventually

FILES = Path(__file__).resolve().parents[2] / "roles/lease_merge/files"
PROGRAM = (sys.executable, "-m", "leasemerge")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(FILES)}


def lease(number: int, hostname: str | None = None, seconds: int = 3600, **more: Any) -> Lease:
    """Make a live lease of 10.1.1.<number>, or one that ends in so many seconds."""
    now = int(time.time())
    values = {
        "state": "active",
        "starts": now,
        "cltt": now,
        "ends": now + seconds,
        "hardware": f"02:00:00:00:00:{number:02x}",
        "hostname": hostname or f"host{number}",
        **more,
    }
    return Lease(f"10.1.1.{number}", **values)


@dataclass
class Rig:
    """One server: `draco` or `taurus`, or another name for a server without a dhcpd."""

    directory: Path
    server: str = "draco"
    feeds: Sequence[tuple[str, Sequence[str]]] = ()
    site: dict[str, Any] = field(default_factory=lambda: dict(SITE))
    program: Sequence[str] = PROGRAM
    """What is started instead of the program, for a test of its surroundings."""
    settings: dict[str, Any] = field(default_factory=dict)
    """More of service.json."""
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        """Make the directories and an empty lease file."""
        for path in (self.data, self.state):
            path.mkdir(parents=True, exist_ok=True)
        self.leases.touch()

    @property
    def data(self) -> Path:
        """The directory of the zone data."""
        return self.directory / "data"

    @property
    def state(self) -> Path:
        """What the service remembers."""
        return self.directory / "state"

    @property
    def leases(self) -> Path:
        """The lease file of this server's dhcpd."""
        return self.directory / "dhcpd.leases"

    @property
    def feed(self) -> list[str]:
        """The command that brings this server's stream to a peer, but for the peer's name."""
        return [*PROGRAM, "feed", "--socket", str(self.directory / "sock"), "--to"]

    def start(self, wait: bool = True, **environment: str) -> None:
        """Start the service."""
        (self.directory / "site.json").write_text(json.dumps(self.site))
        settings = {
            "server": self.server,
            "site": str(self.directory / "site.json"),
            "data_dir": str(self.data),
            "state_dir": str(self.state),
            "socket": str(self.directory / "sock"),
            "lease_file": str(self.leases) if self.server in self.site["servers"] else "",
            "metrics_file": str(self.directory / "leasemerge.prom"),
            "feeds": [{"server": name, "command": list(command)} for name, command in self.feeds],
            **self.settings,
        }
        (self.directory / "service.json").write_text(json.dumps(settings))
        with (self.directory / "stderr").open("ab") as stderr:
            self.process = subprocess.Popen(
                [*self.program, "serve", "--settings", str(self.directory / "service.json")],
                env={**ENVIRONMENT, **environment},
                stderr=stderr,
                start_new_session=True,
            )
        if wait:
            eventually("the service answers", self.answers)

    def answers(self) -> bool:
        """Whether the service runs and answers."""
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "stderr").read_text()
        return self.command("status", check=False).returncode == 0

    def kill(self, signal_: int = signal.SIGKILL) -> None:
        """End the service, with its children as systemd would."""
        if self.process is not None:
            os.kill(self.process.pid, signal_)
            self.process.wait(20)
            self.process = None

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the program on this server."""
        return subprocess.run(
            [*PROGRAM, *arguments, "--socket", str(self.directory / "sock")],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=check,
        )

    def status(self) -> dict[str, Any]:
        """Return what `leasemerge status --json` prints."""
        report: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return report

    def write(self, *leases: Lease) -> None:
        """Append blocks to the lease file, as dhcpd does."""
        with self.leases.open("ab") as file:
            file.write(b"".join(lease.render() for lease in leases))

    def rewrite(self, *leases: Lease) -> None:
        """Put a new lease file in place of the old one, as dhcpd does every hour."""
        beside = self.directory / "dhcpd.leases.1"
        beside.write_bytes(b"".join(lease.render() for lease in leases))
        old = self.directory / "dhcpd.leases~"
        old.unlink(missing_ok=True)
        old.hardlink_to(self.leases)
        beside.rename(self.leases)

    def address(self, name: str) -> str | None:
        """Return what tinydns would answer for a name, by its own lookup (tinydns-get(1))."""
        if not (self.data / "data.cdb").exists():
            return None
        answer = subprocess.run(
            ["tinydns-get", "a", f"{name}.office.internal"],
            cwd=self.data,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        lines = [line.split() for line in answer.splitlines() if line.startswith("answer:")]
        return lines[0][-1] if lines else None

    def names(self, *names: str) -> dict[str, str | None]:
        """Return the answers for several names."""
        return {name: self.address(name) for name in names}

    def serves(self, *names: str) -> bool:
        """Whether every name is answered."""
        return all(self.names(*names).values())
