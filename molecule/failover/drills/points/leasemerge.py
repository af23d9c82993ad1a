"""One leasemerge fails."""

from __future__ import annotations

from ..catalogue import NAME_SERVERS, drill
from ..engine import Run
from ..lab.servers import LEASEMERGE, Server
from ..steps import new_name


@drill("leasemerge/killed-{}", of=NAME_SERVERS, address=5, lookup=2)
def killed(run: Run, server: Server) -> None:
    """No name goes, and new ones come again."""
    run.lab.signal(server, LEASEMERGE, "KILL")
    new_name(run, "after-kill", 15)


@drill("leasemerge/frozen-{}", of=NAME_SERVERS, address=5, lookup=2)
def hung(run: Run, server: Server) -> None:
    """No name goes; the watchdog restarts a hung leasemerge, and new names come."""
    run.lab.signal(server, LEASEMERGE, "STOP")
    new_name(run, "after-freeze", 100)


@drill("leasemerge/memory-lost-{}", of=NAME_SERVERS, address=5, lookup=2)
def memory_lost(run: Run, server: Server) -> None:
    """Without what it kept on disk, leasemerge gets everything from its peers, and no name goes."""
    lab = run.lab
    with lab.hold(["well-known"]) as held:
        lab.bound(held, 1)
        lab.all_healthy(held, within=20)
        lab.shell(server, "rm -r /var/lib/leasemerge/*")
        lab.signal(server, LEASEMERGE, "KILL")
        run.watch.served(lookups=40)
        lab.all_healthy(held, within=30)
