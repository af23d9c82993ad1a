"""Fuzz the parser against the real dhcpd: what it reads without a complaint is read here too.

    python tests/fuzz/fuzz_agreement.py --seconds 60

The cases of tests/leasemerge are damaged token by token. Most of the files make dhcpd complain, and
it gives up on what follows; of the others it must keep the same leases.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "roles/lease_merge/files")]

from leasemerge.lease import Lease  # noqa: E402  # found on the path set above
from leasemerge.log import parse  # noqa: E402
from tests.fuzz.campaign import arguments  # noqa: E402
from tests.leasemerge.test_block import AFTER, WRITTEN  # noqa: E402
from tests.support.dhcpd_oracle import OracleError, kept_leases, verdict  # noqa: E402

_TOKEN = re.compile(rb'"[^"\n]*"|#[^\n]*|[{};]|[^\s{};"#]+|\s+')
_COMPLAINT = re.compile(r"leases line \d+|orrupt|does not|Too many")
_IN_RANGE = re.compile(r"10\.1\.1\.(?:250|2[0-4]\d|1\d\d|[1-9]\d?)")  # of the oracle's pool


def damage(chance: random.Random) -> bytes:
    """Return a lease file with one to three tokens lost, added, replaced or exchanged."""
    data = b"".join(chance.choice(WRITTEN).data for _ in range(chance.randint(1, 2)))
    tokens = _TOKEN.findall(data + chance.choice((b"", AFTER)))
    others = _TOKEN.findall(chance.choice(WRITTEN).data)
    for _ in range(chance.randint(1, 3)):
        here, there = chance.choices(range(len(tokens)), k=2)
        match chance.randrange(4):
            case 0:
                tokens[here] = b""
            case 1:
                tokens[here] += chance.choice(others)
            case 2:
                tokens[here] = chance.choice(others)
            case _:
                tokens[here], tokens[there] = tokens[there], tokens[here]
    return b"".join(tokens)


def disagreement(data: bytes, directory: Path) -> str | None:
    """Return how dhcpd and the parser differ, or nothing; None if dhcpd has a complaint."""
    status, messages = verdict(directory, data)
    if status or _COMPLAINT.search(messages):
        return None
    try:
        kept = kept_leases(directory, data)
    except OracleError:
        return None
    log = parse(data)
    read = {address: lease for address, lease in log.leases.items() if _IN_RANGE.fullmatch(address)}
    lines = [
        f"{address}: dhcpd {kept.get(address)}, here {read.get(address)}"
        for address in sorted(kept.keys() | read.keys())
        if not _same(kept.get(address), read.get(address))
    ]
    return "\n".join([*lines, *(f"line {place.line}: {place.reason}" for place in log.skipped)])


def _same(kept: Lease | None, read: Lease | None) -> bool:
    if read is None or kept is None:
        # dhcpd does not write a lease that nobody ever had.
        return kept is None and read is not None and not (read.hardware or read.uid)
    if read.state == "active" and kept.state == "expired" and (read.ends or 0) < time.time():
        read = replace(read, state="expired")  # as dhcpd does when it starts
    if kept.hostname is None and read.hostname and not read.hostname.isprintable():
        read = replace(read, hostname=None)  # dhcpd has it, but does not write it
    return replace(kept, hardware=kept.hardware or None) == read


def fuzz(chance: random.Random, go_on: Callable[[], bool]) -> tuple[int, list[tuple[bytes, str]]]:
    """Compare until the time is over; return how often dhcpd kept silent, and what differed."""
    count = 0
    differing: list[tuple[bytes, str]] = []
    with tempfile.TemporaryDirectory() as directory:
        while go_on() and len(differing) < 10:
            data = damage(chance)
            difference = disagreement(data, Path(directory))
            count += difference is not None
            if difference:
                differing.append((data, difference))
    return count, differing


def main() -> int:
    """Fuzz for some seconds; return 1 if something differed."""
    seed, go_on = arguments(__doc__ or "")
    count, differing = fuzz(random.Random(seed), go_on)
    for data, difference in differing:
        print(f"{data!r}\n{difference}\n")
    print(f"seed {seed}: {count} files without a complaint, {len(differing)} differed")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
