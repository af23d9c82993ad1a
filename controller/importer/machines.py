"""Make one fixed host per machine, from all declarations of an address or a MAC address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from leasemerge.ranges import is_address

from .conflicts import Conflicts, Kind
from .host_line import HostLine
from .resolve import Resolved, ResolvedHost
from .source import Host, Settings, Subnet, home_of, joined_settings
from .values import label_of


def fixed_hosts(resolved: Resolved, conflicts: Conflicts) -> tuple[list[HostLine], list[Host]]:
    """Make a fixed host for each machine; also return the hosts that are kept as text."""
    machines = _Machines(resolved, conflicts)
    for item in resolved.hosts:
        machines.add(item)
    return machines.fixed, machines.texts


class _Machines:
    """The machines that the declarations so far are about."""

    def __init__(self, resolved: Resolved, conflicts: Conflicts) -> None:
        self.fixed: list[HostLine] = []
        self.texts: list[Host] = []
        self._resolved = resolved
        self._conflicts = conflicts
        self._by_address: dict[str, HostLine] = {}
        self._by_mac: dict[str, HostLine] = {}
        self._irregular_macs: dict[str, Host] = {}

    def add(self, item: ResolvedHost) -> None:
        """Add a declaration: of a new machine, or of one that has the same MAC or address."""
        host = replace(item.host, settings=_with_inherited(item, self._resolved.subnets))
        if item.irregular:
            self._keep(host, item.irregular)
            self._irregular_macs.update(dict.fromkeys(host.hardware, host))
            self._add_names_only(item)
            return
        for mac in self._irregular_macs.keys() & set(host.hardware):
            other = self._irregular_macs[mac].where
            self._note(Kind.MAC_AT_IRREGULAR, host, mac=mac, other=other)
        owner = next((self._by_mac[mac] for mac in host.hardware if mac in self._by_mac), None)
        neighbour = next((self._by_address[a] for a in item.inside if a in self._by_address), None)
        if owner is not None:
            self._join_by_mac(owner, item, host)
        elif neighbour is not None:
            self._join_by_address(neighbour, item, host)
        else:
            fixed = self._new(item, item.inside)
            fixed.settings = host.settings
            self._attach(fixed, host)

    def _join_by_mac(self, owner: HostLine, item: ResolvedHost, host: Host) -> None:
        """Settle a second declaration of a MAC address; dhcpd takes the first for a subnet."""
        subnets = self._resolved.subnets
        mac = next(mac for mac in host.hardware if mac in owner.hardware)
        homes = {str(home_of(address, subnets)) for address in owner.addresses}
        here = {str(home) for address in item.inside if (home := home_of(address, subnets))}
        new = [address for address in item.inside if address not in owner.addresses]
        same_settings = dict(owner.settings) == dict(host.settings)
        if new and here & homes:
            self._note(Kind.MAC_TWICE, host, mac=mac, other=owner.where)
            self._add_names_only(item)
        elif new and owner.addresses and not same_settings:
            self._note(Kind.MAC_WITH_OTHER_SETTINGS, host, mac=mac, other=owner.where)
            self._keep(host, f"its MAC address {mac} is that of the host at {owner.where}")
            self._add_names_only(item)
        else:
            if not same_settings and not owner.settings:
                owner.settings = host.settings
            elif not same_settings and host.settings:
                self._note(Kind.SETTINGS_DIFFER, host, other=owner.where)
            self._note(Kind.MAC_JOINED, host, other=owner.where)
            owner.addresses += new
            _add_name(owner, item)
        if owner.settings == host.settings:
            self._attach(owner, host)
        self._by_address.update(dict.fromkeys(owner.addresses, owner))

    def _join_by_address(self, neighbour: HostLine, item: ResolvedHost, host: Host) -> None:
        """Settle a second declaration of an address, with another MAC address."""
        if not neighbour.hardware:
            neighbour.settings = host.settings
        elif dict(neighbour.settings) == _without_own_name(host.settings, neighbour):
            self._note(Kind.HOSTS_JOINED, host, other=neighbour.where)
        else:
            why = f"its address is that of the host at {neighbour.where}, with other settings"
            self._keep(host, why)
            self._add_names_only(item)
            return
        _add_name(neighbour, item)
        new = [address for address in item.inside if address not in self._by_address]
        neighbour.addresses += new
        self._by_address.update(dict.fromkeys(new, neighbour))
        self._attach(neighbour, host)

    def _keep(self, host: Host, why: str) -> None:
        """Keep a host as dhcpd.conf text, if it can be."""
        kind = Kind.HOST_AS_TEXT if host.text else Kind.HOST_LEFT_OUT
        known = "".join(f", {value}" for value in (*host.hardware, *host.addresses))
        self._note(kind, host, known=known, why=why)
        if host.text:
            self.texts.append(host)

    def _add_names_only(self, item: ResolvedHost) -> None:
        """Keep the names of its addresses, which dhcpd assigns by text of its own."""
        free = [address for address in item.inside if address not in self._by_address]
        if free:
            self._new(item, free)
        for address in item.inside:
            if address not in free:
                _add_name(self._by_address[address], item)

    def _new(self, item: ResolvedHost, addresses: Iterable[str]) -> HostLine:
        addresses = list(addresses)
        domain = self._resolved.domain_of(addresses[0] if addresses else None)
        fixed = HostLine("", item.host.where, domain, addresses, [*item.host.ipv6])
        _add_name(fixed, item)
        self.fixed.append(fixed)
        self._by_address.update(dict.fromkeys(addresses, fixed))
        return fixed

    def _attach(self, fixed: HostLine, host: Host) -> None:
        """Add the MAC addresses of a declaration."""
        fixed.hardware += [mac for mac in host.hardware if mac not in fixed.hardware]
        self._by_mac.update(dict.fromkeys(host.hardware, fixed))

    def _note(self, kind: Kind, host: Host, **values: object) -> None:
        self._conflicts.add(kind, host.where, host=host.name or "without a name", **values)


def _without_own_name(settings: Settings, fixed: HostLine) -> dict[str, Any]:
    """Leave out the host-name that the role sends to a host's other cards anyway."""
    given = dict(settings.get("options", {}))
    sent = label_of(str(given.get("host-name", "")).strip('"'))
    first = fixed.dhcp_names[0][0] if fixed.dhcp_names else None
    if sent is None or sent != first or "host-name" in fixed.settings.get("options", {}):
        return dict(settings)
    del given["host-name"]
    rest = {key: value for key, value in settings.items() if key != "options"}
    return {**rest, "options": given} if given else rest


def _with_inherited(item: ResolvedHost, subnets: Sequence[Subnet]) -> Settings:
    """Add what a host inherits from the subnet it is declared in, if its address lies elsewhere."""
    host = item.host
    homes = [home_of(address, subnets) for address in item.inside]
    if host.declared_in is None or any(
        home is None or home.network == host.declared_in for home in homes
    ):
        return host.settings
    return joined_settings(host.inherited, host.settings) if homes else host.settings


def _add_name(fixed: HostLine, item: ResolvedHost) -> None:
    """Add the name of a declaration, if it has one."""
    name = _dhcp_name(item)
    if name and name not in fixed.dhcp_names:
        fixed.dhcp_names.append(name)


def _dhcp_name(item: ResolvedHost) -> tuple[str, str] | None:
    """Return a host's label, and its name as written; None if it has neither."""
    name = item.host.name
    label = None if is_address(name) else label_of(name)
    if label is None and item.inside:
        label = f"host-{item.inside[0].replace('.', '-')}"
    if label is None and item.host.hardware:
        label = f"host-{item.host.hardware[0].replace(':', '')}"
    return (label, name) if label else None
