"""One dnscache fails."""

from __future__ import annotations

from ..catalogue import CACHES, drill
from ..engine import Run
from ..lab import DNSCACHE, Server


@drill("dnscache/killed-{}", of=CACHES, address=5, lookup=6)
def killed(run: Run, server: Server) -> None:
    """Systemd restarts a killed dnscache."""
    run.lab.signal(server, DNSCACHE, "KILL")
    run.watch.served()


@drill("dnscache/frozen-{}", of=CACHES, address=5, lookup=6)
def frozen(run: Run, server: Server) -> None:
    """While one dnscache is unresponsive, clients ask the other: after 5 s if it is their first."""
    with run.lab.frozen(server, DNSCACHE):
        run.watch.served(lookups=40)
