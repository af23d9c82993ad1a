"""One DHCP server of the pair fails."""

from __future__ import annotations

from ..catalogue import PAIR, drill
from ..engine import Run
from ..lab.commands import eventually
from ..lab.servers import Server
from ..steps import NOTICES, interrupted, other


@drill("dhcpd/slow-primary", address=5, lookup=2)
def split(run: Run) -> None:
    """With a primary that answers a third of a second late, every grant is still its own."""
    lab = run.lab
    with (
        lab.slow(lab.primary, lab.dhcp["unit"]),
        lab.hold([f"near-{n}" for n in range(12)]) as held,
    ):
        lab.bound(held, 12)
        servers = [lease["server"] for lease in held.leases.values()]
        run.watch.read()
        servers += [e["server"] for e in run.watch.events[lab.left] if e["kind"] == "lease"]
        strangers = [s for s in servers if s != lab.primary.address]
        run.note(f"{len(servers)} grants, {len(strangers)} of them not by the primary")
        run.expect(not strangers, f"{len(strangers)} grants were not the primary's")


@drill("dhcpd/killed-{}", of=PAIR, address=6, lookup=2)
def killed(run: Run, server: Server) -> None:
    """Systemd restarts a killed DHCP server."""
    run.lab.signal(server, run.lab.dhcp["unit"], "KILL")
    run.watch.served(clients=5)


@drill("dhcpd/stopped-{}", of=PAIR, address=6, lookup=2)
def stopped(run: Run, server: Server) -> None:
    """While one DHCP server is stopped, the other serves everybody."""
    with run.lab.stopped(server, run.lab.dhcp["unit"]):
        run.watch.served(clients=10)


@drill("dhcpd/frozen-{}", of=PAIR, every=2, address=6, lookup=2, client=3.5, median=0.5)
def hung(run: Run, server: Server) -> None:
    """While one DHCP server hangs, its peer serves whoever tries again, and then everybody."""
    lab = run.lab
    with lab.hung(server, lab.dhcp["unit"]):
        run.watch.served(clients=5)
        eventually(lambda: interrupted(lab, other(lab, server)), NOTICES)
        run.watch.served(clients=5)


@drill("dhcpd/powered-off-{}", of=PAIR, every=2, address=6, lookup=0.5, client=3.5, median=0.5)
def off(run: Run, server: Server) -> None:
    """While one machine is without power, the other serves addresses and names."""
    lab = run.lab
    with lab.dead(server):
        run.watch.served(clients=5)
        eventually(lambda: interrupted(lab, other(lab, server)), NOTICES)
        run.watch.served(clients=5)


@drill("dhcpd/lease-file-lost-{}", of=PAIR, address=16, every=6, lookup=11, back=120)
def lease_file_lost(run: Run, server: Server) -> None:
    """Without its lease file, a DHCP server fetches all leases from its peer, and no name goes."""
    lab = run.lab
    with lab.hold(["not-forgotten"]) as held:
        lab.bound(held, 1)
        lab.all_healthy(held, within=20)
        lab.shell(server, f"rm {lab.dhcp['lease_file']}*")
        lab.signal(server, lab.dhcp["unit"], "KILL")
        run.watch.served(clients=5)
        lab.all_healthy(held, within=120)
