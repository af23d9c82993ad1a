"""Send what dhclient cannot be made to send to one DHCP server, and print the answer as JSON.

    dhcp_client.py renew|decline INTERFACE HARDWARE ADDRESS SERVER [HOSTNAME]

`renew` is the unicast DHCPREQUEST of a client in the state RENEWING (RFC 2131, 4.3.2), sent to
whichever server is named. `decline` reports that another machine has the address; it has no answer.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import sys

_MAGIC = b"\x63\x82\x53\x63"
_REQUEST, _DECLINE, _ACK = 3, 4, 5
_HOSTNAME, _REQUESTED, _LEASE_TIME, _TYPE, _SERVER = 12, 50, 51, 53, 54


def main(arguments: list[str]) -> int:
    """Send the message; return 1 if a renewal has no answer."""
    what, interface, hardware, address, server, *hostname = arguments
    renew = what == "renew"
    options = {_TYPE: bytes([_REQUEST if renew else _DECLINE])}
    if renew:
        options[_HOSTNAME] = hostname[0].encode()
    else:
        options |= {_REQUESTED: socket.inet_aton(address), _SERVER: socket.inet_aton(server)}
    transaction = random.randbytes(4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        udp.bind(("", 68))
        udp.settimeout(2)
        message = _message(transaction, hardware, address if renew else "0.0.0.0", options)
        for _ in range(3):
            udp.sendto(message, (server if renew else "255.255.255.255", 67))
            if not renew:
                return 0
            try:
                answer = udp.recv(2048)
            except TimeoutError:
                continue
            sent = _options(answer)
            if answer[4:8] == transaction and sent.get(_TYPE) == bytes([_ACK]):
                lease = {
                    "address": socket.inet_ntoa(answer[16:20]),
                    "server": socket.inet_ntoa(sent[_SERVER]),
                    "seconds": struct.unpack("!I", sent[_LEASE_TIME])[0],
                }
                print(json.dumps(lease))
                return 0
    return 1


def _message(transaction: bytes, hardware: str, address: str, options: dict[int, bytes]) -> bytes:
    """Return a DHCP message of a client (RFC 2131, 2; RFC 2132)."""
    head = bytes([1, 1, 6, 0]) + transaction + bytes(4) + socket.inet_aton(address) + bytes(12)
    head += bytes.fromhex(hardware.replace(":", "")) + bytes(10 + 64 + 128)
    body = b"".join(bytes([code, len(value)]) + value for code, value in options.items())
    return head + _MAGIC + body + b"\xff" + bytes(60)


def _options(message: bytes) -> dict[int, bytes]:
    options: dict[int, bytes] = {}
    rest = message[240:]
    while rest and rest[0] != 255:
        if rest[0] == 0:
            rest = rest[1:]
            continue
        options[rest[0]] = rest[2 : 2 + rest[1]]
        rest = rest[2 + rest[1] :]
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
