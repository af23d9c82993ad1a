"""The lease file as it grows, is replaced, cut short, and goes away."""

from __future__ import annotations

import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from leasemerge.tail import Tail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a lease file in a directory that is there."""
    return tmp_path / "dhcpd.leases"


@pytest.fixture
def tail(path: Path) -> Iterator[Tail]:
    """Follow the file, which is not there yet."""
    tail = Tail(path)
    yield tail
    tail.close()


def _woken(tail: Tail) -> bool:
    return bool(select.select([tail], [], [], 0)[0]) and tail.woken()


def _all(tail: Tail) -> tuple[bool, bytes]:
    began, text = False, b""
    while True:
        again, chunk = tail.read()
        began, text = began or again, (b"" if again else text) + chunk
        if not chunk:
            return began, text


def test_1_bytes_come_once(tail: Tail, path: Path) -> None:
    """An event for each change, the new bytes and no others."""
    assert tail.read() == (False, b"")
    path.write_bytes(b"one\n")
    assert _woken(tail)
    assert _all(tail) == (True, b"one\n")
    with path.open("ab") as file:
        file.write(b"two\n")
    assert _woken(tail)
    assert _all(tail) == (False, b"two\n")
    assert not _woken(tail)


def test_2_other_files_wake_nobody(tail: Tail, path: Path) -> None:
    """The file that dhcpd writes next is not the lease file before it has its name."""
    path.with_name("dhcpd.leases.1795436429").write_bytes(b"one\n")
    assert not _woken(tail)


def test_3_a_renamed_file_is_read_from_its_start(tail: Tail, path: Path) -> None:
    """As dhcpd does it every hour, also when the new file is longer than the old one."""
    path.write_bytes(b"one\n")
    _all(tail)
    path.with_name("dhcpd.leases~").hardlink_to(path)
    path.with_name("new").write_bytes(b"one\ntwo\nthree\n")
    path.with_name("new").rename(path)
    assert _woken(tail)
    assert _all(tail) == (True, b"one\ntwo\nthree\n")


@pytest.mark.parametrize("text", [b"", b"1\n", b"ONE\nTWO\n", b"ONE\nTWO\nTHREE\n"])
def test_4_a_file_rewritten_in_place_is_read_again(tail: Tail, path: Path, text: bytes) -> None:
    """Shorter, of the same length or longer than before."""
    path.write_bytes(b"one\ntwo\n")
    _all(tail)
    path.write_bytes(text)
    assert _woken(tail)
    assert _all(tail) == (True, text)


def test_5_the_file_goes_and_comes(tail: Tail, path: Path) -> None:
    """Absence is no log that begins again; the next file is."""
    path.write_bytes(b"one\n")
    _all(tail)
    path.unlink()
    assert _woken(tail)
    assert _all(tail) == (False, b"")
    assert not tail.present
    path.write_bytes(b"two\n")
    assert _all(tail) == (True, b"two\n")


def test_6_the_directory_comes_later(tmp_path: Path) -> None:
    """It is looked for at every tick, and then watched."""
    path = tmp_path / "dhcp" / "dhcpd.leases"
    tail = Tail(path)
    assert not tail.watch()
    path.parent.mkdir()
    assert tail.watch()
    path.write_bytes(b"one\n")
    assert _woken(tail)
    assert _all(tail) == (True, b"one\n")
    path.unlink()
    path.parent.rmdir()
    assert _woken(tail)
    assert _all(tail) == (False, b"")
    assert _woken(tail)
    path.parent.mkdir()
    assert tail.watch()
    tail.close()


def test_7_another_directory_takes_its_place(tmp_path: Path) -> None:
    """Renamed into its place here; a disk that is mounted over it looks the same."""
    path = tmp_path / "dhcp" / "dhcpd.leases"
    path.parent.mkdir()
    tail = Tail(path)
    assert not tail.watch()
    path.parent.rename(tmp_path / "old")
    path.parent.mkdir()
    path.write_bytes(b"one\n")
    assert tail.watch()
    assert _all(tail) == (True, b"one\n")
    with path.open("ab") as file:
        file.write(b"two\n")
    assert _woken(tail)
    assert _all(tail) == (False, b"two\n")
    tail.close()
