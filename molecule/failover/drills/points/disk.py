"""A disk is full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from ..catalogue import NAME_SERVERS, PAIR, drill
from ..engine import Run
from ..lab import Lab
from ..lab.commands import eventually
from ..lab.servers import KEEPALIVED, LEASEMERGE, TINYDNS, Server


@contextmanager
def full_disk(lab: Lab, server: Server, path: str, *units: str) -> Iterator[None]:
    """Move the content of a directory to a small disk of its own, and fill that.

    The server is drained meanwhile: the failure is the disk, not the daemons stopped for the move.
    """
    lab.on(server, "systemctl", "stop", KEEPALIVED)
    lab.on(server, "systemctl", "stop", *units)
    keep = f"/var/tmp/kept{path.replace('/', '-')}"
    lab.shell(
        server,
        f"rm -rf {keep}; cp -a {path} {keep}; mount -t tmpfs -o size=2m,mode=0755 drill {path}",
    )
    lab.shell(server, f"chown --reference={keep} {path}; cp -a {keep}/. {path}")
    lab.on(server, "systemctl", "start", *units, KEEPALIVED)
    try:
        eventually(lab.server_fault, 60)
        lab.shell(server, f"cat /dev/zero >{path}/filler 2>/dev/null || true")
        yield
        lab.shell(server, f"rm -f {path}/filler")
        eventually(lab.server_fault, 60)
    finally:
        lab.on(server, "systemctl", "stop", KEEPALIVED)
        lab.on(server, "systemctl", "stop", *units)
        lab.shell(
            server,
            f"rm -rf {path}/filler {keep}; cp -a {path} {keep}; umount {path};"
            f" cp -a {keep}/. {path}; rm -r {keep}",
        )
        lab.on(server, "systemctl", "start", *units, KEEPALIVED)


@drill("disk/leases-full-{}", of=PAIR, address=15, lookup=2)
def lease_disk_full(run: Run, server: Server) -> None:
    """While one server cannot write leases, clients get addresses; names come with the room."""
    lab = run.lab
    with lab.hold(["no-lease-room"]) as held:
        # leasemerge too: in a container, a unit's own mount namespace does not get later mounts.
        directory = str(PurePosixPath(lab.dhcp["lease_file"]).parent)
        lab.bound(held, 1)
        lab.all_healthy(held, within=20)
        with full_disk(lab, server, directory, *lab.dhcp["units"], LEASEMERGE):
            run.watch.mark()
            late = lab.hold(["while-full"])
            lab.bound(late, 1)
            run.watch.served(clients=10)
            gone = lab.wrong_names(held)
            run.expect(not gone, f"a name that was there before went with the room: {gone}")
        with late:
            lab.all_healthy(held, late, within=90)


@drill("disk/zone-data-full-{}", of=NAME_SERVERS, address=6, lookup=3)
def zone_disk_full(run: Run, server: Server) -> None:
    """While zone data cannot be written, the last one is answered; the rest comes with the room."""
    lab = run.lab
    with lab.hold(["no-room"]) as held:
        with full_disk(lab, server, lab.data_dir(server), LEASEMERGE, TINYDNS):
            lab.bound(held, 1)
            run.watch.served(lookups=40)
        lab.all_healthy(held, within=60)
