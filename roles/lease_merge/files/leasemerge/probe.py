"""Whether the site's name servers answer, queried as a resolver would."""

from __future__ import annotations

import contextlib
import socket
import struct
import time

from .record_data import SOA, wire_name
from .site import Site
from .status import NameServerStatus

_IN = 1
# RFC 1035 section 4.1.1: an answer, authoritative, without an error.
_ANSWER, _AUTHORITATIVE, _ERROR = 0x8000, 0x0400, 0x000F


class Probe:
    """One query for the domain's SOA to each name server now and then; nothing waits for it."""

    def __init__(self, site: Site) -> None:
        """Prepare a socket for each name server."""
        self._query = _soa_query(site.domain)
        self._number = 0
        self._servers: dict[str, tuple[str, socket.socket]] = {}
        self._answers: dict[str, float] = {}
        for server in site.name_servers:
            channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self._servers[server.address] = (server.name, channel)

    def send(self) -> None:
        """Send a query to each."""
        self._number = (self._number + 1) & 0xFFFF
        message = struct.pack("!H", self._number) + self._query
        for address, (_, channel) in self._servers.items():
            # No route, or no listener: no answer will come, and that is what is reported.
            with contextlib.suppress(OSError):
                channel.connect((address, 53))
                channel.send(message)

    def read(self) -> None:
        """Read the answers that have arrived."""
        for address, (_, channel) in self._servers.items():
            with contextlib.suppress(OSError):
                while answer := channel.recv(1500):
                    if self._is_good(answer):
                        self._answers[address] = time.time()

    def status(self) -> list[NameServerStatus]:
        """Return when each answered last."""
        return [
            NameServerStatus(name, address, self._answers.get(address))
            for address, (name, _) in self._servers.items()
        ]

    def close(self) -> None:
        """Close the sockets."""
        for _, channel in self._servers.values():
            channel.close()

    def _is_good(self, answer: bytes) -> bool:
        if len(answer) < 12:
            return False
        number, flags, _, count = struct.unpack_from("!HHHH", answer)
        good = flags & _ANSWER and flags & _AUTHORITATIVE and not flags & _ERROR
        return number == self._number and bool(good) and count > 0


def _soa_query(domain: str) -> bytes:
    """Return a query without its first two octets, the ID."""
    question = wire_name(domain) + struct.pack("!HH", SOA, _IN)
    return struct.pack("!HHHHH", 0, 1, 0, 0, 0) + question
