"""The drills.

The points: 1 the faults that the network was built against, 2 dhcpd, 3 the link, 4 the other
daemons, 5 a wiped server, 6 all off, 7 disks, clocks and bad deployments, 8 machines that come and
go, 9 clients that are hostile or many.

Each is what should happen in a sentence, how to do it, and the longest gap in seconds that clients
may feel: ``address`` for which no new client gets an address, ``lookup`` for which a look-up may
take or fail. Both are what the daemons' and the C library's own timers make of the failure;
docs/drills.md says which.
"""

from __future__ import annotations

import json
import random
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from pathlib import PurePosixPath
from typing import Any

from .engine import Drill, Run
from .lab import (
    DHCPD,
    DNSCACHE,
    LEASEMERGE,
    PTR,
    TINYDNS,
    A,
    Lab,
    Server,
    eventually,
    said,
    signal_group,
)

DRILLS: list[Drill] = []

#: Whom a drill may be done to.
WHOM: dict[str, Callable[[Lab], Server]] = {
    "primary": lambda lab: lab.primary,
    "secondary": lambda lab: lab.secondary,
    "first-tinydns": lambda lab: lab.name_servers[0],
    "last-tinydns": lambda lab: lab.name_servers[-1],
    "first-cache": lambda lab: lab.caches[0],
    "last-cache": lambda lab: lab.caches[-1],
}
PAIR = ("primary", "secondary")
EACH_TINYDNS = ("first-tinydns", "last-tinydns")
EACH_CACHE = ("first-cache", "last-cache")

LEASE_FILE = "/var/lib/dhcp/dhcpd.leases"
CONF = "/etc/dhcp/dhcpd.conf"
SITE = "/etc/leasemerge/site.json"

# dhcpd notices a mute peer after max-response-delay (30 s) and some of its own.
NOTICES = 60.0


def drill(
    point: int, name: str, *, of: Sequence[str] = (), **limits: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a drill of a function, or one for each server in ``of``, which it then takes.

    The function's docstring is the drill's expectation.
    """

    def register(strike: Callable[..., None]) -> Callable[..., None]:
        for whom in of or [""]:
            number = f"{point}.{1 + sum(d.number.startswith(f'{point}.') for d in DRILLS)}"
            done = partial(_do, strike, WHOM[whom]) if whom else strike
            DRILLS.append(
                Drill(number, f"{whom}-{name}".strip("-"), str(strike.__doc__), done, **limits)
            )
        return strike

    return register


def _do(strike: Callable[[Run, Server], None], whom: Callable[[Lab], Server], run: Run) -> None:
    strike(run, whom(run.lab))


def other(lab: Lab, server: Server) -> Server:
    """Return the other one of the pair."""
    return lab.secondary if server == lab.primary else lab.primary


def pair_well(run: Run) -> None:
    """Wait until the servers are well again, in the middle of a drill."""
    eventually(run.lab.unwell, 60)


# -- 1 ---------------------------------------------------------------------------


@drill(
    1,
    "alone-knows-a-name",
    of=PAIR,
    address=6,
    lookup=2,
)
def one_knows(run: Run, server: Server) -> None:
    """Both answer a name that only one server's lease file has."""
    lab, deaf = run.lab, other(run.lab, server)
    hostname = f"only-{server.role}"
    with lab.stopped(deaf, DHCPD):
        held = lab.hold([hostname], renew=False)
        lab.bound(held, 1)
    with held:
        pair_well(run)
        lease = held.only
        knows = f"grep -q '\"{hostname}\"' {LEASE_FILE} && echo yes || echo no"
        run.expect(
            lab.shell(server, knows).strip() == "yes", f"{server.name} does not know the name"
        )
        run.expect(lab.shell(deaf, knows).strip() == "no", f"{deaf.name} knows the name too")
        lab.all_well(held, within=5)
        run.expect(
            lease["until"] > time.monotonic(), "the lease was over before its name was asked for"
        )


@drill(
    1,
    "split-256",
    address=5,
    lookup=2,
)
def split(run: Run) -> None:
    """With a primary that answers a third of a second late, every grant is still its own."""
    lab = run.lab
    with lab.slow(lab.primary, DHCPD), lab.hold([f"near-{n}" for n in range(12)]) as held:
        lab.bound(held, 12)
        servers = [lease["server"] for lease in held.leases.values()]
        run.watch.read()
        servers += [e["server"] for e in run.watch.events[lab.left] if e["kind"] == "lease"]
        strangers = [s for s in servers if s != lab.primary.address]
        run.note(f"{len(servers)} grants, {len(strangers)} of them not by the primary")
        run.expect(not strangers, f"{len(strangers)} grants were not the primary's")


@drill(
    1,
    "pinned-while-leased",
    address=6,
    lookup=2,
)
def pinned(run: Run) -> None:
    """Pinned to the address that it has by lease, a host stays in DNS, past the lease's end too."""
    lab = run.lab
    with lab.hold(["pin-me"]) as held:
        lab.bound(held, 1)
        lab.all_well(held, within=10)
        lease = held.only
        name = f"pin-me.{lab.domain}"

        def pin(_: str, content: Any) -> Any:
            hosts = (content or {}).get("fixed_hosts", {}).get("hosts")
            if hosts:
                hosts["pin-me"] = {
                    "fixed_address": lease["address"],
                    "hardware_ethernet": lease["mac"],
                }
            return content

        asked, missed, end = 0, 0, float("inf")
        inventory = lab.inventory(pin)
        deploying = lab.start_playbook("playbooks/pin-hosts.yml", inventory=inventory)
        while time.monotonic() < end:
            for answer in lab.ask(lab.asked, [(name, A)]).values():
                asked += 1
                missed += answer != [lease["address"]]
            held.read()
            if deploying.poll() is not None and end == float("inf"):
                run.expect(deploying.returncode == 0, "pin-hosts.yml failed")
                # From here on dhcpd answers it as a fixed host: the lease runs out.
                end = max(time.monotonic(), lease["until"]) + lab.lease_time + 5
        run.note(
            f"asked {asked} times until the lease had ended, {missed} times not answered right"
        )
        run.expect(missed == 0, f"the name was gone {missed} times of {asked}")
        states = lab.shell(
            lab.primary,
            f"leasemerge dump --leases {LEASE_FILE} | grep -F '\"{lease['address']}\"' || :",
        )
        run.expect('"active"' not in states, "the lease had not ended: the drill showed too little")
    lab.deploy()


@drill(
    1,
    "first-of-two-with-one-name",
    of=PAIR,
    address=6,
    lookup=2,
)
def twins(run: Run, first: Server) -> None:
    """Both tinydns publish the later of two live leases for one name, each given by one server."""
    lab, second = run.lab, other(run.lab, first)
    with lab.stopped(second, DHCPD):
        older = lab.hold(["twin"], renew=False)
        lab.bound(older, 1)
    with older:
        pair_well(run)
        with lab.stopped(first, DHCPD):
            newer = lab.hold(["twin"], renew=False)
            lab.bound(newer, 1)
        with newer:
            right = [newer.only["address"]]
            name = f"twin.{lab.domain}"

            def wrong() -> str:
                got = lab.ask(lab.asked, [(name, A)])
                return "; ".join(
                    f"{key[0]} says {answer}" for key, answer in got.items() if answer != right
                )

            eventually(lambda: lab.unwell() or wrong(), 20)
            run.expect(older.only["until"] > time.monotonic(), "the first lease was over too early")
            files = {s.name: lab.shell(s, f"cat {LEASE_FILE}") for s in lab.pair}
            for name_of, content in files.items():
                lab.put(first, f"/tmp/{name_of}.leases", content)
            options = [f"--leases {name_of}=/tmp/{name_of}.leases" for name_of in files]
            now = int(time.time())
            one, two = (
                lab.shell(
                    first,
                    f"leasemerge render --now {now} --site {SITE} {' '.join(order)}",
                )
                for order in (options, options[::-1])
            )
            run.expect(one == two, "the order of the files matters")


# -- 2 ---------------------------------------------------------------------------


@drill(2, "killed", of=PAIR, address=6, lookup=2)
def killed(run: Run, server: Server) -> None:
    """Systemd starts a killed dhcpd again."""
    run.lab.signal(server, DHCPD, "KILL")
    run.watch.served(clients=5)


@drill(
    2,
    "stopped",
    of=PAIR,
    address=6,
    lookup=2,
)
def stopped(run: Run, server: Server) -> None:
    """While one dhcpd is stopped, the other serves everybody."""
    with run.lab.stopped(server, DHCPD):
        run.watch.served(clients=10)


@drill(
    2,
    "frozen",
    of=PAIR,
    every=2,
    address=10,
    lookup=2,
)
def frozen(run: Run, server: Server) -> None:
    """While one dhcpd is frozen, its peer serves whoever asks again, and then everybody."""
    lab = run.lab
    with lab.frozen(server, DHCPD):
        run.watch.served(clients=5)
        eventually(lambda: interrupted(lab, other(lab, server)), NOTICES)
        run.watch.served(clients=5)


def interrupted(lab: Lab, server: Server) -> str:
    """Say so while a server has not yet noticed that its peer is gone."""
    state = lab.pair_state(server)
    return "" if "communications-interrupted" in state else f"{server.name} is {state}"


@drill(
    2,
    "switched-off",
    of=PAIR,
    every=2,
    address=10,
    lookup=11,
)
def off(run: Run, server: Server) -> None:
    """While one machine is without power, the other gives addresses and names."""
    lab = run.lab
    with lab.dead(server):
        run.watch.served(clients=5)
        eventually(lambda: interrupted(lab, other(lab, server)), NOTICES)
        run.watch.served(clients=5)


@drill(2, "lease-file-lost", of=PAIR, address=16, every=6, lookup=11, back=120)
def lease_file_lost(run: Run, server: Server) -> None:
    """Without its lease file, dhcpd fetches all leases from its peer, and no name goes."""
    lab = run.lab
    with lab.hold(["not-forgotten"]) as held:
        lab.bound(held, 1)
        lab.all_well(held, within=20)
        lab.shell(server, f"rm {LEASE_FILE}*")
        lab.signal(server, DHCPD, "KILL")
        run.watch.served(clients=5)
        lab.all_well(held, within=120)


# -- 3 ---------------------------------------------------------------------------


@drill(
    3,
    "network-cut-in-two",
    every=2,
    address=10,
    lookup=11,
    halves=True,
)
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
        lab.all_well(left, right, within=60)


@drill(3, "link-of-the-pair-cut", address=10, every=2, lookup=2)
def pair_cut(run: Run) -> None:
    """While the servers do not hear each other but clients hear both, no address is given twice."""
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
        run.expect(len(set(addresses)) == 10, f"an address was given twice: {addresses}")
        lab.all_well(held, within=60)


# -- 4 ---------------------------------------------------------------------------


@drill(4, "killed", of=EACH_TINYDNS, address=5, lookup=3)
def tinydns_killed(run: Run, server: Server) -> None:
    """Systemd starts a killed tinydns again."""
    run.lab.signal(server, TINYDNS, "KILL")
    run.watch.served()


@drill(
    4,
    "frozen",
    of=EACH_TINYDNS,
    address=5,
    lookup=5,
)
def tinydns_frozen(run: Run, server: Server) -> None:
    """While one tinydns is mute, a cache asks the other after a second."""
    with run.lab.frozen(server, TINYDNS):
        run.watch.served(lookups=80)


@drill(4, "killed", of=EACH_CACHE, address=5, lookup=6)
def dnscache_killed(run: Run, server: Server) -> None:
    """Systemd starts a killed dnscache again."""
    run.lab.signal(server, DNSCACHE, "KILL")
    run.watch.served()


@drill(
    4,
    "frozen",
    of=EACH_CACHE,
    address=5,
    lookup=6,
)
def dnscache_frozen(run: Run, server: Server) -> None:
    """While one dnscache is mute, clients ask the other: after 5 s if it is their first."""
    with run.lab.frozen(server, DNSCACHE):
        run.watch.served(lookups=40)


@drill(
    4,
    "leasemerge-killed",
    of=EACH_TINYDNS,
    address=5,
    lookup=2,
)
def leasemerge_killed(run: Run, server: Server) -> None:
    """No name goes, and new ones come again."""
    run.lab.signal(server, LEASEMERGE, "KILL")
    new_name(run, "after-kill", 15)


@drill(
    4,
    "leasemerge-frozen",
    of=EACH_TINYDNS,
    address=5,
    lookup=2,
)
def leasemerge_frozen(run: Run, server: Server) -> None:
    """No name goes; the watchdog starts a frozen leasemerge again, and new names come."""
    run.lab.signal(server, LEASEMERGE, "STOP")
    new_name(run, "after-freeze", 100)


def new_name(run: Run, hostname: str, within: float) -> None:
    """Have a new client, and note how long its name was not yet at both tinydns."""
    lab = run.lab
    with lab.hold([hostname]) as held:
        lab.bound(held, 1)
        aliases, name = [s.alias for s in lab.name_servers], f"{hostname}.{lab.domain}"

        def missing() -> str:
            got = lab.ask(aliases, [(name, A)])
            lacking = [key[0] for key, answer in got.items() if answer != [held.only["address"]]]
            return f"{name} is not at {', '.join(lacking)}" if lacking else ""

        eventually(missing, within)
        run.note(
            f"a new client's name was at every tinydns after {time.monotonic() - held.first:.1f} s"
        )


@drill(4, "alias-removed", of=EACH_TINYDNS, address=5, lookup=3)
def alias_removed(run: Run, server: Server) -> None:
    """Taken away by hand, the alias is put back at once."""
    lab = run.lab
    lab.shell(server, f"ip address delete {server.alias}/32 dev eth0")
    run.watch.served()
    run.expect(server.alias in lab.on(server, "ip", "address"), "the alias is gone")


@drill(4, "cable-pulled-and-put-back", of=EACH_TINYDNS, address=10, lookup=11)
def cable(run: Run, server: Server) -> None:
    """When its cable is back, a machine answers as if nothing had been."""
    run.lab.unplug(server)
    try:
        run.watch.served(clients=3, lookups=40)
    finally:
        run.lab.plug(server)
    run.watch.served(clients=3, lookups=40)


@drill(4, "zone-data-deleted", of=EACH_TINYDNS, address=5, lookup=3)
def zone_data_deleted(run: Run, server: Server) -> None:
    """Taken away by hand, the zone data is put back within a second or two."""
    lab = run.lab
    lab.shell(server, f"rm {lab.data_dir(server)}/data*")
    run.watch.served(lookups=40)


@drill(4, "leasemerge-memory-lost", of=EACH_TINYDNS, address=5, lookup=2)
def memory_lost(run: Run, server: Server) -> None:
    """Without what it kept on disk, leasemerge is told all by its peers, and no name goes."""
    lab = run.lab
    with lab.hold(["well-known"]) as held:
        lab.bound(held, 1)
        lab.all_well(held, within=20)
        lab.shell(server, "rm -r /var/lib/leasemerge/*")
        lab.signal(server, LEASEMERGE, "KILL")
        run.watch.served(lookups=40)
        lab.all_well(held, within=30)


@drill(4, "alias-at-the-living-server", of=["last-tinydns"], address=10, lookup=5)
def alias_moved(run: Run, server: Server) -> None:
    """Where the living tinydns answers on a dead one's alias too, no look-up waits for it."""
    lab = run.lab
    living = next(s for s in lab.name_servers if s != server)
    with lab.dead(server):
        run.watch.served(lookups=80)
        before = run.watch.gaps()
        begin = f"""
            root=$(systemctl show --property Environment --value tinydns | grep -o 'ROOT=[^ ]*')
            ip address replace {server.alias}/32 dev eth0
            systemd-run --quiet --unit drill-alias --setenv IP={server.alias} --setenv "$root" \\
                sh -c 'UID=$(id -u tinydns) GID=$(id -g tinydns) exec /usr/sbin/tinydns'
            arping -q -U -c 2 -w 2 -I eth0 {server.alias} || true
        """
        lab.shell(living, begin)
        try:
            run.watch.mark()
            run.watch.served(lookups=80)
            after = run.watch.gaps()
            run.note(
                f"slowest look-up {before.slowest:.1f} s, and {after.slowest:.1f} s after the move"
            )
            run.expect(after.slowest < 1, "a look-up still waited for the dead tinydns")
        finally:
            undo = f"systemctl stop drill-alias; ip address delete {server.alias}/32 dev eth0"
            lab.shell(living, undo, check=False)


# -- 5 ---------------------------------------------------------------------------


@drill(
    5,
    "wiped-and-rebuilt",
    of=PAIR,
    address=16,
    every=6,
    lookup=11,
    back=120,
)
def wiped(run: Run, server: Server) -> None:
    """Made anew by site.yml --limit, a bare machine is what it was; the other serves meanwhile."""
    lab = run.lab
    with lab.hold(["remember-me"]) as held:
        lab.bound(held, 1)
        lab.all_well(held, within=20)
        began = time.monotonic()
        lab.wipe(server)
        run.watch.served(clients=3)
        lab.create()
        deploying = lab.start_playbook("playbooks/site.yml", "--limit", server.name)
        names = {f"{n}.{lab.domain}": a for n, a in lab.live_names(held).items()}
        first: dict[str, list[str] | None] = {}
        while deploying.poll() is None:
            if not first:
                got = lab.ask([server.alias], [(name, A) for name in names])
                if any(answer is not None for answer in got.values()):
                    first = {name: answer for (_, name, _), answer in got.items()}
        output = said(deploying)
        run.expect(
            deploying.returncode == 0, f"site.yml --limit {server.name} failed: {output[-1500:]}"
        )
        lost = [name for name, answer in first.items() if answer == []]
        run.expect(bool(first), "its tinydns was never heard before the playbook's end")
        run.expect(not lost, f"its first answers lacked {', '.join(lost)}")
        lab.all_well(held, within=120)
        run.note(f"all well {time.monotonic() - began:.0f} s after it was wiped")


# -- 6 ---------------------------------------------------------------------------


@drill(
    6,
    "first-on-after-both-off",
    of=PAIR,
    address=25,
    lookup=20,
)
def both_off(run: Run, first: Server) -> None:
    """After a power cut the first machine to come back serves alone, then the other joins it."""
    lab = run.lab
    with lab.dead(other(lab, first)):
        with lab.dead(first):
            pass
        # From here on somebody has power; before it nobody can answer.
        run.watch.mark()
        run.watch.served(clients=8)
        run.note("gaps since the first machine has power again")


# -- 7 ---------------------------------------------------------------------------


@contextmanager
def full_disk(lab: Lab, server: Server, path: str, *units: str) -> Iterator[None]:
    """Put what lies in a directory on a small disk of its own, and fill that."""
    lab.on(server, "systemctl", "stop", *units)
    keep = f"/var/tmp/kept{path.replace('/', '-')}"
    lab.shell(
        server,
        f"rm -rf {keep}; cp -a {path} {keep}; mount -t tmpfs -o size=2m,mode=0755 drill {path}",
    )
    lab.shell(server, f"chown --reference={keep} {path}; cp -a {keep}/. {path}")
    lab.on(server, "systemctl", "start", *units)
    try:
        eventually(lab.unwell, 60)
        lab.shell(server, f"cat /dev/zero >{path}/filler 2>/dev/null || true")
        yield
        lab.shell(server, f"rm -f {path}/filler")
        eventually(lab.unwell, 60)
    finally:
        lab.on(server, "systemctl", "stop", *units)
        lab.shell(
            server,
            f"rm -rf {path}/filler {keep}; cp -a {path} {keep}; umount {path};"
            f" cp -a {keep}/. {path}; rm -r {keep}",
        )
        lab.on(server, "systemctl", "start", *units)


@drill(
    7,
    "lease-disk-full",
    of=PAIR,
    address=15,
    lookup=2,
)
def lease_disk_full(run: Run, server: Server) -> None:
    """While one dhcpd cannot write leases, clients get addresses; names come with the room."""
    lab = run.lab
    with lab.hold(["no-lease-room"]) as held:
        # leasemerge too: in a container, a unit of its own view does not see what is mounted later.
        directory = str(PurePosixPath(LEASE_FILE).parent)
        lab.bound(held, 1)
        lab.all_well(held, within=20)
        with full_disk(lab, server, directory, DHCPD, LEASEMERGE):
            run.watch.mark()
            late = lab.hold(["while-full"])
            lab.bound(late, 1)
            run.watch.served(clients=10)
            gone = lab.wrong_names(held)
            run.expect(not gone, f"a name that was there before went with the room: {gone}")
        with late:
            lab.all_well(held, late, within=90)


@drill(
    7,
    "zone-disk-full",
    of=EACH_TINYDNS,
    address=6,
    lookup=3,
)
def zone_disk_full(run: Run, server: Server) -> None:
    """While zone data cannot be written, the last one is answered; the rest comes with the room."""
    lab = run.lab
    with lab.hold(["no-room"]) as held:
        with full_disk(lab, server, lab.data_dir(server), LEASEMERGE, TINYDNS):
            lab.bound(held, 1)
            run.watch.served(lookups=40)
        lab.all_well(held, within=60)


@drill(
    7,
    "clock-off",
    of=PAIR,
    address=15,
    # A lease that dhcpd ended too early is one again when its client renews it, at its end at last.
    lookup=140,
    back=150,
)
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


@drill(
    7,
    "bad-dhcpd-conf",
    address=5,
    lookup=2,
)
def bad_conf(run: Run) -> None:
    """Refused by dhcpd -t, a dhcpd.conf never reaches it: site.yml stops, nothing is restarted."""
    refused(run, "-e", json.dumps({"site_extra": "no such statement;"}))


@drill(
    7,
    "bad-zone-data",
    address=5,
    lookup=2,
)
def bad_zone(run: Run) -> None:
    """Refused by leasemerge, a site never reaches it; put there by hand, it is not taken."""
    lab = run.lab
    site = json.dumps({"domain": "not..a..name", "servers": []})
    refused(run, "-e", json.dumps({"lease_merge_site": site}))
    server = lab.name_servers[0]
    lab.shell(server, f"echo '{{' >{SITE}")
    new_name(run, "despite-it", 10)
    lab.deploy("--limit", server.name)


@drill(
    7,
    "faulty-inventory",
    address=5,
    lookup=2,
)
def faulty_inventory(run: Run) -> None:
    """Faults of an inventory stop site.yml before it touches a machine."""

    def twice(_: str, content: Any) -> Any:
        if hosts := (content or {}).get("fixed_hosts", {}).get("hosts"):
            hosts["one-too-many"] = {"fixed_address": run.lab.primary.address}
        return content

    output = refused(run, inventory=run.lab.inventory(twice))
    run.expect("The inventory has faults" in output, "the faults were not told")


def refused(run: Run, *args: str, **kwargs: Any) -> str:
    """Run site.yml, which must fail and leave every daemon as it was; return what it printed."""
    lab = run.lab

    def standing() -> list[str]:
        units = "isc-dhcp-server tinydns leasemerge dnscache"
        files = "/etc/dhcp/dhcpd.conf /etc/leasemerge/site.json /etc/dnscache/make-root"
        script = f"systemctl show -p MainPID --value {units}; cksum {files} 2>/dev/null || true"
        return [lab.shell(server, script) for server in lab.servers]

    before = standing()
    status, output = lab.playbook("playbooks/site.yml", *args, **kwargs)
    run.expect(status != 0, "site.yml took it")
    run.expect(standing() == before, "a daemon was restarted or its configuration changed")
    return output


@drill(
    7,
    "ansible-killed",
    address=6,
    lookup=3,
)
def ansible_killed(run: Run) -> None:
    """Killed before it restarts dhcpd, Ansible does so the next time, and then changes nothing."""
    lab = run.lab
    longer = json.dumps({"site_default_lease_time": 1 + lab.lease_time})
    change = ("--tags", "dhcpd", "-e", longer)
    process = lab.start_playbook("playbooks/site.yml", *change)
    eventually(lambda: "" if "Restart dhcpd" in said(process) else "dhcpd is not restarted", 120)
    signal_group(process, signal.SIGKILL)
    process.wait()
    run.watch.served(clients=2)
    lab.deploy(*change)
    for server in lab.pair:
        since = lab.shell(
            server, f"systemctl show -p ActiveEnterTimestamp --value --timestamp us+utc {DHCPD}"
        )
        newer = lab.on(server, "find", CONF, "-newermt", since.strip())
        run.expect(not newer, f"dhcpd on {server.name} runs with an older configuration")
    again = lab.deploy(*change)
    changed = [line for line in again.splitlines() if re.search(r"changed=[1-9]", line)]
    run.expect(not changed, f"the run after changed something: {changed}")
    lab.deploy("--tags", "dhcpd")


# -- 8 ---------------------------------------------------------------------------


@drill(
    8,
    "secondary-replaced",
    address=25,
    every=6,
    lookup=11,
    back=120,
)
def replaced(run: Run) -> None:
    """Another machine, name and address take the secondary's place, and give it back."""
    lab, old = run.lab, run.lab.secondary
    taken = {*lab.facts["servers"].values(), *(s.alias for s in lab.servers)}
    taken |= {h["fixed_address"] for h in lab.site["fixed_hosts"]}
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
    new = {old.name: "newcomer", old.address: next(free), old.alias: next(free)}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {renamed(k): renamed(v) for k, v in value.items()}
        if isinstance(value, list):
            return [renamed(v) for v in value]
        return new.get(value, value) if isinstance(value, str) else value

    inventory = lab.inventory(lambda _, content: renamed(content))
    there = Lab(renamed(dict(lab.facts)))
    run.watch.forget(f"{old.name}.{lab.domain}")
    with lab.hold(["stay-with-us"]) as held:
        lab.bound(held, 1)
        lab.all_well(held, within=20)
        lab.wipe(old)
        lab.create(inventory=inventory)
        began = time.monotonic()
        there.deploy(inventory=inventory)
        took = there.all_well(held, within=120)
        run.note(
            f"deployed in {time.monotonic() - began - took:.0f} s, all well {took:.0f} s later"
        )
        gone = there.ask(there.asked, [(f"{old.name}.{lab.domain}", A)])
        run.expect(
            all(not answer for answer in gone.values()), f"{old.name} is still answered: {gone}"
        )
        there.wipe(there.secondary)
        lab.create()
        lab.deploy()
        lab.all_well(held, within=120)


@drill(
    8,
    "host-decommissioned",
    address=6,
    lookup=3,
)
def decommissioned(run: Run) -> None:
    """Taken out of the inventory, a fixed host leaves dhcpd.conf, tinydns and the caches."""
    lab = run.lab
    busy = {*lab.facts["servers"], *(c["name"] for c in lab.facts["clients"])}
    host = next(
        h
        for h in lab.site["fixed_hosts"]
        if h["hardware_ethernet"] and h["fixed_address"] and h["name"] not in busy
    )
    questions = [(f"{n}.{lab.domain}", A) for n in [host["name"], *host["aliases"]]]
    questions.append((IPv4Address(host["fixed_address"]).reverse_pointer, PTR))
    run.watch.forget(*(name for name, _ in questions))

    def without(_: str, content: Any) -> Any:
        (content or {}).get("fixed_hosts", {}).get("hosts", {}).pop(host["name"], None)
        return content

    lab.deploy(inventory=lab.inventory(without))

    def left() -> str:
        for (server, name, _), answer in lab.ask(lab.asked, questions).items():
            if answer != []:
                return f"{server} says {answer} for {name}"
        return ""

    run.note(f"gone from tinydns and caches {eventually(left, 10):.1f} s after the deployment")
    for server in lab.pair:
        found = lab.shell(
            server, f"grep -ci '{host['hardware_ethernet'][0]}' /etc/dhcp/dhcpd.conf || true"
        )
        run.expect(found.strip() == "0", f"{server.name}'s dhcpd.conf still has {host['name']}")
    lab.deploy()


# -- 9 ---------------------------------------------------------------------------


@drill(
    9,
    "hostile-hostnames",
    address=5,
    lookup=2,
)
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
            for (server, name, kind), answer in lab.ask(lab.asked, list(want)).items():
                if answer != want[name, kind]:
                    return f"{server} says {answer} for {name}, which is {want[name, kind]}"
            return ""

        eventually(wrong, 15)
        new_name(run, "honest", 10)


@drill(
    9,
    "one-name-for-all",
    address=6,
    lookup=2,
)
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
            got = lab.ask(
                lab.asked, [(name, A), *((pointer, PTR) for pointer in addresses.values())]
            )
            for server in lab.asked:
                answer = got[server, name, A]
                if answer is None or len(answer) != 1 or answer[0] not in addresses:
                    return f"{server} says {answer} for {name}"
                back = [
                    a for a, pointer in addresses.items() if got[server, pointer, PTR] == [name]
                ]
                if back != answer:
                    return f"{server} says {answer} for {name}, and {back} point to it"
            return ""

        eventually(wrong, 15)


def crowded(lab: Lab) -> str:
    """Say so while there are leases of others than the lab's clients, and the watch's last ones."""
    live = int(lab.status(lab.primary).get("leases", lab.pool))
    return f"{live} leases are live" if live > lab.pool // 4 else ""


@drill(
    9,
    "killed-in-a-storm",
    of=PAIR,
    address=12,
    lookup=11,
)
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
        lab.all_well(held, within=90)


@drill(9, "daemons-killed-at-random-under-load", address=16, lookup=11, every=3, back=150)
def random_kills(run: Run) -> None:
    """While perfdhcp asks without a pause, daemons are killed two minutes long; all comes back."""
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
        lab.all_well(held, within=150)
