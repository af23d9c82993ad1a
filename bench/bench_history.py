"""The cost of the history: writing, disk, start and queries, compared with grep in dhcpd's log.

A network of 1,000 clients for thirty days: each keeps its address for three days on average and
renews it every half hour. dhcpd's log has two lines for each renewal, the history none.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "roles/lease_merge/files"))

from leasemerge.history import History
from leasemerge.history_query import find, periods
from leasemerge.names import Holder

CLIENTS = 1000
DAYS = 30
BEGUN = 1_790_000_000
ROUND = 1800


def main() -> None:
    """Write both logs for the same network, and query each for where a client was."""
    with tempfile.TemporaryDirectory() as directory:
        _measure(Path(directory))


def _measure(directory: Path) -> None:
    chance = random.Random(17)
    history = History(directory / "history", DAYS + 1, 1 << 30)
    holders: dict[str, Holder] = {}
    seconds, changes, renewals = 0.0, 0, 0
    with (directory / "dhcpd.log").open("w") as log:
        for now in range(BEGUN, BEGUN + DAYS * 86400, ROUND):
            moved = []
            for number in range(CLIENTS):
                address = f"10.1.{number // 250}.{number % 250}"
                if address not in holders or chance.random() < ROUND / (3 * 86400):
                    mac = f"02:00:{chance.randrange(1 << 32):08x}"
                    mac = ":".join(mac.replace(":", "")[i : i + 2] for i in range(0, 12, 2))
                    name = f"client-{chance.randrange(1 << 20)}"
                    holders[address] = Holder(mac, name, name, "draco", now, now + 3600)
                    moved.append(address)
                holder = holders[address]
                stamp = time.strftime("%b %d %H:%M:%S", time.gmtime(now))
                for verb in ("DHCPREQUEST for", "DHCPACK on"):
                    log.write(
                        f"{stamp} draco dhcpd[812]: {verb} {address} to {holder.hardware} "
                        f"({holder.name}) via eth0\n"
                    )
            renewals += CLIENTS - len(moved)
            changes += len(moved)
            begun = time.process_time()
            history.note(holders)
            while history.runnable:
                history.step(now, holders.get)
            history.tick(now)
            seconds += time.process_time() - begun
    size = history.status().size
    print(f"{changes} changes and {renewals} renewals of {CLIENTS} clients in {DAYS} days")
    print(f"processor: {seconds / (changes + renewals) * 1e6:8.1f} microseconds for each of both")
    print(f"on disk:   {size / 1e6:8.2f} MB, {size / changes:.0f} bytes for each change")
    print(f"dhcpd.log: {(directory / 'dhcpd.log').stat().st_size / 1e6:8.2f} MB")
    begun = time.process_time()
    again = History(directory / "history", DAYS + 1, 1 << 30)
    while again.runnable:
        again.step(BEGUN + DAYS * 86400, holders.get)
    print(f"start:     {(time.process_time() - begun) * 1000:8.1f} ms, in steps of 0.2 ms")
    names = [f"{holder.name}" for holder in chance.sample(sorted(holders.values()), 20)]
    begun = time.perf_counter()
    for name in names:
        assert find(periods(directory / "history"), name, 0, 1 << 40)
    ours = (time.perf_counter() - begun) / len(names)
    begun = time.perf_counter()
    for name in names:
        log_file = str(directory / "dhcpd.log")
        subprocess.run(["grep", "-F", f"({name})", log_file], stdout=subprocess.DEVNULL, check=True)
    theirs = (time.perf_counter() - begun) / len(names)
    print(f"to answer: {ours * 1000:8.1f} ms; grep in dhcpd.log {theirs * 1000:.1f} ms")


if __name__ == "__main__":
    main()
