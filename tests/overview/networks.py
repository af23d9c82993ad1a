"""A small network to report on: two servers whose lease files each know what the other does not."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

#: When the reports of the tests are made: 2026-11-23 12:00:00 UTC.
NOW = 1795435200

SITE: dict[str, Any] = {
    "domain": "office.internal",
    "reverse_zones": ["1.1.10.in-addr.arpa", "2.1.10.in-addr.arpa"],
    "name_servers": [
        {"name": "ns1", "address": "10.1.1.3", "server": "draco", "server_address": "10.1.1.5"},
        {"name": "ns2", "address": "10.1.1.4", "server": "taurus", "server_address": "10.1.1.6"},
    ],
    "fixed_hosts": [
        {"name": "draco", "fixed_address": "10.1.1.5"},
        {"name": "taurus", "fixed_address": "10.1.1.6"},
        {"name": "scorpio", "fixed_address": "10.1.1.7"},
        {
            "name": "printer",
            "fixed_address": "10.1.1.105",
            "hardware_ethernet": ["02:00:00:00:00:05", "02:00:00:00:00:06"],
            "aliases": ["lp"],
        },
    ],
    "subnets": [
        {"network": "10.1.1.0/24", "ranges": [["10.1.1.100", "10.1.1.109"]]},
        {"network": "10.1.2.0/24", "ranges": [["10.1.2.100", "10.1.2.109"]]},
    ],
    "servers": ["draco", "taurus"],
    "dhcp_servers": [
        {"name": "draco", "address": "10.1.1.5", "role": "primary"},
        {"name": "taurus", "address": "10.1.1.6", "role": "secondary"},
    ],
    "tinydns_servers": [
        {"name": "draco", "address": "10.1.1.5"},
        {"name": "taurus", "address": "10.1.1.6"},
    ],
    "dnscache_servers": [
        {"name": "draco", "address": "10.1.1.5"},
        {"name": "scorpio", "address": "10.1.1.7"},
    ],
    "reserved_names": ["wpad"],
    "fixed_ttl": 3600,
    "lease_ttl": 60,
    "negative_ttl": 5,
}
#: What the merge is called with.
PLAIN = {
    **{key: value for key, value in SITE.items() if not key.startswith(("dhcp_", "dnscache_"))},
    "name_servers": [{k: s[k] for k in ("name", "address")} for s in SITE["name_servers"]],
}
SERVERS = ["draco", "taurus", "scorpio"]
#: The variable site_resolvers.
RESOLVERS = ["10.1.1.5", "10.1.1.7"]


#: What the status queries everywhere, and the answers.
ASKED = {
    ("office.internal", "SOA"): ["ns1.office.internal"],
    (
        "draco.office.internal",
        "A",
    ): ["10.1.1.5"],
}
SERVICES = ["10.1.1.3", "10.1.1.4", "10.1.1.5", "10.1.1.7"]


def answers(**changed: Any) -> list[dict[str, Any]]:
    """Return what all name servers and resolvers answer; `changed` has the values of an address."""
    return [
        {"server": service, "name": name, "type": kind, "values": changed.get(service, values)}
        for service in SERVICES
        for (name, kind), values in ASKED.items()
    ]


def lease(
    address: str,
    state: str = "active",
    *,
    ends: int = NOW + 3000,
    mac: str | None = None,
    hostname: str | None = None,
    received: bool = True,
) -> str:
    """Write a block of dhcpd.leases; one that was not received has neither cltt nor hostname."""
    lines = [f"lease {address} {{", f"  starts epoch {NOW - 600};", f"  ends epoch {ends};"]
    if received:
        lines.append(f"  cltt epoch {NOW - 600};")
    lines.append(f"  binding state {state};")
    if mac is not None:
        lines.append(f"  hardware ethernet {mac};")
    if hostname is not None and received:
        lines.append(f'  client-hostname "{hostname}";')
    return "\n".join([*lines, "}", ""])


def status(server: str, partner: str, **changed: Any) -> dict[str, Any]:
    """Return what `leasemerge status --json` prints on a healthy server."""
    feed = {"leases": 20, "last_seen": NOW - 3.0, "damage": 0, "connects": 1, "error": ""}
    return {
        "server": server,
        "time": float(NOW),
        "started": NOW - 9000.0,
        "leases": 3,
        "names": 8,
        "conflicts": 0,
        "refused": 0,
        "feeds": [
            {"server": server, "kind": "own", "state": "following", **feed},
            {"server": partner, "kind": "peer", "state": "following", **feed},
        ],
        "publish": {"builds": 1, "failures": 0, "seconds": 0.004, "last": NOW - 60.0, "error": ""},
        "followers": [partner],
        "failover": {"dhcp-failover": ["normal", "normal"]},
        "errors": [],
        "losers": [],
        **changed,
    }


DHCPD = {"kind": "dhcpd", "unit": "isc-dhcp-server.service", "port": 647}
KEA = {"kind": "kea", "unit": "kea-dhcp4-server.service", "port": 8001}


def row(server: str, **changed: Any) -> dict[str, Any]:
    """Make what the filter server_readings returns for a server; bytes become base64."""
    values: dict[str, Any] = {
        "server": server,
        "dhcp": DHCPD,
        "reachable": True,
        "leases": None,
        "zone": None,
        "zone_before": None,
        "memories": {},
        "status": None,
        "units": {},
        "reason": "",
        "disabled": [],
        "disks": {},
        "offset": 0.0,
        "addresses": {},
        "answers": [],
        **changed,
    }
    for key in ("leases", "zone", "zone_before"):
        if isinstance(values[key], str):
            values[key] = b64encode(values[key].encode("latin-1")).decode()
    values["memories"] = {
        log: b64encode(text.encode("latin-1")).decode() for log, text in values["memories"].items()
    }
    return dict(json.loads(json.dumps(values)))
