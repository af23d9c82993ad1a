"""The lab's clients: those that the drills start, and what they get."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from itertools import chain
from typing import Any

from .commands import Commands, end, eventually, output_of
from .servers import Server

A, PTR = 1, 12

# Where the probe is inside the clients' containers.
PROBE = ("python3", "-u", "/drills/probe.py")


@dataclass
class Load:
    """A perfdhcp(8) that runs until the end of the ``with``, and what it counted."""

    process: subprocess.Popen[str]
    output: str = ""

    def exchanges(self) -> tuple[int, int]:
        """Return how many discovers and requests it sent, and how many were not answered."""
        counts = [sum(map(int, re.findall(rf"^{what}: (\d+)", self.output, re.MULTILINE)))
                  for what in ("sent packets", "drops")]  # fmt: skip
        return counts[0], counts[1]


@dataclass
class Held:
    """Clients that keep their leases until the end of the ``with``."""

    hostnames: Sequence[str]
    processes: Sequence[subprocess.Popen[str]]
    leases: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What they hold, by MAC address."""
    first: float = 0.0
    """When the first of them got its lease."""

    def read(self) -> None:
        """Read what the probes have reported since."""
        for event in chain.from_iterable(map(read_events, self.processes)):
            if event["kind"] == "lease":
                self.leases[event["mac"]] = event
                self.first = self.first or event["at"]

    @property
    def only(self) -> dict[str, Any]:
        """Return the lease of the one client."""
        (lease,) = self.leases.values()
        return lease

    def __enter__(self) -> Held:
        """Return the clients, which are already running."""
        return self

    def __exit__(self, *_: object) -> None:
        """Make the clients vanish, as clients do: nothing is released."""
        for process in self.processes:
            end(process)


def read_events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """Yield the events that have arrived, without waiting for more."""
    assert process.stdout is not None
    while True:
        at = process.stdout.tell()
        if not (line := process.stdout.readline()).endswith("\n"):
            # The rest of it is still to come.
            process.stdout.seek(at)
            return
        yield json.loads(line)


class Clients(Commands):
    """What clients do, and what they see."""

    def probe(self, container: str, verb: str, spec: Mapping[str, Any]) -> subprocess.Popen[str]:
        """Start a probe; it ends when its standard input is closed. Its events go to a file."""
        argv = self.inside(container, *PROBE, verb, json.dumps(spec))
        name = f"{container}-{verb}-{time.monotonic_ns()}.jsonl"
        return self.start_logged(name, argv, stdin=subprocess.PIPE)

    def hold(
        self,
        hostnames: Sequence[str],
        on: Sequence[str] = (),
        *,
        renew: bool = True,
        release: bool = False,
        every: float = 0.0,
        macs: Sequence[str] = (),
    ) -> Held:
        """Start clients with these hostnames that get leases; without ``renew``, only once.

        ``on``: the probes that they are distributed over. ``every``: seconds from one to the next;
        all at once by default. ``macs``: their hardware addresses, for one probe's clients only.
        At the end they vanish, or ``release`` their leases.
        """
        on = on or [self.left]
        spec = {"renew": renew, "release": release, "every": every, "macs": macs}
        specs = [{**spec, "hostnames": hostnames[n :: len(on)]} for n in range(len(on))]
        return Held(hostnames, [self.probe(o, "hold", s) for o, s in zip(on, specs, strict=True)])

    @contextmanager
    def churn(self, every: float, seed: int) -> Iterator[None]:
        """Have clients come and go until the end of the ``with``."""
        process = self.probe(self.left, "churn", {"every": every, "seed": seed})
        try:
            yield
        finally:
            end(process)

    def leased(self) -> int:
        """Return for how many addresses in the first probed range the primary has live leases.

        Kea records the end of a lease only when it reclaims it, some ten seconds later.
        """
        near, now = IPv4Network(self.facts["probed"][0]), time.time()
        return sum(
            lease["state"] == "active"
            and lease["ends"] > now
            and IPv4Address(lease["address"]) in near
            for lease in self.leases(self.primary)
        )

    def leases(self, server: Server) -> list[dict[str, Any]]:
        """Return what a server's lease file has for each address."""
        dump = self.on(server, "leasemerge", "dump", "--leases", self.dhcp["lease_file"])
        return [json.loads(line) for line in dump.splitlines()]

    def dhcp_log(self, server: Server, since: float) -> str:
        """Return what a server's DHCP server has logged since a time (epoch)."""
        unit = self.dhcp["unit"]
        return self.on(
            server, "journalctl", "--quiet", "--output=cat", f"--unit={unit}", f"--since=@{since}"
        )

    def untaken(self, server: Server) -> int:
        """Return how many addresses a server reserves for clients that did not request them."""
        offered = set[str]()
        # dhcpd reserves an address for two minutes after offering it; Kea does not.
        for line in self.dhcp_log(server, time.time() - 120).splitlines():
            match line.split():
                case ["DHCPOFFER", "on", address, *_]:
                    offered.add(address)
                case ["DHCPACK", "on", address, *_]:
                    offered.discard(address)
        return len(offered)

    @contextmanager
    def load(self, clients: int, rate: int) -> Iterator[Load]:
        """Have perfdhcp simulate ``clients`` with ``rate`` exchanges a second, as a relay would."""
        argv = self.inside(self.right, "perfdhcp", "-4", "-l", "eth0", "-B", "-d", "3")
        argv += ["-r", str(rate), "-R", str(clients), "-p", "600", "all"]
        load = Load(self.start_logged("perfdhcp.log", argv, stderr=subprocess.STDOUT))
        try:
            yield load
        finally:
            # nsenter does not forward signals to what it runs.
            self.run(*self.inside(self.right, "pkill", "-INT", "perfdhcp"), check=False)
            load.process.wait(timeout=20)
            load.output = output_of(load.process)

    def bound(self, held: Held, count: int, within: float = 20) -> float:
        """Wait until ``count`` of the clients have a lease."""

        def fault() -> str:
            held.read()
            return (
                ""
                if len(held.leases) >= count
                else f"{len(held.leases)} of {count} clients have a lease"
            )

        return eventually(fault, within)

    def query(
        self, servers: Iterable[str], questions: Sequence[tuple[str, int]], *, on: str = ""
    ) -> dict[tuple[str, str, int], list[str] | None]:
        """Query each server for each name; None if no answer came."""
        spec = json.dumps({"servers": list(servers), "questions": questions})
        output = self.run(*self.inside(on or self.left, *PROBE, "query", spec))
        return {(server, name, kind): got for server, name, kind, got in json.loads(output)}

    @property
    def pool(self) -> int:
        """Return how many addresses the pair can assign in the smallest probed subnet."""
        return min(
            sum(int(IPv4Address(b)) - int(IPv4Address(a)) + 1 for a, b in subnet["ranges"])
            for subnet in self.site["subnets"]
            if subnet["network"] in self.facts["probed"]
        )

    def share(self, server: Server) -> int:
        """Return how many addresses of the pool a server can assign to new clients by itself.

        For dhcpd it is the result of the pair's last balancing, for Kea what is configured.
        """
        if not self.kea:
            return self.pool // 2
        standby = self.pool * int(self.facts["standby_share"]) // 100
        return standby if server == self.secondary else self.pool - standby

    @property
    def lease_time(self) -> int:
        """Return how long a lease lasts, in seconds."""
        return int(self.site["default_lease_time"])
