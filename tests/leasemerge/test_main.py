"""The command line's contract (docs/design.md): output, exit status, and what goes where."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any, BinaryIO

import pytest

ROOT = Path(__file__).parents[2]
OFFICE = ROOT / "tests/golden/input/office"
EXPECTED = (ROOT / "tests/golden/expected/office.data").read_bytes()
NOW = (OFFICE / "now").read_text().strip()
PAIR = [f"draco={OFFICE}/draco.leases", f"taurus={OFFICE}/taurus.leases"]


def run(
    *arguments: str | Path, output: int | BinaryIO = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run leasemerge as a server does."""
    return subprocess.run(
        [sys.executable, "-m", "leasemerge", *arguments],
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "roles/lease_merge/files"), **environment},
    )


def render(*leases: str, site: Path = OFFICE / "site.json", now: str = NOW) -> Any:
    """Run `leasemerge render`."""
    options = [option for text in leases for option in ("--leases", text)]
    return run("render", "--site", site, *options, "--now", now)


def test_render_prints_the_zone_data() -> None:
    """The golden pair, where each has something that the other has not."""
    done = render(*PAIR)
    assert (done.returncode, done.stdout) == (0, EXPECTED)


def test_render_prints_the_zone_data_of_three_domains() -> None:
    """Clients of one name in each of them, a roaming host, records, and names that leases want."""
    folder = ROOT / "tests/golden/input/three-domains"
    pair = [f"{server}={folder}/{server}.leases" for server in ("draco", "taurus")]
    done = render(*pair, site=folder / "site.json", now=(folder / "now").read_text().strip())
    expected = (ROOT / "tests/golden/expected/three-domains.data").read_bytes()
    assert (done.returncode, done.stdout) == (0, expected)


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns", "Pacific/Kiritimati", "Asia/Tehran"])
def test_rule_9_in_any_time_zone(zone: str) -> None:
    """On either server the same bytes."""
    options = [option for text in PAIR for option in ("--leases", text)]
    done = run("render", "--site", OFFICE / "site.json", *options, "--now", NOW, TZ=zone)
    assert done.stdout == EXPECTED


def test_rule_9_in_any_order_of_the_feeds() -> None:
    """Named, unnamed, and the same server twice."""
    copy = f"taurus={OFFICE}/draco.leases"
    unnamed = [str(OFFICE / "draco.leases"), str(OFFICE / "taurus.leases")]
    assert render(*reversed(PAIR)).stdout == EXPECTED
    assert len({render(*order).stdout for order in permutations([*PAIR, copy])}) == 1
    assert len({render(*order).stdout for order in permutations(unnamed)}) == 1


def test_render_takes_the_clock_without_now() -> None:
    """Long after: only what never ends is left of the leases."""
    done = run("render", "--site", OFFICE / "site.json", "--leases", PAIR[0], "--now", str(2**31))
    assert b"forever-and-a-day" in done.stdout
    assert b"my-laptop" not in done.stdout
    clock = run("render", "--site", OFFICE / "site.json", "--leases", PAIR[0])
    assert clock.returncode == 0
    assert b"forever-and-a-day" in clock.stdout


def test_a_path_may_have_an_equals_sign(tmp_path: Path) -> None:
    """A server's name has no slash, so what has one before the sign is a path."""
    folder = tmp_path / "a=b"
    folder.mkdir()
    shutil.copy(OFFICE / "draco.leases", folder)
    plain, irregular = render(PAIR[0]), render(str(folder / "draco.leases"))
    assert (irregular.returncode, irregular.stdout) == (0, plain.stdout)


def test_a_site_with_faults(tmp_path: Path) -> None:
    """Exit 2, every fault on a line of its own, and no zone data."""
    site = json.loads((OFFICE / "site.json").read_text())
    site["lease_ttl"] = 0
    site["fixed_hosts"][0]["fixed_address"] = "10.1.1.999"
    (tmp_path / "site.json").write_text(json.dumps(site))
    done = render(*PAIR, site=tmp_path / "site.json")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        "Site: lease_ttl is 0; write a whole number of seconds from 1 to 2147483647.",
        "Host draco: the address 10.1.1.999 is not an IPv4 address; "
        "write four numbers from 0 to 255.",
    ]


def test_a_fault_names_the_keys_of_the_file(tmp_path: Path) -> None:
    """A site.json that nobody deployed has no variables of Ansible."""
    site = json.loads((OFFICE / "site.json").read_text())
    site["records"] = ["www.example.com. A 192.0.2.1", "wpad A 192.0.2.1"]
    (tmp_path / "site.json").write_text(json.dumps(site))
    done = render(*PAIR, site=tmp_path / "site.json")
    assert done.stderr.decode().splitlines() == [
        "Record www.example.com. A 192.0.2.1: www.example.com lies in none of the zones; "
        "add its zone to zones, or leave out the dot at the end of its name.",
        "Record wpad A 192.0.2.1: wpad.office.internal is a reserved name; "
        "choose another, or remove it from reserved_names.",
    ]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"domain": "\\ud800"}', "\xff\xfe"])
def test_a_site_that_is_not_json(tmp_path: Path, text: str) -> None:
    """It is a site with a fault, and never a traceback."""
    (tmp_path / "site.json").write_bytes(text.encode("latin-1"))
    done = render(*PAIR, site=tmp_path / "site.json")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"Site: ")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Exit 1 and one line that names it."""
    missing = tmp_path / "missing"
    for done in (
        render(f"draco={missing}"),
        render(PAIR[0], f"taurus={missing}"),
        render(*PAIR, site=missing),
        run("dump", "--leases", missing),
    ):
        assert (done.returncode, done.stdout) == (1, b"")
        assert done.stderr.decode() == f"leasemerge: {missing}: No such file or directory\n"
    assert run("dump", "--leases", tmp_path).returncode == 1


def test_dump_prints_the_last_block_of_each_address() -> None:
    """JSON lines in address order, with `never` and null."""
    done = run("dump", "--leases", OFFICE / "draco.leases")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [row["address"] for row in rows] == [
        *[f"10.1.1.{number}" for number in range(100, 108)],
        "10.1.2.100",
    ]
    assert rows[0] == {
        "address": "10.1.1.100",
        "state": "active",
        "starts": 1795426800,
        "ends": 1795430400,
        "cltt": 1795424400,
        "hardware": "02:00:5e:10:01:00",
        "uid": "01:02:00:5e:10:01:00",
        "hostname": "oldname",
    }
    assert (rows[-1]["ends"], rows[-1]["uid"]) == ("never", None)


def test_garbage_is_reported_and_never_fatal(tmp_path: Path) -> None:
    """A warning with the line; the complete blocks around it count."""
    whole = (OFFICE / "taurus.leases").read_bytes()
    damaged = whole.replace(b'  client-hostname "newname";\n}\n', b'  client-hostname "newname";\n')
    assert damaged != whole
    (tmp_path / "leases").write_bytes(damaged)
    done = run("dump", "--leases", tmp_path / "leases")
    assert done.returncode == 0
    assert f"leasemerge: {tmp_path}/leases:".encode() in done.stderr
    rows = [json.loads(line)["address"] for line in done.stdout.splitlines()]
    assert rows == ["10.1.1.101", "10.1.1.106", "10.1.1.150", "10.1.1.151"]


def test_who_reads_may_stop(tmp_path: Path) -> None:
    """`leasemerge dump | head` is no error to shout about."""
    blocks = (
        b"lease 10.1.%d.%d {\n  binding state free;\n}\n" % divmod(number, 250)
        for number in range(20_000)
    )
    (tmp_path / "leases").write_bytes(b"".join(blocks))
    dump = subprocess.Popen(
        [sys.executable, "-m", "leasemerge", "dump", "--leases", tmp_path / "leases"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "roles/lease_merge/files")},
    )
    assert dump.stdout is not None
    assert dump.stderr is not None
    assert dump.stdout.readline().startswith(b'{"address": "10.1.0.0"')
    dump.stdout.close()
    assert dump.stderr.read() == b""
    assert dump.wait() == 0


@pytest.mark.parametrize("command", ["dump", "render"])
def test_output_that_cannot_be_written_is_reported(command: str) -> None:
    """A full disk is a sentence and an error, whether it is met while writing or at the end."""
    site: list[str | Path] = ["--site", OFFICE / "site.json"] if command == "render" else []
    with Path("/dev/full").open("wb") as full:
        done = run(command, *site, "--leases", OFFICE / "draco.leases", output=full)
    assert done.returncode == 1
    assert done.stderr == b"leasemerge: standard output: No space left on device\n"
