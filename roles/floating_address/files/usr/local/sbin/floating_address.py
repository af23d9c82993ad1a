#!/usr/bin/python3 -I
"""Keep floating addresses on lo, and watch the daemons that answer on them.

    floating-address watch     what floating-address.service runs
    floating-address status    a JSON line for each address: held here or not, answered here or not

Each address is on lo of every machine that may hold it, so that its daemon can bind to it and
answer queries that arrive here; arp_ignore hides it there from the neighbours. keepalived decides
which of the machines holds it. A track file of ours has the state of its daemon: a number that is
added to the machine's priority.

A daemon is queried at its address ten times a second. One that has not answered for half a second
loses the address to a machine whose daemon does. One that is silent for longer is hung: it is
killed, and systemd restarts it. Silence is counted in queries, not in time: a machine that was
suspended finds its daemons as it left them.

Another track file has the combined state of all tinydns of the machine, for the addresses of its
resolvers. If none answers, they are better served elsewhere: dnscache sends its queries to the
addresses on lo, and drops its client's query when all of them refuse.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

SETTINGS = Path("/etc/floating-address/settings.json")
RUN = Path("/run/floating-address")
#: The track file of all tinydns together.
TINYDNS = "tinydns"

#: Marks our addresses on lo.
LABEL = "lo:floating"

#: Seconds between queries, and the number of unanswered queries after which another machine is
#: preferred. A busy machine answers late, but handing over costs nothing, as both answer.
QUERY_EVERY = 0.1
FAILING_AFTER = 5
METRICS_EVERY = 5.0

#: What keepalived adds to the priority (keepalived.conf(5), track_file). Any machine whose daemon
#: answers is preferred to one whose daemon fails; if all fail, the address stays where it is. Less
#: than -253 is a fault: if the daemon has not answered since boot, the address is not taken.
HEALTHY, FAILING, NEVER = 0, -100, -254


@dataclass
class Daemon:
    """One daemon, at one address; ``floating`` unless the address is the machine's own."""

    address: str
    unit: str
    query: str
    floating: bool
    state: int = NEVER
    sock: socket.socket | None = None
    #: Queries since the last answer, and those of them not explained by a closed port.
    unanswered: int = 0
    silent: int = 0
    refused: bool = False
    #: Whether it has answered since it was last killed: one that never does is not hung.
    has_answered: bool = False

    @property
    def track_file(self) -> Path:
        """Return the file that keepalived reads."""
        return RUN / self.address

    def begin(self) -> None:
        """Resume the state from before a restart of this program, and write the track file."""
        self.state = self.read_state()
        self.has_answered = self.state != NEVER
        self.track_file.write_text(f"{self.state}\n")

    def read_state(self) -> int:
        """Return the state that was last reported."""
        try:
            return int(self.track_file.read_text())
        except (FileNotFoundError, ValueError):
            return NEVER

    def send(self) -> None:
        """Send a query. Any error shows as a missing answer."""
        self.unanswered += 1
        self.silent = 0 if self.refused else self.silent + 1
        self.refused = False
        try:
            if self.sock is None:
                self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                self.sock.connect((self.address, 53))
            self.sock.send(query(self.query))
        except OSError as error:
            self._failed(error)

    def receive(self) -> None:
        """Read the answers that have arrived; any answer will do."""
        assert self.sock is not None
        try:
            while self.sock.recv(512):
                self.unanswered = self.silent = 0
                self.has_answered = True
        except BlockingIOError:
            pass
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        if isinstance(error, ConnectionRefusedError):
            # Nobody listens: systemd is restarting the daemon, or it was stopped on purpose.
            self.refused = True
        elif self.sock is not None:
            self.sock.close()
            self.sock = None

    @property
    def serves(self) -> bool:
        """Return whether it answered, and its port has not been closed since."""
        return self.state == HEALTHY and not self.refused

    def update(self, hung_after: int) -> None:
        """Report a new state to keepalived, and kill the daemon if it is hung."""
        if self.unanswered == 0 and self.state != HEALTHY:
            self._report(HEALTHY, "answers")
        elif self.unanswered > FAILING_AFTER and self.state == HEALTHY:
            self._report(FAILING, "does not answer")
        if self.silent > hung_after and self.has_answered:
            log(f"{self.unit} is hung: killing it")
            self.has_answered = False
            # Including tinydns-spare@ADDRESS: the one that was started last got the queries.
            units = self.unit.replace("@", "*@")
            subprocess.Popen(["systemctl", "kill", "--signal=KILL", units])

    def _report(self, state: int, what: str) -> None:
        log(f"{self.unit} {what} at {self.address}")
        self.state = state
        self.track_file.write_text(f"{state}\n")


def log(line: str) -> None:
    """Write a line to the journal."""
    print(line, flush=True)


def query(name: str) -> bytes:
    """Return a DNS query for the address of a name (RFC 1035, section 4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", 0, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1)


@dataclass(frozen=True)
class Settings:
    """The role's settings for this machine."""

    daemons: list[Daemon]
    hung_after: int
    """How many queries in a row a hung daemon leaves unanswered."""
    metrics_file: str
    """Text file for Prometheus' node exporter; empty for none."""


def settings() -> Settings:
    """Return the settings of this machine."""
    values = json.loads(SETTINGS.read_text())
    return Settings(
        daemons=[Daemon(**entry) for entry in values["daemons"]],
        hung_after=round(values["hung_after"] / QUERY_EVERY),
        metrics_file=values["metrics_file"],
    )


def run_ip(*arguments: str) -> str:
    """Return the output of ip(8)."""
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


def holds(address: str) -> bool:
    """Return whether this machine holds an address: keepalived adds it to another interface."""
    found = json.loads(run_ip("-json", "-4", "address", "show", "to", f"{address}/32"))
    return any(entry.get("ifname", "lo") != "lo" for entry in found)


def put(address: str) -> None:
    """Put an address on lo."""
    # /32: neighbours are reached through the interface that has the subnet.
    run_ip("address", "replace", f"{address}/32", "dev", "lo", "label", LABEL)


def remove_others(wanted: Collection[str]) -> None:
    """Remove from lo the addresses that are no longer ours."""
    for found in json.loads(run_ip("-json", "-4", "address", "show", "dev", "lo", "label", LABEL)):
        for entry in found.get("addr_info", []):
            # What the filter leaves out appears as an empty mapping.
            address = entry.get("local")
            if address and address not in wanted:
                run_ip("address", "delete", f"{address}/32", "dev", "lo")


def notify(message: str) -> None:
    """Send a message to systemd (sd_notify(3))."""
    if path := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(message.encode(), path.replace("@", "\0", 1))


def removed(monitor: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield the addresses that somebody has just removed from lo."""
    assert monitor.stdout is not None
    data = os.read(monitor.stdout.fileno(), 65536)
    if not data:
        raise SystemExit("ip monitor has ended")
    for line in data.decode().splitlines():
        words = line.split()
        if words[0] == "Deleted" and words[2] == "lo":
            yield words[4].partition("/")[0]


def watch() -> None:
    """Keep the addresses in place and watch the daemons until stopped."""
    known = settings()
    watched = known.daemons
    floating = {daemon.address for daemon in watched if daemon.floating}
    # Started before the first address is put there, so that no removal is missed.
    monitor = subprocess.Popen(
        ["ip", "-oneline", "-4", "monitor", "address"], stdout=subprocess.PIPE
    )
    assert monitor.stdout is not None
    for address in sorted(floating):
        put(address)
    remove_others(floating)
    for daemon in watched:
        daemon.begin()
    report_tinydns(watched)
    notify("READY=1")
    due = metrics_due = 0.0
    while True:
        notify("WATCHDOG=1")
        if (now := time.monotonic()) >= due:
            due = now + QUERY_EVERY
            for daemon in watched:
                daemon.send()
        if known.metrics_file and now >= metrics_due:
            metrics_due = now + METRICS_EVERY
            write_metrics(Path(known.metrics_file), watched)
        sockets = {daemon.sock.fileno(): daemon for daemon in watched if daemon.sock}
        wait = max(0.0, due - time.monotonic())
        ready, _, _ = select.select([monitor.stdout.fileno(), *sockets], [], [], wait)
        for source in ready:
            if source in sockets:
                sockets[source].receive()
            else:
                for address in floating.intersection(removed(monitor)):
                    log(f"{address} was removed from lo: putting it back")
                    put(address)
        for daemon in watched:
            daemon.update(known.hung_after)
        report_tinydns(watched)


def report_tinydns(watched: Collection[Daemon]) -> None:
    """Report to keepalived whether any tinydns of this machine answers; nothing without one."""
    found = [daemon for daemon in watched if daemon.unit.startswith("tinydns@")]
    state = f"{HEALTHY if any(daemon.serves for daemon in found) else FAILING}\n"
    path = RUN / TINYDNS
    if found and (not path.exists() or path.read_text() != state):
        path.write_text(state)


def write_metrics(path: Path, watched: Collection[Daemon]) -> None:
    """Write the file for the node exporter, which sees all of it or nothing."""
    lines = [
        "# HELP floating_address_answers Whether the daemon answers on the address here.",
        "# TYPE floating_address_answers gauge",
    ]
    for daemon in watched:
        labels = f'{{address="{daemon.address}",unit="{daemon.unit}"}}'
        lines.append(f"floating_address_answers{labels} {int(daemon.state == HEALTHY)}")
    lines += [
        "# HELP floating_address_held Whether this server holds the address.",
        "# TYPE floating_address_held gauge",
    ]
    for daemon in watched:
        if daemon.floating:
            held = int(holds(daemon.address))
            lines.append(f'floating_address_held{{address="{daemon.address}"}} {held}')
    temporary = path.with_suffix(".tmp")
    try:
        temporary.write_text("\n".join(lines) + "\n")
        temporary.replace(path)
    except OSError as error:
        # A full disk is no reason to stop watching.
        log(f"{path}: {error}")


def status() -> None:
    """Print a JSON line for each address."""
    for daemon in settings().daemons:
        print(
            json.dumps(
                {
                    "address": daemon.address,
                    "unit": daemon.unit,
                    "floating": daemon.floating,
                    "holds": daemon.floating and holds(daemon.address),
                    "answers": daemon.read_state() == HEALTHY,
                }
            )
        )


if __name__ == "__main__":
    {"watch": watch, "status": status}[sys.argv[1]]()
