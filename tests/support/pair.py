"""A real failover pair and its clients, each in a network namespace of its own.

    clients
        |
      [bridge] -------- draco, primary
        |
        +-------------- taurus, secondary

Needs root, isc-dhcp-server and isc-dhcp-client, and leaves nothing behind. Where AppArmor confines
dhcpd to its own directories, it must be set to let it be.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.waiting import eventually

_CLIENT = Path(__file__).parent / "dhcp_client.py"
PREFIX = "leasepair-"
SERVERS = {"draco": "10.9.0.2", "taurus": "10.9.0.3"}
CLIENTS = {
    name: f"02:00:00:09:00:{number:02x}"
    for number, name in enumerate(
        ("ann", "bob", "cleo", "dora", "eve", "finn", "gus", "hal", "ivy", "jo"), start=1
    )
}

# Short times, so that a lease can expire while we look; and even an early renewal is written.
_CONFIG = """\
authoritative;
ddns-update-style none;
default-lease-time 600; max-lease-time 600; min-lease-time 5;
dhcp-cache-threshold 0;
ping-check false;
failover peer "pair" {{
  {role};
  address {own}; port 647; peer address {peer}; peer port 647;
  max-response-delay 5; max-unacked-updates 10; load balance max seconds 3;
  {primary}
}}
subnet 10.9.0.0 netmask 255.255.255.0 {{
  option routers 10.9.0.1;
  pool {{ failover peer "pair"; range 10.9.0.100 10.9.0.139; }}
}}
"""

# What dhclient calls with its news (dhclient-script(8)).
_SCRIPT = """\
#!/bin/sh
case $reason in
BOUND|REBOOT|RENEW|REBIND)
  ip addr replace "$new_ip_address/24" dev "$interface"
  printf '{"address": "%s", "server": "%s", "seconds": %s}' "$new_ip_address" \\
    "$new_dhcp_server_identifier" "$new_dhcp_lease_time" > "$0.sent.tmp"
  mv "$0.sent.tmp" "$0.sent"
  ;;
PREINIT) ip link set "$interface" up ;;
RELEASE|EXPIRE|FAIL|STOP) ip addr flush dev "$interface" ;;
esac
exit 0
"""


class PairError(Exception):
    """A command failed, or the pair did not do what it should."""


def run(*command: str, check: bool = True) -> str:
    """Run a command to its end and return what it printed."""
    result = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    if check and result.returncode:
        raise PairError(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


def inside(name: str, *command: str) -> tuple[str, ...]:
    """Return the command that runs in the namespace of a machine."""
    return ("ip", "netns", "exec", PREFIX + name, *command)


@contextlib.contextmanager
def network() -> Iterator[None]:
    """Make a namespace for each machine and one with the bridge between them."""
    machines = [*SERVERS, *CLIENTS]
    try:
        run("ip", "netns", "add", PREFIX + "bridge")
        run(*inside("bridge", "ip", "link", "add", "br0", "type", "bridge"))
        run(*inside("bridge", "ip", "link", "set", "br0", "up"))
        for name in machines:
            run("ip", "netns", "add", PREFIX + name)
            link = ("ip", "link", "add", "eth0", "type", "veth", "peer", "name", name)
            run(*inside(name, *link, "netns", PREFIX + "bridge"))
            run(*inside("bridge", "ip", "link", "set", name, "master", "br0", "up"))
            if name in CLIENTS:
                run(*inside(name, "ip", "link", "set", "eth0", "address", CLIENTS[name]))
            else:
                run(*inside(name, "ip", "addr", "add", f"{SERVERS[name]}/24", "dev", "eth0"))
            run(*inside(name, "ip", "link", "set", "eth0", "up"))
            run(*inside(name, "ip", "link", "set", "lo", "up"))
        yield
    finally:
        for name in ["bridge", *machines]:
            run("ip", "netns", "del", PREFIX + name, check=False)


class Pair:
    """The two servers and the clients, and what each client was sent."""

    def __init__(self, directory: Path) -> None:
        """Write the files that every machine needs."""
        self.directory = directory
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.sent: dict[str, dict[str, Any]] = {}
        for server, address in SERVERS.items():
            primary = server == "draco"
            (directory / f"{server}.conf").write_text(
                _CONFIG.format(
                    role="primary" if primary else "secondary",
                    own=address,
                    peer=SERVERS["taurus" if primary else "draco"],
                    primary="mclt 120; split 128;" if primary else "",
                )
            )
            self.leases(server).touch()

    def leases(self, server: str) -> Path:
        """Return the path of a server's lease file."""
        return self.directory / f"{server}.leases"

    def start(self, server: str) -> None:
        """Start a server."""
        command = inside(server, "dhcpd", "-4", "-f", "--no-pid", "-cf")
        files = (f"{self.directory}/{server}.conf", "-lf", str(self.leases(server)))
        with (self.directory / f"{server}.log").open("ab") as log:
            self.running[server] = subprocess.Popen(
                [*command, *files, "eth0"], stdout=log, stderr=log
            )

    def kill(self, server: str) -> None:
        """Kill a server the hard way, as a power cut does."""
        self.running[server].send_signal(signal.SIGKILL)
        self.running.pop(server).wait()

    def wait_normal(self) -> None:
        """Wait until both servers report that both are normal."""

        def normal() -> bool:
            return all(self.state(server) == ["normal", "normal"] for server in SERVERS)

        eventually("both servers are normal", normal, 90)

    def state(self, server: str) -> list[str]:
        """Return what a server last wrote of itself and of its partner."""
        words = [line.split() for line in self.leases(server).read_text("latin-1").splitlines()]
        sides = {line[0]: line[2] for line in words if line[1:2] == ["state"]}
        return [sides.get("my", ""), sides.get("partner", "")]

    def pin(self, name: str, address: str) -> None:
        """Pin a client to an address in both servers' files, which they read when they start."""
        host = f"host {name} {{ hardware ethernet {CLIENTS[name]}; fixed-address {address}; }}\n"
        for server in SERVERS:
            with (self.directory / f"{server}.conf").open("a") as file:
                file.write(host)

    def client(
        self,
        name: str,
        *,
        hostname: str | None = None,
        seconds: int | None = None,
        uid: bool = False,
    ) -> bool:
        """Let a client get or renew a lease by broadcast; return whether it got one."""
        hostname = hostname or self.sent.get(name, {}).get("hostname") or f"{name}-box"
        config, script = self.directory / f"{name}.dhclient", self.directory / f"{name}.script"
        asked = f"send dhcp-lease-time {seconds};" if seconds else ""
        asked += f" send dhcp-client-identifier 1:{CLIENTS[name]};" if uid else ""
        config.write_text(
            f'send host-name "{hostname}"; {asked} initial-delay 0; initial-interval 1; '
            "backoff-cutoff 2; timeout 6; reboot 3; retry 1; "
            "request subnet-mask, routers;"
        )
        script.write_text(_SCRIPT)
        script.chmod(0o755)
        news = script.with_name(script.name + ".sent")
        news.unlink(missing_ok=True)
        command = self._dhclient(name, "-d", "-1")
        begun = time.time()
        dhclient = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(
                f"{name} has an answer",
                lambda: news.exists() or dhclient.poll() is not None,
                40,
            )
        finally:
            # Killed, it keeps its lease; stopped, it might release it.
            dhclient.kill()
            dhclient.wait()
        if not news.exists():
            return False
        self._learn(name, hostname, json.loads(news.read_text()), begun)
        return True

    def release(self, name: str) -> None:
        """Let a client release its address."""
        run(*self._dhclient(name, "-r"))
        self.sent.pop(name)

    def forget(self, name: str) -> None:
        """Let a client lose its memory of an address, as a machine that is installed again."""
        (self.directory / f"{name}.lease").unlink()

    def decline(self, name: str) -> None:
        """Let a client report to its server that somebody else has the address."""
        self._send(name, "decline", self.sent.pop(name)["server"])
        (self.directory / f"{name}.lease").unlink()

    def renew_at(self, name: str, server: str, hostname: str) -> None:
        """Let a client renew by unicast at a server, under a new name."""
        begun = time.time()
        answer = json.loads(self._send(name, "renew", SERVERS[server], hostname))
        self._learn(name, hostname, answer, begun)

    def server_of(self, name: str) -> str:
        """Return the name of the server that a client last received from."""
        address = self.sent[name]["server"]
        return next(server for server, own in SERVERS.items() if own == address)

    def other_of(self, name: str) -> str:
        """Return the name of the server that a client did not last receive from."""
        return next(server for server in SERVERS if server != self.server_of(name))

    def _learn(self, name: str, hostname: str, lease: dict[str, Any], begun: float) -> None:
        self.sent[name] = {
            "address": lease["address"],
            "hardware": CLIENTS[name],
            "hostname": hostname,
            "server": lease["server"],
            "since": int(begun),
            "until": int(begun) + lease["seconds"],
        }

    def _dhclient(self, name: str, *flags: str) -> tuple[str, ...]:
        path = self.directory / name
        return inside(
            name, "dhclient", "-4", *flags, "-cf", f"{path}.dhclient", "-sf", f"{path}.script",
            "-lf", f"{path}.lease", "-pf", f"{path}.pid", "eth0",
        )  # fmt: skip

    def _send(self, name: str, what: str, server: str, *hostname: str) -> str:
        client = (str(_CLIENT), what, "eth0", CLIENTS[name])
        lease = json.loads((self.directory / f"{name}.script.sent").read_text())
        return run(*inside(name, sys.executable, *client, lease["address"], server, *hostname))
