"""Files that are renamed into place: whole for whoever reads, or not there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from leasemerge import files


def test_1_a_reader_has_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """What was opened stays as it was; what an earlier run left beside it is no obstacle."""
    path = tmp_path / "data"
    path.write_bytes(b"old")
    (tmp_path / "data.new").write_bytes(b"half of it, and longer than the new one")
    with path.open("rb") as reader:
        files.replace(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


def test_2_an_empty_file_can_be_written(tmp_path: Path) -> None:
    """For which no place can be reserved (posix_fallocate(3))."""
    files.replace(tmp_path / "data", b"")
    assert (tmp_path / "data").read_bytes() == b""


def test_3_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    """And is an error."""
    path = small_disk / "data"
    files.replace(path, b"old")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        files.replace(path, bytes(1 << 17))
    assert path.read_bytes() == b"old"


def test_4_a_part_that_is_written_is_an_error(small_disk: Path) -> None:
    """The kernel reports it as a success with fewer bytes (write(2))."""
    descriptor = files.create(small_disk / "data")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        files.write_all(descriptor, bytes(1 << 17), 0)
    assert os.fstat(descriptor).st_size > 0
    os.close(descriptor)


def test_5_a_new_file_replaces_none(tmp_path: Path) -> None:
    """Two that make one file must not both believe that it is theirs."""
    os.close(files.create(tmp_path / "data"))
    with pytest.raises(FileExistsError):
        files.create(tmp_path / "data")


def test_6_a_part_that_is_appended_is_an_error(small_disk: Path) -> None:
    """As with one that is written at a place."""
    with (small_disk / "data").open("ab", buffering=0) as file:
        files.append_all(file.fileno(), b"whole")
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            files.append_all(file.fileno(), bytes(1 << 17))
