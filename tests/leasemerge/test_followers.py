"""What a follower is sent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from leasemerge.followers import Follower
from leasemerge.lease import Lease
from leasemerge.protocol import ALIVE, COMPLETE, Blocks, Decoder, Hello, log_line
from leasemerge.site import Site
from leasemerge.store import Store
from tests.support.examples import NOW, lease
from tests.support.small_site import SITE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Remember one lease of each server."""
    store = Store(tmp_path, Site.from_dict(SITE))
    store.begin("taurus", "g1", NOW)
    store.put("draco", [lease(100, "one")])
    store.put("taurus", [lease(101, "two")])
    yield store
    store.close()


@pytest.fixture
def pipe(store: Store) -> Iterator[tuple[Follower, int]]:
    """Let taurus follow draco through a pipe; return also the end that taurus reads from."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    follower = Follower("taurus", writer, os.open(os.devnull, os.O_RDONLY), store, "draco")
    yield follower, reader
    follower.close()
    os.close(reader)


def _sent(follower: Follower, reader: int) -> bytes:
    """Have everything sent that waits, as fast as the pipe takes it."""
    sent = b""
    while follower.waiting:
        follower.write()
        sent += os.read(reader, 1 << 20)
    return sent


def _leases(stream: bytes) -> list[tuple[str, Lease]]:
    events = Decoder().feed(stream)
    return [(e.log, lease) for e in events if isinstance(e, Blocks) for lease in e.leases]


def test_1_a_follower_is_sent_everything_and_then_what_is_new(
    pipe: tuple[Follower, int], store: Store
) -> None:
    """What it has written itself too, once: it may have been wiped. What it has sent is no news."""
    follower, reader = pipe
    stream = _sent(follower, reader)
    assert stream.startswith(Hello("draco", store.generation).render())
    assert stream.endswith(COMPLETE)
    assert _leases(stream) == [("draco", lease(100, "one")), ("taurus", lease(101, "two"))]
    assert log_line("taurus", "g1") in stream
    news = store.put("draco", [lease(102, "three")])
    follower.send("draco", news)
    follower.send("taurus", store.put("taurus", [lease(103, "four")]))
    more = _sent(follower, reader)
    assert _leases(stream + more)[2:] == [("draco", lease(102, "three"))]


def test_2_a_slow_follower_is_sent_the_last_block_once(
    pipe: tuple[Follower, int], store: Store
) -> None:
    """So that what waits for it is bounded by the addresses, however often they change."""
    follower, reader = pipe
    first = _sent(follower, reader)
    for seconds in range(50):
        follower.send("draco", store.put("draco", [lease(100, "one", ends=seconds)]))
    assert _leases(first + _sent(follower, reader))[2:] == [("draco", lease(100, "one", ends=49))]


def test_3_a_sign_of_life_when_there_is_nothing_else(pipe: tuple[Follower, int]) -> None:
    """Never in the midst of a block."""
    follower, reader = pipe
    follower.alive()
    assert ALIVE not in _sent(follower, reader)
    follower.alive()
    assert _sent(follower, reader) == ALIVE


def test_4_a_full_pipe_is_waited_for_and_one_that_nobody_reads_is_an_error(store: Store) -> None:
    """The service never blocks on a follower."""
    for turn in range(40):
        store.put("draco", [lease(n, f"{'x' * 4000}{turn}") for n in range(100, 200)])
    reader, writer = os.pipe()
    follower = Follower("taurus", writer, os.open(os.devnull, os.O_RDONLY), store, "draco")
    for _ in range(20):
        follower.write()
    assert follower.waiting
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        follower.write()
    follower.close()
