"""One fixed host per machine, from all declarations of an address or a MAC address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from .conflicts import Conflicts, Kind
from .fixedhost import FixedHost
from .found import Host, Settings, Subnet, home_of, is_address, joined_settings, label_of
from .resolve import Resolved, ResolvedHost


def fixed_hosts(resolved: Resolved, conflicts: Conflicts) -> tuple[list[FixedHost], list[Host]]:
    """Make a fixed host for each machine; also return the hosts that are kept as text."""
    hosts: list[FixedHost] = []
    texts: list[Host] = []
    by_address: dict[str, FixedHost] = {}
    by_mac: dict[str, FixedHost] = {}
    irregular_macs: dict[str, Host] = {}

    def keep(host: Host, why: str) -> None:
        kind = Kind.HOST_AS_TEXT if host.text else Kind.HOST_LEFT_OUT
        known = "".join(f", {value}" for value in (*host.hardware, *host.addresses))
        conflicts.add(kind, host.where, host=_name_of(host), known=known, why=why)
        if host.text:
            texts.append(host)

    def add(item: ResolvedHost, addresses: Iterable[str]) -> FixedHost:
        wish = _wish(item)
        addresses = list(addresses)
        domain = resolved.domain_of(addresses[0] if addresses else None)
        fixed = FixedHost(
            "", item.host.where, domain, addresses, [*item.host.ipv6], wishes=[wish] if wish else []
        )
        hosts.append(fixed)
        by_address.update(dict.fromkeys(fixed.addresses, fixed))
        return fixed

    def add_names_only(item: ResolvedHost) -> None:
        """Keep the names of its addresses, which dhcpd assigns by text of its own."""
        free = [address for address in item.inside if address not in by_address]
        if free:
            add(item, free)
        wish = _wish(item)
        for address in item.inside:
            owner = by_address[address]
            if wish and wish not in owner.wishes and address not in free:
                owner.wishes.append(wish)

    def equip(fixed: FixedHost, host: Host) -> None:
        fixed.hardware += [mac for mac in host.hardware if mac not in fixed.hardware]
        by_mac.update(dict.fromkeys(host.hardware, fixed))

    for item in resolved.hosts:
        host = replace(item.host, settings=_with_inherited(item, resolved.subnets))
        if item.irregular:
            keep(host, item.irregular)
            irregular_macs.update(dict.fromkeys(host.hardware, host))
            add_names_only(item)
            continue
        for mac in irregular_macs.keys() & set(host.hardware):
            other = irregular_macs[mac].where
            conflicts.add(
                Kind.MAC_AT_IRREGULAR, host.where, host=_name_of(host), mac=mac, other=other
            )
        owner = next((by_mac[mac] for mac in host.hardware if mac in by_mac), None)
        neighbour = next((by_address[a] for a in item.inside if a in by_address), None)
        if owner is not None:
            _join_by_mac(owner, item, host, resolved.subnets, conflicts, keep, add_names_only)
            equip(owner, host) if owner.settings == host.settings else None
            by_address.update(dict.fromkeys(owner.addresses, owner))
        elif neighbour is None:
            fixed = add(item, item.inside)
            fixed.settings = host.settings
            equip(fixed, host)
        elif not neighbour.hardware:
            neighbour.settings = host.settings
            _extend(neighbour, item, by_address)
            equip(neighbour, host)
        elif dict(neighbour.settings) == _without_own_name(host.settings, neighbour):
            conflicts.add(Kind.HOSTS_JOINED, host.where, host=_name_of(host), other=neighbour.where)
            _extend(neighbour, item, by_address)
            equip(neighbour, host)
        else:
            why = f"its address is that of the host at {neighbour.where}, with other settings"
            keep(host, why)
            add_names_only(item)
    return hosts, texts


def _without_own_name(settings: Settings, fixed: FixedHost) -> dict[str, Any]:
    """Leave out the host-name that the role sends to a host's other cards anyway."""
    given = dict(settings.get("options", {}))
    sent = label_of(str(given.get("host-name", "")).strip('"'))
    first = fixed.wishes[0][0] if fixed.wishes else None
    if sent is None or sent != first or "host-name" in fixed.settings.get("options", {}):
        return dict(settings)
    del given["host-name"]
    rest = {key: value for key, value in settings.items() if key != "options"}
    return {**rest, "options": given} if given else rest


def _extend(fixed: FixedHost, item: ResolvedHost, by_address: dict[str, FixedHost]) -> None:
    """Add to a fixed host the name and the other addresses of another declaration."""
    wish = _wish(item)
    if wish and wish not in fixed.wishes:
        fixed.wishes.append(wish)
    new = [address for address in item.inside if address not in by_address]
    fixed.addresses += new
    by_address.update(dict.fromkeys(new, fixed))


def _join_by_mac(
    owner: FixedHost,
    item: ResolvedHost,
    host: Host,
    subnets: Sequence[Subnet],
    conflicts: Conflicts,
    keep: Callable[[Host, str], None],
    add_names_only: Callable[[ResolvedHost], None],
) -> None:
    """Settle a second declaration of a MAC address: dhcpd takes the first that fits a subnet."""
    mac = next(mac for mac in host.hardware if mac in owner.hardware)
    here = {home_of(address, subnets) and str(home_of(address, subnets)) for address in item.inside}
    homes = {str(home_of(address, subnets)) for address in owner.addresses}
    new = [address for address in item.inside if address not in owner.addresses]
    same_settings = dict(owner.settings) == dict(host.settings)
    values = {"host": _name_of(host), "other": owner.where}
    if new and here & homes:
        conflicts.add(Kind.MAC_TWICE, host.where, mac=mac, **values)
        add_names_only(item)
    elif new and owner.addresses and not same_settings:
        conflicts.add(Kind.MAC_WITH_OTHER_SETTINGS, host.where, mac=mac, **values)
        keep(host, f"its MAC address {mac} is that of the host at {owner.where}")
        add_names_only(item)
    else:
        if not same_settings and not owner.settings:
            owner.settings = host.settings
        elif not same_settings and host.settings:
            conflicts.add(Kind.SETTINGS_DIFFER, host.where, **values)
        conflicts.add(Kind.MAC_JOINED, host.where, **values)
        owner.addresses += new
        wish = _wish(item)
        if wish and wish not in owner.wishes:
            owner.wishes.append(wish)


def _with_inherited(item: ResolvedHost, subnets: Sequence[Subnet]) -> Settings:
    """Add what a host inherits from the subnet it is declared in, if its address lies elsewhere."""
    host = item.host
    homes = [home_of(address, subnets) for address in item.inside]
    if host.declared_in is None or any(
        home is None or home.network == host.declared_in for home in homes
    ):
        return host.settings
    return joined_settings(host.inherited, host.settings) if homes else host.settings


def _wish(item: ResolvedHost) -> tuple[str, str] | None:
    """Return a host's label, and its name as written; None if it has neither."""
    name = item.host.name
    label = None if is_address(name) else label_of(name)
    if label is None and item.inside:
        label = f"host-{item.inside[0].replace('.', '-')}"
    if label is None and item.host.hardware:
        label = f"host-{item.host.hardware[0].replace(':', '')}"
    return (label, name) if label else None


def _name_of(host: Host) -> str:
    return host.name or "without a name"
