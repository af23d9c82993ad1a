"""The module server_reading, on this machine."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).parents[3] / "playbooks/library/server_reading.py"


@pytest.fixture(scope="module")
def module() -> dict[str, Any]:
    """Return what the module defines."""
    return runpy.run_path(str(MODULE))


def test_a_stopped_process_is_not_taken_for_a_healthy_one(module: dict[str, Any]) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert not module["_stopped"](str(process.pid))
        process.send_signal(signal.SIGSTOP)
        end = time.monotonic() + 5
        while not module["_stopped"](str(process.pid)) and time.monotonic() < end:
            time.sleep(0.01)
        assert module["_stopped"](str(process.pid))
        process.kill()
    assert not module["_stopped"]("0")


def test_free_space_is_what_a_service_may_write(module: dict[str, Any], tmp_path: Path) -> None:
    free, size = module["free_space"](str(tmp_path))
    found = os.statvfs(tmp_path)
    assert size == found.f_blocks * found.f_frsize
    assert 0 < free <= size
    assert module["free_space"](str(tmp_path / "none")) is None


def test_a_file_that_cannot_be_read_is_null(module: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "leases").write_bytes(b"\xff")
    files = [["leases", str(tmp_path / "leases")], ["none", str(tmp_path / "none")]]
    assert module["contents"](files) == {"leases": "/w==", "none": None}


def test_the_parts_of_a_whole_are_joined_in_their_order(
    module: dict[str, Any], tmp_path: Path
) -> None:
    for part in ("1", "3"):
        (tmp_path / part).write_text(part)
    files = [["leases", str(tmp_path / part)] for part in ("1", "2", "3")]
    assert module["contents"](files) == {"leases": b64encode(b"13").decode()}


def test_an_address_has_its_interface(module: dict[str, Any]) -> None:
    assert module["addresses"]()["127.0.0.1"] == "lo"
