"""Whether the lab is healthy: every daemon runs, the pair is normal, every name is right."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from .clients import PTR, A, Clients, Held
from .commands import eventually
from .servers import Server


class Health(Clients):
    """What is wrong in the lab, in a sentence; empty if nothing is."""

    @property
    def dns_addresses(self) -> list[str]:
        """Return the addresses at which names are queried: every tinydns, then the caches."""
        return [s.alias for s in self.name_servers] + self.resolvers

    def server_fault(self) -> str:
        """Return what is wrong with the servers; empty if all are healthy."""
        for server in self.servers:
            if fault := self._fault_of(server):
                return f"{server.name}: {fault}"
        for address, holders in self.holders().items():
            if self.home(address).address not in [server.address for server in holders]:
                return f"{self.home(address).name} does not hold {address}"
        return ""

    def _fault_of(self, server: Server) -> str:
        output = self.on(server, "systemctl", "is-active", *server.units, check=False).split()
        for unit, state in zip(server.units, output or [""] * len(server.units), strict=False):
            if state != "active":
                return f"{unit} is {state or 'unreachable'}"
        if not output:
            return "unreachable"
        if server.role and (state := self.pair_state(server)) not in self.dhcp["healthy"]:
            return f"the pair is {state}"
        if server.merges:
            status = self.status(server)
            for feed in status.get("feeds", [{"server": "?", "state": "unknown"}]):
                if feed["state"] != "following":
                    return f"the feed of {feed['server']} is {feed['state']}"
        return ""

    def pair_state(self, server: Server) -> str:
        """Return a server's own state and its partner's; `cut off` where they are not connected."""
        if self.kea:
            return self.on(server, "kea-pair", "state", check=False).strip()
        peer = self.secondary if server == self.primary else self.primary
        # The lease file may still have the state from before a restart; the connection does not.
        script = f"""
            ss -Htn state established | grep -q ' {re.escape(peer.address)}:' || echo cut off from
            awk '/^failover peer/ {{ f = 1 }} /^}}/ {{ f = 0 }}
                f && $1 == "my" {{ m = $3 }} f && $1 == "partner" {{ p = $3 }}
                END {{ print m, p }}' /var/lib/dhcp/dhcpd.leases
        """
        return " ".join(self.shell(server, script, check=False).split())

    def home(self, address: str) -> Server:
        """Return the server that a floating address belongs to."""
        return next(s for s in self.servers if address in (s.alias, s.resolver))

    def holders(self) -> dict[str, list[Server]]:
        """Return the servers that hold each floating address now: not only on lo."""
        found: dict[str, list[Server]] = {}
        for server in self.servers:
            shown = self.on(server, "ip", "-oneline", "-4", "address", check=False).splitlines()
            # 3: vrrp.8    inet 10.1.1.8/32 scope global vrrp.8
            fields = [line.split() for line in shown]
            there = {words[3].partition("/")[0] for words in fields if words[1] != "lo"}
            for address, _ in server.floating:
                found.setdefault(address, []).extend([server] * (address in there))
        return found

    def status(self, server: Server) -> dict[str, Any]:
        """Return leasemerge's status; nothing while it does not answer."""
        output = self.on(server, "leasemerge", "status", "--json", check=False, timeout=15)
        try:
            return dict(json.loads(output))
        except ValueError:
            return {}

    @property
    def plain_hosts(self) -> list[Mapping[str, Any]]:
        """The fixed hosts with one address and a name in the site's domain: what drills check."""
        others = [IPv4Network(s["network"]) for s in self.site["subnets"] if s.get("domain")]
        return [
            host
            for host in self.site["fixed_hosts"]
            if isinstance(host["fixed_address"], str)
            and not host.get("domain")
            and not any(IPv4Address(host["fixed_address"]) in network for network in others)
        ]

    def live_names(self, *held: Held) -> dict[str, str]:
        """Return every name that must be published, with its address as the clients report it."""
        names: dict[str, str] = {}
        for host in self.plain_hosts:
            names |= dict.fromkeys([host["name"], *host["aliases"]], host["fixed_address"])
        for client in self.facts["clients"]:
            if address := self.client_address(client["name"]):
                names[client["name"]] = address
        now = time.monotonic()
        for group in held:
            group.read()
            for lease in group.leases.values():
                if lease["until"] > now:
                    names[lease["hostname"]] = lease["address"]
        return names

    def client_address(self, name: str) -> str:
        """Return the address that one of the lab's clients has; empty for none."""
        output = self.on(f"client-{name}", "sh", "/lab/client-address.sh", check=False)
        return (output.split() or [""])[0]

    def wrong_names(self, *held: Held, servers: Iterable[str] = (), on: str = "") -> str:
        """Return which live name has a wrong forward or reverse answer; empty if none has."""
        live = self.live_names(*held)
        if missing := {c["name"] for c in self.facts["clients"]} - set(live):
            return f"no address for the clients {', '.join(sorted(missing))}"
        first = {address: name for name, address in reversed(live.items())}
        wanted = {(f"{name}.{self.domain}", A): [address] for name, address in live.items()}
        wanted |= {
            (IPv4Address(address).reverse_pointer, PTR): [f"{name}.{self.domain}"]
            for address, name in first.items()
        }
        got = self.query(servers or self.dns_addresses, list(wanted), on=on)
        for (server, name, kind), answer in got.items():
            if answer != wanted[name, kind]:
                return f"{server} answers {answer} for {name}, which is {wanted[name, kind]}"
        return ""

    def all_healthy(self, *held: Held, within: float) -> float:
        """Wait until every server is healthy and every name right; return the seconds."""
        return eventually(lambda: self.server_fault() or self.wrong_names(*held), within, every=0.5)
