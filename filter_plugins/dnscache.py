"""Filter for dnscache's access list.

Source: dnscache(8): a client at 1.2.3.4 is answered if ip/1.2.3.4, ip/1.2.3, ip/1.2 or ip/1 exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types


def _prefixes(network: IPv4Network) -> Iterable[str]:
    """Write a network as dotted prefixes, split if its length is between two octets."""
    octets = max(1, -(-network.prefixlen // 8))
    for part in network.subnets(new_prefix=octets * 8):
        yield ".".join(str(part.network_address).split(".")[:octets])


def dnscache_prefixes(networks: Iterable[str]) -> list[str]:
    """Turn networks into the names of files in dnscache's ip/ directory, sorted, each once.

    Raises AnsibleFilterError: when a network is not IPv4, or has host bits set.
    """
    try:
        parsed = [IPv4Network(network) for network in networks]
    except ValueError as exc:
        raise AnsibleFilterError(f"dnscache cannot serve this network: {exc}.") from exc
    return sorted({prefix for network in parsed for prefix in _prefixes(network)})


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {"dnscache_prefixes": dnscache_prefixes}
