"""What becomes of a link to a peer that we follow."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leasemerge import peers
from leasemerge.peers import Peer
from leasemerge.protocol import (
    ALIVE,
    COMPLETE,
    SILENCE_SECONDS,
    Complete,
    Event,
    Hello,
    log_line,
)
from tests.support import hostile_peers as hostile
from tests.support import rig as live
from tests.support.examples import lease
from tests.support.rig import Rig
from tests.support.waiting import eventually

Make = Callable[..., Rig]


def _peer(code: str) -> Peer:
    """Make a peer whose process is some Python."""
    return Peer("taurus", [sys.executable, "-c", f"import sys, time\n{code}"])


def _send(stream: bytes) -> str:
    return f"sys.stdout.buffer.write({stream!r}); sys.stdout.flush()\n"


def _read(peer: Peer, now: float, until: Callable[[], object]) -> list[Event]:
    """Read what comes until something is true."""
    events: list[Event] = []
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline, peer.error
        if (descriptor := peer.fileno()) is not None:
            select.select([descriptor], [], [], 1)
            events += peer.read(now)
    return events


WHOLE = (
    Hello("taurus", "g1").render()
    + log_line("taurus", "g1")
    + lease(101, "two").render()
    + COMPLETE
)


def test_1_a_link_that_ends_is_tried_again_ever_later() -> None:
    """Soon after it has held for a while; the journal has the loss, the reason and the return."""
    peer = _peer(_send(WHOLE) + "sys.stderr.write('going down\\n')")
    assert (peer.state, peer.due(0.0)) == ("lost", True)
    peer.connect(100.0)
    assert peer.state == "connecting"
    events = _read(peer, 100.0, lambda: peer.state == "lost")
    assert [event for event in events if isinstance(event, (Hello, Complete))] == [
        Hello("taurus", "g1"),
        Complete(),
    ]
    assert peer.error == "going down"
    assert peer.news() == [
        "the feed of taurus is lost: going down; its leases are kept until they end, and the "
        "connection is retried"
    ]
    waits = [peer.wait(100.0)]
    for _ in range(8):
        peer.connect(100.0)
        peer.drop(100.0, "going down")
        waits.append(peer.wait(100.0))
    assert waits[0] == pytest.approx(0.1)
    assert waits[1] == pytest.approx(0.2)
    assert waits[-1] == 5
    assert peer.news() == [], "A reason is reported once."
    assert not peer.due(104.9)
    assert peer.due(105.0)
    peer.connect(110.0)
    _read(peer, 110.0, lambda: peer.complete)
    assert (peer.state, peer.error) == ("following", "")
    assert peer.news() == ["the feed of taurus is back after 10.0 s"]
    peer.drop(115.0, "it held")
    assert peer.wait(115.0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"noise" * 100, "refused: not a stream of leases"),
        (Hello("scorpio", "g1").render(), "refused: it calls itself scorpio"),
    ],
)
def test_2_a_peer_that_sends_nonsense_is_dropped(stream: bytes, reason: str) -> None:
    """And waited for as long as for any: it will not be better soon."""
    peer = _peer(_send(stream) + "time.sleep(60)")
    peer.connect(100.0)
    _read(peer, 100.0, lambda: peer.error)
    assert (peer.state, peer.error) == ("lost", reason)
    assert peer.wait(100.0) == 5


def test_3_a_link_is_silent_when_nothing_came_for_a_while() -> None:
    """It may be up by name only: the machine at the other end is off. A login may take longer."""
    peer = _peer(_send(WHOLE) + "time.sleep(60)")
    peer.connect(100.0)
    assert not peer.silent(100.0 + peers.CONNECT_SECONDS - 0.1)
    assert peer.silent(100.0 + peers.CONNECT_SECONDS)
    _read(peer, 105.0, lambda: peer.complete)
    assert not peer.silent(105.0 + SILENCE_SECONDS - 0.1)
    assert peer.wait(106.0) == SILENCE_SECONDS - 1
    peer.drop(106.0, "enough")
    assert not peer.silent(1000.0)


def test_4_a_peer_that_sends_on_and_on_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it may send in a second is bounded once it has sent everything."""
    monkeypatch.setattr(peers, "_BYTES_PER_SECOND", 1000)
    peer = _peer(_send(WHOLE) + f"time.sleep(0.2)\n{_send(ALIVE * 1000)}time.sleep(60)")
    peer.connect(100.0)
    _read(peer, 100.0, lambda: peer.complete)
    assert peer.willing(101.0)
    _read(peer, 101.0, lambda: not peer.willing(101.0))
    assert list(peer.read(101.5)) == []
    assert peer.willing(102.0)
    peer.drop(102.0, "enough")


def test_5_a_command_that_cannot_be_run_is_a_reason() -> None:
    """As a lost link is; nothing is raised."""
    peer = Peer("taurus", ["/nonexistent/ssh"])
    peer.connect(100.0)
    assert (peer.state, peer.error) == ("lost", "/nonexistent/ssh: No such file or directory")
    assert peer.wait(100.0) == pytest.approx(0.1)


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_6_a_hostile_peer_cannot_stop_or_swell_the_service(rig: Make, kind: str) -> None:
    """Nor change a fixed host; the server's own leases have their names as ever."""
    command = [sys.executable, str(Path(hostile.__file__)), kind]
    draco = rig(feeds=[("taurus", command)])
    # It was received before, so nothing waits for it.
    (draco.state / "taurus.leases").write_text("# generation x\n")
    draco.write(live.lease(101))
    draco.start()
    assert draco.process is not None
    # To a peer that greets the service allows 20 seconds to send everything.
    eventually("its own lease has a name", lambda: draco.address("host101"), 30)
    # What is sent now meets a peer that is in full swing.
    eventually("the peer is tried", lambda: draco.status()["feeds"][1]["connects"])
    draco.write(live.lease(102))
    eventually("its next lease has one too", lambda: draco.address("host102"), 5)
    assert draco.names("foobar", "www") == {"foobar": "10.1.1.15", "www": "10.1.1.15"}
    status = Path(f"/proc/{draco.process.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.split("\n") if line.startswith("VmHWM"))
    assert peak < 60_000, f"The service swelled to {peak} kB."


def test_7_what_a_peer_prints_cannot_fill_the_journal_or_move_its_cursor(rig: Make) -> None:
    """It is escaped, and of ever more reasons only the first are reported."""
    code = "import os, sys; sys.stderr.write(f'\\x1b[2J{os.getpid()}\\n'); sys.exit(1)"
    draco = rig(feeds=[("taurus", [sys.executable, "-c", code])])
    draco.start()
    eventually("it was tried", lambda: draco.status()["feeds"][1]["connects"] > 3, 20)
    journal = (draco.directory / "stderr").read_text()
    assert "the feed of taurus is lost: \\x1b[2J" in journal
    assert "\x1b" not in journal
