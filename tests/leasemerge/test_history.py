"""Who had which address when: what is written, and in what bounds."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from leasemerge.history import Client, begun, remove
from leasemerge.history_query import Period
from tests.support.history import ADDRESS, LAPTOP, NOW, PHONE, Network, ask
from tests.support.rig import Rig, lease
from tests.support.waiting import eventually

DAY = 86400


def test_1_a_renewal_writes_nothing(network: Network) -> None:
    """Only another client, hostname or name does."""
    network.has(ADDRESS, LAPTOP)
    size = network.size
    for seconds in range(100):
        network.has(ADDRESS, LAPTOP._replace(starts=NOW + seconds, until=NOW + 4000 + seconds))
    assert network.size == size
    network.wait(50)
    network.has(ADDRESS, LAPTOP._replace(name=None))
    assert [period.until for period in network.at(NOW)] == [NOW + 50]
    assert network.at(NOW + 50)[0].client.name is None


def test_2_a_restart_writes_only_what_changed_meanwhile(network: Network) -> None:
    """Who still has an address has had it all along; who has gone is gone at the latest now."""
    network.has(ADDRESS, LAPTOP)
    network.has("10.1.1.7", PHONE)
    size = network.size
    del network.holders["10.1.1.7"]
    network.now += 500
    network.restart()
    assert network.size - size < 60, "One line, that nobody has 10.1.1.7."
    assert network.at(NOW + 500) == [Period(ADDRESS, Client(*LAPTOP[:3]), NOW - 60)]
    assert network.at(NOW + 499, "phone")[0].until == NOW + 500


def test_3_it_is_bounded_in_age_and_forgets_nobody_who_is_here(network: Network) -> None:
    """Nothing is older than it may be, but for when a client came that still has its address."""
    network.has(ADDRESS, LAPTOP)
    for day in range(100):
        network.has("10.1.1.7", PHONE._replace(starts=network.now))
        network.wait(DAY // 2)
        network.has("10.1.1.7", None)
        network.wait(DAY // 2)
        oldest = begun(network.directory)
        assert oldest is not None
        assert network.now - oldest <= 30 * DAY + DAY // 2, f"day {day}"
    assert network.at(network.now) == [Period(ADDRESS, Client(*LAPTOP[:3]), NOW - 60)]
    assert network.at(network.now - 31 * DAY, "phone") == []
    assert network.at(network.now - 25 * DAY, "phone")
    network.restart()
    assert network.at(network.now)[0].since == NOW - 60


def test_4_it_is_bounded_in_size(tmp_path: Path) -> None:
    """Whatever happens; who has an address now is known for all that."""
    network = Network(tmp_path / "history", size=40_000)
    network.has(ADDRESS, LAPTOP)
    for number in range(2000):
        network.wait(1)
        network.has("10.1.1.7", PHONE._replace(hostname=f"phone{number}"))
        assert network.size < 40_000 + 6_000
    assert network.at(network.now, "laptop") == [Period(ADDRESS, Client(*LAPTOP[:3]), NOW - 60)]
    assert not network.history.status().error


def test_5_more_clients_than_it_can_hold_is_a_fault(tmp_path: Path) -> None:
    """It is reported, and the same is not written again and again."""
    network = Network(tmp_path / "history", size=10_000)
    for number in range(200):
        network.has(f"10.1.1.{number}", PHONE)
        network.wait(1)
    assert "too small for 200 clients" in network.history.status().error
    before = network.size
    for _ in range(20):
        network.wait(1)
    assert network.size <= before


def test_6_a_file_that_was_torn_or_scribbled_on_costs_its_lines(network: Network) -> None:
    """Half a line at the end, after a power cut, does not spoil the next one."""
    network.has(ADDRESS, LAPTOP)
    network.has("10.1.1.7", PHONE)
    path = next(network.directory.iterdir())
    path.write_bytes(path.read_bytes()[:-20] + b'\xff\0{}\n[1]\n{"at":')
    network.wait(5)
    network.restart()
    network.has("10.1.1.8", PHONE)
    assert {period.address for period in network.at(network.now)} == {
        ADDRESS, "10.1.1.7", "10.1.1.8",
    }  # fmt: skip


def test_7_a_full_disk_is_reported_and_made_up_for(tmp_path: Path) -> None:
    """What happened meanwhile is written when there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        network = Network(disk / "history")
        network.has(ADDRESS, LAPTOP)
        ballast = disk / "ballast"
        with ballast.open("wb") as file, pytest.raises(OSError, match="No space"):
            file.write(b"x" * (1 << 20))
        for number in range(1, 100):
            network.has(f"10.1.1.{number}", PHONE)
        assert "No space" in network.history.status().error
        ballast.unlink()
        network.wait(1)
        assert not network.history.status().error
        assert len(network.at(network.now)) == 100
        network.restart()
        assert len(network.at(network.now)) == 100
        network.history.close(network.now, network.holders.get)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_8_only_its_user_can_read_it(network: Network) -> None:
    """It shows where people are."""
    network.has(ADDRESS, LAPTOP)
    assert network.directory.stat().st_mode & 0o777 == 0o700
    assert next(network.directory.iterdir()).stat().st_mode & 0o777 == 0o600


def test_9_turned_off_it_is_removed(kept: Rig) -> None:
    """Nothing that was known of people stays behind."""
    kept.write(lease(151, "laptop"))
    eventually("it is written", lambda: "laptop" in ask(kept).stdout)
    kept.kill()
    kept.settings = {}
    kept.start()
    assert list((kept.state / "history").iterdir()) == []
    assert "no history: it is turned off" in ask(kept).stderr


def test_10_remove_takes_only_its_own_files(tmp_path: Path) -> None:
    """A directory that does not exist is none."""
    remove(tmp_path / "none")
    (tmp_path / "000000000001.jsonl").touch()
    (tmp_path / "notes.jsonl").touch()
    remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.jsonl"]
