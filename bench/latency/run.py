"""From a client's DHCPACK to its name's answer at each server, with a given number of live leases.

Prints a table: median, 95th and 99th percentile and worst, in milliseconds, for leasemerge with
tinydns, with dhcpd and with Kea, for a pair of BIND servers that dhcpd updates, and for dnsmasq.
Needs root (network namespaces of its own), dhcpd, Kea, tinydns, sshd, named and dnsmasq.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from . import arms
from .client import Client, seen
from .net import ADDRESSES, Net

ARMS: dict[str, Callable[[Net, int], arms.Arm]] = {
    "ours": arms.ours,
    # Other content of the zone must not cost a new name anything.
    "records": partial(arms.ours, records=10_000),
    "kea": partial(arms.ours, dhcp="kea"),
    "bind": arms.bind,
    "dnsmasq": arms.dnsmasq,
}
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
NEEDS = {
    "ours": ("dhcpd", "tinydns", "sshd"),
    "records": ("dhcpd", "tinydns", "sshd"),
    "kea": ("kea-dhcp4", "openssl", "tinydns", "sshd"),
    "bind": ("dhcpd", "named"),
    "dnsmasq": ("dnsmasq",),
}


def main() -> None:
    """Run every arm with every number of leases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leases", type=int, nargs="+", default=[150, 5000, 65000])
    parser.add_argument("--clients", type=int, default=300, help="new clients for each row")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--keep", action="store_true", help="leave the logs for a look")
    options = parser.parse_args()
    for name in list(options.arms):
        missing = [program for program in NEEDS[name] if not shutil.which(program, path=PATH)]
        if missing:
            print(f"{name} is left out: {', '.join(missing)} is not installed")
            options.arms.remove(name)
    columns = "".join(f" {title:>8}" for title in ("median", "p95", "p99", "worst"))
    print(f"{'leases':>7}  {'name service':24} {'server':9}{columns}", flush=True)
    for count in options.leases:
        for name in options.arms:
            # A child for each: it enters the client's network namespace and cannot leave it.
            if (child := os.fork()) == 0:
                _row(name, count, options.clients, options.keep)
                return
            os.waitpid(child, 0)


def _row(name: str, count: int, clients: int, keep: bool) -> None:
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    directory.chmod(0o755)
    net = Net(directory)
    try:
        with net.up():
            _measure(ARMS[name](net, count), count, clients)
    except TimeoutError as error:
        print(f"{count:7}  {name}: {error}", flush=True)
    finally:
        if not keep:
            shutil.rmtree(directory)


def _measure(arm: arms.Arm, count: int, clients: int) -> None:
    client = Client(ADDRESSES["client"][0], arm.dhcp)
    delays: list[list[float]] = [[] for _ in arm.dns]
    # By then the work after a start is done, such as leasemerge's first history of many leases.
    time.sleep(5)
    for number in range(clients):
        hostname = f"new{number}"
        address, acked = client.lease(bytes([2, 2]) + number.to_bytes(4, "big"), hostname)
        times = seen(arm.dns, f"{hostname}.{arms.DOMAIN}", address)
        for series, when in zip(delays, times, strict=True):
            series.append(max(0.0, when - acked) * 1000)
        # As in a network, not a queue: every client finds the servers idle.
        time.sleep(0.02 + 0.05 * (number % 7) / 7)
    for server, series in zip(("its own", "the other"), delays, strict=False):
        hundredths = statistics.quantiles(series, n=100)
        figures = (statistics.median(series), hundredths[94], hundredths[98], max(series))
        columns = "".join(f" {figure:8.2f}" for figure in figures)
        print(f"{count:7}  {arm.title:24} {server:9}{columns}", flush=True)
