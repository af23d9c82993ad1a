"""One tinydns fails, or what it serves is removed."""

from __future__ import annotations

from ..catalogue import NAME_SERVERS, drill
from ..engine import Run
from ..lab.servers import TINYDNS, Server
from ..steps import healed


@drill("tinydns/killed-{}", of=NAME_SERVERS, address=5, lookup=0.5)
def killed(run: Run, server: Server) -> None:
    """Systemd restarts a killed tinydns."""
    run.lab.signal(server, TINYDNS, "KILL")
    run.watch.served()


@drill("tinydns/frozen-{}", of=NAME_SERVERS, address=5, lookup=6)
def hung(run: Run, server: Server) -> None:
    """Every tinydns of a machine hangs: all are restarted, and no lookup is slow 3 s later."""
    healed(run, server, TINYDNS)


@drill("tinydns/zone-data-deleted-{}", of=NAME_SERVERS, address=5, lookup=3)
def zone_data_deleted(run: Run, server: Server) -> None:
    """Taken away by hand, the zone data is put back within a second or two."""
    lab = run.lab
    lab.shell(server, f"rm {lab.data_dir(server)}/data*")
    run.watch.served(lookups=40)
