"""One dnscache fails."""

from __future__ import annotations

from ..catalogue import CACHES, drill
from ..engine import Run
from ..lab import DNSCACHE, Server
from ..steps import healed


@drill("dnscache/killed-{}", of=CACHES, address=5, lookup=0.5)
def killed(run: Run, server: Server) -> None:
    """Systemd restarts a killed dnscache."""
    run.lab.signal(server, DNSCACHE, "KILL")
    run.watch.served()


@drill("dnscache/frozen-{}", of=CACHES, address=5, lookup=6)
def hung(run: Run, server: Server) -> None:
    """Every dnscache of a machine hangs: all are restarted, and no lookup is slow 3 s later."""
    healed(run, server, DNSCACHE)
