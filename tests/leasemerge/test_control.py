"""The service's socket, from the side of `leasemerge status` and `leasemerge feed`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from leasemerge.control import query
from leasemerge.status import PublishStatus, Status
from tests.support.rig import ENVIRONMENT, PROGRAM

STATUS = Status("draco", 100, 0, 0, 0, 0, 0, [], PublishStatus(0, 0, 0, 0, None))
REPORT = json.dumps(STATUS.plain())


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """Listen as the service does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "sock"))
        listener.listen()
        listener.settimeout(20)
        yield listener


def test_1_a_report_may_come_in_pieces(tmp_path: Path, listener: socket.socket) -> None:
    """Its end is the end of the connection."""

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(100) == b"status"
            connection.sendall(REPORT[:40].encode())
            connection.sendall(REPORT[40:].encode())

    service = Thread(target=answer)
    service.start()
    assert json.dumps(query(tmp_path / "sock").plain()) == REPORT
    service.join()


def test_2_where_no_service_runs(tmp_path: Path, listener: socket.socket) -> None:
    """No socket, one that nobody listens on, and a service that stops instead of answering."""
    with pytest.raises(OSError, match="No such file"):
        query(tmp_path / "other")
    service = Thread(target=lambda: listener.accept()[0].close())
    service.start()
    with pytest.raises((ValueError, OSError)):
        query(tmp_path / "sock")
    service.join()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        query(tmp_path / "sock")


def test_3_the_feed_is_written_by_the_service_itself(
    tmp_path: Path, listener: socket.socket
) -> None:
    """The command hands its standard output over, with the follower's name, and ends with it."""
    command = [*PROGRAM, "feed", "--socket", str(tmp_path / "sock"), "--to", "taurus"]
    feed = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE)
    connection, _ = listener.accept()
    name, (descriptor,), _, _ = socket.recv_fds(connection, 256, 1)
    os.write(descriptor, b"from the service")
    os.close(descriptor)
    assert feed.poll() is None
    connection.close()
    output, _ = feed.communicate(timeout=20)
    assert (name, output, feed.returncode) == (b"taurus", b"from the service", 0)
