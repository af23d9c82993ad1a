"""The servers of the inventory, and what each is for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Machine:
    """A server of the inventory, and its roles."""

    name: str
    address: str
    dhcp: str = ""
    """`primary` or `secondary`."""
    alias: str = ""
    """The address of the name server whose home it is."""
    tinydns: bool = False
    """Whether it runs tinydns and leasemerge."""
    dnscache: bool = False
    resolver: str = ""
    """The address of its dnscache that clients are given; empty if it only stands by."""
    peers: Sequence[str] = ()
    """The other servers of its groups, which may hold its addresses."""


def machine_table(
    servers: Iterable[str], site: Mapping[str, Any], resolvers: Collection[str]
) -> list[dict[str, Any]]:
    """List the servers as rows with the fields of Machine, from the checked site.

    ``resolvers`` are the addresses that clients are given: the variable site_resolvers.
    """
    dhcp = {row["name"]: row for row in site["dhcp_servers"]}
    caches = {row["name"]: row for row in site["dnscache_servers"]}
    names = {row["name"]: row for row in site["tinydns_servers"]}
    tinydns = {row["server"]: row for row in site["name_servers"]}
    given = {str(address) for address in resolvers}
    rows = []
    for server in servers:
        found = [table[server]["address"] for table in (dhcp, caches, names) if server in table]
        cache = caches.get(server, {})
        own = (str(cache[key]) for key in ("resolver_address", "address") if cache.get(key))
        rows.append(
            {
                "name": str(server),
                "address": str(found[0]),
                "dhcp": str(dhcp[server]["role"]) if server in dhcp else "",
                "alias": str(tinydns[server]["address"]) if server in tinydns else "",
                "tinydns": server in names,
                "dnscache": server in caches,
                "resolver": next((address for address in own if address in given), ""),
                "peers": sorted(
                    {str(name) for group in (names, caches) if server in group for name in group}
                    - {str(server)}
                ),
            }
        )
    return rows


def machines_of(rows: Iterable[Mapping[str, Any]]) -> list[Machine]:
    """Return the rows of machine_table as machines."""
    return [Machine(**{str(key): value for key, value in row.items()}) for row in rows]
