"""Servers that are stopped, and a small disk that is gone, when the test is over."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.history import Network
from tests.support.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Make servers, each in a directory of its own."""
    made: list[Rig] = []

    def make(server: str = "draco", **more: Any) -> Rig:
        made.append(Rig(tmp_path / server, server, **more))
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture
def pair(rig: Callable[..., Rig]) -> tuple[Rig, Rig]:
    """Make draco and taurus, which follow each other; neither is started."""
    draco, taurus = rig("draco"), rig("taurus")
    draco.feeds = [("taurus", [*taurus.feed, "draco"])]
    taurus.feeds = [("draco", [*draco.feed, "taurus"])]
    return draco, taurus


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Make a file system of 64 kB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], check=True)
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Begin a history."""
    return Network(tmp_path / "history")


@pytest.fixture
def kept(rig: Callable[..., Rig]) -> Rig:
    """Start a server that keeps a history."""
    draco = rig()
    draco.settings = {"history_days": 30, "history_megabytes": 8}
    draco.start()
    return draco
