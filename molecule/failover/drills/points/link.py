"""The network between the two servers fails."""

from __future__ import annotations

from functools import partial

from ..catalogue import drill
from ..engine import Run
from ..lab import eventually
from ..steps import NOTICES, interrupted


@drill("link/network-cut-in-two", every=2, address=10, lookup=11, halves=True)
def cut(run: Run) -> None:
    """Each half serves its own clients; healed, both know all names."""
    lab = run.lab
    with lab.hold(["at-left"]) as left, lab.hold(["at-right"], on=[lab.right]) as right:
        lab.bound(left, 1)
        lab.bound(right, 1)
        with lab.cut():
            run.watch.served(clients=5)
            for server in lab.pair:
                eventually(partial(interrupted, lab, server), NOTICES)
            run.watch.served(clients=5)
        lab.all_healthy(left, right, within=60)


@drill("link/pair-cut", address=10, every=2, lookup=2)
def pair_cut(run: Run) -> None:
    """While the servers are cut off but clients reach both, no address is assigned twice."""
    lab = run.lab
    one, two = lab.pair
    lab.on(one, "ip", "route", "add", "blackhole", f"{two.address}/32")
    try:
        for server in lab.pair:
            eventually(partial(interrupted, lab, server), NOTICES)
        held = lab.hold([f"apart-{n}" for n in range(10)])
        lab.bound(held, 10)
    finally:
        lab.on(one, "ip", "route", "delete", "blackhole", f"{two.address}/32")
    with held:
        addresses = [lease["address"] for lease in held.leases.values()]
        run.expect(len(set(addresses)) == 10, f"an address was assigned twice: {addresses}")
        lab.all_healthy(held, within=60)
