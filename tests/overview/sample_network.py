r"""A small network to report on, and the report that the filters make of it.

draco (primary)    taurus (secondary)    scorpio
its leases         its leases            dnscache only
\__________________/
both are needed: draco received laptop, taurus received phone
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import report as plugin
from controller.overview.registered import readings_of

PROJECT = Path(__file__).resolve().parents[2]

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


LAPTOP, PHONE = "02:00:00:00:00:01", "02:00:00:00:00:02"
DRACO = lease("10.1.1.100", mac=LAPTOP, hostname="laptop") + lease(
    "10.1.1.101", mac=PHONE, received=False
)
TAURUS = lease("10.1.1.100", mac=LAPTOP, received=False) + lease(
    "10.1.1.101", mac=PHONE, hostname="phone"
)
TINYDNS = ["leasemerge.service", "floating-address.service", "tinydns.service"]
UNITS = {
    "draco": dict.fromkeys(["isc-dhcp-server.service", *TINYDNS, "dnscache.service"], "active"),
    "taurus": dict.fromkeys(["isc-dhcp-server.service", *TINYDNS], "active"),
    "scorpio": {"dnscache.service": "active"},
}
FILTERS = plugin.FilterModule().filters()


def zone_of(rows: list[dict[str, Any]]) -> str:
    """Make the zone data that these servers should serve."""
    from controller.overview.readings import expected_zone
    from leasemerge.site import Site

    return expected_zone(readings_of(rows), Site.from_dict(PLAIN), NOW).decode()


def healthy(draco: str = DRACO, taurus: str = TAURUS) -> list[dict[str, Any]]:
    """Return the readings of a healthy network."""
    rows = [
        row(
            "draco",
            leases=draco,
            status=status("draco", "taurus"),
            units=UNITS["draco"],
            addresses={"10.1.1.5": "eth0", "10.1.1.3": "eth0"},
        ),
        row(
            "taurus",
            leases=taurus,
            status=status("taurus", "draco"),
            units=UNITS["taurus"],
            addresses={"10.1.1.6": "eth0", "10.1.1.4": "eth0"},
        ),
        row("scorpio", units=UNITS["scorpio"], addresses={"10.1.1.7": "eth0"}),
    ]
    zone = b64encode(zone_of(rows).encode()).decode()
    rows[0]["zone"] = rows[1]["zone"] = zone
    for given in rows:
        given["answers"] = answers()
    return rows


def texts(report: dict[str, Any]) -> list[str]:
    """Return the findings as lines; what follows from a cause is indented."""
    return [
        line
        for cause in report["attention"]
        for line in (cause["text"], *(f"  {other['text']}" for other in cause["follows"]))
    ]


def made(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the report of readings."""
    machines = FILTERS["machine_table"](SERVERS, SITE, RESOLVERS)
    return dict(FILTERS["network_report"](rows, PLAIN, machines, NOW))


def floating() -> list[dict[str, Any]]:
    """Return the readings of servers that each may hold 10.1.1.3, as draco does."""
    rows = healthy()
    for given in rows:
        given["units"] = {**given["units"], "tinydns@10.1.1.3.service": "active"}
        given["units"] |= dict.fromkeys(
            ["floating-address.service", "keepalived.service"], "active"
        )
        given["addresses"] = {**given["addresses"]}
        given["addresses"].setdefault("10.1.1.3", "lo")
    return rows


def of_kea(own: str = "hot-standby", partner: str = "hot-standby") -> list[dict[str, Any]]:
    """Return the readings of the same network with Kea; draco is in the first state."""
    from leasemerge import kea

    head = kea.COLUMNS.decode()
    leases = head + "".join(
        f"10.1.1.{number},{mac},,3600,{NOW + 3000},1,0,0,{name},0,,0\n"
        for number, mac, name in ((100, LAPTOP, "laptop"), (101, PHONE, "phone"))
    )
    rows = healthy(leases, leases)
    for given, states in zip(rows, ([own, partner], [partner, own]), strict=False):
        given["dhcp"] = KEA
        given["units"] = {
            KEA["unit"] if unit == "isc-dhcp-server.service" else unit: state
            for unit, state in given["units"].items()
        }
        given["status"]["failover"] = {"kea": states}
    return rows
