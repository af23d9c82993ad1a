"""Kea's lease files, one log: what its cleanup leaves, rotations, the service that follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leasemerge.kea import COLUMNS as HEADER
from leasemerge.kea import render
from leasemerge.kea_tail import KeaTail
from tests.support.rig import Rig
from tests.support.rig import lease as live
from tests.support.waiting import eventually


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kea-leases4.csv"


def read(tail: KeaTail) -> tuple[bool, bytes]:
    """Read to the end."""
    begins, data = tail.read()
    while chunk := tail.read()[1]:
        data += chunk
    return begins, data


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_1_the_log_is_what_was_cleaned_and_what_came_after(path: Path) -> None:
    path.with_name(path.name + ".2").write_bytes(b"2\n")
    path.with_name(path.name + ".1").write_bytes(b"1\n")
    path.write_bytes(b"0\n")
    tail = KeaTail(path)
    assert read(tail) == (True, b"2\n1\n0\n")
    assert read(tail) == (False, b"")
    append(path, b"new\n")
    assert read(tail) == (False, b"new\n")
    tail.close()


def test_2_what_a_cleanup_completed_is_read_instead_of_what_it_began_with(path: Path) -> None:
    path.with_name(path.name + ".2").write_bytes(b"2\n")
    path.with_name(path.name + ".1").write_bytes(b"1\n")
    path.with_name(path.name + ".completed").write_bytes(b"c\n")
    path.write_bytes(b"0\n")
    tail = KeaTail(path)
    assert read(tail) == (True, b"c\n0\n")
    tail.close()


def test_3_a_row_that_is_written_just_before_the_rotation_is_not_lost(path: Path) -> None:
    path.write_bytes(b"0\n")
    tail = KeaTail(path)
    read(tail)
    append(path, b"last\n")
    path.rename(path.with_name(path.name + ".1"))
    path.write_bytes(b"first\n")
    assert read(tail) == (False, b"last\nfirst\n")
    tail.close()


def test_4_a_cleanup_that_was_missed_begins_the_log_again(path: Path) -> None:
    path.write_bytes(b"0\n")
    tail = KeaTail(path)
    read(tail)
    path.rename(path.with_name(path.name + ".2"))
    path.write_bytes(b"new\n")
    assert read(tail) == (True, b"0\nnew\n")
    tail.close()


def test_5_a_file_that_is_absent_for_a_while_is_found_again(path: Path) -> None:
    tail = KeaTail(path)
    assert read(tail) == (False, b"")
    path.write_bytes(b"0\n")
    assert read(tail) == (True, b"0\n")
    path.unlink()
    assert read(tail) == (False, b"")
    path.write_bytes(b"1\n")
    assert read(tail) == (True, b"1\n")
    tail.close()


@pytest.fixture
def draco(rig: Callable[..., Rig], path: Path) -> Rig:
    """Make a server whose leases Kea writes."""
    path.write_bytes(HEADER)
    return rig(settings={"lease_format": "kea", "lease_file": str(path)})


def grant(path: Path, number: int, hostname: str, seconds: int = 3600) -> None:
    """Append a row as Kea does when it grants a lease, or with 0 seconds when one is released."""
    lease = live(number, hostname, max(seconds, 1))
    text = render(lease, 1).split(b",")
    if seconds == 0:
        text[3], text[4] = b"0", str(lease.starts).encode()
    append(path, b",".join(text))


def test_6_a_lease_of_kea_gets_its_name_and_loses_it_when_released(draco: Rig, path: Path) -> None:
    draco.start()
    grant(path, 100, "laptop")
    eventually("the name is served", lambda: draco.address("laptop") == "10.1.1.100")
    grant(path, 100, "laptop", 0)
    eventually("the name is gone", lambda: draco.address("laptop") is None)


def test_7_a_cleanup_of_kea_loses_nothing(draco: Rig, path: Path) -> None:
    draco.start()
    grant(path, 100, "laptop")
    path.rename(path.with_name(path.name + ".1"))
    path.write_bytes(HEADER)
    grant(path, 101, "phone")
    path.with_name(path.name + ".1").rename(path.with_name(path.name + ".2"))
    eventually("both are served", lambda: draco.serves("laptop", "phone"))
    draco.kill()
    draco.start()
    eventually("both are served again", lambda: draco.serves("laptop", "phone"))
    assert draco.status()["feeds"][0]["damage"] == 0
