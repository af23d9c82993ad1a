"""A whole machine goes, comes back, or is replaced by another."""

from __future__ import annotations

import time
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ..catalogue import MACHINES, PAIR, drill
from ..engine import Run
from ..lab import Lab
from ..lab.clients import A
from ..lab.commands import output_of
from ..lab.servers import Server
from ..steps import other
from .floating import slow_only_at_first


@drill("machine/powered-off-{}", of=MACHINES, every=2, address=10, lookup=0.5)
def off(run: Run, server: Server) -> None:
    """No lookup notices that a machine loses its power, or that it comes back."""
    with run.lab.dead(server):
        run.watch.served(clients=3, lookups=100)


@drill("machine/rebooted-{}", of=MACHINES, every=2, address=10, lookup=0.5)
def rebooted(run: Run, server: Server) -> None:
    """No lookup notices that a machine is rebooted."""
    run.lab.shut_down(server)
    run.lab.power_on(server)
    run.watch.served(clients=3, lookups=100)


@drill("machine/unresponsive-{}", of=MACHINES, every=2, address=10, lookup=6)
def unresponsive(run: Run, server: Server) -> None:
    """While a kernel hangs with its link up, only lookups of the first 0.3 s may be slow."""
    with run.lab.unresponsive(server):
        began = time.monotonic()
        run.watch.served(clients=3, lookups=100)
        slow_only_at_first(run, began)
        back = time.monotonic()
    run.watch.served(clients=3, lookups=100)
    late = run.watch.last_slow(back)
    run.expect(late == 0, f"a lookup {late:.1f} s after the return was slow")


@drill("machine/drained-{}", of=MACHINES, every=2, address=10, lookup=0.5)
def drained(run: Run, server: Server) -> None:
    """Drained, a machine can be unplugged, and put back, and nobody notices."""
    lab = run.lab
    for back in ((), ("-e", "back=true")):
        playbook = ("playbooks/drain-server.yml", "-e", f"server={server.name}", *back)
        status, output = lab.playbook(*playbook)
        run.expect(status == 0, f"drain-server.yml {back} failed: {output[-1500:]}")
        if not back:
            lab.unplug(server)
            run.watch.served(clients=3, lookups=100)
            lab.plug(server)


@drill("machine/two-away", every=4, address=30, lookup=0.5, back=120)
def two_away(run: Run) -> None:
    """Two of three machines go, one after the other: names are still answered."""
    lab = run.lab
    with lab.dead(lab.primary):
        run.watch.served(clients=2, lookups=100)
        with lab.dead(next(s for s in lab.caches if s != lab.primary)):
            run.watch.served(clients=0, lookups=200)


@drill("machine/cable-pulled-{}", of=MACHINES, address=10, lookup=0.5)
def cable(run: Run, server: Server) -> None:
    """When its cable is back, a machine answers as if nothing had been."""
    run.lab.unplug(server)
    try:
        run.watch.served(clients=3, lookups=40)
    finally:
        run.lab.plug(server)
    run.watch.served(clients=3, lookups=40)


@drill("machine/wiped-{}", of=PAIR, address=16, every=6, lookup=0.5, back=120)
def wiped(run: Run, server: Server) -> None:
    """Rebuilt by site.yml --limit, a bare machine is what it was; the other serves meanwhile."""
    lab = run.lab
    with lab.hold(["remember-me"]) as held:
        lab.bound(held, 1)
        lab.all_healthy(held, within=20)
        began = time.monotonic()
        lab.wipe(server)
        run.watch.served(clients=3)
        lab.create()
        deploying = lab.start_playbook("playbooks/site.yml", "--limit", server.name)
        names = {f"{n}.{lab.domain}": a for n, a in lab.live_names(held).items()}
        first: dict[str, list[str] | None] = {}
        while deploying.poll() is None:
            if not first:
                got = lab.query([server.alias], [(name, A) for name in names])
                if any(answer is not None for answer in got.values()):
                    first = {name: answer for (_, name, _), answer in got.items()}
        output = output_of(deploying)
        run.expect(
            deploying.returncode == 0, f"site.yml --limit {server.name} failed: {output[-1500:]}"
        )
        lost = [name for name, answer in first.items() if answer == []]
        run.expect(bool(first), "its tinydns never answered before the playbook's end")
        run.expect(not lost, f"its first answers lacked {', '.join(lost)}")
        lab.all_healthy(held, within=120)
        run.note(f"all healthy {time.monotonic() - began:.0f} s after it was wiped")


@drill("machine/both-off-{}-first", of=PAIR, address=25, lookup=20)
def both_off(run: Run, first: Server) -> None:
    """After a power cut the first machine to come back serves alone, then the other joins it."""
    lab = run.lab
    with lab.dead(other(lab, first)):
        with lab.dead(first):
            pass
        # From here on one machine has power; before that, nobody can answer.
        run.watch.mark()
        run.watch.served(clients=8)
        run.note("gaps since the first machine has power again")


@drill("machine/replaced-secondary", address=25, every=6, lookup=0.5, back=120)
def replaced(run: Run) -> None:
    """Another machine, name and address take the secondary's place, and hand it back.

    The alias goes to the new machine: caches would wait for an old one until they are deployed.
    """
    lab, old = run.lab, run.lab.secondary
    taken = {*lab.facts["servers"].values(), *(s.alias for s in lab.servers), *lab.resolvers}
    for host in lab.site["fixed_hosts"]:
        fixed = host["fixed_address"]
        taken |= {fixed} if isinstance(fixed, str) else {*(fixed or [])}
    subnet = next(
        s for s in lab.site["subnets"] if IPv4Address(old.address) in IPv4Network(s["network"])
    )
    taken |= set(subnet.get("routers", []))
    dynamic = [(IPv4Address(a), IPv4Address(b)) for a, b in subnet["ranges"]]
    free = (
        str(a)
        for a in IPv4Network(subnet["network"]).hosts()
        if str(a) not in taken and not any(x <= a <= y for x, y in dynamic)
    )
    new = {old.name: "newcomer", old.address: next(free)}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {renamed(k): renamed(v) for k, v in value.items()}
        if isinstance(value, list):
            return [renamed(v) for v in value]
        if not isinstance(value, str):
            return value
        daemon, at, address = value.removesuffix(".service").partition("@")
        return (
            f"{daemon}@{new[address]}.service" if at and address in new else new.get(value, value)
        )

    inventory = lab.inventory(lambda _, content: renamed(content))
    there = Lab(renamed(dict(lab.facts)))
    run.watch.forget(f"{old.name}.{lab.domain}")
    with lab.hold(["stay-with-us"]) as held:
        lab.bound(held, 1)
        lab.all_healthy(held, within=20)
        lab.wipe(old)
        try:
            lab.create(inventory=inventory)
            began = time.monotonic()
            there.deploy(inventory=inventory)
            took = there.all_healthy(held, within=120)
            run.note(
                f"deployed in {time.monotonic() - began - took:.0f} s, healthy {took:.0f} s later"
            )
            gone = there.query(there.dns_addresses, [(f"{old.name}.{lab.domain}", A)])
            run.expect(
                all(not answer for answer in gone.values()), f"{old.name} is still answered: {gone}"
            )
        finally:
            # Its addresses are others' again.
            there.wipe(there.secondary)
        lab.create()
        lab.deploy()
        lab.all_healthy(held, within=120)
