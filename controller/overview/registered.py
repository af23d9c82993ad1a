"""What playbooks/tasks/read-server.yml has registered: as rows of plain data, and as readings."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from controller import role_specs

from .readings import DhcpServer, Reading

# What a server's reading has in addition to its files, and its default if nothing was read.
_READ: dict[str, Any] = {"units": {}, "disabled": [], "disks": {}, "offset": 0.0, "addresses": {}}
# The role variable with the port on which each DHCP server accepts its peer.
_PORTS = {"dhcpd": "dhcpd_failover_port", "kea": "kea_port"}


def server_readings(
    servers: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Collect what was registered for each server: a row with the fields of Reading each.

    Files are in base64; what could not be read is None.
    """
    rows = []
    for server in servers:
        read = hostvars[server].get("read_server", {})
        reading = read.get("reading", {})
        files = dict(reading.get("files", {}))
        named = {name: files.pop(name, None) for name in ("leases", "zone", "zone_before")}
        rows.append(
            {
                "server": str(server),
                "dhcp": _dhcp(hostvars[server]),
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


def readings_of(rows: Iterable[Mapping[str, Any]]) -> list[Reading]:
    """Return the rows of server_readings as readings. Raises ValueError: when one is no base64."""
    return [
        Reading(
            str(row["server"]),
            DhcpServer(**row["dhcp"]),
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


def _dhcp(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of DhcpServer for a server, from its variables."""
    kind = str(variables["site_dhcp"]["name"])
    default = role_specs.specs()[_PORTS[kind]]["default"]
    return {
        "kind": kind,
        "unit": str(variables["site_dhcp"]["unit"]),
        "port": int(variables.get(_PORTS[kind], default)),
    }


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


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)


def _json(text: str) -> dict[str, Any] | None:
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
