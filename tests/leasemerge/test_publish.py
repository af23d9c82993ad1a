"""What tinydns opens is one whole file or another, whoever still reads the one before."""

from __future__ import annotations

import select
from pathlib import Path

import pytest

from leasemerge.publish import BusyError, Copy, Publisher

ZONE = b"Zoffice.internal:ns1.office.internal:me.office.internal:7::::5:5\n"
FIRST = b"=one.office.internal:10.1.1.1:60\n"
SECOND = b"=two.office.internal:10.1.1.2:60\n"


def _compile(publisher: Publisher, data: bytes) -> None:
    done = publisher.start(data)
    assert done is not None, publisher.error
    select.select([done], [], [], 20)
    assert publisher.finish(), publisher.error


def test_1_a_file_that_somebody_reads_is_not_changed(tmp_path: Path) -> None:
    """The kernel says so; a new file is written instead."""
    copy = Copy(tmp_path / "copy")
    copy.write(b"before")
    with (tmp_path / "copy").open("rb") as reader:
        assert not copy.update([(0, b"after!")])
        copy.write(b"after!")
        assert reader.read() == b"before"
    assert copy.update([(6, b" more")])
    assert (tmp_path / "copy").read_bytes() == b"after! more"


def test_2_a_reader_keeps_what_it_opened(tmp_path: Path) -> None:
    """Through any number of changes."""
    publisher = Publisher(tmp_path)
    _compile(publisher, ZONE)
    served = tmp_path / "data.cdb"
    with served.open("rb") as reader:
        opened = served.read_bytes()
        for _ in range(4):
            assert publisher.change([(None, FIRST)])
            assert publisher.change([(FIRST, None), (None, SECOND)])
            assert publisher.change([(SECOND, None)])
        assert reader.read() == opened
    assert publisher.publishes == 13


def test_3_what_changes_during_a_build_is_in_its_result(tmp_path: Path) -> None:
    """A build does not take back what was published meanwhile."""
    publisher = Publisher(tmp_path)
    _compile(publisher, ZONE)
    assert publisher.change([(None, FIRST)])
    done = publisher.start(ZONE + FIRST)
    assert done is not None
    assert publisher.change([(None, SECOND)])
    select.select([done], [], [], 20)
    assert publisher.finish()
    assert b"\3two\6office\10internal" in (tmp_path / "data.cdb").read_bytes()


def test_4_a_build_of_another_site_is_not_served(tmp_path: Path) -> None:
    """It is forgotten, with everything that was put into it."""
    publisher = Publisher(tmp_path)
    _compile(publisher, ZONE)
    before = (tmp_path / "data.cdb").read_bytes()
    done = publisher.start(ZONE + FIRST)
    assert done is not None
    publisher.forget()
    assert not publisher.change([(None, SECOND)])
    select.select([done], [], [], 20)
    publisher.finish()
    assert (tmp_path / "data.cdb").read_bytes() == before
    _compile(publisher, ZONE + SECOND)
    assert b"\3one" not in (tmp_path / "data.cdb").read_bytes()


def test_5_two_do_not_publish_into_one_directory(tmp_path: Path) -> None:
    """The second is told so."""
    first = Publisher(tmp_path)
    with pytest.raises(BusyError):
        Publisher(tmp_path)
    first.close()
    Publisher(tmp_path).close()
