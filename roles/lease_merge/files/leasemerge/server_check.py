"""Every fault of the servers: the failover pair, name servers, resolvers, floating addresses."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from .faults import show
from .forward_check import NAME_SERVERS_MAX
from .inventory import Inventory, Row, is_edge

# The keys of a server in the inventory, each with the group that it is for.
SERVER_KEYS = {
    "failover_role": "dhcp_servers",
    "alias_name": "tinydns_servers",
    "alias_address": "tinydns_servers",
    "alias_virtual_router_id": "tinydns_servers",
    "resolver_address": "dnscache_servers",
    "resolver_virtual_router_id": "dnscache_servers",
}
# A group of servers; the table of the addresses that float among them, what a sentence calls its
# rows, and its keys for the address and for its home.
_FLOATING_GROUPS = (
    ("tinydns_servers", "name_servers", "Name server", "address", "server"),
    ("dnscache_servers", "dnscache_servers", "Dnscache server", "resolver_address", "name"),
)


def check_servers(inventory: Inventory) -> None:
    """Check that the names in `servers` are text, and that each is there once."""
    servers = inventory.servers
    for value in inventory.items("Site", "servers", inventory.data.get("servers")):
        if not isinstance(value, str) or not value:
            inventory.fault("Site", f"the server {show(value)} is not text", "put it in quotes")
        elif value in servers:
            inventory.fault("Site", f"the server {value} is listed twice", "remove one")
        else:
            servers.append(value)


def check_dhcp_servers(inventory: Inventory) -> None:
    """Check that the pair has one primary and one secondary."""
    if inventory.data.get("dhcp_servers") is None:
        return
    names: dict[str, list[str]] = {"primary": [], "secondary": []}
    complete = True
    for row, name in _check_machines(inventory, "dhcp_servers", "DHCP server"):
        role = row.get("role")
        if isinstance(role, str) and role in names:
            names[role].append(name)
            continue
        complete = False
        if inventory.report_unresolved(row, "failover_role"):
            continue
        problem = f"its failover_role is {show(role)}" if role else "it has no failover_role"
        inventory.fault(row, problem, "write primary or secondary")
    if not complete:
        return
    if not any(names.values()):
        setting = inventory.setting("dhcp_servers")
        inventory.fault("Site", f"{setting} is empty", "add the two servers of a failover pair")
    elif any(len(of_role) != 1 for of_role in names.values()):
        listed = [f"{', '.join(of_role) or 'none'} as {role}" for role, of_role in names.items()]
        inventory.fault(
            "Site",
            f"{inventory.setting('dhcp_servers')} has {' and '.join(listed)}",
            "a failover pair has one primary and one secondary",
        )
    elif names["primary"][0] in inventory.servers[1:]:
        primary = names["primary"][0]
        inventory.fault("Site", f"the primary {primary} is not the first of servers", "move it")


def check_tinydns_servers(inventory: Inventory) -> None:
    """Check the machines that run tinydns."""
    for _ in _check_machines(inventory, "tinydns_servers", "Tinydns server"):
        pass


def check_dnscache_servers(inventory: Inventory) -> None:
    """Check the machines that run dnscache."""
    rows = list(_check_machines(inventory, "dnscache_servers", "Dnscache server"))
    if not rows and inventory.data.get("dnscache_servers") == []:
        inventory.fault(
            "Site",
            f"{inventory.setting('dnscache_servers')} is empty, so clients would have no resolver",
            "add a server to it",
        )


def _check_machines(inventory: Inventory, key: str, kind: str) -> Iterator[tuple[Row, str]]:
    names: set[str] = set()
    for row in inventory.rows(key, kind):
        name = row.get("name")
        if not isinstance(name, str) or not name:
            inventory.fault(row, "it has no name", "give it one, in quotes")
            name = ""
        elif name in names:
            inventory.fault(
                row, f"it is listed twice in {inventory.setting(key)}", "remove one of them"
            )
        names.add(name)
        address = inventory.machine_address(row, name, row.get("address"))
        if address is not None:
            inventory.hold_address(row, "address", address, name.lower())
            if key == "dhcp_servers" and name not in inventory.hosts:
                # dhcpd serves no interface whose subnet is not declared: dhcpd.conf(5).
                inventory.check_usable(row, "address", address)
        yield row, name


def check_name_servers(inventory: Inventory) -> None:
    """Check the names and floating addresses of the name servers."""
    rows = list(inventory.rows("name_servers", "Name server"))
    setting = inventory.setting("name_servers")
    if not rows and inventory.data.get("name_servers") == []:
        inventory.fault("Site", f"{setting} is empty", "add one server or two")
    if len(rows) > NAME_SERVERS_MAX:
        inventory.fault(
            "Site",
            f"{setting} has {len(rows)} servers",
            f"remove some: dnscache queries {NAME_SERVERS_MAX} at most for one zone",
        )
    for row in rows:
        is_broken = inventory.report_unresolved(row, "alias_virtual_router_id")
        is_numbered = row.get("virtual_router_id") not in (None, "")
        has_alias = any(row.get(key) not in (None, "") for key in ("name", "address"))
        if not has_alias and row.unresolved.keys() <= {"alias_virtual_router_id"}:
            if is_numbered:
                problem = "it has an alias_virtual_router_id, but no alias_address"
                inventory.fault(row, problem, "add the address, or remove the number")
            if is_numbered or is_broken:
                continue
        if not inventory.report_unresolved(row, "alias_name"):
            label = inventory.label(row, "alias_name", row.get("name") or None)
            if label is not None:
                inventory.hold_label(row, "alias_name", label, inventory.domain)
        if inventory.report_unresolved(row, "alias_address"):
            continue
        _check_address(inventory, row, "alias", row.get("address"))


def check_resolvers(inventory: Inventory) -> None:
    """Check the resolvers' floating addresses. Where there is none, nothing moves."""
    for row in inventory.rows("dnscache_servers", "Dnscache server"):
        inventory.report_unresolved(row, "resolver_address", "resolver_virtual_router_id")
        if row.get("resolver_address") in (None, ""):
            if row.get("virtual_router_id") not in (None, ""):
                problem = "it has a resolver_virtual_router_id, but no resolver_address"
                inventory.fault(row, problem, "add the address, or remove the number")
            continue
        _check_address(inventory, row, "resolver", row.get("resolver_address"))


def _check_address(inventory: Inventory, row: Row, kind: str, value: object) -> None:
    """Check an address that daemons answer on, and reserve it for them."""
    key = f"{kind}_address"
    address = inventory.address(row, key, value)
    if address is None:
        return
    inventory.spared.add(address)
    if _check_floating(inventory, row, kind, address):
        inventory.hold_address(row, key, address, "")


def _check_floating(inventory: Inventory, row: Row, kind: str, address: IPv4Address) -> bool:
    """Check that the home of a floating address can hold it, next to an address of its own."""
    what = f"{kind}_address"
    network = inventory.network_of(address)
    _check_virtual_router(inventory, row, kind, address, network)
    if network is not None and is_edge(address, network):
        inventory.check_usable(row, what, address)
    if address in inventory.routers:
        inventory.fault(
            row,
            f"the {what} {address} is a router of {inventory.routers[address]}",
            "choose another",
        )
        return False
    # A name server's row names its machine by other keys than a machine's own row.
    name, own = ("server", "server_address") if kind == "alias" else ("name", "address")
    if name not in row.values and row.get(own) is None:
        return True
    server = inventory.machine_address(row, str(row.get(name)), row.get(own))
    if server is None:
        return True
    home = inventory.network_of(server)
    if server == address:
        inventory.fault(
            row,
            f"the {what} {address} is its server's own",
            "choose a free address of the same subnet",
        )
        return False
    known = inventory.hosts.get(str(row.get(name))) == row.get(own)
    if home is None and (known or inventory.subnet_is_missing):
        # The fixed host lies in no subnet, which is reported there.
        return True
    if home is None or address not in home:
        place = f"the subnet {home}" if home is not None else "any subnet"
        inventory.fault(
            row,
            f"the {what} {address} does not lie in {place} of its server's {server}",
            "choose a free address of that subnet",
        )
        inventory.floating_is_faulty = True
    return True


def _check_virtual_router(
    inventory: Inventory, row: Row, kind: str, address: IPv4Address, network: IPv4Network | None
) -> None:
    """Check the virtual router ID (RFC 5798 section 5.2.3): unique on a link.

    Subnets of a shared network are on one link.
    """
    key = f"{kind}_virtual_router_id"
    value = row.get("virtual_router_id")
    number = int(address) % 256 if value is None or value == "" else value
    # In Python, `True` is a number too.
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 255:
        form = "text" if isinstance(number, str) else "number"
        inventory.fault(
            row,
            f"the virtual router of {address} has the {form} {show(number)}",
            f"set {key} to a number from 1 to 255 that no other virtual router on the network has",
        )
        return
    shared = inventory.networks[network].get("shared_network") if network is not None else None
    link = shared if isinstance(shared, str) else network
    other, theirs = inventory.virtual_routers.setdefault((link, number), (row, address))
    # The same address twice is another fault.
    if theirs != address:
        inventory.fault(
            row,
            f"the virtual router of {address} has the number {number}, as has {other}",
            f"set {key} to a number from 1 to 255 that no other virtual router on the network has",
        )


def check_standbys(inventory: Inventory) -> None:
    """Check that a server without a floating address is a standby, and that each has a standby."""
    if inventory.floating_is_faulty:
        return
    for group, table, label, key, owner in _FLOATING_GROUPS:
        members = list(inventory.rows(group, group.replace("_servers", " server").capitalize()))
        rows = [row for row in inventory.rows(table, label) if row.get(key)]
        homes = [row.get(owner) for row in rows]
        networks = {_network_of(inventory, row.get(key)) for row in rows} - {None}
        subnets = [_network_of(inventory, member.get("address")) for member in members]
        for member, subnet in zip(members, subnets, strict=True):
            if member.get("name") not in homes and networks and subnet and subnet not in networks:
                inventory.fault(
                    member,
                    f"it stands by for addresses of {group}, but none of them lies in its subnet",
                    f"remove it from {group}, or give it an address of its own",
                )
        for row in rows:
            # An address that cannot be read is reported, and its standbys are not known.
            if None not in subnets and subnets.count(_network_of(inventory, row.get(key))) == 1:
                inventory.note(
                    row,
                    f"no other server stands by for {row.get(key)}",
                    f"add another machine of its subnet to {group}, or accept that nobody answers "
                    f"there while {row.get(owner)} is away",
                )


def _network_of(inventory: Inventory, value: object) -> IPv4Network | None:
    """Return the subnet of a value that may not even be an address."""
    try:
        return inventory.network_of(IPv4Address(value)) if isinstance(value, str) else None
    except ValueError:
        return None
