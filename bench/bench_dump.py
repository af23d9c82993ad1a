"""How fast a lease file is read, compared with others, and how fast 65,000 leases become zone data.

    python bench/bench_dump.py [--blocks 1000000] [--rounds 3]

On the same file, in the same run: `leasemerge dump`; `dhcpd -T` (C), which reads the file and
rewrites it; dhcpd-pools (C), which only counts the leases; isc-dhcp-leases (Python,
requirements-bench.txt), which is run once. Then the same for blocks with `set` and `option` lines.
Any of these that are missing are installed: dhcpd and dhcpd-pools with apt-get, isc-dhcp-leases in
a virtual environment that is removed at the end. What cannot be installed is left out and listed.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
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

from leasemerge.lease import Lease  # noqa: E402  # found through the line above
from leasemerge.log import parse  # noqa: E402
from leasemerge.merge import Merge  # noqa: E402
from leasemerge.site import Site  # noqa: E402
from leasemerge.zone import Zone  # noqa: E402

BLOCKS_PER_ADDRESS = 3
BEGIN = 1_790_000_000
LIVE_LEASES = 65_000

# Between the client identifier and the hostname, where dhcpd writes them.
_VARIABLES = r"""  set vendor-class-identifier = "MSFT 5.0";
  set ddns-fwd-name = "host.office.internal";
  option agent.circuit-id "\000\004\000\001";
"""

_OTHER = """
import sys
from isc_dhcp_leases import IscDhcpLeases
print(len(IscDhcpLeases(sys.argv[1]).get_current()))
"""


class Cost(NamedTuple):
    """What a run cost: wall time, processor time, and the peak memory of a process."""

    seconds: float
    processor: float
    megabytes: float


def lease_file(path: Path, blocks: int, variables: str = "") -> None:
    """Write a lease file as dhcpd does, each address several times, in random order."""
    chance = random.Random(1)
    order = list(range(blocks // BLOCKS_PER_ADDRESS))
    with path.open("wb") as file:
        file.write(b"# This lease file was written by isc-dhcp-4.4.3-P1\n\n")
        file.write(b"authoring-byte-order little-endian;\n\n")
        for turn in range(BLOCKS_PER_ADDRESS):
            chance.shuffle(order)
            file.writelines(
                _block(number, turn * 3600 + number % 3600, variables) for number in order
            )


def _block(number: int, seconds: int, variables: str = "") -> bytes:
    client = number.to_bytes(4, "big")
    address = f"10.{client[1]}.{client[2]}.{client[3]}"
    mac = bytes([2, 0]) + client
    starts, ends, tstp = (_date(BEGIN + seconds + more) for more in (0, 7200, 9000))
    return (
        f"lease {address} {{\n  starts {starts};\n  ends {ends};\n  tstp {tstp};\n"
        f"  cltt {starts};\n  binding state active;\n  next binding state expired;\n"
        f"  rewind binding state free;\n  hardware ethernet {mac.hex(':')};\n"
        f'  uid "{_uid(bytes([1]) + mac)}";\n{variables}  client-hostname "host-{number}";\n}}\n'
    ).encode()


def _uid(octets: bytes) -> str:
    """Return a client identifier as `quotify_buf` in omapip/convert.c writes it."""
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


def config_file(path: Path, addresses: int) -> None:
    """Write a dhcpd.conf that has each address in the pool of its /24."""
    networks = (f"10.{number >> 8}.{number & 255}" for number in range((addresses + 255) // 256))
    path.write_text(
        "".join(
            f"subnet {net}.0 netmask 255.255.255.0 {{ range {net}.0 {net}.255; }}\n"
            for net in networks
        )
    )


def install(directory: Path) -> str:
    """Install the other readers; return the Python that has the one in Python."""
    for command, package in (("dhcpd", "isc-dhcp-server"), ("dhcpd-pools", "dhcpd-pools")):
        if which(command) is None:
            attempt(["apt-get", "install", "-qq", "--no-install-recommends", package])
    python = str(directory / "bin/python")
    if attempt([sys.executable, "-m", "venv", str(directory)]):
        attempt([python, "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)])
    return python


def which(command: str) -> str | None:
    """Return the path of a command, even one for root."""
    return shutil.which(command, path=f"{os.environ['PATH']}:/usr/sbin")


def attempt(command: list[str]) -> bool:
    """Run a command; return whether it succeeded, and print why not."""
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"left out: {error}", file=sys.stderr)
        return False
    return True


def readers(leases: Path, config: Path, python: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the command of each reader that is installed."""
    yield "leasemerge dump", [sys.executable, "-m", "leasemerge", "dump", "--leases", str(leases)]
    dhcpd = which("dhcpd")
    if dhcpd:
        yield "dhcpd -T", [dhcpd, "-T", "-4", "-q", "-cf", str(config), "-lf", str(leases)]
    pools = which("dhcpd-pools")
    if pools:
        yield "dhcpd-pools", [pools, "-c", str(config), "-l", str(leases)]
    if shutil.which(python) and has_other(python):
        yield "isc-dhcp-leases", [python, "-c", _OTHER, str(leases)]


@functools.cache
def has_other(python: str) -> bool:
    """Return whether isc-dhcp-leases is installed."""
    found = subprocess.run(
        [python, "-c", "import isc_dhcp_leases"], capture_output=True, check=False
    )
    return found.returncode == 0


def measure(command: list[str]) -> Cost:
    """Run a command to its end."""
    # As on a server, where the command ignores Python's environment variables.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = {**plain, "PYTHONPATH": str(PACKAGE)}
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def bench_dump(blocks: int, rounds: int, directory: Path, python: str, variables: str) -> None:
    """Print the cost of each reader, and its ratio to ours."""
    leases, config = directory / "dhcpd.leases", directory / "dhcpd.conf"
    lease_file(leases, blocks, variables)
    config_file(config, blocks // BLOCKS_PER_ADDRESS)
    size, what = leases.stat().st_size / 1e6, "with `set` and `option`" if variables else "plain"
    addresses = blocks // BLOCKS_PER_ADDRESS
    print(f"\n{blocks} blocks ({what}), {addresses} addresses, {size:.0f} MB\n")
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
    """Print the cost of the merge and the zone data for many live leases of two servers."""
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
        # The first call of changes() still returns everything.
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
    with tempfile.TemporaryDirectory() as directory:
        python = install(Path(directory) / "venv")
        for variables in ("", _VARIABLES):
            bench_dump(options.blocks, options.rounds, Path(directory), python, variables)
    bench_merge()
    return 0


if __name__ == "__main__":
    sys.exit(main())
