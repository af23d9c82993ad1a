"""A lease file read whole, by one process or by two."""

from __future__ import annotations

import errno
import os
import pickle
import random
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from leasemerge import reading
from leasemerge.leases import MAX_FAULTS, LeaseLog, parse
from leasemerge.reading import beside, read_log, whole_blocks

BLOCK = b"lease 10.1.1.5 {\n  binding state free;\n}\n"
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
    return dict(log.leases), log.failover, log.damage, log.faults, log.take_changed()


@pytest.fixture
def halved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have every file read in halves; tell the processes that took part, without this one."""
    children: list[int] = []
    fork = os.fork

    def noted_fork() -> int:
        child = fork()
        children.append(child)
        return child

    monkeypatch.setattr(reading, "LARGE", 1)
    monkeypatch.setattr(os, "fork", noted_fork)
    return children


@pytest.mark.parametrize(
    "text",
    [
        b"".join([*blocks(900, 1), *blocks(900, 2)]),
        b"".join([*blocks(900, 1), *blocks(900, 1)]),
        PEER % b"normal" + BLOCK * 99 + PEER % b"startup",
        b"}\n" + BLOCK * 500 + b"}\n" + BLOCK * 500 + b"frob;\n",
        (BLOCK + b"}\n") * 3 * MAX_FAULTS,
        BLOCK * 500 + TORN,
        BLOCK * 500 + TORN + b"\n" + BLOCK * 500 + TORN + BLOCK * 500,
        # The first half ends inside something that only looks like the end of a block.
        BLOCK + b"host a {\n" + b"  on commit {\n}\n" * 99 + b"}\n" + BLOCK,
        BLOCK + b"host a {\n" + b"  on commit {\n}\n" * 9999,
    ],
)
def test_two_processes_read_what_one_does(text: bytes, halved: list[int], tmp_path: Path) -> None:
    """Leases, states, damage and its lines; and the next bytes go on from there."""
    (tmp_path / "leases").write_bytes(text)
    log, whole = read_log(tmp_path / "leases"), parse(text)
    assert len(halved) == 1
    assert state(log) == state(whole)
    for more in (b'none";\n}\n', BLOCK, b"}\n", BLOCK.replace(b"5", b"6")):
        log.feed(more)
        whole.feed(more)
        assert state(log) == state(whole)


def test_a_second_process_that_fails_leaves_all_to_the_first(
    halved: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs time, and nothing is lost."""
    text = b"".join(blocks(900, 1))
    (tmp_path / "leases").write_bytes(text)
    monkeypatch.setattr(LeaseLog, "only", None)
    assert state(read_log(tmp_path / "leases")) == state(parse(text))
    assert len(halved) == 1


def test_a_machine_that_is_full_of_processes_reads_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the second would have done, the first does."""

    def full() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    text = b"".join(blocks(900, 1))
    (tmp_path / "leases").write_bytes(text)
    monkeypatch.setattr(reading, "LARGE", 1)
    monkeypatch.setattr(os, "fork", full)
    assert state(read_log(tmp_path / "leases")) == state(parse(text))
    told = pytest.raises(ChildProcessError, match="a second process cannot begin: Resource temp")
    with told, beside(lambda _: None):
        pass


def test_half_of_a_half_is_not_taken_for_one(
    halved: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second process may die while it hands over what it read."""

    def break_off(other: BinaryIO) -> None:
        pickle.dump(b"10.1.1.5", other)
        other.flush()
        pickle.load(other)
        other.write(pickle.dumps(parse(BLOCK * 99 + PEER % b"startup"))[:-20])

    text = b"".join(blocks(900, 1))
    (tmp_path / "leases").write_bytes(text)
    monkeypatch.setattr(reading, "beside", lambda _: beside(break_off))
    assert state(read_log(tmp_path / "leases")) == state(parse(text))
    assert len(halved) == 1


def test_what_is_no_file_is_read_too(halved: list[int]) -> None:
    """A pipe has no middle."""
    reader, writer = os.pipe()
    os.write(writer, BLOCK)
    os.close(writer)
    assert state(read_log(Path(f"/proc/self/fd/{reader}"))) == state(parse(BLOCK))
    os.close(reader)
    assert not halved


def test_a_file_is_read_in_whole_blocks() -> None:
    """Nothing is lost, a block is in one chunk, and what has no end is not awaited."""
    endless = b"x" * 200_000
    for data in (b"", b"# none", BLOCK * 9999, BLOCK * 9999 + BLOCK[:20], endless + BLOCK):
        assert b"".join(whole_blocks(BytesIO(data))) == data
        assert b"".join(whole_blocks(BytesIO(data), 70_000)) == data[:70_000]
    *chunks, rest = whole_blocks(BytesIO(BLOCK * 9999))
    assert len(chunks) > 2
    assert all(chunk.endswith(b"\n}\n") for chunk in chunks)
    assert rest == b""
    assert max(map(len, whole_blocks(BytesIO(endless * 9)))) < len(endless)


def test_work_that_fails_in_the_second_process_is_told() -> None:
    """It is an error, and half of an answer is not taken for one."""

    def answer(other: BinaryIO) -> None:
        other.write(other.readline() * 100_000)

    def fail(other: BinaryIO) -> None:
        other.write(pickle.dumps("half")[:-3])
        raise MemoryError

    with beside(answer) as child:
        child.write(b"x\n")
        child.flush()
        assert child.read() == b"x\n" * 100_000
    with pytest.raises(ChildProcessError, match="failed"), beside(fail) as child:
        pickle.load(child)
