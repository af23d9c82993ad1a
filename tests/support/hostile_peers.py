"""A peer that sends what no peer should: run with the kind of nonsense as its argument."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator

HELLO = b"#leasemerge feed 1 taurus x\n#leasemerge log taurus x\n"


def _lies(start: bytes = b"") -> Iterator[bytes]:
    """Claim every address, in the name and with the MAC address of a fixed host."""
    yield HELLO + start
    for number in itertools.count():
        yield (
            f"lease 10.1.{number // 256 % 256}.{number % 256} {{\n  starts epoch {number};\n"
            "  ends never;\n  binding state active;\n  hardware ethernet de:ad:be:ef:ca:fe;\n"
            '  client-hostname "foobar";\n}\n'
        ).encode()


def _silence() -> Iterator[bytes]:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.1)
    yield b""


KINDS: dict[str, Callable[[], Iterable[bytes]]] = {
    "noise": lambda: iter(lambda: os.urandom(65536), b""),
    "no line": lambda: itertools.repeat(b"lease 10.1.1.100 {" * 1000),
    "no end": lambda: itertools.chain([HELLO], itertools.repeat(b"lease 10.1.1.100 {{{" * 1000)),
    "no block": lambda: itertools.chain([HELLO], itertools.repeat(b"}\n" * 10000)),
    "hello": lambda: itertools.repeat(HELLO),
    "silence": _silence,
    "lies": _lies,
    "lies on and on": lambda: _lies(b"#leasemerge complete\n"),
}

if __name__ == "__main__":
    for words in KINDS[sys.argv[1]]():
        sys.stdout.buffer.write(words)
