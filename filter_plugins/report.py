"""Filters that show the network as it is; the package controller.overview does the work."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller.filters import filters
from controller.overview import answers, lease, names_served, network, readings
from controller.overview.readings import Reading
from leasemerge.site import Site


def server_readings(
    servers: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Collect what playbooks/tasks/read-server.yml has registered for each server."""
    rows = []
    for server in servers:
        read = hostvars[server].get("read_server", {})
        reading = read.get("reading", {})
        files = dict(reading.get("files", {}))
        named = {name: files.pop(name, None) for name in ("leases", "zone", "zone_before")}
        rows.append(
            {
                "server": str(server),
                "reachable": bool(reading),
                "reason": "" if reading else _reason(str(read.get("msg", ""))),
                **named,
                "memories": {name: text for name, text in files.items() if text is not None},
                "status": _json(str(reading.get("status", ""))),
                **{key: reading.get(key, empty) for key, empty in _READ.items()},
                "offset": _offset(reading, hostvars[server].get("read_server_until")),
                "answers": hostvars[server].get("read_answers", {}).get("answers", []),
            }
        )
    return rows


def _offset(reading: Mapping[str, Any], until: object) -> float:
    """Return by how many seconds, at least, a clock is ahead of the controller's.

    It was read at some time between the controller's two readings: a busy controller waits long.
    """
    offset = float(reading.get("offset", 0.0))
    waited = float(str(until)) - float(reading["time"]) if until and "time" in reading else 0.0
    return max(0.0, offset - waited) if offset > 0 else offset


def _reason(message: str) -> str:
    """Return what Ansible reports about a server that it cannot reach, on one short line."""
    return " ".join(message.removeprefix("Task failed: ").split())[:200].rstrip(".:")


# What a server's reading has in addition to its files, and its default if nothing was read.
_READ: dict[str, Any] = {"units": {}, "disabled": [], "disks": {}, "offset": 0.0, "addresses": {}}


def status_queries(site: object) -> list[list[str]]:
    """Return what the status queries at every name server and resolver."""
    return [list(query) for query in names_served.status_answers(Site.from_dict(site))]


def machine_table(servers: Iterable[str], site: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the servers with what each is for, from the checked site."""
    dhcp = {row["name"]: row for row in site["dhcp_servers"]}
    caches = {row["name"]: row for row in site["dnscache_servers"]}
    names = {row["name"]: row for row in site["tinydns_servers"]}
    tinydns = {row["server"]: row for row in site["name_servers"]}
    resolvers = {
        row["name"]: str(row["resolver_address"])
        for row in site["dnscache_servers"]
        if row.get("resolver_address")
    } or {name: str(row["address"]) for name, row in caches.items()}
    rows = []
    for server in servers:
        found = [table[server]["address"] for table in (dhcp, caches, names) if server in table]
        rows.append(
            {
                "name": str(server),
                "address": str(found[0]),
                "dhcp": str(dhcp[server]["role"]) if server in dhcp else "",
                "alias": str(tinydns[server]["address"]) if server in tinydns else "",
                "tinydns": server in names,
                "dnscache": server in caches,
                "resolver": resolvers.get(server, ""),
                "peers": sorted(
                    {str(name) for group in (names, caches) if server in group for name in group}
                    - {str(server)}
                ),
            }
        )
    return rows


def network_report(
    rows: Iterable[Mapping[str, Any]],
    site: object,
    machines: Iterable[Mapping[str, Any]],
    now: object,
) -> dict[str, Any]:
    """Return the report on the network that a template prints."""
    known = [network.Machine(**{str(k): v for k, v in row.items()}) for row in machines]
    given = Site.from_dict(site)
    subnets = site["subnets"]  # type: ignore[index]  # Site has checked it
    return network.network_report(known, _readings(rows), given, _seconds(now), subnets)


def lease_view(
    rows: Iterable[Mapping[str, Any]], site: object, wanted: object, now: object
) -> dict[str, Any]:
    """Collect all that is known about a name, an address or a MAC address."""
    return lease.lease_view(_readings(rows), Site.from_dict(site), str(wanted), _seconds(now))


def dns_queries(rows: Iterable[Mapping[str, Any]], site: object, now: object) -> list[list[str]]:
    """List the queries for the name servers: all that is expected, and all that is served."""
    read = _readings(rows)
    expected = _expected(read, site, now)
    served = [answers.answers_of(reading.zone) for reading in read if reading.zone is not None]
    return answers.queries(expected, served)


def dns_differences(
    answered: Iterable[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    site: object,
    server: str,
    now: object,
) -> list[str]:
    """Return a sentence for each answer of a server that differs from the merge."""
    return answers.differences(_expected(_readings(rows), site, now), answered, server)


def _expected(read: list[Reading], site: object, now: object) -> dict[tuple[str, str], list[str]]:
    zone = readings.expected_zone(read, Site.from_dict(site), _seconds(now))
    return answers.answers_of(zone)


def _readings(rows: Iterable[Mapping[str, Any]]) -> list[Reading]:
    return [
        Reading(
            str(row["server"]),
            bool(row["reachable"]),
            _bytes(row["leases"]),
            {server: b64decode(text) for server, text in row["memories"].items()},
            _bytes(row["zone"]),
            _bytes(row["zone_before"]),
            row["status"],
            row["units"],
            **{
                key: row[key]
                for key in (*_READ, "reason", "answers")
                if key in row and key != "units"
            },
        )
        for row in rows
    ]


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)


def _json(text: str) -> dict[str, Any] | None:
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _seconds(now: object) -> int:
    return int(now)  # type: ignore[call-overload,no-any-return]  # raises if not a number


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(
            server_readings,
            status_queries,
            machine_table,
            network_report,
            lease_view,
            dns_queries,
            dns_differences,
        )
