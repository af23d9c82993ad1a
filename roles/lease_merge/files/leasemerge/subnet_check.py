"""Every fault of the subnets: their networks, pools, routers, and the ranges that dhcpd leases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Network

from .dhcp_settings_check import (
    LEASE_TIMES,
    blocks,
    check_next_server,
    check_options,
    check_raw_text,
    check_seconds,
    check_text,
    check_times_of,
    fault_of_kea,
    note_replaced,
)
from .faults import show
from .inventory import PLACE_KEYS, Check, Inventory, Row, is_edge
from .ranges import is_address, listed
from .zone_check import check_own_domain

# dhcpd.conf(5), "allow and deny within pool declarations".
_PERMIT = re.compile(
    r"(?:un)?known[ -]clients|all clients|dynamic bootp clients|(?:un)?authenticated clients"
    r'|members of "[^"\\;{}]+"'
)
# This host, loopback, multicast, reserved (RFC 6890, RFC 5771).
_NO_HOSTS = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")))
_RANGE = re.compile(r"range (?:dynamic-bootp )?([0-9.]+)(?: ([0-9.]+))?")


def check_subnets(inventory: Inventory) -> None:
    """Check the table of subnets."""
    value = inventory.data.get("subnets")
    if not isinstance(value, Sequence) or isinstance(value, str):
        inventory.subnet_is_missing = True
        inventory.items(inventory.site("subnets"), inventory.setting("subnets"), value)
        return
    inventory.subnet_is_missing = not all(isinstance(row, Mapping) for row in value)
    for row in inventory.rows("subnets", "Subnet", "network"):
        inventory.check_row(row, SUBNET_KEYS)
        network = _network(inventory, row)
        if network is None:
            inventory.subnet_is_missing = True
            continue
        for other, other_row in inventory.networks.items():
            if network == other:
                problem = f"its network is that of {other_row} too"
                inventory.fault(row, problem, "correct it, or remove one of the two")
            elif network.overlaps(other):
                inventory.fault(
                    row,
                    f"it overlaps {other_row}",
                    "put every address in one subnet only",
                )
        if network in inventory.networks:
            # What does not fit the wrong network may fit the right one.
            inventory.subnet_is_missing = True
            continue
        inventory.networks[network] = row
        inventory.ranges[network] = []
        pools = [row, *_pools(inventory, row)]
        for pool in pools:
            _read_ranges(inventory, pool, network)
            note_replaced(inventory, pool, "options", pool.get("options"))
        _check_routers(inventory, pools, network)
        check_times_of(inventory, row)
    _check_shared_networks(inventory)


def _network(inventory: Inventory, row: Row) -> IPv4Network | None:
    value = row.get("network")
    if value is None:
        inventory.fault(row, "it has no network", "add it, such as network: 10.1.1.0/24")
        return None
    try:
        if isinstance(value, str) and "/" in value:
            network = IPv4Network(value, strict=False)
            if network.network_address != IPv4Address(value.partition("/")[0]):
                inventory.fault(
                    row,
                    f"the network {value} has bits set beyond its prefix",
                    f"write {network}",
                )
            elif not value.partition("/")[2].isdecimal():
                problem = f"the network {value} has a mask instead of the length of its prefix"
                inventory.fault(row, problem, f"write {network}")
            if network.prefixlen and not any(network.overlaps(other) for other in _NO_HOSTS):
                return network
            problem = f"the network {value} has addresses that no host may have"
            inventory.fault(row, problem, "write that of your own network, such as 10.1.1.0/24")
            return None
    except ValueError:
        pass
    inventory.fault(
        row,
        f"the network {show(value)} is not an IPv4 network",
        "write an address, a slash and the length of its prefix, such as 10.1.1.0/24",
    )
    return None


def _pools(inventory: Inventory, row: Row) -> Iterator[Row]:
    """Read the pools of a subnet: ranges with rules of their own."""
    for index, values in enumerate(inventory.items(row, "pools", row.get("pools"))):
        if not isinstance(values, Mapping):
            inventory.fault(
                row,
                f"pool {index + 1} is {show(values)}, not a mapping",
                "write its ranges and rules, such as {ranges: [[10.1.1.50, 10.1.1.99]]}",
            )
            continue
        pool = Row("Pool", "", index, values)
        pool.who = f"Pool {index + 1} of {row}"
        inventory.check_row(pool, POOL_KEYS)
        if not values.get("ranges") and POOL_KEYS.keys() >= values.keys():
            inventory.fault(pool, "it has no ranges", "write them, or remove the pool")
        _note_nobody(inventory, pool)
        check_times_of(inventory, pool, row.values)
        for key in LEASE_TIMES:
            if inventory.kea and values.get(key) is not None:
                inventory.fault(
                    pool,
                    f"{key} is a lease time for one pool, which Kea does not support",
                    "set it for the subnet",
                )
        yield pool


def _check_permits(inventory: Inventory, row: Row, key: str) -> None:
    """Check who may, or may not, have an address from a pool (dhcpd.conf(5), "permit lists")."""
    if inventory.kea and row.get(key):
        fault_of_kea(inventory, row, key)
        return
    for value in inventory.items(row, key, row.get(key)):
        if not isinstance(value, str) or not _PERMIT.fullmatch(value):
            inventory.fault(
                row,
                f"{key} {show(value)} is not a permit of dhcpd.conf(5)",
                "write known-clients, unknown-clients, all clients, dynamic bootp clients, "
                'authenticated clients, unauthenticated clients or members of "CLASS"',
            )


def _note_nobody(inventory: Inventory, pool: Row) -> None:
    """Note a pool whose permits let nobody in: a client must match `allow`, but not `deny`."""
    allowed, denied = (
        {str(value).replace("-", " ") for value in listed(pool.get(key))}
        for key in ("allow", "deny")
    )
    everybody = {"known clients", "unknown clients"}
    if "all clients" in denied or denied >= everybody or (allowed and denied >= allowed):
        inventory.note(
            pool,
            "no client gets an address of it, since it denies all that it allows",
            "correct allow or deny, or remove the pool",
        )


def _read_ranges(inventory: Inventory, row: Row, network: IPv4Network) -> None:
    """Read the ranges of a subnet or of one of its pools."""
    ranges = inventory.ranges[network]
    values = inventory.items(row, "ranges", row.get("ranges"))
    if len(values) == 2 and all(isinstance(value, str) and is_address(value) for value in values):
        inventory.fault(
            row,
            "ranges is a list of two addresses, not of ranges",
            f"write [[{values[0]}, {values[1]}]]",
        )
        return
    for value in values:
        ends = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
        if len(ends) != 2:
            inventory.fault(
                row,
                f"the range {show(value)} is not a list of two addresses",
                "write its first and its last address",
            )
            continue
        first = inventory.address(row, "first address of a range", ends[0])
        last = inventory.address(row, "last address of a range", ends[1])
        if first is None or last is None:
            continue
        text = f"the range {first} to {last}"
        if first > last:
            inventory.fault(row, f"{text} ends before it begins", "swap its addresses")
            continue
        if first not in network or last not in network:
            inventory.fault(row, f"{text} extends beyond its subnet", f"keep it inside {network}")
            continue
        if is_edge(first, network) or is_edge(last, network):
            inventory.fault(
                row,
                f"{text} includes the network or broadcast address of {network}",
                "leave it out",
            )
        for other_first, other_last in ranges:
            if first <= other_last and other_first <= last:
                inventory.fault(
                    row,
                    f"{text} overlaps the range {other_first} to {other_last}",
                    "put every address in one range only",
                )
        ranges.append((first, last))


def _check_routers(inventory: Inventory, pools: Sequence[Row], network: IPv4Network) -> None:
    """Check the routers of a subnet, which comes before its pools, or those that it inherits."""
    row = pools[0]
    own = inventory.items(row, "routers", row.get("routers"))
    in_options = _routers_in(row.get("options"))
    if own and in_options:
        problem = "its routers are set twice, in routers and in options"
        inventory.fault(row, problem, "remove one of the two")
    for router in own:
        _check_router(inventory, row, network, router)
    for pool in pools:
        for router in _routers_in(pool.get("options")):
            if IPv4Address(router) in network:
                _check_router(inventory, pool, network, router)
                continue
            # What the import writes for a router that the old server sent all the same.
            inventory.note(
                pool,
                f"the router {router} in options does not lie in {network}, so most clients "
                "cannot reach it",
                "write one inside the subnet, unless that is what you want",
            )
    if own or in_options:
        return
    inherited = _routers_in(inventory.data.get("options"))
    for router in inherited:
        if IPv4Address(router) in network:
            _check_router(inventory, row, network, router)
        else:
            inventory.fault(
                row,
                f"it has no routers, and {router} in {inventory.setting('options')} does not lie "
                f"in {network}",
                "add its routers",
            )
    written = any("option routers" in text for _, text in inventory.texts)
    # An unknown key, which is reported, may be meant for it.
    unclear = written or any(key not in SUBNET_KEYS and key not in PLACE_KEYS for key in row.values)
    if not (inherited or unclear or "routers" in row.values) and inventory.ranges[network]:
        inventory.note(
            row,
            "it has no routers, so its clients reach no other network",
            "add them, or write routers: [] if that is what you want",
        )


def _routers_in(options: object) -> list[str]:
    """Return the addresses of routers in options; a name is for the DHCP server to look up."""
    values = listed(options.get("routers")) if isinstance(options, Mapping) else ()
    words = (word for value in values if isinstance(value, str) for word in value.split(","))
    return [word for word in map(str.strip, words) if is_address(word)]


def _check_shared_networks(inventory: Inventory) -> None:
    """Note a shared network of one subnet, whose name may be misspelt."""
    names: dict[str, list[Row]] = {}
    for row in inventory.networks.values():
        name = row.get("shared_network")
        if isinstance(name, str):
            names.setdefault(name, []).append(row)
    alone = [name for name in names if len(names[name]) == 1]
    for name in () if inventory.subnet_is_missing else alone:
        others = {other.lower(): other for other in names if other != name}
        meant = [others[like] for like in get_close_matches(name.lower(), others, 1, 0.8)]
        if meant and meant[0] in alone[: alone.index(name)]:
            # The two are noted already, at the first.
            continue
        remedy = f"write {meant[0]}, if that is what you meant" if meant else "add another subnet"
        inventory.note(
            names[name][0],
            f"no other subnet is in the shared network {name}",
            f"{remedy}, or remove it",
        )


def _check_router(inventory: Inventory, row: Row, network: IPv4Network, value: object) -> None:
    router = inventory.address(row, "router", value)
    if router is None:
        return
    inventory.routers[router] = row
    if router not in network or is_edge(router, network):
        inventory.fault(
            row,
            f"the router {router} is not a host address in {network}",
            "choose one inside the subnet",
        )


def check_ranges(inventory: Inventory) -> None:
    """Check that dhcpd does not lease the address of a router, a server or a fixed host."""
    taken = {address: holder[0] for address, holder in inventory.holders.items()}
    taken.update(inventory.routers)
    exposed = sorted(taken.keys() - inventory.spared)

    def check_range(where: str | Row, first: IPv4Address, last: IPv4Address, raw: bool) -> None:
        for address in sorted(taken) if raw else exposed:
            if not first <= address <= last:
                continue
            holder = "a router" if address in inventory.routers else str(taken[address])
            inventory.fault(
                where,
                f"the range {first} to {last} {'in extra ' if raw else ''}holds the address "
                f"{address} of {holder}",
                "write the range in ranges, where pinned addresses are left out"
                if raw
                else "make it a fixed host, or leave it out of the range",
            )

    for network, row in inventory.networks.items():
        for first, last in inventory.ranges[network]:
            check_range(row, first, last, raw=False)
            size = int(last) - int(first) + 1
            if size <= len(inventory.spared) and all(
                IPv4Address(int(first) + offset) in inventory.spared for offset in range(size)
            ):
                inventory.note(
                    row,
                    f"no address of the range {first} to {last} is left to lease",
                    "extend it, or remove it",
                )
    for row, text in inventory.texts:
        for block in blocks(text):
            shared = any(statement.startswith("failover peer ") for statement in block.statements)
            for first, last in _ranges_in(block.statements):
                if shared:
                    check_range(row, first, last, raw=True)
                    continue
                inventory.fault(
                    row,
                    f"the range {first} to {last} is in extra, which bypasses the failover pair "
                    "and the pinned addresses",
                    "write it in ranges",
                )


def _ranges_in(statements: Iterable[str]) -> Iterator[tuple[IPv4Address, IPv4Address]]:
    """Yield the ranges in dhcpd.conf's statements (dhcpd.conf(5), "The range statement")."""
    for match in filter(None, map(_RANGE.fullmatch, statements)):
        try:
            first = IPv4Address(match[1])
            yield first, IPv4Address(match[2]) if match[2] else first
        except ValueError:
            continue


SUBNET_KEYS: dict[str, Check | None] = {
    "network": None,
    "ranges": None,
    "pools": None,
    "routers": None,
    "shared_network": check_text,
    "domain": check_own_domain,
    "default_lease_time": check_seconds,
    "min_lease_time": check_seconds,
    "max_lease_time": check_seconds,
    "next_server": check_next_server,
    "filename": check_text,
    "options": check_options,
    "extra": check_raw_text,
}

POOL_KEYS: dict[str, Check | None] = {
    "ranges": None,
    "allow": _check_permits,
    "deny": _check_permits,
    "options": check_options,
    "default_lease_time": check_seconds,
    "min_lease_time": check_seconds,
    "max_lease_time": check_seconds,
    "extra": check_raw_text,
}
