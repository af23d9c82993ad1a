"""A clock is wrong."""

from __future__ import annotations

from functools import partial

from ..catalogue import PAIR, drill
from ..engine import Run
from ..lab.commands import eventually
from ..lab.servers import DHCPD, LEASEMERGE, Server
from ..steps import NOTICES, interrupted, other


# A lease that dhcpd ended too early is one again when its client renews it, at its end at last.
@drill("clock/ahead-{}", of=PAIR, address=15, lookup=140, back=150)
def clock_off(run: Run, server: Server) -> None:
    """While one clock is ahead by more than a lease, leases end too early; dhcpd serves on."""
    lab = run.lab
    library = lab.shell(
        server,
        "dpkg -s faketime >/dev/null 2>&1 || apt-get -qq install -y faketime >/dev/null;"
        " dpkg -L libfaketime | grep -m1 '/libfaketime.so.1$'",
    ).strip()
    with lab.environment(server, f"LD_PRELOAD={library} FAKETIME=+600", DHCPD, LEASEMERGE):
        run.watch.served(clients=10)
        eventually(partial(interrupted, lab, other(lab, server)), NOTICES)
