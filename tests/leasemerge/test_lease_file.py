"""Whole lease files: in chunks or in one piece, dhcpd's or Kea's."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from leasemerge import lease_file as subject
from leasemerge.kea import COLUMNS
from leasemerge.lease_file import parse, read
from leasemerge.log import MAX_LISTED, LeaseLog

FREE = b"lease 10.1.1.5 {\n  binding state free;\n}\n"
PEER = b'failover peer "pair" state {\n  my state %s at 1 2026/09/21 1:1:1;\n}\n'
TORN = b'lease 10.9.9.9 {\n  client-hostname "'


def blocks(count: int, seed: int) -> Iterator[bytes]:
    """Yield blocks of few addresses, so that each half has some that the other lacks."""
    chance = random.Random(seed)
    for _ in range(count):
        address = b"10.%d.%d.%d" % (seed, chance.randrange(4), chance.randrange(250))
        yield b"lease %s {\n  binding state %s;\n}\n" % (
            address,
            chance.choice([b"free", b"active"]),
        )


def state(log: LeaseLog) -> object:
    """Return all that a log knows."""
    return dict(log.leases), log.failover, log.damage, log.skipped, log.take_changed()


@pytest.mark.parametrize("chunk", [7, 60, 4096])
@pytest.mark.parametrize(
    "text",
    [
        b"".join([*blocks(900, 1), *blocks(900, 2)]),
        b"".join([*blocks(900, 1), *blocks(900, 1)]),
        PEER % b"normal" + FREE * 99 + PEER % b"startup",
        b"}\n" + FREE * 500 + b"}\n" + FREE * 500 + b"frob;\n",
        (FREE + b"}\n") * 3 * MAX_LISTED,
        FREE * 500 + TORN,
        FREE * 500 + TORN + b"\n" + FREE * 500 + TORN + FREE * 500,
        # The first half ends inside something that only looks like the end of a block.
        FREE + b"host a {\n" + b"  on commit {\n}\n" * 99 + b"}\n" + FREE,
        FREE + b"host a {\n" + b"  on commit {\n}\n" * 9999,
    ],
)
def test_a_file_is_read_in_chunks(
    text: bytes, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases, states, damage and its lines are those of one piece; the next bytes go on there."""
    monkeypatch.setattr(subject, "_CHUNK", chunk)
    (tmp_path / "leases").write_bytes(text)
    log, whole = read(tmp_path / "leases"), parse(text)
    assert state(log) == state(whole)
    for more in (b'none";\n}\n', FREE, b"}\n", FREE.replace(b"5", b"6")):
        log.feed(more)
        whole.feed(more)
        assert state(log) == state(whole)


def test_a_pipe_is_read_too() -> None:
    """What is no file has no size, and need not have one."""
    reader, writer = os.pipe()
    os.write(writer, FREE)
    os.close(writer)
    assert state(read(Path(f"/proc/self/fd/{reader}"))) == state(parse(FREE))
    os.close(reader)


def _row(address: str, name: str) -> bytes:
    return f"{address},02:00:5e:00:00:01,,3600,5000,1,0,0,{name},0,\n".encode()


def test_the_whole_log_is_read_of_a_file_that_was_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "kea-leases4.csv"
    path.with_name(path.name + ".2").write_bytes(COLUMNS + _row("10.9.1.1", "cleaned"))
    path.with_name(path.name + ".1").write_bytes(COLUMNS + _row("10.9.1.2", "old"))
    path.write_bytes(COLUMNS + _row("10.9.1.2", "new"))
    leases = read(path).leases
    assert [lease.hostname for lease in leases.values()] == ["cleaned", "new"]
    with pytest.raises(FileNotFoundError):
        read(path.with_name("absent.csv"))


def test_whose_a_file_is_shows_its_first_line(tmp_path: Path) -> None:
    """Of its content and of its path alike."""
    path = tmp_path / "leases"
    for data, addresses in (
        (COLUMNS + _row("10.9.1.1", "alpha"), {"10.9.1.1"}),
        (FREE, {"10.1.1.5"}),
        (b"", set()),
        (FREE + COLUMNS + _row("10.9.1.1", "alpha"), {"10.1.1.5"}),
    ):
        path.write_bytes(data)
        assert set(parse(data).leases) == set(read(path).leases) == addresses
