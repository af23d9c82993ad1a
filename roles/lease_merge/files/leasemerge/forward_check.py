"""Every fault of what dnscache is to query elsewhere: forwarded zones and upstream resolvers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address

from .faults import show
from .inventory import Inventory, Row, is_edge
from .ranges import listed
from .record_check import nearest_zone
from .zone_check import forwarded_zones, pointers, read_zone

# dnscache keeps no more than 16 addresses of one file in servers/ (its roots.c).
NAME_SERVERS_MAX = 16


def check_forward_zones(inventory: Inventory) -> None:
    """Check the zones of others, and the name servers to query for them."""
    where = inventory.site("forward_zones")
    value = inventory.data.get("forward_zones") or {}
    if not isinstance(value, Mapping):
        setting = inventory.setting("forward_zones")
        inventory.fault(where, f"{setting} is {show(value)}, not a mapping", "write it as one")
        return
    taken = _taken_names(inventory)
    for name, servers in value.items():
        zone = read_zone(inventory, where, "forwarded zone", name)
        if zone is None:
            continue
        if zone in inventory.zones:
            inventory.fault(
                where, f"the forwarded zone {zone} is served here", "remove it from one of the two"
            )
        elif zone in taken:
            own, row = taken[zone][0]
            more = f", and {len(taken[zone]) - 1} more," if taken[zone][1:] else ","
            inventory.fault(
                where,
                f"the forwarded zone {zone} holds {own} of {row}{more} which is never answered "
                "here",
                "remove the zone, or choose a name and an address outside of it",
            )
        addresses = _check_name_server_addresses(inventory, where, f"the zone {zone}", servers)
        if not addresses and servers in (None, []):
            inventory.fault(
                where, f"the forwarded zone {zone} has no name server", "write a list of addresses"
            )


def _taken_names(inventory: Inventory) -> dict[str, list[tuple[str, Row]]]:
    """Return, for each forwarded zone, the hosts' names in it, those of their PTRs among them."""
    names: dict[str, list[tuple[str, Row]]] = {}
    forwarded = forwarded_zones(inventory)
    if not forwarded:
        return names
    for name, row in (*inventory.names.items(), *pointers(inventory).items()):
        zone = nearest_zone(name, forwarded | inventory.zones)
        if zone in forwarded:
            names.setdefault(zone, []).append((name, row))
    return names


def check_upstream_resolvers(inventory: Inventory) -> None:
    """Check the resolvers that are queried instead of the root servers."""
    where = inventory.site("upstream_resolvers")
    value = inventory.data.get("upstream_resolvers")
    _check_name_server_addresses(inventory, where, inventory.setting("upstream_resolvers"), value)


def _check_name_server_addresses(
    inventory: Inventory, where: str, what: str, value: object
) -> Sequence[object]:
    values = inventory.items(where, what, value)
    for item in values:
        address = inventory.address(where, f"name server (of {what})", item)
        if address is not None:
            _check_name_server(inventory, where, f"the name server (of {what}) {address}", address)
    if len(values) > NAME_SERVERS_MAX:
        inventory.fault(
            where,
            f"{what} has {len(values)} name servers",
            f"remove some: dnscache queries {NAME_SERVERS_MAX} at most for one zone",
        )
    return values


def _check_name_server(inventory: Inventory, where: str, what: str, address: IPv4Address) -> None:
    """Check that another machine, outside of this network's DNS, can have the address."""
    network = inventory.network_of(address)
    if str(address) in _own_name_servers(inventory):
        inventory.fault(
            where,
            f"{what} is one of this network's own",
            "write the address of an external one",
        )
    elif (
        address.is_unspecified
        or address.is_multicast
        or address.is_reserved
        or (network is not None and is_edge(address, network))
    ):
        inventory.fault(
            where, f"{what} is the address of no machine", "write that of a name server"
        )
    elif inventory.is_leased(address):
        inventory.fault(
            where,
            f"{what} lies in a range, so that dhcpd may lease it to any client",
            "make it a fixed host, or leave it out of the range",
        )
    elif address.is_loopback:
        inventory.note(
            where,
            f"{what} is that of each dnscache server itself",
            "write the address of another machine, or accept that every one of them needs a "
            "resolver of its own there",
        )


def _own_name_servers(inventory: Inventory) -> set[object]:
    """Return the addresses that our name servers and resolvers answer on."""
    tables = (inventory.data.get(key) for key in ("dnscache_servers", "name_servers"))
    rows = [row for table in tables for row in listed(table) if isinstance(row, Mapping)]
    values = (listed(row.get(key)) for row in rows for key in ("address", "resolver_address"))
    return {value for of_row in values for value in of_row if isinstance(value, str)}
