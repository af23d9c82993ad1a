"""Whether a name server answers: the real tinydns, one that hangs, one that lies, and none."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leasemerge.probe import Probe
from leasemerge.site import NameServer
from tests.support.examples import site
from tests.support.waiting import eventually

# Of this test run's own, for port 53 is everybody's.
ADDRESS = f"127.53.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF}"
ZONE = (
    b"Zoffice.internal:a.office.internal:h.office.internal:7::::5:5\n"
    b"&office.internal::a.office.internal\n"
)


@pytest.fixture
def tinydns(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run tinydns at an address of this machine's own."""
    tmp_path.chmod(0o755)  # it drops its privileges
    (tmp_path / "data").write_bytes(ZONE)
    subprocess.run(["tinydns-data"], cwd=tmp_path, check=True)
    environment = {"IP": ADDRESS, "ROOT": str(tmp_path), "UID": "65534", "GID": "65534"}
    with subprocess.Popen(
        ["tinydns"], env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    ) as process:
        yield process
        process.kill()


def _probe() -> Probe:
    return Probe(dataclasses.replace(site, name_servers=(NameServer("ns1", ADDRESS),)))


def _answered(probe: Probe) -> float | None:
    probe.read()
    return probe.status()[0].last_answer


def _asked(probe: Probe) -> float | None:
    probe.send()
    return _answered(probe)


def test_1_one_that_answers_and_then_hangs(tinydns: subprocess.Popen[bytes]) -> None:
    """The last answer stays the last; it counts again as soon as it is back."""
    probe = _probe()
    assert _answered(probe) is None
    # The first query may find nobody there yet.
    eventually("it listens", lambda: not _is_free())
    probe.send()
    eventually("it answers", lambda: _answered(probe))
    tinydns.send_signal(signal.SIGSTOP)
    last = _answered(probe)
    probe.send()
    for _ in range(5):
        assert _answered(probe) == last
        time.sleep(0.02)
    tinydns.send_signal(signal.SIGCONT)
    eventually("it answers again", lambda: _answered(probe) != last)
    probe.close()


def _is_free() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        try:
            channel.bind((ADDRESS, 53))
        except OSError:
            return False
        return True


def test_2_nobody_listens() -> None:
    """The kernel reports it; nothing is raised, and nothing has answered."""
    probe = _probe()
    for _ in range(3):
        assert _asked(probe) is None
    probe.close()


@pytest.mark.parametrize(
    "reply",
    [
        lambda query: query[:1],
        lambda query: query,
        lambda query: query[:2] + b"\x84\x02\0\1\0\1\0\0\0\0",  # a fault of the server
        lambda query: query[:2] + b"\x80\x00\0\1\0\1\0\0\0\0",  # a resolver, not the name server
        lambda query: query[:2] + b"\x84\x00\0\1\0\0\0\0\0\0",  # no SOA
        lambda query: bytes([query[0], query[1] ^ 1]) + b"\x84\x00\0\1\0\1\0\0\0\0",
    ],
)  # fmt: skip
def test_3_what_is_no_answer(reply: Any) -> None:
    """Some program at port 53 that is no name server of this site."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((ADDRESS, 53))
        server.settimeout(5)
        probe = _probe()
        probe.send()
        query, client = server.recvfrom(1500)
        server.sendto(reply(query), client)
        assert _answered(probe) is None
        probe.close()
