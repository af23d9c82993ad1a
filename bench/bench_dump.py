"""How fast a lease file is read, next to others, and how fast 65,000 leases become zone data.

    python bench/bench_dump.py [--blocks 1000000] [--rounds 3]

On one and the same file, in the same run: `leasemerge dump`; dhcpd-pools (C, package dhcpd-pools),
which only counts the leases; isc-dhcp-leases (Python, requirements-bench.txt), which is run once.
What is missing of these it installs: dhcpd-pools with apt-get, isc-dhcp-leases into a virtual
environment that goes away with the run. What cannot be installed is left out, and that is said.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import functools
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "roles/lease_merge/files"
REQUIREMENTS = ROOT / "requirements-bench.txt"
sys.path.insert(0, str(PACKAGE))

from leasemerge.lease import Lease  # noqa: E402  # found where the line above says
from leasemerge.log import parse  # noqa: E402
from leasemerge.merge import Merge  # noqa: E402
from leasemerge.site import Site  # noqa: E402
from leasemerge.zone import Zone  # noqa: E402

BLOCKS_PER_ADDRESS = 3
BEGIN = 1_790_000_000
LIVE_LEASES = 65_000
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h

_OTHER = """
import sys
from isc_dhcp_leases import IscDhcpLeases
print(len(IscDhcpLeases(sys.argv[1]).get_current()))
"""


class Cost(NamedTuple):
    """What a run cost: wall time, processor time, and the most memory a process had at once."""

    seconds: float
    processor: float
    megabytes: float


def lease_file(path: Path, blocks: int) -> None:
    """Write a lease file as dhcpd does, each address some times, in random order."""
    chance = random.Random(1)
    order = list(range(blocks // BLOCKS_PER_ADDRESS))
    with path.open("wb") as file:
        file.write(b"# This lease file was written by isc-dhcp-4.4.3-P1\n\n")
        file.write(b"authoring-byte-order little-endian;\n\n")
        for turn in range(BLOCKS_PER_ADDRESS):
            chance.shuffle(order)
            file.writelines(_block(number, turn * 3600 + number % 3600) for number in order)


def _block(number: int, seconds: int) -> bytes:
    client = number.to_bytes(4, "big")
    address = f"10.{client[1]}.{client[2]}.{client[3]}"
    mac = bytes([2, 0]) + client
    starts, ends, tstp = (_date(BEGIN + seconds + more) for more in (0, 7200, 9000))
    return (
        f"lease {address} {{\n  starts {starts};\n  ends {ends};\n  tstp {tstp};\n"
        f"  cltt {starts};\n  binding state active;\n  next binding state expired;\n"
        f"  rewind binding state free;\n  hardware ethernet {mac.hex(':')};\n"
        f'  uid "{_uid(bytes([1]) + mac)}";\n  client-hostname "host-{number}";\n}}\n'
    ).encode()


def _uid(octets: bytes) -> str:
    """Return what `quotify_buf` in omapip/convert.c makes of a client identifier."""
    return "".join(
        f"\\{chr(octet)}"
        if octet in b'"\\'
        else chr(octet)
        if 32 <= octet < 127
        else f"\\{octet:03o}"
        for octet in octets
    )


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%w %Y/%m/%d %H:%M:%S")


def install(directory: Path) -> str:
    """Install the other readers; return the Python that has the one in Python."""
    if shutil.which("dhcpd-pools") is None:
        attempt(["apt-get", "install", "-qq", "--no-install-recommends", "dhcpd-pools"])
    python = str(directory / "bin/python")
    if attempt([sys.executable, "-m", "venv", str(directory)]):
        attempt([python, "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)])
    return python


def attempt(command: list[str]) -> bool:
    """Run a command; return whether it could be done, and say it if not."""
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"left out: {error}", file=sys.stderr)
        return False
    return True


def readers(leases: Path, config: Path, python: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the command of each reader that is here."""
    yield "leasemerge dump", [sys.executable, "-m", "leasemerge", "dump", "--leases", str(leases)]
    pools = shutil.which("dhcpd-pools")
    if pools:
        yield "dhcpd-pools", [pools, "-c", str(config), "-l", str(leases)]
    if shutil.which(python) and has_other(python):
        yield "isc-dhcp-leases", [python, "-c", _OTHER, str(leases)]


@functools.cache
def has_other(python: str) -> bool:
    """Return whether isc-dhcp-leases is here."""
    found = subprocess.run(
        [python, "-c", "import isc_dhcp_leases"], capture_output=True, check=False
    )
    return found.returncode == 0


def measure(command: list[str]) -> Cost:
    """Run a command to its end."""
    # As on a server, where the command is deaf to what Python is told from outside.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = {**plain, "PYTHONPATH": str(PACKAGE)}
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    usages = [usage, *left_over()]
    processor = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return Cost(seconds, processor, max(usage.ru_maxrss for usage in usages) / 1024)


def left_over() -> Iterator[resource.struct_rusage]:
    """Yield what each process cost that a command began and did not wait for."""
    with contextlib.suppress(ChildProcessError):
        while True:
            yield os.wait4(-1, 0)[2]


def bench_dump(blocks: int, rounds: int, directory: Path) -> None:
    """Print what each reader costs, and the ratio to ours."""
    leases, config = directory / "dhcpd.leases", directory / "dhcpd.conf"
    python = install(directory / "venv")
    lease_file(leases, blocks)
    config.write_text("subnet 10.0.0.0 netmask 255.0.0.0 { range 10.0.0.0 10.255.255.255; }\n")
    size = leases.stat().st_size / 1e6
    print(f"{blocks} blocks, {blocks // BLOCKS_PER_ADDRESS} addresses, {size:.0f} MB\n")
    costs: dict[str, list[Cost]] = {}
    for turn in range(rounds):
        for name, command in readers(leases, config, python):
            # It takes minutes and gigabytes: once is enough.
            if turn == 0 or name != "isc-dhcp-leases":
                costs.setdefault(name, []).append(measure(command))
    print(f"{'':20}{'median s':>10}{'best s':>10}{'CPU s':>10}{'peak MB':>10}{'ratio':>8}")
    ours = statistics.median(cost.seconds for cost in costs["leasemerge dump"])
    for name, runs in costs.items():
        seconds = [cost.seconds for cost in runs]
        median, most = statistics.median(seconds), max(cost.megabytes for cost in runs)
        processor = statistics.median(cost.processor for cost in runs)
        print(
            f"{name:20}{median:10.2f}{min(seconds):10.2f}{processor:10.2f}{most:10.0f}"
            f"{median / ours:8.2f}"
        )


def bench_merge() -> None:
    """Print what the merge and the zone data of many live leases of two servers cost."""
    data: dict[str, Any] = {
        "domain": "office.internal",
        "reverse_zones": ["10.in-addr.arpa"],
        "name_servers": [{"name": "ns1", "address": "10.1.1.3"}],
        "fixed_hosts": [],
        "subnets": [{"network": "10.0.0.0/8", "ranges": [["10.0.0.1", "10.255.255.254"]]}],
        "servers": ["draco", "taurus"],
        "reserved_names": ["wpad"],
        "fixed_ttl": 3600,
        "lease_ttl": 60,
        "negative_ttl": 5,
    }
    site = Site.from_dict(data)
    text = b"".join(_block(number, 0) for number in range(1, LIVE_LEASES + 1))
    now = BEGIN + 100
    merge, zone = Merge(site), Zone(site)

    def whole() -> None:
        for server in site.servers:
            merge.update(server, parse(text).leases.values())
        zone.update({name.key: (name,) for name in merge.names(now).names})

    def one(hostname: str) -> None:
        mac = "02:00:00:00:00:01"
        lease = Lease("10.0.0.1", "active", now, now + 7200, now, mac, None, hostname)
        merge.update("draco", [lease])
        zone.update(merge.changes(now))

    print(f"\n{LIVE_LEASES} live leases at each of two servers")
    for what, work in (
        ("read, merge, zone data", whole),
        # The first call of changes() still tells everything.
        ("a first changed lease", lambda: one("new")),
        ("one changed lease", lambda: one("newer")),
        ("zone data as bytes", zone.render),
    ):
        print(f"{what:26}{_seconds(work) * 1000:10.2f} ms")


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> int:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--blocks", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    # What a command does not wait for becomes a child of this process, which counts it too.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    with tempfile.TemporaryDirectory() as directory:
        bench_dump(options.blocks, options.rounds, Path(directory))
    bench_merge()
    return 0


if __name__ == "__main__":
    sys.exit(main())
