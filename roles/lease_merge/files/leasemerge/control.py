"""What other processes on this server get through the service's socket: its report, its feed.

The service's end is `followers.Followers`.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

from . import status
from .status import Status


def query(socket_path: Path) -> Status:
    """Return the running service's report.

    Raises OSError or ValueError: when none is running.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(10)
        channel.connect(str(socket_path))
        channel.send(b"status")
        with channel.makefile("rb") as answer:
            return status.rebuild(json.load(answer))


def stream(socket_path: Path, to: str) -> None:
    """Hand standard output over to the service and wait until either ends (the forced command).

    Raises OSError: when no service answers.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.connect(str(socket_path))
        socket.send_fds(channel, [to.encode()], [sys.stdout.fileno()])
        channel.recv(1)
