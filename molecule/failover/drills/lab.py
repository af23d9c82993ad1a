"""The lab as the drills see it: what can be done to it, and whether all is healthy.

    left                                 right
      draco ----- probe-left               taurus ----- probe-right
      dhcpd (primary)                      dhcpd (secondary)
      leasemerge, tinydns                  leasemerge, tinydns
      dnscache                             scorpio: dnscache
         |                                    |
    =====+====== one podman bridge ===========+=====
                        |
                      relay ----- probe-far

The names are the inventory's, and so is who has what. A network that is cut in two is really two
bridges, with a cable between them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

DHCPD, TINYDNS, DNSCACHE, LEASEMERGE = (
    f"{unit}.service" for unit in ("isc-dhcp-server", "tinydns", "dnscache", "leasemerge")
)
KEEPALIVED, WATCHER = "keepalived.service", "floating-address.service"
# These stand for a process on each address.
PROCESSES = {TINYDNS: "tinydns@*.service", DNSCACHE: "dnscache@*.service"}
A, PTR = 1, 12

LEASE_FILE = "/var/lib/dhcp/dhcpd.leases"

# What a container's own first process has.
ENVIRONMENT = ("env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")

# Where the probe lies inside the clients' containers.
PROBE = ("python3", "-u", "/drills/probe.py")


class DrillError(Exception):
    """What a drill waited for did not come about."""


def eventually(fault: Callable[[], str], within: float, every: float = 0.25) -> float:
    """Wait until ``fault`` returns nothing; return the seconds that took.

    Raises DrillError with what it returned last: when that lasts longer than ``within`` seconds.
    """
    began = time.monotonic()
    while wrong := fault():
        if time.monotonic() - began > within:
            raise DrillError(f"after {within:.0f} s still: {wrong}")
        time.sleep(every)
    return time.monotonic() - began


@dataclass
class Load:
    """A perfdhcp(8) that runs until the end of the ``with``, and what it counted by then."""

    process: subprocess.Popen[str]
    output: str = ""

    def exchanges(self) -> tuple[int, int]:
        """Return how many discoveries and requests it sent, and how many were not answered."""
        counts = [sum(map(int, re.findall(rf"^{what}: (\d+)", self.output, re.MULTILINE)))
                  for what in ("sent packets", "drops")]  # fmt: skip
        return counts[0], counts[1]


@dataclass(frozen=True)
class Server:
    """One server of the inventory. ``role`` is its part in the failover pair, empty for none."""

    name: str
    address: str
    role: str = ""
    alias: str = ""
    resolver: str = ""
    merges: bool = False
    floating: tuple[tuple[str, str], ...] = ()
    """The addresses that it may hold, each with the unit of its daemon."""

    @property
    def units(self) -> list[str]:
        """Name what runs on it."""
        return (
            [DHCPD] * bool(self.role)
            + [LEASEMERGE] * self.merges
            + [WATCHER, KEEPALIVED] * bool(self.floating)
            + [unit for _, unit in self.floating]
        )


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
        """Keep the leases on the way."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the clients vanish, as clients do: nothing is released."""
        for process in self.processes:
            end(process)


def read_events(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """Yield the events that have come, without waiting for more."""
    assert process.stdout is not None
    while True:
        at = process.stdout.tell()
        if not (line := process.stdout.readline()).endswith("\n"):
            # The rest of it is still to come.
            process.stdout.seek(at)
            return
        yield json.loads(line)


class Lab:
    """The running lab; ``facts`` are what molecule/failover/run-drill.yml writes."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Take the lab as it is deployed."""
        self.facts = facts
        self.project = Path(facts["project"])
        self.site: Mapping[str, Any] = facts["site"]
        self.domain: str = self.site["domain"]
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
                floating=tuple((f["address"], f["unit"]) for f in facts["floating"][name]),
            )
            for name, address in facts["servers"].items()
        ]
        self.pair = sorted((s for s in self.servers if s.role), key=lambda s: s.role)
        self.primary, self.secondary = self.pair
        self.name_servers = [s for s in self.servers if s.alias]
        # In the order that dhcpd hands them out.
        self.resolvers: list[str] = facts["resolvers"]
        self.caches = [s for r in self.resolvers for s in self.servers if s.resolver == r]
        self.left, self.right, *far = map(self.container, facts["probes"])
        # Of each container its first process and when that started.
        self._processes: dict[str, tuple[int, str]] = {}
        #: A probe in every subnet that there is a probe in.
        self.everywhere = (self.left, *far)

    # -- doing ---------------------------------------------------------------

    def container(self, server: Server | str) -> str:
        """Return podman's name of it."""
        return f"{self.facts['prefix']}-{server if isinstance(server, str) else server.name}"

    def run(self, *argv: str, check: bool = True, timeout: float = 60) -> str:
        """Run a command here, return its output. Raises DrillError: when ``check`` and it fails."""
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

        It is nsenter(1), because `podman exec` costs ten times as much, and a drill has hundreds.
        """
        process = self._processes.get(container)
        # A number may be another process's by now; its start time is its own.
        if process is None or started(process[0]) != process[1]:
            pid = int(self.run("podman", "inspect", "--format", "{{.State.Pid}}", container))
            if not (begun := started(pid)):
                raise DrillError(f"{container} does not run")
            process = self._processes[container] = (pid, begun)
        return ["nsenter", "--all", f"--target={process[0]}", *ENVIRONMENT, *argv]

    def shell(self, server: Server, script: str, check: bool = True) -> str:
        """Run a shell script on a server."""
        return self.on(server, "sh", "-ec", script, check=check)

    def signal(self, server: Server, unit: str, name: str) -> None:
        """Send a signal to all of a unit's processes."""
        unit = PROCESSES.get(unit, unit)
        self.on(server, "systemctl", "kill", f"--signal={name}", unit)

    @contextmanager
    def hung(self, server: Server, *units: str) -> Iterator[None]:
        """Stop the processes where they stand: connected, listening, and unresponsive."""
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

    def power_off(self, server: Server) -> None:
        """Take the power away: no process can send anything, and the link goes down."""
        self.unplug(server)
        self.run("podman", "kill", self.container(server))
        self.run("podman", "wait", self.container(server))

    @contextmanager
    def unresponsive(self, server: Server) -> Iterator[None]:
        """Freeze a machine's kernel: its link stays up, and nothing comes out or goes in."""
        # The switch goes on sending to the port what it has learned to be there.
        port = self.port(self.container(server))
        self.run("bridge", "link", "set", "dev", port, "state", "0")
        try:
            yield
        finally:
            self.run("bridge", "link", "set", "dev", port, "state", "3")

    @contextmanager
    def no_flooding(self) -> Iterator[None]:
        """Have a switch that sends nowhere what it cannot place (unknown unicast)."""
        ports = [self.port(self.container(s)) for s in self.servers]
        for port in ports:
            self.run("bridge", "link", "set", "dev", port, "flood", "off")
        try:
            yield
        finally:
            for port in ports:
                self.run("bridge", "link", "set", "dev", port, "flood", "on", check=False)

    def shut_down(self, server: Server) -> None:
        """Shut a machine down as its operator does, and wait until it is off."""
        self.on(server, "systemctl", "poweroff", "--no-block")
        self.run("podman", "wait", self.container(server), timeout=60)

    def neighbour(self, address: str, on: str) -> str:
        """Return the MAC address that a machine has cached for an address."""
        found = self.run(*self.inside(on, "ip", "neighbour", "show", "to", address))
        return next(iter(re.findall(r"lladdr (\S+)", found)), "")

    def unplug(self, server: Server) -> None:
        """Pull a machine's cable, so that what dies on it cannot even close a connection."""
        self.run("ip", "link", "set", self.port(self.container(server)), "down")

    def plug(self, server: Server) -> None:
        """Put a machine's cable back."""
        self.run("ip", "link", "set", self.port(self.container(server)), "up")

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
    def slow(self, server: Server, unit: str) -> Iterator[None]:
        """Have a unit's process stand still for most of the time: it answers, and always late.

        Not every kernel can hold packets back on the way (tc-netem(8)).
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
        """Run units with more environment variables, and then as they were again."""
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

    def put(self, server: Server, path: str, content: str) -> None:
        """Write a file on a server."""
        script = f"mkdir -p $(dirname {path}); cat >{path}"
        argv = self.inside(self.container(server), "sh", "-ec", script)
        subprocess.run(argv, input=content, text=True, check=True, timeout=60)

    def data_dir(self, server: Server) -> str:
        """Return the directory of a server's zone data."""
        settings = json.loads(self.shell(server, "cat /etc/leasemerge/service.json"))
        return str(settings["data_dir"])

    def port(self, container: str) -> str:
        """Return this machine's name of the port that a container's eth0 is plugged into."""
        index = self.run(*self.inside(container, "cat", "/sys/class/net/eth0/iflink")).strip()
        for line in self.run("ip", "-o", "link").splitlines():
            if line.startswith(f"{index}: "):
                return line.split()[1].partition("@")[0].rstrip(":")
        raise DrillError(f"{container} has no network port here")

    @contextmanager
    def two_switches(self) -> Iterator[str]:
        """Give the secondary's half, and a probe, a switch of its own; yield the cable to it."""
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

    # -- deploying -----------------------------------------------------------

    def start_playbook(
        self, name: str, *args: str, inventory: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a playbook with the lab's inventory, or another in its place."""
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
            # In their order: the first that stands by is the first to take an address over.
            to.write_text(yaml.safe_dump(content, sort_keys=False))
        return copy

    @property
    def scratch(self) -> Path:
        """Where the drills may write."""
        return Path(self.facts["results"]).parent

    def wipe(self, server: Server) -> None:
        """Take a machine away with all that was on it."""
        self.unplug(server)
        self.run("podman", "rm", "--force", "--time", "1", self.container(server))

    def create(self, inventory: Path | None = None) -> None:
        """Put a bare machine in the place of each that is missing."""
        status, output = self.playbook("molecule/lab/create.yml", inventory=inventory)
        if status:
            raise DrillError(f"create.yml failed:\n{output[-3000:]}")

    # -- clients -------------------------------------------------------------

    def probe(self, container: str, verb: str, spec: Mapping[str, Any]) -> subprocess.Popen[str]:
        """Start a probe; it ends when its standard input is closed. Its events go to a file."""
        argv = self.inside(container, *PROBE, verb, json.dumps(spec))
        name = f"{container}-{verb}-{time.monotonic_ns()}.jsonl"
        return self.start_logged(name, argv, stdin=subprocess.PIPE)

    def start_logged(self, name: str, argv: Sequence[str], **how: Any) -> subprocess.Popen[str]:
        """Start a process whose output can be read while it runs, and never holds it up."""
        path = self.scratch / name
        with path.open("w") as out:
            process = subprocess.Popen(argv, stdout=out, text=True, **how)
        process.stdout = path.open()
        return process

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
        """Start clients with these hostnames that get leases, without ``renew`` only once.

        ``on``: the probes that they are dealt out to. ``every``: seconds from one to the next;
        all at once by default. ``macs``: their hardware addresses, of one probe's clients only.
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
        """Return how many addresses of the first probed range the primary has active leases for."""
        near = IPv4Network(self.facts["probed"][0])
        lines = self.on(self.primary, "leasemerge", "dump", "--leases", LEASE_FILE).splitlines()
        leases = map(json.loads, lines)
        return sum(
            lease["state"] == "active" and IPv4Address(lease["address"]) in near for lease in leases
        )

    def dhcpd_log(self, server: Server, since: float) -> str:
        """Return what a server's dhcpd has logged since a time (epoch)."""
        return self.on(
            server, "journalctl", "--quiet", "--output=cat", f"--unit={DHCPD}", f"--since=@{since}"
        )

    def untaken(self, server: Server) -> int:
        """Return how many addresses a server keeps for clients that did not take them."""
        offered = set[str]()
        # dhcpd keeps an address for two minutes after it has offered it.
        for line in self.dhcpd_log(server, time.time() - 120).splitlines():
            match line.split():
                case ["DHCPOFFER", "on", address, *_]:
                    offered.add(address)
                case ["DHCPACK", "on", address, *_]:
                    offered.discard(address)
        return len(offered)

    @contextmanager
    def load(self, clients: int, rate: int) -> Iterator[Load]:
        """Have perfdhcp play so many clients, so many exchanges a second, as a relay would."""
        argv = self.inside(self.right, "perfdhcp", "-4", "-l", "eth0", "-B", "-d", "3")
        argv += ["-r", str(rate), "-R", str(clients), "-p", "600", "all"]
        load = Load(self.start_logged("perfdhcp.log", argv, stderr=subprocess.STDOUT))
        try:
            yield load
        finally:
            # nsenter does not pass a signal on to what it runs.
            self.run(*self.inside(self.right, "pkill", "-INT", "perfdhcp"), check=False)
            load.process.wait(timeout=20)
            load.output = output_of(load.process)

    def bound(self, held: Held, count: int, within: float = 20) -> float:
        """Wait until so many of the clients have a lease."""

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
        """Query each server for each name; None where no answer came."""
        spec = json.dumps({"servers": list(servers), "questions": questions})
        output = self.run(*self.inside(on or self.left, *PROBE, "query", spec))
        return {(server, name, kind): got for server, name, kind, got in json.loads(output)}

    @property
    def dns_addresses(self) -> list[str]:
        """Return the addresses that names are queried at: every tinydns, then the caches."""
        return [s.alias for s in self.name_servers] + self.resolvers

    @property
    def pool(self) -> int:
        """Return how many addresses the pair can assign in the smallest subnet that is tried."""
        return min(
            sum(int(IPv4Address(b)) - int(IPv4Address(a)) + 1 for a, b in subnet["ranges"])
            for subnet in self.site["subnets"]
            if subnet["network"] in self.facts["probed"]
        )

    @property
    def lease_time(self) -> int:
        """Return how long a lease lasts, in seconds."""
        return int(self.site["default_lease_time"])

    # -- whether all is healthy ----------------------------------------------

    def server_fault(self) -> str:
        """Return what is wrong with the servers; empty when all are healthy."""
        for server in self.servers:
            if fault := self._fault_of(server):
                return f"{server.name}: {fault}"
        for address, holders in self.holders().items():
            if self.home(address).address not in [server.address for server in holders]:
                return f"{self.home(address).name} does not hold {address}"
        return ""

    def _fault_of(self, server: Server) -> str:
        output = self.on(server, "systemctl", "is-active", *server.units, check=False).split()
        for unit, state in zip(server.units, output or [""] * len(server.units), strict=False):
            if state != "active":
                return f"{unit} is {state or 'unreachable'}"
        if not output:
            return "unreachable"
        if server.role and (state := self.pair_state(server)) != "normal normal":
            return f"failover is {state}"
        if server.merges:
            status = self.status(server)
            for feed in status.get("feeds", [{"server": "?", "state": "unknown"}]):
                if feed["state"] != "following":
                    return f"the feed of {feed['server']} is {feed['state']}"
        return ""

    def pair_state(self, server: Server) -> str:
        """Return a server's own state and its partner's; `cut off` where they are not connected."""
        peer = self.secondary if server == self.primary else self.primary
        # The lease file may still have the state from before a restart; the connection has not.
        script = f"""
            ss -Htn state established | grep -q ' {re.escape(peer.address)}:' || echo cut off from
            awk '/^failover peer/ {{ f = 1 }} /^}}/ {{ f = 0 }}
                f && $1 == "my" {{ m = $3 }} f && $1 == "partner" {{ p = $3 }}
                END {{ print m, p }}' /var/lib/dhcp/dhcpd.leases
        """
        return " ".join(self.shell(server, script, check=False).split())

    def home(self, address: str) -> Server:
        """Return the server that a floating address belongs to."""
        return next(s for s in self.servers if address in (s.alias, s.resolver))

    def holders(self) -> dict[str, list[Server]]:
        """Return the servers that hold each floating address now: it is there on more than lo."""
        found: dict[str, list[Server]] = {}
        for server in self.servers:
            shown = self.on(server, "ip", "-oneline", "-4", "address", check=False).splitlines()
            # 3: vrrp.8    inet 10.1.1.8/32 scope global vrrp.8
            fields = [line.split() for line in shown]
            there = {words[3].partition("/")[0] for words in fields if words[1] != "lo"}
            for address, _ in server.floating:
                found.setdefault(address, []).extend([server] * (address in there))
        return found

    def status(self, server: Server) -> dict[str, Any]:
        """Return leasemerge's status; nothing while it does not answer."""
        output = self.on(server, "leasemerge", "status", "--json", check=False, timeout=15)
        try:
            return dict(json.loads(output))
        except ValueError:
            return {}

    @property
    def plain_hosts(self) -> list[Mapping[str, Any]]:
        """The fixed hosts with one address and a name in the site's domain: what drills look at."""
        others = [IPv4Network(s["network"]) for s in self.site["subnets"] if s.get("domain")]
        return [
            host
            for host in self.site["fixed_hosts"]
            if isinstance(host["fixed_address"], str)
            and not host.get("domain")
            and not any(IPv4Address(host["fixed_address"]) in network for network in others)
        ]

    def live_names(self, *held: Held) -> dict[str, str]:
        """Return every name that must be published, and its address as the clients report it."""
        names: dict[str, str] = {}
        for host in self.plain_hosts:
            names |= dict.fromkeys([host["name"], *host["aliases"]], host["fixed_address"])
        for client in self.facts["clients"]:
            if address := self.client_address(client["name"]):
                names[client["name"]] = address
        now = time.monotonic()
        for group in held:
            group.read()
            for lease in group.leases.values():
                if lease["until"] > now:
                    names[lease["hostname"]] = lease["address"]
        return names

    def client_address(self, name: str) -> str:
        """Return the address that one of the lab's clients has; empty for none."""
        output = self.on(f"client-{name}", "sh", "/lab/client-address.sh", check=False)
        return (output.split() or [""])[0]

    def wrong_names(self, *held: Held, servers: Iterable[str] = (), on: str = "") -> str:
        """Return which live name is not answered right, forward and back; empty when all are."""
        live = self.live_names(*held)
        if missing := {c["name"] for c in self.facts["clients"]} - set(live):
            return f"no address for the clients {', '.join(sorted(missing))}"
        first = {address: name for name, address in reversed(live.items())}
        wanted = {(f"{name}.{self.domain}", A): [address] for name, address in live.items()}
        wanted |= {
            (IPv4Address(address).reverse_pointer, PTR): [f"{name}.{self.domain}"]
            for address, name in first.items()
        }
        got = self.query(servers or self.dns_addresses, list(wanted), on=on)
        for (server, name, kind), answer in got.items():
            if answer != wanted[name, kind]:
                return f"{server} answers {answer} for {name}, which is {wanted[name, kind]}"
        return ""

    def all_healthy(self, *held: Held, within: float) -> float:
        """Wait until every server is healthy and every name right; return the seconds."""
        return eventually(lambda: self.server_fault() or self.wrong_names(*held), within, every=0.5)


def end(process: subprocess.Popen[str]) -> None:
    """Let a probe end by itself."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def started(pid: int) -> str:
    """Return when a process started, in ticks since the boot (proc(5)); empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def output_of(process: subprocess.Popen[str]) -> str:
    """Return all that a process has printed until now."""
    assert process.stdout is not None
    process.stdout.seek(0)
    return process.stdout.read()


def signal_group(process: subprocess.Popen[str], number: int) -> None:
    """Signal a process and all that it started."""
    os.killpg(process.pid, number)
