"""One server: its lease file in, what tinydns answers out.

dhcpd.leases --> leasemerge serve --> data.cdb --> tinydns-get
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from tests.support.rig import Rig, lease
from tests.support.waiting import eventually

Make = Callable[..., Rig]


def test_1_a_lease_gets_its_name_and_loses_it_when_released(rig: Make) -> None:
    """The log is followed as it grows."""
    draco = rig()
    draco.start()
    eventually("fixed hosts are served", lambda: draco.address("www") == "10.1.1.15")
    draco.write(lease(100, "laptop"))
    eventually("the lease has its name", lambda: draco.address("laptop") == "10.1.1.100")
    draco.write(lease(100, "laptop", state="released"))
    eventually("the released lease's name is gone", lambda: draco.address("laptop") is None)


def test_2_a_block_counts_when_it_is_complete(rig: Make) -> None:
    """Half a block is nothing yet, and the other half completes it."""
    draco = rig()
    draco.start()
    block = lease(100, "laptop").render()
    with draco.leases.open("ab", buffering=0) as file:
        file.write(block[:60])
        eventually("half a block is read", lambda: draco.status()["feeds"][0]["last_seen"])
        assert draco.status()["leases"] == 0
        file.write(block[60:])
    eventually("the block is taken", lambda: draco.address("laptop") == "10.1.1.100")
    assert draco.status()["feeds"][0]["damage"] == 0


def test_3_the_hourly_rewrite_loses_nothing(rig: Make) -> None:
    """What was written before, and what is written after, both count."""
    draco = rig()
    draco.start()
    first, second, third = lease(100), lease(101), lease(102)
    draco.write(first)
    eventually("the first name is there", lambda: draco.address("host100"))
    draco.rewrite(first, second)
    draco.write(third)
    eventually("the second name is there", lambda: draco.address("host101"))
    eventually("the third name is there", lambda: draco.address("host102"))
    assert draco.address("host100") == "10.1.1.100"


def test_4_truncation_and_absence_lose_no_live_name(rig: Make) -> None:
    """A lease file that is lost keeps its last known blocks, also across a restart (rule 10)."""
    draco = rig()
    draco.write(lease(100), lease(101, seconds=4))
    draco.start()
    eventually("the names are there", lambda: draco.address("host101"))
    draco.leases.unlink()
    draco.kill()
    draco.start()
    eventually("the file is missed", lambda: draco.status()["feeds"][0]["state"] == "absent")
    assert draco.address("host100") == "10.1.1.100"
    draco.leases.write_bytes(b"")
    draco.write(lease(102))
    eventually("a new file is read", lambda: draco.address("host102"))
    assert draco.address("host100") == "10.1.1.100"
    eventually("what ended is gone", lambda: draco.address("host101") is None)
    # dhcpd learns the lease again from its partner, which does not have the hostname.
    draco.write(lease(100, cltt=None, hostname=None))
    draco.write(lease(103))
    eventually("the file is read on", lambda: draco.address("host103"))
    assert draco.address("host100") == "10.1.1.100"


def test_5_a_name_ends_to_the_second(rig: Make) -> None:
    """Nothing needs to happen for a lease to expire."""
    draco = rig()
    draco.start()
    short = lease(100, seconds=3)
    draco.write(short)
    eventually("the name is there", lambda: draco.address("host100"))
    eventually("the name is gone", lambda: draco.address("host100") is None)
    assert short.ends is not None
    assert 0 <= time.time() - short.ends < 1, "The name did not end in the second the lease did."


def test_6_nothing_is_published_that_is_no_news(rig: Make) -> None:
    """A renewal changes no name, and data keeps its time: it is the serial of the zones."""
    draco = rig()
    draco.write(lease(100))
    draco.start()
    eventually("the name is there", lambda: draco.serves("host100"))
    eventually("all is compiled", lambda: (draco.data / "data").exists())
    before = (draco.data / "data").stat()
    publishes = draco.status()["publish"]["publishes"]
    for seconds in range(4000, 4020):
        draco.write(lease(100, seconds=seconds))
    renewed = lease(100, seconds=9000)
    draco.write(renewed)
    eventually("the renewal is read", lambda: renewed.render() in _state(draco))
    assert draco.status()["publish"]["publishes"] == publishes
    draco.kill()
    draco.start()
    eventually("it is built again", lambda: draco.status()["publish"]["builds"] == 1)
    after = (draco.data / "data").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_7_a_burst_costs_few_builds(rig: Make) -> None:
    """Every name of a burst is there, and most share a build."""
    draco = rig()
    draco.start()
    eventually("it is ready", lambda: draco.address("www"))
    for number in range(100, 200):
        draco.write(lease(number))
    names = [f"host{number}" for number in range(100, 200)]
    eventually("all are there", lambda: draco.serves(*names))
    eventually("all are compiled", lambda: b"host199" in (draco.data / "data").read_bytes())
    assert draco.status()["publish"]["builds"] <= 4


def test_8_a_failed_build_leaves_what_is_served(rig: Make) -> None:
    """The old zone data stays, the fault is reported, and the next build fixes it."""
    draco = rig()
    draco.write(lease(100))
    draco.start()
    eventually("the name is there", lambda: draco.address("host100"))
    # Directories where the files are to be written.
    obstacles = [draco.data / ".build" / name for name in ("next.cdb", "data.tmp")]
    for obstacle in obstacles:
        obstacle.mkdir()
    draco.write(lease(101))
    eventually("both ways have failed", lambda: draco.status()["publish"]["failures"] >= 2)
    assert draco.names("host100", "host101") == {"host100": "10.1.1.100", "host101": None}
    assert draco.status()["errors"]
    for obstacle in obstacles:
        obstacle.rmdir()
    eventually("the next build is good", lambda: draco.address("host101"))
    assert not draco.status()["errors"]


def test_9_killed_at_any_instant_it_loses_nothing(rig: Make) -> None:
    """After each SIGKILL everything that was written is served, and no build is left half done."""
    draco = rig()
    for turn in range(12):
        draco.start(wait=turn % 3 == 0)
        for number in range(100 + turn * 5, 105 + turn * 5):
            draco.write(lease(number))
            time.sleep(0.003 * turn)
        draco.kill()
    draco.start()
    names = [f"host{number}" for number in range(100, 160)]
    eventually("every name is there", lambda: all(draco.names(*names).values()))


def test_10_only_one_service_publishes(rig: Make) -> None:
    """A second one, started by mistake, gives up and prints why."""
    draco = rig()
    draco.start()
    other = Rig(draco.directory)
    other.start(wait=False)
    assert other.process is not None
    assert other.process.wait(20) == 1
    assert "another process" in (draco.directory / "stderr").read_text()
    assert draco.answers()


def test_11_the_site_is_read_again(rig: Make) -> None:
    """As soon as it is written; a faulty one is reported and the old one stays."""
    draco = rig()
    draco.write(lease(100))
    draco.start()
    eventually("the name is there", lambda: draco.address("host100"))
    host = {"name": "printer", "fixed_address": "10.1.1.16"}
    draco.site["fixed_hosts"] = [*draco.site["fixed_hosts"], host]
    path = draco.directory / "site.json"
    beside = path.with_name("site.json.new")
    beside.write_text(json.dumps(draco.site))
    beside.replace(path)
    eventually("the new host is there", lambda: draco.address("printer") == "10.1.1.16")
    path.write_text(json.dumps({**draco.site, "domain": ""}))
    eventually("the fault is reported", lambda: draco.status()["errors"])
    assert draco.names("printer", "host100") == {"printer": "10.1.1.16", "host100": "10.1.1.100"}
    path.write_text(json.dumps(draco.site))
    eventually("the fault is fixed", lambda: not draco.status()["errors"])


def test_12_what_it_reports_of_itself(rig: Make) -> None:
    """The table, the metrics and the reasons of what is not published."""
    draco = rig()
    draco.write(lease(100, "same", starts=5), lease(101, "same"), lease(102, "WPAD"))
    with draco.leases.open("ab") as file:
        file.write(b"lease 10.1.1.103 {\n  binding state sideways;\n}\n")
        file.write(b'failover peer "pair" state {\n  my state normal at 1 2026/11/23 00:00:00;\n')
        file.write(b"  partner state communications-interrupted at 1 2026/11/23 00:00:00;\n}\n")
    draco.start()
    eventually("all is read", lambda: draco.status()["leases"] == 3)
    report = draco.status()
    assert (report["conflicts"], report["refused"]) == (1, 1)
    assert report["failover"] == {"pair": ["normal", "communications-interrupted"]}
    assert report["feeds"][0]["damage"] == 1
    assert {loser["address"] for loser in report["losers"]} == {"10.1.1.100", "10.1.1.102"}
    table = draco.command("status").stdout
    assert "failover pair: this server normal, partner communications-interrupted" in table
    assert "'WPAD'" in table
    metrics = draco.directory / "leasemerge.prom"
    eventually("metrics are written", lambda: "live_leases 3\n" in metrics.read_text())
    assert 'leasemerge_failover_normal{peer="pair"} 0\n' in metrics.read_text()


def test_13_systemd_is_notified(rig: Make) -> None:
    """READY when the zone data is in place, and a sign of life every second."""
    draco = rig()
    path = draco.directory / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(15)
        draco.start(NOTIFY_SOCKET=str(path))
        sent: set[bytes] = set()
        while {b"READY=1", b"WATCHDOG=1"} - sent:
            sent.add(listener.recv(100))
            assert b"READY=1" not in sent or draco.address("www")


def test_14_a_clock_that_is_set_loses_nothing(rig: Make) -> None:
    """Forward by two hours by mistake, back again, and back by a day."""
    draco = rig()
    offset = draco.directory / "offset"
    offset.write_text("0")
    code = (
        "import sys, time; from pathlib import Path; from leasemerge.__main__ import main\n"
        f"real, offset = time.time, Path({str(offset)!r})\n"
        "time.time = lambda: real() + float(offset.read_text() or 0)\n"
        "sys.exit(main())"
    )
    draco.program = (sys.executable, "-c", code)
    draco.write(lease(100), lease(101, seconds=100000))
    draco.start()
    eventually("the names are there", lambda: draco.serves("host100", "host101"))
    offset.write_text("7200")
    eventually("one has ended", lambda: not draco.serves("host100"))
    offset.write_text("0")
    eventually("it is live again", lambda: draco.serves("host100", "host101"))
    offset.write_text("-86400")
    draco.write(lease(102))
    eventually("it goes on", lambda: draco.serves("host100", "host101", "host102"))


def _state(rig: Rig) -> bytes:
    return (rig.state / f"{rig.server}.leases").read_bytes()


def test_15_zone_data_that_somebody_took_away_or_changed_is_put_back(rig: Make) -> None:
    """Deleted, or compiled by hand out of something else, as an operator may do by mistake."""
    draco = rig()
    draco.write(lease(100))
    draco.start()
    eventually("the name is there", lambda: draco.serves("host100"))
    served = draco.data / "data.cdb"
    served.unlink()
    eventually("it is back", lambda: draco.serves("host100"))
    (draco.data / "data").write_text("+other.office.internal:10.1.1.9\n")
    subprocess.run(["tinydns-data"], cwd=draco.data, check=True)
    eventually("the name is back", lambda: draco.serves("host100"))
    # The text follows when the names have been quiet for a moment.
    eventually("so is the text", lambda: b"host100" in (draco.data / "data").read_bytes())
    draco.write(lease(101))
    eventually("it goes on", lambda: draco.serves("host100", "host101"))


def test_16_a_lease_file_that_cannot_be_read_is_reported(rig: Make) -> None:
    """In the journal too, once; what is served stays, and is followed on when it is readable."""
    draco = rig()
    draco.start()
    draco.write(lease(121, "known"))
    eventually("it is known", lambda: draco.serves("known"))
    draco.kill()
    held = draco.leases.rename(draco.directory / "held")
    draco.leases.mkdir()
    draco.start()
    time.sleep(2.5)
    assert draco.serves("known")
    errors = (draco.directory / "stderr").read_text()
    assert errors.count(f"{draco.leases}: Is a directory: what is served stays as it is") == 1
    draco.leases.rmdir()
    held.rename(draco.leases)
    draco.write(lease(122, "newer"))
    eventually("it is read", lambda: draco.serves("known", "newer"))
