#!/usr/bin/python3
"""What runs inside a client container: real DHCP exchanges and lookups, reported as JSON lines.

    probe.py watch   SPEC    a new client every so often and twenty lookups a second
    probe.py hold    SPEC    a client for each hostname, which keeps its lease
    probe.py churn   SPEC    clients that come and go: some release their lease, some vanish
    probe.py query   SPEC    queries name servers directly, each for all the questions, and ends

SPEC is JSON. `watch`, `hold` and `churn` end when standard input is closed. Times are seconds
of the monotonic clock, which all containers of one machine share. Standard library only: a client
has no more.
"""

from __future__ import annotations

import json
import random
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

INTERFACE = "eth0"
LOOKUP_EVERY = 0.05

# RFC 2131, RFC 2132.
DISCOVER, OFFER, REQUEST, ACK, NAK, RELEASE = 1, 2, 3, 5, 6, 7
MASK, RESOLVERS, HOSTNAME, ADDRESS, LEASE_TIME, TYPE, SERVER, PARAMETERS = (
    1,
    6,
    12,
    50,
    51,
    53,
    54,
    55,
)
END = 255
COOKIE = b"\x63\x82\x53\x63"
# Seconds between tries, as in the lab's dhclient: it begins at one and doubles up to four.
TRIES = (1.0, 2.0, 4.0)
# If a server has made an offer and is then silent, the client starts over after this many tries.
REQUEST_TRIES = 3

_printing = threading.Lock()


def report(kind: str, **facts: object) -> None:
    """Write one event."""
    with _printing:
        print(json.dumps({"kind": kind, "at": time.monotonic(), **facts}), flush=True)


@dataclass
class Client:
    """One DHCP client (RFC 2131, section 4.4)."""

    mac: str
    hostname: bytes
    keep: bool
    renew: bool = True
    asked: float = field(default_factory=time.monotonic)
    state: str = "selecting"
    xid: int = field(default_factory=lambda: random.getrandbits(32))
    tries: int = 0
    due: float = 0.0
    address: str = ""
    server: str = ""
    until: float = 0.0

    def restart(self, now: float) -> None:
        """Start over: without an address, with a new transaction."""
        self.asked, self.state, self.tries, self.due = now, "selecting", 0, now
        self.xid, self.address, self.server = random.getrandbits(32), "", ""

    def message(self, kind: int, *options: tuple[int, bytes], ciaddr: str = "0.0.0.0") -> bytes:
        """Return a message from this client; replies are requested by broadcast."""
        seconds = min(int(time.monotonic() - self.asked), 65535)
        head = struct.pack("!BBBBIHH", 1, 1, 6, 0, self.xid, seconds, 0x8000)
        hardware = bytes.fromhex(self.mac.replace(":", ""))
        fixed = head + socket.inet_aton(ciaddr) + bytes(12) + hardware + bytes(10 + 64 + 128)
        wanted = [(TYPE, bytes([kind])), *options]
        if kind != RELEASE:
            wanted += [(HOSTNAME, self.hostname), (PARAMETERS, bytes([MASK, RESOLVERS]))]
        body = b"".join(bytes([code, len(value)]) + value for code, value in wanted if value)
        return fixed + COOKIE + body + bytes([END])

    def turn(self, now: float) -> bytes | None:
        """Return the message that is due at ``now``, if any."""
        if self.state == "bound" and self.renew and now >= self.due:
            # Like a machine that was switched on again: both servers receive it, unlike a renewal.
            self.state, self.tries, self.asked, self.xid = (
                "rebooting",
                0,
                now,
                random.getrandbits(32),
            )
        if self.state == "bound" or now < self.due:
            return None
        if (self.state == "requesting" and self.tries >= REQUEST_TRIES) or (
            self.state == "rebooting" and now > self.until
        ):
            self.state, self.tries = "selecting", 0
        self.due = now + TRIES[min(self.tries, len(TRIES) - 1)]
        self.tries += 1
        if self.state == "selecting":
            return self.message(DISCOVER)
        asked_for = (ADDRESS, socket.inet_aton(self.address))
        if self.state == "rebooting":
            return self.message(REQUEST, asked_for)
        return self.message(REQUEST, asked_for, (SERVER, socket.inet_aton(self.server)))

    def take(self, kind: int, address: str, options: dict[int, bytes], now: float) -> bool:
        """Process a reply; return whether it assigned a lease."""
        server = socket.inet_ntoa(options.get(SERVER, bytes(4)))
        if self.state == "selecting" and kind == OFFER:
            self.state, self.tries, self.due = "requesting", 0, now
            self.address, self.server = address, server
        elif self.state in ("requesting", "rebooting") and kind == NAK:
            self.restart(now)
        elif self.state in ("requesting", "rebooting") and kind == ACK:
            lease = struct.unpack("!I", options[LEASE_TIME])[0]
            self.state, self.address, self.server = "bound", address, server
            self.until, self.due = now + lease, now + lease / 2
            return True
        return False


def reply(data: bytes) -> tuple[int, int, str, dict[int, bytes]] | None:
    """Parse a server's message into transaction, type, address and options."""
    if len(data) < 240 or data[0] != 2 or data[236:240] != COOKIE:
        return None
    options, at = {}, 240
    while at + 1 < len(data) and data[at] != END:
        if data[at] == 0:
            at += 1
            continue
        options[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    if TYPE not in options:
        return None
    xid = struct.unpack("!I", data[4:8])[0]
    return xid, options[TYPE][0], socket.inet_ntoa(data[16:20]), options


class Clients:
    """Many clients on one socket."""

    def __init__(self) -> None:
        """Listen as a client does; several of these can listen at the same time."""
        self.clients: list[Client] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_REUSEADDR, socket.SO_BROADCAST):
            self._socket.setsockopt(socket.SOL_SOCKET, option, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, INTERFACE.encode())
        self._socket.bind(("", 68))

    def _send(self, data: bytes, to: str = "255.255.255.255") -> None:
        try:
            self._socket.sendto(data, (to, 67))
        except OSError as error:
            report("error", error=str(error))

    def turn(self, wait: float) -> None:
        """Send what is due, and process what arrives within ``wait`` seconds."""
        now = time.monotonic()
        for client in self.clients:
            if data := client.turn(now):
                self._send(data)
        if not select.select([self._socket], [], [], wait)[0]:
            return
        if not (got := reply(self._socket.recv(4096))):
            return
        xid, kind, address, options = got
        now = time.monotonic()
        for client in [c for c in self.clients if c.xid == xid]:
            if client.take(kind, address, options, now):
                self._bound(client, options)

    def _bound(self, client: Client, options: dict[int, bytes]) -> None:
        resolvers = options.get(RESOLVERS, b"")
        report(
            "lease",
            asked=client.asked,
            mac=client.mac,
            hostname=client.hostname.decode("latin-1"),
            address=client.address,
            server=client.server,
            until=client.until,
            resolvers=[socket.inet_ntoa(resolvers[i : i + 4]) for i in range(0, len(resolvers), 4)],
        )
        if not client.keep:
            self.release(client)

    def release(self, client: Client) -> None:
        """Release a client's address, and forget the client."""
        server = (SERVER, socket.inet_aton(client.server))
        self._send(client.message(RELEASE, server, ciaddr=client.address), client.server)
        self.clients.remove(client)


def new_mac() -> str:
    """Return an unused MAC address: locally administered."""
    return "06:" + ":".join(f"{random.getrandbits(8):02x}" for _ in range(5))


def look_up(name: str) -> None:
    """Resolve as every program does: by the C library, with resolv.conf's resolvers."""
    asked = time.monotonic()
    try:
        found = socket.getaddrinfo(name + ".", None, socket.AF_INET, socket.SOCK_STREAM)
        report("lookup", asked=asked, name=name, answer=sorted({str(f[4][0]) for f in found}))
    except OSError as error:
        report("lookup", asked=asked, name=name, answer=[], error=str(error))


def ticks(every: float) -> Generator[bool, None, None]:
    """Yield, at each call, whether another ``every`` seconds have passed."""
    due = time.monotonic()
    while True:
        over = time.monotonic() >= due
        due += every if over else 0.0
        yield over


def ended() -> bool:
    """Return whether standard input was closed."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def watch(spec: dict[str, Any]) -> None:
    """Request new leases, and look up twenty names a second, until the end."""
    names: list[str] = spec["names"]
    Path("/etc/resolv.conf").write_text(
        "".join(f"nameserver {address}\n" for address in spec["resolvers"])
    )
    clients = Clients()
    client_due, lookup_due = ticks(spec["every"]), ticks(LOOKUP_EVERY)
    number = 0
    while not ended():
        if next(client_due):
            clients.clients.append(Client(new_mac(), b"", keep=False))
        if next(lookup_due) and names:
            number += 1
            name = names[number % len(names)]
            threading.Thread(target=look_up, args=[name], daemon=True).start()
        clients.turn(0.02)
    for client in clients.clients:
        report("waiting", asked=client.asked, mac=client.mac)


def hold(spec: dict[str, Any]) -> None:
    """Get a lease for each hostname, all at once or one `every` so many seconds.

    Renew it if `renew`; at the end release it if `release`, or else vanish.
    """
    clients = Clients()
    macs: list[str] = spec["macs"] or [new_mac() for _ in spec["hostnames"]]
    waiting = list(zip(macs, spec["hostnames"], strict=True))[::-1]
    due = time.monotonic()
    while not ended():
        while waiting and time.monotonic() >= due:
            mac, hostname = waiting.pop()
            client = Client(mac, hostname.encode("latin-1"), keep=True, renew=spec["renew"])
            clients.clients.append(client)
            due += spec["every"]
        clients.turn(0.01)
    for client in [c for c in clients.clients if spec["release"] and c.address]:
        clients.release(client)


def churn(spec: dict[str, Any]) -> None:
    """Have a client come every so many seconds, renew a few times and go: three of five release."""
    clients, chance = Clients(), random.Random(spec["seed"])
    coming = ticks(spec["every"])
    until: dict[str, float] = {}
    while not ended():
        now = time.monotonic()
        if next(coming):
            clients.clients.append(Client(new_mac(), b"", keep=True))
            until[clients.clients[-1].mac] = now + chance.uniform(2, 40)
        for client in [c for c in clients.clients if c.state == "bound" and until[c.mac] < now]:
            if chance.random() < 0.6:
                clients.release(client)
            else:
                clients.clients.remove(client)
        clients.turn(0.02)
    for client in [c for c in clients.clients if c.address]:
        clients.release(client)


def question(number: int, name: str, kind: int) -> bytes:
    """Return a DNS query (RFC 1035, section 4.1) with recursion desired."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return (
        struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0)
        + labels
        + struct.pack("!BHH", 0, kind, 1)
    )


def name_at(data: bytes, at: int) -> tuple[str, int]:
    """Return the name at ``at`` and where it ends; pointers only go backwards (RFC 1035, 4.1.4)."""
    labels, end = [], 0
    while data[at]:
        if data[at] >= 0xC0:
            end = end or at + 2
            at = struct.unpack("!H", data[at : at + 2])[0] & 0x3FFF
            continue
        labels.append(data[at + 1 : at + 1 + data[at]].decode("latin-1"))
        at += 1 + data[at]
    return ".".join(labels), end or at + 1


def answers(data: bytes, kind: int) -> list[str]:
    """Return what a response contains: addresses (kind 1) or names (kind 12), sorted."""
    _, _, questions, count = struct.unpack("!HHHH", data[:8])
    at, found = 12, []
    for _ in range(questions):
        at = name_at(data, at)[1] + 4
    for _ in range(count):
        at = name_at(data, at)[1]
        this, _, _, length = struct.unpack("!HHIH", data[at : at + 10])
        at += 10
        if this == kind:
            found.append(socket.inet_ntoa(data[at : at + 4]) if kind == 1 else name_at(data, at)[0])
        at += length
    return sorted(found)


def query(spec: dict[str, Any]) -> None:
    """Send every server every question (name, kind), up to three times; silence is null."""
    wanted = [
        (server, name, kind) for server in spec["servers"] for name, kind in spec["questions"]
    ]
    got: dict[int, list[str]] = {}
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    for _ in range(3):
        for number, (server, name, kind) in enumerate(wanted):
            if number not in got:
                sock.sendto(question(number, name, kind), (server, 53))
        end = time.monotonic() + spec.get("patience", 1.0)
        while len(got) < len(wanted) and (left := end - time.monotonic()) > 0:
            if select.select([sock], [], [], left)[0]:
                data = sock.recv(4096)
                number = struct.unpack("!H", data[:2])[0]
                got[number] = answers(data, wanted[number][2])
    print(json.dumps([[*what, got.get(number)] for number, what in enumerate(wanted)]))


if __name__ == "__main__":
    VERBS = {"watch": watch, "hold": hold, "churn": churn, "query": query}
    VERBS[sys.argv[1]](json.loads(sys.argv[2]))
