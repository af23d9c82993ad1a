"""Names: known to one server, claimed by two clients, pinned, removed."""

from __future__ import annotations

import time
from ipaddress import IPv4Address
from typing import Any

from ..catalogue import PAIR, drill
from ..engine import Run
from ..lab.clients import PTR, A
from ..lab.commands import eventually
from ..lab.servers import Server
from ..steps import SITE, other, pair_healthy


@drill("names/known-to-{}-only", of=PAIR, address=6, lookup=2)
def one_knows(run: Run, server: Server) -> None:
    """Both answer a name that only one server has granted; dhcpd keeps it from its peer."""
    lab, deaf = run.lab, other(run.lab, server)
    hostname = f"only-{server.role}"
    with lab.stopped(deaf, lab.dhcp["unit"]):
        held = lab.hold([hostname], renew=False)
        lab.bound(held, 1)
    with held:
        pair_healthy(run)
        lease = held.only
        know = [s for s in lab.pair if hostname in [row["hostname"] for row in lab.leases(s)]]
        run.expect(server in know, f"{server.name} does not know the name")
        # Kea fetches the name with the lease.
        found = f"{deaf.name} {'has' if deaf in know else 'lacks'} the name in its lease file"
        run.expect((deaf in know) is lab.kea, found)
        lab.all_healthy(held, within=5)
        run.expect(
            lease["until"] > time.monotonic(), "the lease was over before its name was queried"
        )


@drill("names/same-name-{}-first", of=PAIR, address=6, lookup=2)
def twins(run: Run, first: Server) -> None:
    """Both tinydns publish the later of two live leases for one name, each from one server."""
    lab, second = run.lab, other(run.lab, first)
    with lab.stopped(second, lab.dhcp["unit"]):
        older = lab.hold(["twin"], renew=False)
        lab.bound(older, 1)
    with older:
        pair_healthy(run)
        with lab.stopped(first, lab.dhcp["unit"]):
            newer = lab.hold(["twin"], renew=False)
            lab.bound(newer, 1)
        with newer:
            right = [newer.only["address"]]
            name = f"twin.{lab.domain}"

            def wrong() -> str:
                got = lab.query(lab.dns_addresses, [(name, A)])
                return "; ".join(
                    f"{key[0]} returns {answer}" for key, answer in got.items() if answer != right
                )

            eventually(lambda: lab.server_fault() or wrong(), 20)
            run.expect(older.only["until"] > time.monotonic(), "the first lease was over too early")
            parts = " ".join(lab.dhcp["lease_file"] + part for part in lab.dhcp["log_parts"])
            files = {s.name: lab.shell(s, f"cat {parts} 2>/dev/null || true") for s in lab.pair}
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


@drill("names/pinned-while-leased", address=6, lookup=2)
def pinned(run: Run) -> None:
    """Pinned to the address that it has by lease, a host stays in DNS, past the lease's end too."""
    lab = run.lab
    with lab.hold(["pin-me"]) as held:
        lab.bound(held, 1)
        lab.all_healthy(held, within=10)
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
            for answer in lab.query(lab.dns_addresses, [(name, A)]).values():
                asked += 1
                missed += answer != [lease["address"]]
            held.read()
            if deploying.poll() is not None and end == float("inf"):
                run.expect(deploying.returncode == 0, "pin-hosts.yml failed")
                # From here on dhcpd answers it as a fixed host: the lease expires. Kea renews it.
                end = max(time.monotonic(), lease["until"]) + lab.lease_time + 5
        run.note(
            f"queried {asked} times until the lease had ended, {missed} times without right answer"
        )
        run.expect(missed == 0, f"the name was gone {missed} times of {asked}")
        rows = [row for row in lab.leases(lab.primary) if row["address"] == lease["address"]]
        ended = not any(row["state"] == "active" for row in rows)
        run.expect(ended or lab.kea, "the lease had not ended: the drill showed too little")
    lab.deploy()


@drill("names/host-decommissioned", address=6, lookup=3)
def decommissioned(run: Run) -> None:
    """Taken out of the inventory, a fixed host leaves the DHCP servers, tinydns and the caches."""
    lab = run.lab
    busy = {*lab.facts["servers"], *(c["name"] for c in lab.facts["clients"])}
    host = next(h for h in lab.plain_hosts if h["hardware_ethernet"] and h["name"] not in busy)
    questions = [(f"{n}.{lab.domain}", A) for n in [host["name"], *host["aliases"]]]
    questions.append((IPv4Address(host["fixed_address"]).reverse_pointer, PTR))
    run.watch.forget(*(name for name, _ in questions))

    def without(_: str, content: Any) -> Any:
        (content or {}).get("fixed_hosts", {}).get("hosts", {}).pop(host["name"], None)
        return content

    lab.deploy(inventory=lab.inventory(without))

    def left() -> str:
        for (server, name, _), answer in lab.query(lab.dns_addresses, questions).items():
            if answer != []:
                return f"{server} returns {answer} for {name}"
        return ""

    run.note(f"gone from tinydns and caches {eventually(left, 10):.1f} s after the deployment")
    for server in lab.pair:
        found = lab.shell(
            server, f"grep -ci '{host['hardware_ethernet'][0]}' {lab.dhcp['conf']} || true"
        )
        run.expect(found.strip() == "0", f"{server.name} still has {host['name']}")
    lab.deploy()
