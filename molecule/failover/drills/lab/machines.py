"""The lab's machines and their daemons: killed, hung, switched off."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from .commands import end
from .network import Network
from .servers import PROCESSES, SPARES, Server


class Machines(Network):
    """What can be done to the lab's machines and to what runs on them."""

    def signal(self, server: Server, unit: str, name: str) -> None:
        """Send a signal to all of a unit's processes, and to its spare's."""
        units = [PROCESSES.get(unit, unit)]
        if unit in SPARES and name != "KILL":
            units.append(SPARES[unit])
        self.on(server, "systemctl", "kill", f"--signal={name}", *units)

    @contextmanager
    def hung(self, server: Server, *units: str) -> Iterator[None]:
        """Stop the processes (SIGSTOP): connected, listening, and unresponsive."""
        for unit in units:
            self.signal(server, unit, "STOP")
        try:
            yield
        finally:
            for unit in units:
                self.signal(server, unit, "CONT")

    @contextmanager
    def stopped(self, server: Server, *units: str) -> Iterator[None]:
        """Stop the units, and start them again."""
        self.on(server, "systemctl", "stop", *units)
        try:
            yield
        finally:
            self.on(server, "systemctl", "start", *units)

    @contextmanager
    def slow(self, server: Server, unit: str) -> Iterator[None]:
        """Keep a unit's process stopped most of the time: it answers, but always late.

        Not every kernel can delay packets in the network (tc-netem(8)).
        """
        pid = self.on(server, "systemctl", "show", "--property=MainPID", "--value", unit).strip()
        script = f"""if True:
            import os, select, signal, sys
            while not select.select([sys.stdin], [], [], 0.03)[0]:
                os.kill({pid}, signal.SIGSTOP)
                select.select([sys.stdin], [], [], 0.3)
                os.kill({pid}, signal.SIGCONT)
        """
        argv = self.inside(self.container(server), "python3", "-c", script)
        process = self.start_logged("slow.log", argv, stdin=subprocess.PIPE)
        try:
            yield
        finally:
            end(process)

    @contextmanager
    def environment(self, server: Server, variables: str, *units: str) -> Iterator[None]:
        """Run units with more environment variables, and then as before again."""
        drop_ins = [f"/run/systemd/system/{unit}.d/drill.conf" for unit in units]
        for path in drop_ins:
            self.put(server, path, f"[Service]\nEnvironment={variables}\n")
        self.on(server, "systemctl", "daemon-reload")
        self.on(server, "systemctl", "restart", *units)
        try:
            yield
        finally:
            self.on(server, "rm", *drop_ins)
            self.on(server, "systemctl", "daemon-reload")
            self.on(server, "systemctl", "restart", *units)

    def power_off(self, server: Server) -> None:
        """Cut the power: no process can send anything, and the link goes down."""
        self.unplug(server)
        self.run("podman", "kill", self.container(server))
        self.run("podman", "wait", self.container(server))

    def shut_down(self, server: Server) -> None:
        """Shut a machine down as its operator would, and wait until it is off."""
        self.on(server, "systemctl", "poweroff", "--no-block")
        self.run("podman", "wait", self.container(server), timeout=60)

    def power_on(self, server: Server) -> None:
        """Switch it on again; return at once."""
        self.run("podman", "start", self.container(server))

    @contextmanager
    def dead(self, *servers: Server) -> Iterator[None]:
        """Switch machines off, and on again in the order given."""
        for server in servers:
            self.power_off(server)
        try:
            yield
        finally:
            for server in servers:
                self.power_on(server)

    @contextmanager
    def unresponsive(self, server: Server) -> Iterator[None]:
        """Freeze a machine's kernel: its link stays up, and nothing comes out or goes in."""
        # The switch keeps sending to the port, by what it has learned.
        port = self.port(self.container(server))
        self.run("bridge", "link", "set", "dev", port, "state", "0")
        try:
            yield
        finally:
            self.run("bridge", "link", "set", "dev", port, "state", "3")

    def data_dir(self, server: Server) -> str:
        """Return the directory of a server's zone data."""
        settings = json.loads(self.shell(server, "cat /etc/leasemerge/service.json"))
        return str(settings["data_dir"])
