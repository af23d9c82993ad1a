"""What a DHCP server refuses of the configuration that it was given, in terms of the inventory.

dhcpd_check.py and kea_check.py find it; the sentences are the same for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Literal

from controller import origins
from controller.dhcpd_conf import host_rows

Kind = Literal["host", "site", "subnet", "variable"]
Key = tuple[Kind, str]
"""What has a statement: its kind, and the name of the host or the variable, the network of the
subnet, or an empty text for the site."""


@dataclass(frozen=True)
class Refusal:
    """One statement that a DHCP server refuses. `kind` and `key` are those of what has it."""

    kind: Kind
    key: str
    statement: str
    reason: str


def places(
    fixed_hosts: str | Sequence[Mapping[str, Any]], subnets: Iterable[Mapping[str, Any]]
) -> dict[Key, str]:
    """Return where the inventory has each host and each subnet, by kind and key."""
    found: dict[Key, str | None] = {}
    for host in host_rows(fixed_hosts):
        found["host", str(host["name"])] = host.get("where")
    for subnet in subnets:
        found["subnet", str(IPv4Network(subnet["network"]))] = origins.place(subnet.values())
    return {key: place for key, place in found.items() if place is not None}


def sentence(refusal: Refusal, places: Mapping[Key, str], program: str = "dhcpd") -> str:
    """Return a sentence for a refusal; `places` is where the inventory has what it is about."""
    what = refusal.statement or "its file"
    return f"{_who(refusal, places)}: {program} refuses {what} ({refusal.reason}); correct it."


def note(refusal: Refusal, places: Mapping[Key, str]) -> str:
    """Return a sentence for a warning."""
    what = f" of {refusal.statement}" if refusal.statement else ""
    return f"{_who(refusal, places)}: dhcpd warns{what}: {refusal.reason.rstrip('.')}."


def _who(refusal: Refusal, places: Mapping[Key, str]) -> str:
    who = f"{refusal.kind.capitalize()} {refusal.key}".strip()
    place = places.get((refusal.kind, refusal.key))
    return who if place is None else f"{who} ({place})"
