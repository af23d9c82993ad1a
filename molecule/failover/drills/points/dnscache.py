"""One dnscache fails."""

from __future__ import annotations

import time

from ..catalogue import CACHES, drill
from ..engine import Run
from ..lab.servers import DNSCACHE, Server
from ..steps import healed


@drill("dnscache/killed-{}", of=CACHES, address=5, lookup=6)
def killed(run: Run, server: Server) -> None:
    """Once a killed dnscache is dead no lookup is slow; what it had not answered is lost."""
    run.lab.signal(server, DNSCACHE, "KILL")
    dead = time.monotonic()
    run.watch.served(lookups=160)
    late = run.watch.last_slow(dead)
    run.expect(late == 0, f"a lookup sent {late:.1f} s after its death was slow")


@drill("dnscache/frozen-{}", of=CACHES, address=5, lookup=6)
def hung(run: Run, server: Server) -> None:
    """Every dnscache of a machine hangs: all are restarted, and no lookup is slow 3 s later."""
    healed(run, server, DNSCACHE)
