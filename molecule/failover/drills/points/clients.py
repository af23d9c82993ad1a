"""Clients that are hostile, many, or fill the ranges."""

from __future__ import annotations

import random
from functools import partial
from ipaddress import IPv4Address

from ..catalogue import PAIR, drill
from ..engine import Run
from ..lab import PTR, A, Lab, Server, eventually
from ..steps import new_name


@drill("clients/hostile-hostnames", address=5, lookup=2)
def hostile(run: Run) -> None:
    """No client takes a name that is not its own, none stops the publishing of the others'."""
    lab = run.lab
    fixed = lab.site["fixed_hosts"][0]
    theirs = [fixed["name"], *fixed["aliases"][:1]]
    reserved = ["wpad", "localhost"]
    odd = {
        "l" * 70: "l" * 63,
        "co:lon": "colon",
        "under_score": "under-score",
        "Fully.Qualified.Example": "fully",
    }
    nothing = ["*", "new\nline", "-", "\x00"]
    with lab.hold([*theirs, *reserved, *odd, *nothing]) as held:
        lab.bound(held, len(held.hostnames))
        of = {lease["hostname"]: lease["address"] for lease in held.leases.values()}
        want = {(f"{label}.{lab.domain}", A): [of[hostname]] for hostname, label in odd.items()}
        want |= {(f"{label}.{lab.domain}", A): [] for label in [*reserved, "*", "newline"]}
        want |= {(f"{name}.{lab.domain}", A): [fixed["fixed_address"]] for name in theirs}
        want |= {
            (IPv4Address(of[name]).reverse_pointer, PTR): []
            for name in [*theirs, *reserved, *nothing]
        }

        def wrong() -> str:
            for (server, name, kind), answer in lab.query(lab.dns_addresses, list(want)).items():
                if answer != want[name, kind]:
                    return f"{server} returns {answer} for {name}, which is {want[name, kind]}"
            return ""

        eventually(wrong, 15)
        new_name(run, "honest", 10)


@drill("clients/one-name-for-all", address=6, lookup=2)
def crowd(run: Run) -> None:
    """Of many clients with one name exactly one has it, and its address points back."""
    lab = run.lab
    count = min(100, lab.pool // 2 * len(lab.everywhere))
    name = f"crowd.{lab.domain}"
    with lab.hold(["crowd"] * count, on=lab.everywhere, renew=False) as held:
        lab.bound(held, count, within=30)
        run.note(f"{count} clients")
        addresses = {
            lease["address"]: IPv4Address(lease["address"]).reverse_pointer
            for lease in held.leases.values()
        }

        def wrong() -> str:
            got = lab.query(
                lab.dns_addresses, [(name, A), *((pointer, PTR) for pointer in addresses.values())]
            )
            for server in lab.dns_addresses:
                answer = got[server, name, A]
                if answer is None or len(answer) != 1 or answer[0] not in addresses:
                    return f"{server} returns {answer} for {name}"
                back = [
                    a for a, pointer in addresses.items() if got[server, pointer, PTR] == [name]
                ]
                if back != answer:
                    return f"{server} returns {answer} for {name}, and {back} point to it"
            return ""

        eventually(wrong, 15)


def crowded(lab: Lab) -> str:
    """Say so while there are leases of others than the lab's clients, and the watch's last ones."""
    live = int(lab.status(lab.primary).get("leases", lab.pool))
    return f"{live} leases are live" if live > lab.pool // 4 else ""


@drill("clients/storm-{}-powered-off", of=PAIR, address=12, lookup=11)
def storm(run: Run, server: Server) -> None:
    """All of a storm of new clients get an address and a name while a server loses its power."""
    lab = run.lab
    count = min(100, lab.pool // 4 * len(lab.everywhere))
    # The clients of the drill before have vanished. A lone server has half of what is free, so
    # their leases must be over first, and the free addresses shared out again.
    eventually(partial(crowded, lab), 200)
    run.watch.served(clients=15, within=30)
    with lab.hold([f"storm-{n}" for n in range(count)], on=lab.everywhere) as held:
        with lab.dead(server):
            took = lab.bound(held, count, within=60)
            run.note(f"{count} clients at once, the last served {took:.1f} s after the power went")
            alive = [s.alias for s in lab.name_servers if s != server]
            eventually(lambda: lab.wrong_names(held, servers=alive), 20)
        lab.all_healthy(held, within=90)


@drill("clients/random-kills-under-load", address=16, lookup=11, every=3, back=150)
def random_kills(run: Run) -> None:
    """While perfdhcp runs without a pause, daemons are killed for two minutes; all comes back."""
    lab, chance = run.lab, random.Random(9)
    victims = [(server, unit) for server in lab.servers for unit in server.units]
    with lab.hold(["in-the-thick"]) as held:
        lab.bound(held, 1)
        with lab.load(clients=min(40, lab.pool // 4), rate=20) as load:
            for _ in range(40):
                lab.signal(*chance.choice(victims), "KILL")
                run.watch.served(clients=1, lookups=8)
        sent, dropped = load.exchanges()
        run.note(f"40 kills; perfdhcp began {sent} exchanges and missed {dropped} answers")
        run.expect(sent > 1000 and dropped < sent / 2, "perfdhcp was hardly answered")
        lab.all_healthy(held, within=150)
