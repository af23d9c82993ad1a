"""Fuzz the parser: damage real lease files in every way, and hold what is read against the rules.

    python tests/fuzz/fuzz_leases.py --seconds 60

What breaks a rule is made small and kept in finds/, where test_finds.py tries it again for ever.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "roles/lease_merge/files")]

from leasemerge.block import MAX_BLOCK, read_block, read_tokens  # noqa: E402  # found on the path set above
from leasemerge.dump import dump_lines  # noqa: E402
from leasemerge.lease import NEVER, STATES, Lease  # noqa: E402
from leasemerge.log import MAX_LISTED, LeaseLog, parse  # noqa: E402
from tests.fuzz.campaign import arguments  # noqa: E402

FINDS = HERE / "finds"
CAPTURED = HERE.parent / "pair" / "captured"

SENTINEL = Lease("192.0.2.1", "active", 1, NEVER, 2, "02:00:00:00:00:01", "01", "sentinel")

SEEDS = (
    b"lease 10.1.1.5 {\n  starts 1 2026/09/21 14:13:20;\n  ends 1 2036/11/24 05:18:31;\n"
    b"  tstp 1 2036/11/24 05:18:31;\n  cltt 1 2026/09/21 14:13:20;\n  binding state active;\n"
    b"  next binding state expired;\n  hardware ethernet 02:00:00:00:00:05;\n"
    b'  uid "\\001a\\"\\\\\\377";\n  client-hostname "fi;v}e#";\n}\n',
    b"lease 10.1.1.5 {\n  starts epoch 1790000000; # Mon Sep 21\n  ends never;\n  abandoned;\n}\n",
    b'lease 10.1.1.6 { on expiry { set a = "}"; if x { y; } } set b = %3; binding state free; }\n',
    b'failover peer "pair" state {\n  my state normal at 1 2026/09/21 1:1:1;\n  mclt 60;\n}\n',
    b'host a {\n  dynamic;\n  hardware ethernet 02:00:00:00:00:09;\n}\nserver-duid "\\000";\n',
    b'ia-na "\\001lease {" {\n  iaaddr 2001:db8::5 {\n    binding state active;\n  }\n}\n',
    b"# lease 10.1.1.7 {\n\xef\xbb\xbf\r\n",
    b"lease 10.1.1.9 {\n  ends 1 2036/11/24 05:18:31; # Mon; Nov\n  binding state free;\n}\n",
)
TOKENS = (
    b"{", b"}", b";", b'"', b"#", b"\\", b"\\\"", b"\n", b"\r\n", b" ", b"\0", b"\0" * 40, b"}\n",
    b"\n}\n", b"lease", b"lease 10.1.1.8 {", b"\nlease 10.1.1.8 {\n", b"lease 10.1.1.999 {",
    b"  binding state ", b"binding state free;", b"abandoned;", b'uid "', b'client-hostname "',
    b'failover peer "x" state {', b"never", b"epoch", b"\xff", b"on expiry {", b"host h {",
    b"next", b"x" * 700, b' "y"' * 200, b"}\nlease ", b" {\n", b";\n  binding state ", b"\1",
    b" # x\n", b"  frob # frob;\n", b"#}\n", b"10.1.1.7",
)  # fmt: skip


class RuleBrokenError(AssertionError):
    """The parser broke a rule of its own."""


def check(data: bytes, cuts: random.Random | None = None) -> None:
    """Raise RuleBrokenError, or what the parser raised, if a file is not read as it should be."""
    cuts = cuts or random.Random(len(data))
    whole = parse(data)
    _equal("expression", whole, _careful(data))
    _equal("chunks", whole, _chunked(data, lambda: cuts.choice((1, 2, 9, 60, 300, 999))))
    _equal("bytes", whole, _chunked(data, lambda: 1))
    _equal("blocks", whole, _blocks(data))
    if len(whole.skipped) != min(whole.damage, MAX_LISTED):
        raise RuleBrokenError("damage is counted but not reported")
    for address, lease in whole.leases.items():
        if lease.address != address or lease.state not in STATES:
            raise RuleBrokenError(f"{address} has {lease}")
        if dict(parse(lease.render()).leases) != {address: lease}:
            raise RuleBrokenError(f"{lease} is rendered to something else")
    _check_fields(whole)
    _check_dump(whole)
    after = parse(data + b"\n" + SENTINEL.render())
    if after.leases.get(SENTINEL.address) != SENTINEL:
        raise RuleBrokenError("the block after the damage is lost")
    before = parse(SENTINEL.render() + data)
    if before.leases.get(SENTINEL.address) != SENTINEL:
        raise RuleBrokenError("the block before the damage is lost")


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return a lease file with one to six kinds of damage."""
    for _ in range(chance.randint(1, 6)):
        here, there = sorted(chance.choices(range(len(data) + 1), k=2))
        match chance.randrange(7):
            case 0:
                data = data[:here] + bytes([chance.randrange(256)]) + data[here + 1 :]
            case 1:
                data = data[:here] + data[min(there, here + 80) :]
            case 2:
                data = data[:here]
            case 3:
                data = data[:there] + data[here:there][:400] + data[there:]
            case 4:
                data = data[:here] + chance.choice(SEEDS) + data[here:]
            case _:
                data = data[:here] + chance.choice(TOKENS) + data[here:]
    return data


def seeds() -> list[bytes]:
    """Return what the damage is done to: by hand, from a real pair, and the finds."""
    captured = [path.read_bytes()[:6000] for path in sorted(CAPTURED.rglob("*.leases"))]
    several = [b"".join(SEEDS), SEEDS[0] * 3, SEEDS[0] * 2 + SEEDS[-1]]
    return [*SEEDS, *several, *captured, *(data for _, data in finds())]


def finds() -> Iterator[tuple[str, bytes]]:
    """Yield each find and its name."""
    for path in sorted(FINDS.glob("*.leases")):
        yield path.stem, path.read_bytes()


def fuzz(chance: random.Random, go_on: Callable[[], bool]) -> tuple[int, list[bytes]]:
    """Damage and check until the time is over; return how often, and what broke a rule."""
    corpus, broken, count = seeds(), set[bytes](), 0
    while go_on() and len(broken) < 10:
        data = mutate(chance.choice(corpus), chance)
        count += 1
        if _breaks(data):
            broken.add(_smaller(data))
    return count, sorted(broken)


def _breaks(data: bytes) -> bool:
    try:
        check(data)
    except Exception:  # whatever it is that the parser raises, it must raise nothing
        return True
    return False


def _smaller(data: bytes) -> bytes:
    """Return a small part of the data that breaks a rule too."""
    size = len(data)
    while size := size // 2:
        start = 0
        while start < len(data):
            without = data[:start] + data[start + size :]
            if _breaks(without):
                data = without
            else:
                start += size
    return data


def _state(log: LeaseLog) -> tuple[object, ...]:
    return dict(log.leases), log.damage, log.skipped, log.failover


def _equal(what: str, whole: LeaseLog, other: LeaseLog) -> None:
    if _state(whole) != _state(other):
        raise RuleBrokenError(f"{what}: {_state(whole)} is not {_state(other)}")


class _CarefulLog(LeaseLog):
    """A log that reads every block event by event."""

    def _take_blocks(self) -> None:
        self._skip_blanks()


def _careful(data: bytes) -> LeaseLog:
    log = _CarefulLog()
    log.feed(data)
    return log


def _chunked(data: bytes, size: Callable[[], int]) -> LeaseLog:
    log, start = LeaseLog(), 0
    while start < len(data):
        end = start + size()
        log.feed(data[start:end])
        if len(log._text) > MAX_BLOCK + 2048:
            raise RuleBrokenError("the memory is not bounded")
        start = end
    return log


def _blocks(data: bytes) -> LeaseLog:
    """Read one block after the other, so that damage hides none of the others."""
    log = LeaseLog()
    for part in re.split(rb"(?<=\n}\n)", data):
        log.feed(part)
    return log


def _check_fields(log: LeaseLog) -> None:
    for block in log.blocks():
        if read_block(*block) != read_tokens(*block):
            raise RuleBrokenError(f"a block is not read by its tokens to the same end: {block!r}")


def _check_dump(log: LeaseLog) -> None:
    dumped = [json.loads(line) for line in dump_lines(log)]
    leases = sorted(log.leases.values(), key=lambda lease: [*map(int, lease.address.split("."))])
    for line, lease in zip(dumped, leases, strict=True):
        for key, value in line.items():
            if value != ("never" if (is_value := getattr(lease, key)) == NEVER else is_value):
                raise RuleBrokenError(f"{line} is the dump of {lease}")


def main() -> int:
    """Fuzz until the time is over; return 1 if a rule was broken."""
    seed, go_on = arguments(__doc__ or "")
    count, broken = fuzz(random.Random(seed), go_on)
    for data in broken:
        path = FINDS / f"{hashlib.sha256(data).hexdigest()[:12]}.leases"
        path.write_bytes(data)
        print(f"{path}: {data[:200]!r}")
    print(f"seed {seed}: {count} files, {len(broken)} broke a rule")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
