#!/usr/bin/python3
"""An Ansible module that queries name servers for many records, from the machine it runs on."""

from __future__ import annotations

import secrets
import select
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils.basic import AnsibleModule  # type: ignore[import-untyped]  # no types

DOCUMENTATION = """
module: dns_answers
author: The project
version_added: "1.0"
short_description: query name servers for many records at once
description:
  - Sends queries over UDP, a batch at a time; resends a query that gets no answer. All servers are
    queried in parallel.
  - Needs nothing on the machine but Python. dnscache answers only its clients, so query it there.
options:
  servers:
    description: Addresses of name servers, which are queried without recursion.
    type: list
    elements: str
    default: []
  resolvers:
    description: Addresses of resolvers, which are queried with recursion, as a client does.
    type: list
    elements: str
    default: []
  queries:
    description: Pairs of a full name and a type, V(A) and such, or V(TYPE65) for any other.
    type: list
    elements: list
    required: true
  tries:
    description: How often a query is sent before its server counts as silent.
    type: int
    default: 3
  wait:
    description: Seconds to wait for an answer each time.
    type: float
    default: 2
"""
EXAMPLES = """
- dns_answers:
    servers: [10.1.1.3]
    queries: [[foobar.office.internal, A], [15.1.1.10.in-addr.arpa, PTR]]
"""
RETURN = """
answers:
  description:
    - For each server and query C(server), C(name), C(type), C(values) (sorted; null if no answer
      came), C(ttl) in seconds (of the values, null without any) and C(code) (RFC 1035 section
      4.1.1, 3 for a name that does not exist).
    - A value is an address for an A, a name in lower case for a PTR, and for all other types the
      data in hexadecimal, with names in lower case and uncompressed.
  type: list
  elements: dict
  returned: always
"""

_TYPES = {
    "A": 1,
    "NS": 2,
    "CNAME": 5,
    "SOA": 6,
    "PTR": 12,
    "MX": 15,
    "TXT": 16,
    "AAAA": 28,
    "SRV": 33,
    "CAA": 257,
}
# By type, the octets before the name in its data; the name may be compressed.
_NAME_AT = {2: 0, 5: 0, 12: 0, 15: 2, 33: 6}
# Few enough for a server's receive buffer, and for dnscache, which handles 200 at a time.
_AT_ONCE = 50


def query(identifier: int, name: str, kind: str, recursion: bool) -> bytes:
    """Return a query (RFC 1035 section 4.1)."""
    labels = [part.encode("ascii") for part in name.rstrip(".").split(".")]
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    header = struct.pack(">6H", identifier, 0x0100 if recursion else 0, 1, 0, 0, 0)
    return header + question + struct.pack(">2H", number_of(kind), 1)


def number_of(kind: str) -> int:
    """Return the number of a type."""
    return _TYPES[kind] if kind in _TYPES else int(kind.removeprefix("TYPE"))


def read_name(data: bytes, position: int) -> tuple[str, int]:
    """Read a name, which may be compressed, and the position after it (section 4.1.4)."""
    labels: list[str] = []
    end = -1
    for _ in range(128):
        length = data[position]
        if length >= 0xC0:
            end = position + 2 if end < 0 else end
            position = (length & 0x3F) << 8 | data[position + 1]
        elif length:
            labels.append(data[position + 1 : position + 1 + length].decode("latin-1").lower())
            position += 1 + length
        else:
            return ".".join(labels), end if end >= 0 else position + 1
    raise ValueError("a name without an end")


def answer(data: bytes, kind: str) -> tuple[list[str], int | None, int]:
    """Read the values, the smallest TTL and the code of a response."""
    _, flags, questions, answers = struct.unpack(">4H", data[:8])
    position = 12
    for _ in range(questions):
        position = read_name(data, position)[1] + 4
    values: list[str] = []
    ttls: list[int] = []
    for _ in range(answers):
        position = read_name(data, position)[1]
        found, _, ttl, length = struct.unpack(">2HIH", data[position : position + 10])
        position += 10
        if found == number_of(kind):
            values.append(value_of(data, position, length, kind))
            ttls.append(ttl)
        position += length
    return sorted(values), min(ttls, default=None), flags & 15


def value_of(data: bytes, position: int, length: int, kind: str) -> str:
    """Return the data of a record, as RETURN describes it."""
    if kind == "A":
        return socket.inet_ntoa(data[position : position + 4])
    number = number_of(kind)
    if number not in _NAME_AT:
        return data[position : position + length].hex()
    at = position + _NAME_AT[number]
    name = read_name(data, at)[0]
    if kind == "PTR":
        return name
    labels = [label.encode("latin-1") for label in name.split(".") if label]
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return (data[position:at] + wire).hex()


def query_server(
    server: str, queries: list[tuple[str, str]], recursion: bool, tries: int, wait: float = 2.0
) -> list[Any]:
    """Send all queries; return for each its values, TTL and code, or None."""
    results: list[Any] = [None] * len(queries)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.connect((server, 53))
        for _ in range(tries):
            waiting = [number for number, result in enumerate(results) if result is None]
            received = not waiting
            while waiting:
                batch, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
                got = _query_batch(channel, queries, batch, recursion, results, wait)
                received = received or got
                if not received:
                    # No answer to the first ones: the others would also wait in vain.
                    break
    return results


def _query_batch(
    channel: socket.socket,
    queries: list[tuple[str, str]],
    batch: list[int],
    recursion: bool,
    results: list[Any],
    wait: float,
) -> bool:
    identifiers = {}
    for number in batch:
        identifier = secrets.randbelow(1 << 16)
        while identifier in identifiers:
            identifier = secrets.randbelow(1 << 16)
        identifiers[identifier] = number
        try:
            channel.send(query(identifier, *queries[number], recursion))
        except OSError:
            return False  # the port is closed
    received = False
    deadline = time.monotonic() + wait
    while identifiers and (left := deadline - time.monotonic()) > 0:
        if not select.select([channel], [], [], left)[0]:
            break
        try:
            data = channel.recv(4096)
            number = identifiers[struct.unpack(">H", data[:2])[0]]
            results[number] = answer(data, queries[number][1])
        except OSError:
            return received
        except (KeyError, IndexError, ValueError, struct.error):
            continue  # not an answer to one of our queries
        del identifiers[struct.unpack(">H", data[:2])[0]]
        received = True
    return received


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "str", "default": []},
            "resolvers": {"type": "list", "elements": "str", "default": []},
            "queries": {"type": "list", "elements": "list", "required": True},
            "tries": {"type": "int", "default": 3},
            "wait": {"type": "float", "default": 2.0},
        },
        supports_check_mode=True,
    )
    options = module.params
    queries = [(str(name), str(kind)) for name, kind in options["queries"]]
    targets = [(server, False) for server in options["servers"]]
    targets += [(resolver, True) for resolver in options["resolvers"]]

    def rows(target: tuple[str, bool]) -> list[dict[str, Any]]:
        server, recursion = target
        results = query_server(server, queries, recursion, options["tries"], options["wait"])
        keys = ("values", "ttl", "code")
        return [
            {"server": server, "name": name, "type": kind}
            | dict(zip(keys, result or (None, None, None), strict=True))
            for (name, kind), result in zip(queries, results, strict=True)
        ]

    with ThreadPoolExecutor(max_workers=len(targets) or 1) as pool:
        answers = [row for found in pool.map(rows, targets) for row in found]
    module.exit_json(changed=False, answers=answers)


if __name__ == "__main__":
    main()
