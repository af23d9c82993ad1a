"""dnscache's access list.

Source: dnscache(8): a client at 1.2.3.4 is answered if ip/1.2.3.4, ip/1.2.3, ip/1.2 or ip/1 exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network


class DnscacheConfError(ValueError):
    """A network of the inventory cannot be written as dnscache has it."""


def dnscache_prefixes(networks: Iterable[str]) -> list[str]:
    """Turn networks into the names of files in dnscache's ip/ directory, sorted, each once.

    Raises DnscacheConfError: when a network is not IPv4, or has host bits set.
    """
    try:
        parsed = [IPv4Network(network) for network in networks]
    except ValueError as exc:
        # Ansible prints each cause of an error, and this one is in the sentence.
        raise DnscacheConfError(f"dnscache cannot serve this network: {exc}.") from None
    return sorted({prefix for network in parsed for prefix in _prefixes(network)})


def _prefixes(network: IPv4Network) -> Iterable[str]:
    """Write a network as dotted prefixes, split if its length is between two octets."""
    octets = max(1, -(-network.prefixlen // 8))
    for part in network.subnets(new_prefix=octets * 8):
        yield ".".join(str(part.network_address).split(".")[:octets])
