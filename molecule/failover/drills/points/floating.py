"""What decides which machine holds a floating address fails, or is misled."""

from __future__ import annotations

import time
from typing import Any

from ..catalogue import MACHINES, drill
from ..engine import Run
from ..lab.clients import A
from ..lab.commands import end, eventually
from ..lab.servers import KEEPALIVED, WATCHER, Server
from ..watch import Watch


@drill("floating/keepalived-killed-{}", of=MACHINES, address=5, lookup=0.5)
def killed(run: Run, server: Server) -> None:
    """Killed, keepalived leaves its addresses; they have two holders until it is restarted."""
    run.lab.signal(server, KEEPALIVED, "KILL")
    run.watch.served(lookups=100)


@drill("floating/keepalived-hung-{}", of=MACHINES, address=5, lookup=0.5)
def hung(run: Run, server: Server) -> None:
    """Hung, keepalived is restarted by systemd; its addresses have two holders meanwhile."""
    restarted(run, server, KEEPALIVED)


@drill("floating/watcher-killed-{}", of=MACHINES, address=5, lookup=0.5)
def watcher_killed(run: Run, server: Server) -> None:
    """Without its watcher keepalived goes on with what it read last."""
    run.lab.signal(server, WATCHER, "KILL")
    run.watch.served(lookups=100)


@drill("floating/watcher-hung-{}", of=MACHINES, address=5, lookup=0.5)
def watcher_hung(run: Run, server: Server) -> None:
    """Hung, the watcher is restarted by systemd."""
    restarted(run, server, WATCHER)


def restarted(run: Run, server: Server, unit: str) -> None:
    """Have a unit hang, and wait until systemd has restarted it."""
    lab = run.lab
    show = ("systemctl", "show", "--property=MainPID", "--value", unit)
    before = lab.on(server, *show).strip()
    lab.signal(server, unit, "STOP")

    def same() -> str:
        now = lab.on(server, *show).strip()
        return f"{unit} still hangs" if now in ("0", before) else ""

    run.note(f"restarted after {eventually(same, 20):.1f} s")
    run.watch.served(lookups=40)


@drill("floating/address-removed-{}", of=MACHINES, address=5, lookup=0.5)
def removed(run: Run, server: Server) -> None:
    """After somebody has removed all addresses of a machine, they are put back at once."""
    lab = run.lab
    for address, _ in server.floating:
        found = lab.on(server, "ip", "-oneline", "-4", "address", "show", "to", f"{address}/32")
        for line in found.splitlines():
            lab.on(server, "ip", "address", "delete", f"{address}/32", "dev", line.split()[1])
    run.watch.served(lookups=40)


@drill("floating/cached-mac-{}", of=MACHINES, address=10, every=2, lookup=0.5)
def cached(run: Run, server: Server) -> None:
    """Wherever an address is, what clients and routers have in their ARP caches is right."""
    lab = run.lab
    address = server.resolver if server.resolver in lab.resolvers else server.alias
    far = [probe for probe in lab.everywhere if probe != lab.left]
    for probe in far:
        # So that the router has an entry for the address.
        lab.query([address], [(f"{server.name}.{lab.domain}", A)], on=probe)
    before = lab.neighbour(address, lab.left), router(run, address)
    with lab.dead(server):
        run.watch.served(lookups=60)
        after = lab.neighbour(address, lab.left), router(run, address)
        run.note(f"{address} is at {before} and, while its home is away, at {after}")
        run.expect(before == after, "a cached MAC address has become wrong")
        for probe in far:
            wrong = lab.wrong_names(servers=[address], on=probe)
            run.expect(not wrong, f"behind the router: {wrong}")


def router(run: Run, address: str) -> str:
    """Return the MAC address that the lab's router, this machine, has cached for an address."""
    found = run.lab.run("ip", "neighbour", "show", "to", address).split()
    return found[found.index("lladdr") + 1] if "lladdr" in found else ""


@drill("floating/no-flooding-{}", of=MACHINES, address=10, every=2, lookup=6)
def no_flooding(run: Run, server: Server) -> None:
    """Where a switch does not flood, lookups are slow that are sent before VRRP has noticed."""
    lab = run.lab
    with lab.no_flooding():
        unplugged(run, server, clients=3)


@drill("floating/without-virtual-mac", address=10, every=6, lookup=6, back=150)
def without_virtual_mac(run: Run) -> None:
    """Without virtual MAC addresses a move is announced by gratuitous ARP, and as quickly seen."""
    lab = run.lab
    lab.deploy("-e", '{"floating_address_use_vmac": false}')
    try:
        run.watch.mark()
        for server in (lab.primary, lab.caches[-1]):
            unplugged(run, server, clients=2)
    finally:
        lab.deploy()


@drill("floating/migration", address=25, every=6, lookup=0.5, back=150)
def migration(run: Run) -> None:
    """Once resolvers float on a running site, no client has lost the one that it has."""
    lab = run.lab

    def without(_: str, content: Any) -> Any:
        for host in (content or {}).get("dnscache_servers", {}).get("hosts", {}).values():
            (host or {}).pop("resolver_address", None)
        return content

    lab.deploy(inventory=lab.inventory(without))
    names = {f"{name}.{lab.domain}": {address} for name, address in lab.live_names().items()}
    own = [server.address for server in lab.caches]
    spec = {"names": list(names), "resolvers": own, "every": 3600}
    old = Watch(lab, names, {lab.right: []}, {lab.right: lab.probe(lab.right, "watch", spec)})
    try:
        old.served(clients=0, lookups=40, within=30)
        lab.deploy()
        old.served(clients=0, lookups=100)
        felt = old.gaps()
    finally:
        end(old.processes[lab.right])
    run.note(
        f"{felt.lookups} lookups at the old resolvers: {felt.slow} slow, {felt.failed} failed,"
        f" the slowest took {felt.slowest:.1f} s"
    )
    run.expect(felt.slow == 0 and felt.failed == 0, "a client lost its resolver")
    run.watch.mark()
    run.watch.served(clients=2, lookups=100)


def unplugged(run: Run, server: Server, clients: int) -> None:
    """Unplug a machine and plug it in again; only lookups sent at the beginning may be slow."""
    run.lab.unplug(server)
    began = time.monotonic()
    try:
        run.watch.served(clients=clients, lookups=100)
    finally:
        run.lab.plug(server)
    slow_only_at_first(run, began)
    run.watch.served(clients=clients, lookups=40)


def slow_only_at_first(run: Run, began: float) -> None:
    """Expect that only lookups were slow that were sent within 0.3 s of the failure."""
    last = run.watch.last_slow(began)
    run.note(f"the last slow lookup was sent {last:.2f} s after the failure")
    run.expect(last <= 0.3, f"a lookup {last:.2f} s after the failure was slow")
