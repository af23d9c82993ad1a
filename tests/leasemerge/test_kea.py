"""Kea's lease files: rows, chunks, damage, what its cleanup leaves, the service that follows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from leasemerge import kea
from leasemerge.kea import KeaLog, KeaTail, parse, render, row
from leasemerge.lease import NEVER, Lease
from tests.support.rig import Rig, eventually
from tests.support.rig import lease as live

HEADER = (
    b"address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
    b"user_context\n"
)


def line(address: str, name: str = "alpha", expire: int = 5000, state: int = 0) -> bytes:
    return f"{address},02:00:5e:00:00:01,,3600,{expire},1,0,0,{name},{state},\n".encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "10.9.1.100,02:00:5E:00:00:01,01:02,3600,5000,1,0,0,alpha,0,",
            Lease("10.9.1.100", "active", 1400, 5000, 1400, "02:00:5e:00:00:01", "01:02", "alpha"),
        ),
        # 2.6 has one more column, and a lease for ever.
        (
            "10.9.1.100,,,4294967295,6090626588,1,0,0,,0,,0",
            Lease("10.9.1.100", "active", 1795659293, NEVER, 1795659293),
        ),
        # Released: the lifetime is 0, and what is left of the time is the last contact.
        (
            "10.9.1.100,02:00:5e:00:00:01,,0,1400,1,0,0,alpha,0,",
            Lease("10.9.1.100", "free", 1400, 1400, 1400, "02:00:5e:00:00:01", None, "alpha"),
        ),
        ("10.9.1.100,,,86400,90000,1,0,0,,1,", Lease("10.9.1.100", "abandoned", 3600, 90000, 3600)),
        ("10.9.1.100,,,60,90,1,0,0,,2,", Lease("10.9.1.100", "free", 30, 90, 30)),
        ("10.9.1.100,,,60,90,1,0,0,,3,", Lease("10.9.1.100", "free", 30, 90, 30)),
    ],
)
def test_1_a_row_is_a_lease(text: str, expected: Lease) -> None:
    assert row(text.encode()) == expected


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a&#x2cb", "a,b"),
        ("fq-part.", "fq-part"),
        ("host.example.org", "host.example.org"),
        ("no-name-10-9-10-28.", None),
        ("no-name-10-9-10-28", None),
        ("", None),
    ],
)
def test_2_a_hostname_is_what_the_client_sent(written: str, name: str | None) -> None:
    lease = row(line("10.9.1.100", written).rstrip())
    assert lease is not None
    assert lease.hostname == name


@pytest.mark.parametrize(
    "damaged",
    [
        b"10.9.1.100,02:00:5e:00:00:01,,3600,50",
        b"10.9.1.555,,,60,90,1,0,0,,0,",
        b"10.9.1.100,nothex,,60,90,1,0,0,,0,",
        b"10.9.1.100,,,sixty,90,1,0,0,,0,",
        b"10.9.1.100,,,60,90,1,0,0,,7,",
        b"10.9.1.100,,,90,60,1,0,0,,0,",
        b"\0\0\0\0,,,,,,,,,,",
    ],
)
def test_3_a_damaged_row_costs_itself(damaged: bytes) -> None:
    log = parse(HEADER + line("10.9.1.1") + damaged + b"\n" + line("10.9.1.2"))
    assert set(log.leases) == {"10.9.1.1", "10.9.1.2"}
    assert log.damage == 1
    assert log.skipped[0].line == 3


def test_4_the_last_row_counts_and_half_of_one_does_not() -> None:
    log = parse(HEADER + line("10.9.1.1", "old") + line("10.9.1.1", "new") + b"10.9.1.1,02:00")
    assert log.leases["10.9.1.1"].hostname == "new"
    assert log.damage == 0


def test_5_chunks_may_end_anywhere() -> None:
    data = HEADER + line("10.9.1.1") + line("10.9.1.2", "beta") + HEADER + line("10.9.1.1", "new")
    whole = parse(data)
    for size in range(1, 80):
        log = KeaLog()
        for start in range(0, len(data), size):
            log.feed(data[start : start + size])
        assert log.leases == whole.leases, f"in chunks of {size}"
        assert log.take_changed() == {"10.9.1.1", "10.9.1.2"}


def test_6_a_row_without_an_end_does_not_fill_the_memory() -> None:
    log = KeaLog()
    for _ in range(100):
        log.feed(b"x" * 1000)
    log.feed(b"\n" + line("10.9.1.1"))
    assert set(log.leases) == {"10.9.1.1"}
    assert log.damage == 1


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


def test_7_the_log_is_what_was_cleaned_and_what_came_after(path: Path) -> None:
    path.with_name(path.name + ".2").write_bytes(b"2\n")
    path.with_name(path.name + ".1").write_bytes(b"1\n")
    path.write_bytes(b"0\n")
    tail = KeaTail(path)
    assert read(tail) == (True, b"2\n1\n0\n")
    assert read(tail) == (False, b"")
    append(path, b"new\n")
    assert read(tail) == (False, b"new\n")
    tail.close()


def test_8_what_a_cleanup_completed_is_read_instead_of_what_it_began_with(path: Path) -> None:
    path.with_name(path.name + ".2").write_bytes(b"2\n")
    path.with_name(path.name + ".completed").write_bytes(b"c\n")
    path.write_bytes(b"0\n")
    tail = KeaTail(path)
    assert read(tail) == (True, b"c\n0\n")
    tail.close()


def test_9_a_row_that_is_written_just_before_the_rotation_is_not_lost(path: Path) -> None:
    path.write_bytes(b"0\n")
    tail = KeaTail(path)
    read(tail)
    append(path, b"last\n")
    path.rename(path.with_name(path.name + ".1"))
    path.write_bytes(b"first\n")
    assert read(tail) == (False, b"last\nfirst\n")
    tail.close()


def test_10_a_cleanup_that_was_missed_begins_the_log_again(path: Path) -> None:
    path.write_bytes(b"0\n")
    tail = KeaTail(path)
    read(tail)
    path.rename(path.with_name(path.name + ".2"))
    path.write_bytes(b"new\n")
    assert read(tail) == (True, b"0\nnew\n")
    tail.close()


def test_11_a_file_that_is_absent_for_a_while_is_found_again(path: Path) -> None:
    tail = KeaTail(path)
    assert read(tail) == (False, b"")
    path.write_bytes(b"0\n")
    assert read(tail) == (True, b"0\n")
    path.unlink()
    assert read(tail) == (False, b"")
    path.write_bytes(b"1\n")
    assert read(tail) == (True, b"1\n")
    tail.close()


@pytest.mark.parametrize(
    "lease",
    [
        Lease("10.9.1.1", "active", 1400, 5000, 1400, "02:00:5e:00:00:01", "01:02", "alpha 7"),
        Lease("10.9.1.1", "active", 1400, NEVER, 1400, "02:00:5e:00:00:01"),
        Lease("10.9.1.1", "abandoned", 1400, 5000, 1400),
    ],
)
def test_12_a_lease_that_is_written_reads_back(lease: Lease) -> None:
    assert row(render(lease, 1).rstrip()) == lease


def test_13_a_lease_that_is_over_has_no_row() -> None:
    assert render(Lease("10.9.1.1", "free", 1400, 5000), 1) == b""
    assert render(Lease("10.9.1.1", "active", 1400, None), 1) == b""


def test_14_a_hostname_ends_neither_column_nor_row() -> None:
    lease = Lease("10.9.1.1", "active", 1400, 5000, 1400, None, None, 'A,b\n"c\udcff&d')
    read_back = row(render(lease, 1).rstrip(b"\n"))
    assert read_back is not None
    assert read_back.hostname == "abcd"


def test_15_the_whole_log_is_read_of_a_file_that_was_cleaned(path: Path) -> None:
    path.with_name(path.name + ".2").write_bytes(HEADER + line("10.9.1.1", "cleaned"))
    path.with_name(path.name + ".1").write_bytes(HEADER + line("10.9.1.2", "old"))
    path.write_bytes(HEADER + line("10.9.1.2", "new"))
    leases = kea.read_log(path).leases
    assert [lease.hostname for lease in leases.values()] == ["cleaned", "new"]
    with pytest.raises(FileNotFoundError):
        kea.read_log(path.with_name("absent.csv"))


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


def test_16_a_lease_of_kea_gets_its_name_and_loses_it_when_released(draco: Rig, path: Path) -> None:
    draco.start()
    grant(path, 100, "laptop")
    eventually("the name is served", lambda: draco.address("laptop") == "10.1.1.100")
    grant(path, 100, "laptop", 0)
    eventually("the name is gone", lambda: draco.address("laptop") is None)


def test_17_a_cleanup_of_kea_loses_nothing(draco: Rig, path: Path) -> None:
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


def test_18_the_state_of_the_pair_is_what_the_watch_wrote(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kea, "_PAIR", path)
    assert kea.pair_state() == {}
    path.write_text("partner-down unavailable\n")
    assert kea.pair_state() == {"kea": ("partner-down", "unavailable")}
    path.write_text("not of two words\n")
    assert kea.pair_state() == {}
    path.write_text("hot-standby hot-standby\n")
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert kea.pair_state() == {}, "The watch is dead."
