"""The network between the two servers fails."""

from __future__ import annotations

from functools import partial

from ..catalogue import drill
from ..engine import Run
from ..lab import Lab
from ..lab.commands import eventually
from ..steps import NOTICES, interrupted


@drill("link/network-cut-in-two", every=2, address=10, lookup=0.5, halves=True)
def cut(run: Run) -> None:
    """Each half serves its own clients on every address; healed, both know all names."""
    lab = run.lab
    with (
        lab.two_switches() as cable,
        lab.hold(["at-left"]) as left,
        lab.hold(["at-right"], on=[lab.right]) as right,
    ):
        lab.bound(left, 1)
        lab.bound(right, 1)
        # The clients on the new switch were off the network while they were being plugged in.
        eventually(lambda: lab.server_fault() or lab.wrong_names(left, right), 60)
        run.watch.mark()
        with lab.cut(cable):
            run.watch.served(clients=5)
            for server in lab.pair:
                eventually(partial(interrupted, lab, server), NOTICES)
            run.watch.served(clients=5)
            for address, holders in lab.holders().items():
                names = [s.name for s in holders]
                run.expect(len(names) == 2, f"{address} is held by {names} in the two halves")
        took = eventually(lambda: two_holders(lab), 10, every=0.05)
        run.note(f"healed, each address has one holder after {took:.1f} s")
        lab.all_healthy(left, right, within=60)
        run.watch.stop()


def two_holders(lab: Lab) -> str:
    """Return which address is held twice; empty when none is."""
    held = {address: [s.name for s in holders] for address, holders in lab.holders().items()}
    return "; ".join(f"{a} is held by {' and '.join(n)}" for a, n in held.items() if len(n) > 1)


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
