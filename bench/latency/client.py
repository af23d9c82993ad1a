"""A DHCP client that sends as a relay agent does, and a DNS client that queries repeatedly."""

from __future__ import annotations

import os
import selectors
import socket
import struct
import time
from collections.abc import Sequence

_MAGIC = bytes([99, 130, 83, 99])
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5


class Client:
    """RFC 2131 through a relay agent's address: no raw sockets, and answers come by unicast."""

    def __init__(self, address: str, servers: Sequence[str]) -> None:
        """Bind to the relay agent's port; every server gets what is sent, as with broadcast."""
        self._address = address
        self._servers = servers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 67))
        self._socket.settimeout(3)

    def close(self) -> None:
        """Release the port."""
        self._socket.close()

    def lease(self, mac: bytes, hostname: str) -> tuple[str, float]:
        """Get an address; return it and the time (perf_counter) at which the DHCPACK came."""
        xid = int.from_bytes(os.urandom(4), "big")
        offer, server, _ = self._exchange(xid, mac, hostname, DISCOVER, OFFER, b"")
        options = bytes([50, 4]) + offer + bytes([54, 4]) + server
        taken, _, when = self._exchange(xid, mac, hostname, REQUEST, ACK, options)
        return socket.inet_ntoa(taken), when

    def _exchange(
        self, xid: int, mac: bytes, hostname: str, ask: int, want: int, more: bytes
    ) -> tuple[bytes, bytes, float]:
        name = hostname.encode()
        message = struct.pack("!BBBBIHH", 1, 1, 6, 1, xid, 0, 0)
        message += bytes(12) + socket.inet_aton(self._address) + mac.ljust(16, b"\0") + bytes(192)
        message += _MAGIC + bytes([53, 1, ask, 12, len(name)]) + name + more + b"\xff"
        for server in self._servers:
            self._socket.sendto(message.ljust(300, b"\0"), (server, 67))
        while True:
            answer = self._socket.recv(1500)
            when = time.perf_counter()
            if struct.unpack_from("!I", answer, 4)[0] != xid:
                continue
            options = _options(answer[240:])
            if options.get(53) == bytes([want]):
                return answer[16:20], options.get(54, bytes(4)), when


def _options(text: bytes) -> dict[int, bytes]:
    found, position = {}, 0
    while position + 1 < len(text) and text[position] != 255:
        if text[position] == 0:
            position += 1
            continue
        length = text[position + 1]
        found[text[position]] = text[position + 2 : position + 2 + length]
        position += 2 + length
    return found


def _query(name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", os.getpid() & 0xFFFF, 0, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def answers(server: str, name: str) -> str | None:
    """Query once; return the address or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(0.5)
        try:
            channel.connect((server, 53))
            channel.send(_query(name))
            reply = channel.recv(1500)
        except OSError:
            return None
    return socket.inet_ntoa(reply[-4:]) if _positive(reply, None) else None


def _positive(reply: bytes, address: str | None) -> bool:
    code, count = reply[3] & 15, struct.unpack_from("!H", reply, 6)[0]
    return code == 0 and count == 1 and (address is None or socket.inet_aton(address) in reply)


def seen(servers: Sequence[str], name: str, address: str, seconds: float = 10) -> list[float]:
    """Query each server until it has the name; return when the first answers came (perf_counter).

    One query at a time to each, some 50 microseconds apart, so that the queries do not slow down
    the servers on a small machine.
    """
    when: dict[str, float] = {}
    query = _query(name)
    deadline = time.perf_counter() + seconds
    with selectors.DefaultSelector() as selector:
        channels = []
        for server in servers:
            channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            channel.connect((server, 53))
            channel.send(query)
            selector.register(channel, selectors.EVENT_READ, server)
            channels.append(channel)
        while len(when) < len(servers):
            for key, _ in selector.select(0.02):
                channel = key.fileobj  # type: ignore[assignment]  # what was registered above
                reply = channel.recv(1500)
                if _positive(reply, address):
                    when[key.data] = time.perf_counter()
                    selector.unregister(channel)
                    continue
                time.sleep(0.00005)
                channel.send(query)
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{name} is not answered by every server")
        for channel in channels:
            channel.close()
    return [when[server] for server in servers]
