"""A clock is wrong."""

from __future__ import annotations

from functools import partial

from ..catalogue import PAIR, drill
from ..engine import Run
from ..lab.commands import eventually
from ..lab.servers import LEASEMERGE, Server
from ..steps import NOTICES, interrupted, other


# A lease ended too early is valid again once its client renews it, at the latest at its end.
@drill("clock/ahead-{}", of=PAIR, address=15, lookup=140, back=150)
def clock_off(run: Run, server: Server) -> None:
    """While one clock is ahead by more than a lease, leases end too early; the pair serves on."""
    lab, unit = run.lab, run.lab.dhcp["unit"]
    library = lab.shell(
        server,
        "dpkg -s faketime >/dev/null 2>&1 || apt-get -qq install -y faketime >/dev/null;"
        " dpkg -L libfaketime | grep -m1 '/libfaketime.so.1$'",
    ).strip()
    with lab.environment(server, f"LD_PRELOAD={library} FAKETIME=+600", unit, LEASEMERGE):
        run.watch.served(clients=10)
        eventually(partial(interrupted, lab, other(lab, server)), NOTICES)
    if lab.kea:
        # It has ended the partnership, and resumes it when both have been restarted.
        lab.on(other(lab, server), "systemctl", "restart", unit)
