"""The lab's network: the ports, cables and switches between its machines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from .commands import Commands, DrillError
from .servers import Server


class Network(Commands):
    """What can be done to the lab's network."""

    def port(self, container: str) -> str:
        """Return this machine's name for the port that a container's eth0 is plugged into."""
        index = self.run(*self.inside(container, "cat", "/sys/class/net/eth0/iflink")).strip()
        for line in self.run("ip", "-o", "link").splitlines():
            if line.startswith(f"{index}: "):
                return line.split()[1].partition("@")[0].rstrip(":")
        raise DrillError(f"{container} has no network port here")

    def unplug(self, server: Server) -> None:
        """Pull a machine's cable, so that what dies on it cannot even close a connection."""
        self.run("ip", "link", "set", self.port(self.container(server)), "down")

    def plug(self, server: Server) -> None:
        """Put a machine's cable back."""
        self.run("ip", "link", "set", self.port(self.container(server)), "up")

    @contextmanager
    def no_flooding(self) -> Iterator[None]:
        """Have a switch that drops unknown unicast instead of flooding it."""
        ports = [self.port(self.container(s)) for s in self.servers]
        for port in ports:
            self.run("bridge", "link", "set", "dev", port, "flood", "off")
        try:
            yield
        finally:
            for port in ports:
                self.run("bridge", "link", "set", "dev", port, "flood", "on", check=False)

    def neighbour(self, address: str, on: str) -> str:
        """Return the MAC address that a machine has cached for an address."""
        found = self.run(*self.inside(on, "ip", "neighbour", "show", "to", address))
        return next(iter(re.findall(r"lladdr (\S+)", found)), "")

    @contextmanager
    def two_switches(self) -> Iterator[str]:
        """Put the secondary's half, and a probe, on a switch of its own; yield the cable to it."""
        right = [self.container(self.secondary), self.right]
        right += [self.container(s) for s in self.servers if not s.role]
        ports = [self.port(container) for container in right]
        found = self.run("ip", "-o", "link", "show", ports[0])
        bridge = found.split(" master ")[1].split()[0]
        other, here, there = (
            f"{self.facts['prefix']}-{end}"[-15:] for end in ("two", "up", "down")
        )
        self.run("ip", "link", "add", other, "type", "bridge")
        self.run("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        try:
            for port, switch in ((here, bridge), (there, other), *((p, other) for p in ports)):
                self.run("ip", "link", "set", port, "master", switch, "up")
            self.run("ip", "link", "set", other, "up")
            yield here
        finally:
            for port in ports:
                self.run("ip", "link", "set", port, "master", bridge)
            self.run("ip", "link", "delete", here)
            self.run("ip", "link", "delete", other)

    @contextmanager
    def cut(self, cable: str) -> Iterator[None]:
        """Pull a cable between two switches, and put it back."""
        self.run("ip", "link", "set", cable, "down")
        try:
            yield
        finally:
            self.run("ip", "link", "set", cable, "up")
