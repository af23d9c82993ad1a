"""Hold a line of fixed_hosts.yml while it is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class HostLine:
    """A line of fixed_hosts.yml."""

    name: str
    where: str
    domain: str
    addresses: list[str] = field(default_factory=list)
    ipv6: list[str] = field(default_factory=list)
    hardware: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    settings: Mapping[str, Any] = field(default_factory=dict)
    dhcp_names: list[tuple[str, str]] = field(default_factory=list)
    """What the DHCP server calls it: label and name as written; the first one counts."""

    @property
    def shown(self) -> str:
        """Its address, or whatever a sentence can call it before it has a name."""
        return self.addresses[0] if self.addresses else "any address"
