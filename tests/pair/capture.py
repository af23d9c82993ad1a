"""Run a real failover pair through its troubles, and keep what it wrote and what its clients got.

After each stage `captured/STAGE/` holds both lease files as they are, and clients.json: what each
client was really sent (address, hostname, until when, by which server), and `now`. test_captured.py
holds the merge against that.

    python3 -m tests.pair.capture [--run captured-pins]

With `captured-pins` it does the same with clients that are pinned. It takes about two minutes;
tests/support/pair.py says what it needs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.pair import PREFIX, SERVERS, Pair, PairError, inside, network, run
from tests.support.waiting import eventually

HERE = Path(__file__).parent


class CapturedPair(Pair):
    """A pair whose state can be kept in a folder."""

    def __init__(self, directory: Path, out: Path) -> None:
        """Write the files of the machines to `directory`; what is kept goes to `out`."""
        super().__init__(directory)
        self.out = out

    def capture(self, stage: str) -> None:
        """Keep everything as it is when the servers have updated each other."""
        self._wait_quiet()
        folder = self.out / stage
        folder.mkdir(parents=True, exist_ok=True)
        for server in SERVERS:
            shutil.copyfile(self.leases(server), folder / f"{server}.leases")
        facts = {"now": int(time.time()), "clients": self.sent}
        (folder / "clients.json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
        print(f"{stage}: {len(self.sent)} clients", flush=True)

    def _wait_quiet(self) -> None:
        """Wait until neither server has written for two seconds: a binding update takes less."""

        def quiet() -> bool:
            return all(time.time() - self.leases(server).stat().st_mtime > 2 for server in SERVERS)

        eventually("the servers are quiet", quiet, 30)


def stages(pair: CapturedPair) -> None:
    """Go through the troubles, one after the other."""
    for server in SERVERS:
        pair.start(server)
    pair.wait_normal()
    for name in ("ann", "bob", "cleo", "dora", "eve", "jo"):
        pair.client(name)
    pair.client("ivy", seconds=25)
    pair.capture("1-normal")

    pair.release("bob")
    pair.capture("2-release")

    pair.decline("cleo")
    pair.capture("3-decline")
    pair.client("cleo")
    pair.capture("3-decline-and-again")

    pair.renew_at("dora", pair.other_of("dora"), "dora-new")
    pair.renew_at("jo", pair.server_of("jo"), "jo-new")
    pair.capture("4-renew-at-the-other")

    eventually("ivy's lease is over", lambda: time.time() > pair.sent["ivy"]["until"] + 1, 60)
    pair.capture("5-expired")

    pair.kill("taurus")
    eventually("draco is alone", lambda: pair.state("draco")[0] == "communications-interrupted", 60)
    pair.client("finn")
    pair.renew_at("ann", "draco", "ann-new")
    # It takes the name of a client that still has its lease: the one that started last wins.
    pair.client("ivy", hostname="eve-box")
    pair.capture("6-secondary-killed")

    pair.kill("draco")
    if pair.client("gus"):
        raise PairError("gus got a lease from nobody")
    pair.capture("7-outage")

    pair.start("taurus")
    pair.start("draco")
    pair.wait_normal()
    pair.client("gus")
    pair.client("bob")
    pair.renew_at("ann", "taurus", "ann-box")
    pair.capture("8-partner-back")

    # The servers no longer reach each other; the clients reach both.
    for server in SERVERS:
        run(*inside("bridge", "bridge", "link", "set", "dev", server, "isolated", "on"))
    for server in SERVERS:
        eventually(
            f"{server} is alone",
            lambda server=server: pair.state(server)[0] == "communications-interrupted",  # type: ignore[misc]
            60,
        )
    pair.client("hal")
    pair.renew_at("dora", pair.server_of("dora"), "dora-alone")
    pair.renew_at("finn", "taurus", "finn-alone")
    pair.capture("9-partition")

    for server in SERVERS:
        run(*inside("bridge", "bridge", "link", "set", "dev", server, "isolated", "off"))
    pair.wait_normal()
    pair.capture("9-partition-healed")


def pins(pair: CapturedPair) -> None:
    """Pin two clients to other addresses than they lease; one of them sends an identifier."""
    for server in SERVERS:
        pair.start(server)
    pair.wait_normal()
    pair.client("ann", uid=True)
    pair.client("bob")
    pair.capture("1-leased")

    for server in SERVERS:
        pair.kill(server)
    pair.pin("ann", "10.9.0.20")
    pair.pin("bob", "10.9.0.21")
    for server in SERVERS:
        pair.start(server)
    # Both files have normal from before; a server that was killed begins with 15 s of startup.
    time.sleep(20)
    pair.wait_normal()
    pair.capture("2-pinned")

    pair.client("ann", uid=True)
    pair.client("bob")
    pair.capture("3-moved")


def main() -> int:
    """Run all stages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--run", choices=["captured", "captured-pins"], default="captured")
    options = parser.parse_args()
    out = options.out / options.run
    run_stages = pins if options.run == "captured-pins" else stages
    if os.geteuid():
        parser.error("needs root, to make network namespaces")
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, network():
        directory = Path(name)
        pair = CapturedPair(directory, out)
        try:
            run_stages(pair)
        except (AssertionError, PairError, subprocess.TimeoutExpired) as error:
            for server in SERVERS:
                print((directory / f"{server}.log").read_text("latin-1")[-3000:], file=sys.stderr)
            print(f"capture: {error}", file=sys.stderr)
            return 1
        finally:
            for server in list(pair.running):
                pair.kill(server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
