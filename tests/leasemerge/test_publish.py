"""What tinydns opens is one whole file or another, whoever still reads the one before."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from leasemerge.publish import BuildError, BusyError, Copy, Publisher
from leasemerge.work import Progress

ZONE = (
    b"Zoffice.internal:ns1.office.internal:me.office.internal:7::::5:5\n"
    b"&office.internal::ns1.office.internal:3600\n"
)
FIRST = b"=one.office.internal:10.1.1.1:60\n"
SECOND = b"=two.office.internal:10.1.1.2:60\n"


def _finish(publisher: Publisher) -> None:
    """Do the work to its end, as the service's loop does."""
    while (progress := publisher.step()) is not Progress.DONE:
        if progress is Progress.WAITING:
            assert publisher.work.process is not None
            publisher.work.process.wait(20)


def _compile(publisher: Publisher, data: bytes) -> None:
    publisher.compile([data])
    _finish(publisher)


def test_1_a_file_that_somebody_reads_is_not_changed(tmp_path: Path) -> None:
    """The kernel reports it; a new file is written instead."""
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
    publisher.compile([ZONE + FIRST])
    publisher.step()
    assert publisher.change([(None, SECOND)])
    _finish(publisher)
    assert b"\3two\6office\10internal" in (tmp_path / "data.cdb").read_bytes()


def test_4_a_build_of_another_site_is_not_served(tmp_path: Path) -> None:
    """It is forgotten, with everything that was put into it."""
    publisher = Publisher(tmp_path)
    _compile(publisher, ZONE)
    before = (tmp_path / "data.cdb").read_bytes()
    publisher.compile([ZONE + FIRST])
    publisher.step()
    publisher.forget()
    assert not publisher.change([(None, SECOND)])
    _finish(publisher)
    assert (tmp_path / "data.cdb").read_bytes() == before
    _compile(publisher, ZONE + SECOND)
    assert b"\3one" not in (tmp_path / "data.cdb").read_bytes()


def test_5_two_do_not_publish_into_one_directory(tmp_path: Path) -> None:
    """The second gets an error."""
    first = Publisher(tmp_path)
    with pytest.raises(BusyError):
        Publisher(tmp_path)
    first.close()
    Publisher(tmp_path).close()


def _is_served(directory: Path, name: str) -> bool:
    """Return what tinydns would do (tinydns-get(1))."""
    answer = subprocess.run(
        ["tinydns-get", "a", f"{name}.office.internal"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return "answer: " in answer


def _large() -> bytes:
    """Return zone data whose compiled form takes several steps."""
    return ZONE + b"".join(
        b"=h%d.office.internal:10.1.%d.%d:60\n" % (number, number // 256 + 16, number % 256)
        for number in range(4000)
    )


def _steps(directory: Path, data: bytes) -> int:
    """Return how many steps a compile takes."""
    directory.mkdir()
    publisher = Publisher(directory)
    publisher.compile([data])
    steps = 0
    while publisher.work.busy:
        steps += publisher.step() is not Progress.WAITING
    publisher.close()
    return steps


def _do(publisher: Publisher, steps: int) -> None:
    while steps:
        steps -= publisher.step() is not Progress.WAITING


def test_6_a_change_is_served_at_once_at_every_step_of_a_compile(tmp_path: Path) -> None:
    """And still when the compile is done; nothing that was served before is missing meanwhile."""
    data = _large()
    for step in range(1, _steps(tmp_path / "count", data) + 1):
        directory = tmp_path / str(step)
        directory.mkdir()
        publisher = Publisher(directory)
        _compile(publisher, data)
        assert publisher.change([(None, FIRST)])
        publisher.compile([data + FIRST])
        _do(publisher, step)
        assert publisher.change([(FIRST, None), (None, SECOND)])
        for _ in range(2):
            served = [_is_served(directory, name) for name in ("one", "two", "h0", "h3999")]
            assert served == [False, True, True, True], f"step {step}"
            _finish(publisher)
        # Both copies are right.
        assert publisher.change([(SECOND, FIRST)])
        assert [_is_served(directory, name) for name in ("one", "two")] == [True, False]
        assert publisher.change([(None, SECOND)])
        assert all(_is_served(directory, name) for name in ("one", "two", "h0"))
        publisher.close()


def test_7_a_site_that_is_replaced_at_any_step_of_its_compile_is_not_served(
    tmp_path: Path,
) -> None:
    """Nor are its files left behind."""
    data = _large()
    # The last steps come after the result is in place, and take away what it has replaced.
    for step in range(1, _steps(tmp_path / "count", data) - 3):
        directory = tmp_path / str(step)
        directory.mkdir()
        publisher = Publisher(directory)
        _compile(publisher, ZONE + FIRST)
        publisher.compile([data])
        _do(publisher, step)
        publisher.forget()
        assert not publisher.change([(None, SECOND)])
        _finish(publisher)
        assert [_is_served(directory, name) for name in ("one", "h0")] == [True, False]
        _compile(publisher, ZONE + SECOND)
        assert [_is_served(directory, name) for name in ("one", "two")] == [False, True]
        assert len(list((directory / ".build").glob("[0-9]*.cdb"))) == 2
        publisher.close()


def test_8_a_compile_that_fails_takes_nothing_away(tmp_path: Path) -> None:
    """Single names are published as before, and the next compile is good."""
    publisher = Publisher(tmp_path)
    _compile(publisher, ZONE + FIRST)
    obstacle = tmp_path / ".build/data.tmp"
    obstacle.mkdir()
    publisher.compile([ZONE + FIRST])
    with pytest.raises(BuildError, match="tinydns-data failed"):
        _finish(publisher)
    assert publisher.intact
    assert publisher.change([(None, SECOND)])
    assert all(_is_served(tmp_path, name) for name in ("one", "two"))
    obstacle.rmdir()
    _compile(publisher, ZONE + FIRST + SECOND)
    assert all(_is_served(tmp_path, name) for name in ("one", "two"))


def test_9_compiling_pays_when_much_was_taken_out(tmp_path: Path) -> None:
    """The file grows with each change until then."""
    publisher = Publisher(tmp_path)
    _compile(publisher, ZONE)
    changes = 0
    while not publisher.wasteful:
        assert publisher.change([(None, FIRST), (FIRST, None)])
        changes += 1
    assert changes > 5000, "A compile pays once in thousands of changes."
    _compile(publisher, ZONE)
    assert not publisher.wasteful
    assert (tmp_path / "data.cdb").stat().st_size < 10_000


def test_10_the_text_is_written_beside_and_compiles_nothing(tmp_path: Path) -> None:
    """What tinydns reads stays the file that it was."""
    publisher = Publisher(tmp_path)
    _compile(publisher, ZONE)
    assert publisher.change([(None, FIRST)])
    served = (tmp_path / "data.cdb").stat().st_ino
    publisher.write_text([ZONE, FIRST])
    publisher.step()
    assert (tmp_path / "data").read_bytes() == ZONE
    _finish(publisher)
    assert (tmp_path / "data").read_bytes() == ZONE + FIRST
    assert (tmp_path / "data.cdb").stat().st_ino == served
    assert publisher.builds == 1
