"""Every fault of the fixed hosts: their names, addresses and MAC addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address

from .dhcp_settings_check import (
    blocks,
    check_next_server,
    check_options,
    check_raw_text,
    check_text,
)
from .faults import show
from .inventory import PLACE_KEYS, Check, Inventory, Row
from .ranges import is_address, listed, normal_mac
from .server_check import SERVER_KEYS
from .zone_check import check_own_domain, is_local

# tinydns' tdlookup.c: it chooses some if there are more.
_ADDRESSES_MAX = 8
# 16 AAAA of 28 octets leave room for the longest label in a domain of 2 octets; 8 for every name.
_IPV6_ADDRESSES_MAX = 8
# Statements of a host block that DNS must know too, with the key for each.
_MODELLED = {"fixed-address": "fixed_address", "hardware ethernet": "hardware_ethernet"}


def check_fixed_hosts(inventory: Inventory) -> None:
    """Check the table of fixed hosts."""
    rows = list(inventory.rows("fixed_hosts", "Host"))
    names: list[tuple[str | None, str]] = []
    fixed: dict[IPv4Address, Row] = {}
    for row in rows:
        inventory.check_row(row, FIXED_HOST_KEYS, SERVER_KEYS)
        label = inventory.label(row, "name", row.get("name"))
        addresses = _check_fixed_addresses(inventory, row, label, fixed)
        domain = _domain_of(inventory, row, addresses)
        names.append((label, domain))
        if label is not None:
            inventory.hold_label(row, "name", label, domain)
        _check_macs(inventory, row)
        unclear = any(key not in FIXED_HOST_KEYS and key not in PLACE_KEYS for key in row.values)
        keys = ("fixed_address", "hardware_ethernet", "ipv6_address")
        if not (unclear or any(map(row.get, keys))):
            inventory.fault(
                row,
                "it has neither fixed_address nor hardware_ethernet",
                "add one of them, or both",
            )
        _check_use(inventory, row)
    # Names come before aliases, so that the fault is reported at the alias.
    for row, (name, domain) in zip(rows, names, strict=True):
        _check_aliases(inventory, row, name, domain)


def _domain_of(inventory: Inventory, row: Row, addresses: Sequence[IPv4Address]) -> str:
    """Return the domain that a host is named in: its own, or that of its first address."""
    domain = row.get("domain")
    if domain is None and addresses:
        network = inventory.network_of(addresses[0])
        domain = None if network is None else inventory.networks[network].get("domain")
    return domain.lower() if isinstance(domain, str) else inventory.domain


def _check_use(inventory: Inventory, row: Row) -> None:
    """Check that a host's dhcpd settings reach dhcpd, and that DNS has what dhcpd has."""
    if not row.get("hardware_ethernet"):
        unused = [key for key in ("next_server", "filename", "options", "extra") if row.get(key)]
        if unused:
            inventory.fault(
                row,
                f"it has {' and '.join(unused)}, but no hardware_ethernet: dhcpd would not use it",
                f"add its MAC address, or remove {'them' if unused[1:] else 'it'}",
            )
    extra = row.get("extra")
    if isinstance(extra, str):
        written = [text for block in blocks(extra) for text in block.statements]
        for statement, key in _MODELLED.items():
            if any(text.startswith(f"{statement} ") for text in written):
                inventory.fault(
                    row,
                    f"its extra has {statement}, which DNS would not know",
                    f"write it as {key}",
                )


def _check_fixed_addresses(
    inventory: Inventory, row: Row, label: str | None, fixed: dict[IPv4Address, Row]
) -> list[IPv4Address]:
    addresses: list[IPv4Address] = []
    values = listed(row.get("fixed_address"))
    if str(row.get("name")) in inventory.machines and isinstance(row.get("fixed_address"), list):
        problem = f"it is a server, and its fixed_address is the list {show(values)}"
        inventory.fault(row, problem, "write a single address")
    if len(values) > _ADDRESSES_MAX:
        inventory.fault(
            row,
            f"it has {len(values)} addresses, and tinydns answers with {_ADDRESSES_MAX} of them",
            "remove some",
        )
    for value in values:
        address = inventory.address(row, "address", value)
        if address is None:
            continue
        inventory.check_usable(row, "address", address)
        if address in addresses:
            inventory.fault(row, f"the address {address} is listed twice", "remove one")
        elif address in fixed:
            inventory.fault(
                row,
                f"the address {address} is already that of {fixed[address]}",
                "assign it to only one of them",
            )
        else:
            fixed[address] = row
            if row.get("hardware_ethernet") and address in inventory.routers:
                inventory.note(
                    row,
                    f"dhcpd assigns it the address {address}, which is a router of "
                    f"{inventory.routers[address]}",
                    "choose another, unless it is that router",
                )
            inventory.spared.add(address)
            inventory.hold_address(row, "address", address, label or "")
        addresses.append(address)
    if row.get("hardware_ethernet"):
        networks = [network for network in map(inventory.network_of, addresses) if network]
        for network in sorted({network for network in networks if networks.count(network) > 1}):
            inventory.note(
                row,
                f"several of its addresses lie in {network}, and dhcpd assigns only the first",
                "keep one of them in each subnet, or accept that the machine must set the others "
                "itself",
            )
    return addresses


def _check_ipv6_addresses(inventory: Inventory, row: Row, key: str) -> None:
    values = listed(row.get(key))
    if len(values) > _IPV6_ADDRESSES_MAX:
        inventory.fault(
            row,
            f"it has {len(values)} IPv6 addresses, and an answer holds {_IPV6_ADDRESSES_MAX}",
            "remove some",
        )
    for value in values:
        try:
            if not isinstance(value, str) or "%" in value:
                raise ValueError
            address = IPv6Address(value)
        except ValueError:
            inventory.fault(
                row,
                f"the address {show(value)} is not an IPv6 address",
                "write it like 2001:db8::1",
            )
            continue
        if is_local(address):
            inventory.fault(
                row,
                f"the address {address} is not one that other machines reach",
                "write the host's global or unique local address (RFC 4193)",
            )
        elif not inventory.is_unresolved("ipv6_networks") and not any(
            address in network for network in inventory.ipv6_networks
        ):
            inventory.fault(
                row,
                f"the address {address} lies in none of {inventory.setting('ipv6_networks')}",
                "add its network there, or correct the address",
            )
        other = inventory.ipv6_addresses.setdefault(address, row)
        if other is not row:
            inventory.fault(
                row,
                f"the address {address} is already that of {other}",
                "assign it to only one of them",
            )


def _check_macs(inventory: Inventory, row: Row) -> None:
    own: set[str] = set()
    for value in inventory.items(row, "hardware_ethernet", row.get("hardware_ethernet")):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            # YAML 1.1 section "integer": 10:20:30:40:50:59 is a number in base 60. In an INI file
            # quotes do not make digits a text, and 120050e10023 is a number, too.
            inventory.fault(
                row,
                f"the MAC address {value} is read as a number",
                'write it with colons and in quotes, like "de:ad:be:ef:ca:fe"',
            )
            continue
        if isinstance(value, Mapping):
            inventory.fault(
                row,
                f"the MAC address {show(value)} is a mapping",
                'write one like "de:ad:be:ef:ca:fe", or a list of them',
            )
            continue
        mac = normal_mac(value)
        if mac is None:
            inventory.fault(
                row,
                f"the MAC address {show(value)} is not six pairs of hexadecimal digits",
                "write it like de:ad:be:ef:ca:fe",
            )
            continue
        # IEEE 802 section 8.2.2: the first octet's lowest bit marks a group address.
        if mac == "00:00:00:00:00:00" or int(mac[:2], 16) & 1:
            kind = "a multicast address" if int(mac[:2], 16) & 1 else "no host's"
            inventory.fault(row, f"the MAC address {mac} is {kind}", "write the host's own")
        other = inventory.macs.setdefault(mac, row)
        if other is not row:
            inventory.fault(
                row,
                f"the MAC address {mac} is already that of {other}",
                "assign it to only one of them",
            )
        elif mac in own:
            inventory.fault(row, f"the MAC address {mac} is listed twice", "remove one")
        own.add(mac)


def check_host_blocks(inventory: Inventory) -> None:
    """Check that no `host` in dhcpd.conf text has what a fixed host has (dhcpd.conf(5), "host")."""
    for row, text in inventory.texts:
        for block in blocks(text):
            for statement in block.statements if block.head.startswith("host ") else ():
                _check_statement(inventory, row, f"extra has a {block.head} with", statement)


def _check_statement(inventory: Inventory, row: Row, problem: str, statement: str) -> None:
    name, *values = statement.replace(",", " ").split()
    if name == "hardware" and values[:1] == ["ethernet"]:
        mac = normal_mac(values[-1])
        if mac in inventory.macs:
            inventory.fault(
                row,
                f"{problem} the MAC address {mac} of {inventory.macs[mac]}",
                "write what it adds at that host, and remove the block",
            )
    for value in filter(is_address, values if name == "fixed-address" else ()):
        holder, _ = inventory.holders.get(IPv4Address(value), (None, ""))
        # One without a MAC address has its block there, by a client identifier.
        if holder is not None and holder.get("hardware_ethernet"):
            inventory.note(
                row,
                f"{problem} the address {value} of {holder}",
                "choose another, unless they are one machine",
            )


def _check_aliases(inventory: Inventory, row: Row, name: str | None, domain: str) -> None:
    aliases: set[str] = set()
    for value in inventory.items(row, "aliases", row.get("aliases")):
        if isinstance(value, (Mapping, list, tuple)):
            kind, words = "list", [*value]
            if isinstance(value, Mapping):
                kind, words = "mapping", [*value, *value.values()]
            names = ", ".join(word for word in words if isinstance(word, str))
            inventory.fault(
                row,
                f"the alias {show(value)} is a {kind}",
                f"write the names in one list: [{show(names or 'NAME, …')}]",
            )
            continue
        alias = inventory.label(row, "alias", value)
        if alias is None:
            continue
        if alias == name:
            inventory.fault(row, f"the alias {alias} is its own name", "remove it")
        elif alias in aliases:
            inventory.fault(row, f"the alias {alias} is listed twice", "remove one")
        else:
            inventory.hold_label(row, "alias", alias, domain)
        aliases.add(alias)


FIXED_HOST_KEYS: dict[str, Check | None] = {
    "name": None,
    "fixed_address": None,
    "ipv6_address": _check_ipv6_addresses,
    "hardware_ethernet": None,
    "aliases": None,
    "domain": check_own_domain,
    "next_server": check_next_server,
    "filename": check_text,
    "options": check_options,
    "extra": check_raw_text,
}
