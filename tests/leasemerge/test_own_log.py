"""This server's own lease file: what of it is news, and when it is known whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leasemerge.kea import COLUMNS
from leasemerge.lease import Lease
from leasemerge.own_log import OwnLog
from leasemerge.site import Site
from leasemerge.store import Store
from tests.support.examples import NOW, lease
from tests.support.small_site import SITE

Follow = Callable[..., OwnLog]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a lease file."""
    (tmp_path / "dhcp").mkdir()
    return tmp_path / "dhcp/leases"


@pytest.fixture
def follow(tmp_path: Path, path: Path) -> Iterator[Follow]:
    """Follow the file on draco."""
    stores = []

    def make(lease_format: str = "dhcpd") -> OwnLog:
        stores.append(Store(tmp_path, Site.from_dict(SITE)))
        return OwnLog("draco", path, lease_format, stores[-1])

    yield make
    for store in stores:
        store.close()


def _read(own: OwnLog) -> list[tuple[str, Lease]]:
    """Do all that is to be done; return the news with their log."""
    own.more = True
    news = []
    while own.more:
        news += [(log, lease) for log, leases in own.step(NOW) for lease in leases]
    return news


def _write(path: Path, *leases: Lease) -> None:
    with path.open("ab") as file:
        file.write(b"".join(lease.render() for lease in leases))


def _replace(path: Path, *leases: Lease) -> None:
    beside = path.with_name("beside")
    beside.write_bytes(b"".join(lease.render() for lease in leases))
    beside.replace(path)


def test_1_a_block_is_news_once(follow: Follow, path: Path) -> None:
    """The last one of an address in what is read, and again when it differs."""
    first, last, other = lease(100, "old"), lease(100, "new"), lease(101)
    _write(path, first, last, other)
    own = follow()
    assert (own.state, own.caught_up) == ("reading", False)
    assert _read(own) == [("draco", last), ("draco", other)]
    assert (own.state, own.caught_up) == ("following", True)
    _write(path, last)
    assert _read(own) == []
    _write(path, first)
    assert _read(own) == [("draco", first)]


def test_2_a_file_that_is_written_again_loses_nothing(follow: Follow, path: Path) -> None:
    """What the new one lacks is remembered as an earlier log's; what it has is no news."""
    kept, lost, over = lease(100, "a"), lease(101, "b"), lease(102, "c", state="free")
    _write(path, kept, lost, over)
    own = follow()
    _read(own)
    added = lease(103, "d")
    _replace(path, kept, added)
    assert _read(own) == [("draco~", lost), ("draco", added)]


def test_3_half_a_block_waits_for_its_other_half(follow: Follow, path: Path) -> None:
    """Also across a read; it is no damage."""
    block = lease(100, "pc")
    path.write_bytes(block.render()[:50])
    own = follow()
    assert _read(own) == []
    with path.open("ab") as file:
        file.write(block.render()[50:])
    assert _read(own) == [("draco", block)]
    assert own.damage == 0


def test_4_a_long_file_is_taken_in_small_steps(follow: Follow, path: Path) -> None:
    """So that nothing urgent waits for it; it is known whole at the end and not before."""
    leases = [lease(number, f"h{number}") for number in range(256)]
    _write(path, *leases)
    own = follow()
    most, known = 0, 0
    while not own.caught_up:
        taken = sum(len(part) for log, part in own.step(NOW) if log == "draco")
        most, known = max(most, taken), known + taken
        assert own.caught_up == (known == 256)
    assert (most, known) == (250, 256)


def test_5_the_journal_has_what_became_of_the_file_once(follow: Follow, path: Path) -> None:
    """That it is not there, cannot be read, or is back; of one that was there it has nothing."""
    _write(path, lease(100))
    own = follow()
    _read(own)
    assert list(own.news()) == []
    path.unlink()
    _read(own)
    assert own.state == "absent"
    assert list(own.news()) == [f"{path} does not exist: what is served stays as it is"]
    assert list(own.news()) == []
    path.mkdir()
    _read(own)
    assert own.state == "unreadable"
    assert own.error == f"{path}: Is a directory"
    assert list(own.news()) == [f"{path}: Is a directory: what is served stays as it is"]
    path.rmdir()
    _write(path, lease(100))
    _read(own)
    assert list(own.news()) == [f"{path} is followed again"]
    assert (own.state, own.error) == ("following", "")


def test_6_the_state_of_the_pair_is_in_dhcpds_file(follow: Follow, path: Path) -> None:
    """The last one of each relationship."""
    for state in ("normal", "communications-interrupted"):
        with path.open("a") as file:
            file.write(
                f'failover peer "pair" state {{\n  my state {state} at 1 2026/11/23 0:0:0;\n'
                "  partner state normal at 1 2026/11/23 0:0:0;\n}\n"
            )
    own = follow()
    _read(own)
    assert own.failover == {"pair": ("communications-interrupted", "normal")}


def test_7_keas_file_is_read_by_its_own_rules(follow: Follow, path: Path) -> None:
    """By the format of the settings, not by what the file looks like."""
    _write(path, lease(100))
    own = follow("kea")
    assert _read(own) == []
    assert own.damage > 0
    row = f"10.1.1.100,02:00:00:00:00:01,,3600,{NOW + 3600},1,0,0,pc,0,\n"
    path.write_bytes(COLUMNS + row.encode())
    ((log, found),) = _read(own)
    assert (log, found.address, found.hostname) == ("draco", "10.1.1.100", "pc")
