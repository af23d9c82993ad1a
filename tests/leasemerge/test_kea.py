"""Rows of Kea's lease file: leases, chunks, damage, and what is written."""

from __future__ import annotations

import pytest

from leasemerge.kea import KeaLog, render, row
from leasemerge.lease import NEVER, Lease
from leasemerge.lease_file import parse

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


@pytest.mark.parametrize(
    "lease",
    [
        Lease("10.9.1.1", "active", 1400, 5000, 1400, "02:00:5e:00:00:01", "01:02", "alpha 7"),
        Lease("10.9.1.1", "active", 1400, NEVER, 1400, "02:00:5e:00:00:01"),
        Lease("10.9.1.1", "abandoned", 1400, 5000, 1400),
    ],
)
def test_7_a_lease_that_is_written_reads_back(lease: Lease) -> None:
    assert row(render(lease, 1).rstrip()) == lease


def test_8_a_lease_that_is_over_has_no_row() -> None:
    assert render(Lease("10.9.1.1", "free", 1400, 5000), 1) == b""
    assert render(Lease("10.9.1.1", "active", 1400, None), 1) == b""


def test_9_a_hostname_ends_neither_column_nor_row() -> None:
    lease = Lease("10.9.1.1", "active", 1400, 5000, 1400, None, None, 'A,b\n"c\udcff&d')
    read_back = row(render(lease, 1).rstrip(b"\n"))
    assert read_back is not None
    assert read_back.hostname == "abcd"
