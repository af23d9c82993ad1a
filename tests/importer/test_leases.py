"""The leases of other servers, and what the real dhcpd keeps of them."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from controller.importer import leases
from controller.importer.source import SourceError
from leasemerge import kea
from leasemerge.lease import NEVER, Lease
from tests.support import dhcpd_oracle

NOW = 1_790_000_000
LATER = NOW + 3600
DHCPD = """\
lease 10.1.1.20 {
  starts 1 2026/09/21 13:00:00;
  ends 1 2026/09/21 15:00:00;
  binding state active;
  hardware ethernet 02:00:00:00:00:01;
  uid "\\001\\002";
  client-hostname "kettle";
}
failover peer "old" state { my state normal at 1 2026/09/21 13:00:00; }
lease 10.1.1.21 { starts 1 2026/09/21 10:00:00; ends 1 2026/09/21 11:00:00; binding state free; }
"""
DNSMASQ = f"""\
{LATER} 02:00:00:00:00:02 10.1.1.22 lamp 01:02:00:00:00:00:02
0 02:00:00:00:00:03 10.1.1.23 * *
{NOW - 5} 02:00:00:00:00:04 10.1.1.24 gone *
duid 00:01:00:01:2d
{LATER} 12345 2001:db8::5 six 00:01:00:01
"""
KEA = f"""\
address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
10.1.1.25,02:00:00:00:00:05,01:02:00:00:00:00:05,4000,{NOW + 100},1,0,0,old.lan.,0,,0
10.1.1.25,02:00:00:00:00:05,01:02:00:00:00:00:05,4000,{LATER},1,0,0,mug.lan.,0,,0
10.1.1.26,02:00:00:00:00:06,,4000,{LATER},1,0,0,,1,,0
10.1.1.27,02:00:00:00:00:07,,4000,{LATER},1,0,0,cup,0,,0
10.1.1.27,02:00:00:00:00:07,,0,{NOW},1,0,0,cup,0,,0
10.1.1.28,02:00:00:00:00:08,,4294967295,{NOW + 4294967295},1,0,0,a&#x2cb&#x26#x2c,0,,0
"""
SITE = {
    "subnets": [{"network": "10.1.1.0/24", "ranges": [["10.1.1.20", "10.1.1.29"]]}],
    "fixed_hosts": [],
}


def written(folder: Path, name: str, text: str) -> Path:
    """Write a file, and return its path."""
    path = folder / name
    path.write_text(text)
    return path


def test_dnsmasq_lease_has_expiry_client_and_name(tmp_path: Path) -> None:
    """Expiry, MAC address, name and client identifier; lines of IPv6 are others' business."""
    found = leases.read_dnsmasq(written(tmp_path, "leases", DNSMASQ), NOW)
    assert found[0] == Lease(
        "10.1.1.22", "active", NOW, LATER, NOW, "02:00:00:00:00:02", "01:02:00:00:00:00:02", "lamp"
    )
    assert (found[1].ends, found[1].hostname, found[1].uid) == (NEVER, None, None)
    assert len(found) == 3


def test_last_row_of_a_kea_address_counts(tmp_path: Path) -> None:
    """The last row of an address counts, and one without a lifetime takes it away."""
    found = {item.address: item for item in leases.read_kea(written(tmp_path, "csv", KEA))}
    assert found["10.1.1.25"] == Lease(
        "10.1.1.25",
        "active",
        LATER - 4000,
        LATER,
        LATER - 4000,
        "02:00:00:00:00:05",
        "01:02:00:00:00:00:05",
        "mug.lan",
    )
    assert found["10.1.1.26"].state == "abandoned"
    assert "10.1.1.27" not in found
    assert (found["10.1.1.28"].ends, found["10.1.1.28"].hostname) == (NEVER, "a,b&#x2c")


def test_older_kea_files_count_before_newer_ones(tmp_path: Path) -> None:
    """The older files count before the newer: one lease goes on, one was given back since."""
    head = KEA.split("\n")[0]
    rest = f"4000,{LATER},1,0,0,{{}},0,,0"
    old = [f"10.1.1.{last},02:00:00:00:00:0{last - 20},,{rest}" for last in (25, 26, 27)]
    written(tmp_path, "csv.2", "\n".join([head, *(row.format("old") for row in old)]))
    written(tmp_path, "csv.1", "\n".join([head, old[1].format("new")]))
    gone = f"10.1.1.27,02:00:00:00:00:07,,0,{NOW},1,0,0,,0,,0"
    found = leases.read_kea(written(tmp_path, "csv", f"{head}\n{gone}\n"))
    assert {(item.address, item.hostname) for item in found} == {
        ("10.1.1.25", "old"),
        ("10.1.1.26", "new"),
    }
    written(tmp_path, "csv.completed", f"{head}\n{old[2].format('done')}\n")
    assert leases.read_kea(tmp_path / "csv") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", ":1: this is not a dnsmasq lease"),
        (f"{NOW} 02:00:00:00:00:02 10.1.1.300 a *", ":1: this is not a dnsmasq lease"),
    ],
)
def test_damaged_dnsmasq_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        leases.read_dnsmasq(written(tmp_path, "leases", text), NOW)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a,b\n1,2\n", ":1: this is not a Kea lease file"), (KEA + "x,y\n", ":8: ")],
)
def test_damaged_kea_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        leases.read_kea(written(tmp_path, "csv", text))


def test_leases_that_are_left_out_are_listed() -> None:
    """A lease outside the ranges, one at a fixed host's address, one without a client."""
    hosts = [
        {"name": "a", "fixed_address": "10.1.1.21", "hardware_ethernet": ["02:00:00:00:00:01"]},
        {"name": "b", "fixed_address": ["10.1.1.22"], "hardware_ethernet": []},
    ]
    given = [
        Lease("10.1.1.20", "active", NOW, LATER, NOW, "02:00:00:00:00:09", None, 'b"ad'),
        Lease("10.1.1.20", "active", NOW - 9, LATER, NOW - 9, "02:00:00:00:00:08"),
        Lease("10.1.1.21", "active", NOW, LATER, NOW, "02:00:00:00:00:01"),
        Lease("10.1.1.22", "active", NOW, LATER, NOW, "02:00:00:00:00:02", None, "lamp"),
        Lease("10.1.1.23", "active", NOW, LATER, NOW),
        Lease("10.1.1.24", "active", NOW, NOW, NOW, "02:00:00:00:00:04"),
        Lease("10.9.9.9", "active", NOW, LATER, NOW, "02:00:00:00:00:05"),
    ]
    placed = leases.place(given, leases.site_of({**SITE, "fixed_hosts": hosts}), NOW)
    assert placed.leases == (
        Lease("10.1.1.20", "active", NOW, LATER, NOW, "02:00:00:00:00:09", None, None),
    )
    assert placed.remarks == (
        "1 leases are kept, 1 had ended, 1 now belong to fixed hosts.",
        "10.1.1.22: leased to lamp, and a fixed host's by the inventory; its client gets another "
        "address.",
        "10.1.1.23: its lease names no client; left out.",
        "10.9.9.9: leased to 02:00:00:00:00:05, and in no range of the inventory; its client gets "
        "another address.",
    )


def imported(folder: Path, to: str) -> str:
    """Return the text that is printed for the leases of all three sources."""
    far = 2**31 - 10  # a lease that is over when the test runs would be none
    files = (
        ("--dnsmasq-leases", DNSMASQ.replace(str(LATER), str(far))),
        ("--kea-leases", KEA.replace(str(LATER), str(far))),
        ("--dhcpd-leases", DHCPD.replace("ends 1 2026/09/21 15", "ends 1 2036/09/21 15")),
    )
    arguments = [
        part for option, text in files for part in (option, str(written(folder, option[2:], text)))
    ]
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output):
        patch.setattr("sys.stdin", io.StringIO(json.dumps(SITE)))
        assert leases.main(["--to", to, *arguments, "--now", str(NOW)]) == 0
    return str(json.loads(output.getvalue())["leases"])


def test_leases_for_kea_are_rows_of_its_lease_file(tmp_path: Path) -> None:
    """Each in its subnet, with the client, its name and the time that is left."""
    rows = imported(tmp_path, "kea").encode().split(b"\n")
    assert rows[0] + b"\n" == kea.COLUMNS
    assert {row.split(b",")[5] for row in rows[1:-1]} == {b"%d" % kea.subnet_id("10.1.1.0/24")}
    found = {lease.address: lease for row in rows[1:-1] if (lease := kea.row(row))}
    assert sorted(found) == [f"10.1.1.{last}" for last in (20, 22, 23, 25, 26, 28)]
    assert (found["10.1.1.22"].hardware, found["10.1.1.22"].ends) == (
        "02:00:00:00:00:02",
        2**31 - 10,
    )
    assert found["10.1.1.23"].ends == NEVER
    assert found["10.1.1.25"].hostname == "mug.lan"
    assert (found["10.1.1.26"].state, found["10.1.1.26"].hardware) == ("abandoned", None)


@pytest.mark.skipif(not dhcpd_oracle.available(), reason="needs dhcpd, and a network namespace")
def test_dhcpd_keeps_the_imported_leases(tmp_path: Path) -> None:
    """The real dhcpd reads what is printed, and keeps each client at its address."""
    kept = dhcpd_oracle.kept_leases(tmp_path, imported(tmp_path, "dhcpd").encode())
    clients = {address: lease.hardware for address, lease in kept.items() if lease.hardware}
    assert clients == {
        "10.1.1.20": "02:00:00:00:00:01",
        "10.1.1.22": "02:00:00:00:00:02",
        "10.1.1.23": "02:00:00:00:00:03",
        "10.1.1.25": "02:00:00:00:00:05",
        "10.1.1.28": "02:00:00:00:00:08",
        **({"10.1.1.26": "02:00:00:00:00:06"} if "10.1.1.26" in clients else {}),
    }
    assert kept["10.1.1.25"].hostname == "mug.lan"
