"""Steps that drills of several points share, and what they must know about the servers."""

from __future__ import annotations

import time

from .engine import Run
from .lab import Lab
from .lab.clients import A
from .lab.commands import eventually
from .lab.servers import Server

SITE = "/etc/leasemerge/site.json"

#: Within so many seconds a DHCP server considers an unresponsive peer lost: max-response-delay
#: (3 s), the interval at which it checks, and a busy machine.
NOTICES = 30.0


def other(lab: Lab, server: Server) -> Server:
    """Return the other server of the pair."""
    return lab.secondary if server == lab.primary else lab.primary


def pair_healthy(run: Run) -> None:
    """Wait until every server is healthy again, in the middle of a drill."""
    eventually(run.lab.server_fault, 60)


def interrupted(lab: Lab, server: Server) -> str:
    """Return a sentence while a server has not yet noticed that its peer is gone."""
    state = lab.pair_state(server)
    alone = ("communications-interrupted", "partner-down ", "terminated ")
    return "" if any(word in state for word in alone) else f"{server.name} is {state}"


def healed(run: Run, server: Server, unit: str) -> None:
    """Hang a daemon, and expect it to be restarted automatically within 3 s."""
    run.lab.signal(server, unit, "STOP")
    began = time.monotonic()
    run.watch.served(lookups=160)
    last = run.watch.last_slow(began)
    run.note(f"the last slow lookup was sent {last:.1f} s after the failure")
    run.expect(last <= 3, f"a lookup {last:.1f} s after the failure was slow")


def new_name(run: Run, hostname: str, within: float) -> None:
    """Start a new client, and note how long it took until every tinydns had its name."""
    lab = run.lab
    with lab.hold([hostname]) as held:
        lab.bound(held, 1)
        aliases, name = [s.alias for s in lab.name_servers], f"{hostname}.{lab.domain}"

        def missing() -> str:
            got = lab.query(aliases, [(name, A)])
            lacking = [key[0] for key, answer in got.items() if answer != [held.only["address"]]]
            return f"{name} is not at {', '.join(lacking)}" if lacking else ""

        eventually(missing, within)
        run.note(
            f"a new client's name was at every tinydns after {time.monotonic() - held.first:.1f} s"
        )
