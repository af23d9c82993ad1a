"""Clients that are hostile or many, or that fill the ranges."""

from __future__ import annotations

import random
import time
from functools import partial
from ipaddress import IPv4Address

from ..catalogue import PAIR, drill
from ..engine import Run
from ..lab import Lab
from ..lab.clients import PTR, A
from ..lab.commands import eventually
from ..lab.servers import Server
from ..steps import new_name, other

# The watch's clients release their addresses at once. In the second between a burst and its second
# try one such address is enough to silence the secondary (docs/drills.md): so there are few.
_FEW = 10.0


@drill("clients/hostile-hostnames", address=5, lookup=2)
def hostile(run: Run) -> None:
    """No client takes a name that is not its own, none stops the publishing of the others'."""
    lab = run.lab
    fixed = lab.plain_hosts[0]
    theirs = [fixed["name"], *fixed["aliases"][:1]]
    reserved = ["wpad", "localhost"]
    # Kea drops invalid characters, and treats a label that is too long as no name at all.
    too_long, broken = {"l" * 70: "l" * 63}, {"new\nline": "newline"}
    irregular = {
        **(broken if lab.kea else too_long),
        "co:lon": "colon",
        "under_score": "under-score",
        "Fully.Qualified.Example": "fully",
    }
    nothing = ["*", "-", "\x00", *(too_long if lab.kea else broken)]
    with lab.hold([*theirs, *reserved, *irregular, *nothing]) as held:
        lab.bound(held, len(held.hostnames))
        of = {lease["hostname"]: lease["address"] for lease in held.leases.values()}
        want = {(f"{label}.{lab.domain}", A): [of[name]] for name, label in irregular.items()}
        unknown = [*reserved, "*", *(() if lab.kea else broken.values())]
        want |= {(f"{label}.{lab.domain}", A): [] for label in unknown}
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
    """Return a sentence while clients of earlier drills have leases, or offered addresses."""
    live = int(lab.status(lab.primary).get("leases", lab.pool))
    if live > lab.pool // 4:
        return f"{live} leases are live"
    kept = sum(map(lab.untaken, lab.pair))
    return f"{kept} addresses are kept for clients that did not take them" if kept else ""


def shared_out(lab: Lab) -> None:
    """Wait until both servers have balanced the free addresses, and neither is about to again.

    Some clients of a burst in that same second are served only at their third try. In the lab each
    server does it every 20 s, at its own time. Kea has nothing to balance.
    """
    if lab.kea:
        return

    def late() -> str:
        since = time.time() - 12
        done = ["balancing pool" in lab.dhcp_log(server, since) for server in lab.pair]
        return "" if all(done) else "the free addresses are not shared out"

    eventually(late, 60)


def fill(run: Run, hostname: str, *, at_least: int, every: float = 0.0) -> None:
    """Fill the range to 95 % with new clients, each of which must have its address within 3 s.

    With Kea it is the primary's part: a new client gets nothing from the rest while both run.
    """
    lab = run.lab
    count = (lab.share(lab.primary) if lab.kea else lab.pool) * 95 // 100 - lab.leased()
    run.expect(count >= at_least, f"only {count} addresses were left to fill the range with")
    hostnames = [f"{hostname}-{n}" for n in range(count)]
    with lab.hold(hostnames, release=True, every=every) as held:
        lab.bound(held, count, within=30 + every * count)
        waits = sorted(lease["at"] - lease["asked"] for lease in held.leases.values())
        servers = [lease["server"] for lease in held.leases.values()]
        run.note(
            f"{count} clients, {servers.count(lab.secondary.address)} of them served by the"
            f" secondary; median {waits[count // 2]:.2f} s, at most {waits[-1]:.2f} s"
        )
        run.expect(waits[-1] <= 3, f"a client waited {waits[-1]:.1f} s for its address")


@drill("clients/range-filled-at-once", every=_FEW, address=_FEW + 4, client=3, lookup=2)
def filled_at_once(run: Run) -> None:
    """Each client of a burst that fills the range to 95 % is served within 3 s."""
    eventually(partial(crowded, run.lab), 200)
    shared_out(run.lab)
    fill(run, "burst", at_least=run.lab.pool // 2)


@drill("clients/range-filled-one-by-one", address=4, lookup=2)
def filled_one_by_one(run: Run) -> None:
    """Clients that come one after the other until 95 % are taken are served within 3 s."""
    eventually(partial(crowded, run.lab), 200)
    fill(run, "single", at_least=run.lab.pool // 2, every=0.25)


@drill("clients/range-filled-after-churn", every=_FEW, address=_FEW + 4, client=3, lookup=2)
def filled_after_churn(run: Run) -> None:
    """After many renewals, releases and clients that vanished, the range is as usable as before."""
    lab = run.lab
    eventually(partial(crowded, lab), 200)
    with lab.churn(every=1.0, seed=9):
        run.watch.served(clients=10, within=240)
    shared_out(lab)
    fill(run, "after-churn", at_least=lab.pool // 4)


@drill("clients/storm-{}-powered-off", of=PAIR, address=12, lookup=11)
def storm(run: Run, server: Server) -> None:
    """All of a storm of new clients get an address and a name while a server loses its power."""
    lab = run.lab
    count = min(100, lab.share(other(lab, server)) // 2 * len(lab.everywhere))
    # A lone server has half of the free addresses: leases of vanished clients must end first,
    # and the free addresses be balanced again.
    eventually(partial(crowded, lab), 200)
    shared_out(lab)
    run.watch.mark()
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
