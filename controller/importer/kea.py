"""Read Kea's DHCPv4 configuration, or a bare list of its reservations.

Source: the Kea Administrator Reference Manual, "The DHCPv4 Server". What a level sets (server,
shared network, subnet, pool, reservation) goes to the same level of the inventory; a class becomes
a dhcpd class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from leasemerge.ranges import is_address

from .dhcpd_syntax import identifier
from .dhcpd_text import statements
from .kea_classes import KEYS as CLASS_KEYS
from .kea_classes import Classes
from .kea_json import Object, parse
from .kea_levels import KNOWN, TIMES, Levels
from .kea_reservations import Reservations
from .remarks import Remarks
from .source import DhcpConfig, Pool, SourceError, Subnet, joined_settings
from .values import address_number

# Kea's own, if no level has one.
_DEFAULT_TIME = 7200


def read(path: Path) -> DhcpConfig:
    """Read a file. Raises SourceError: when it is not Kea's JSON."""
    data = parse(path)
    try:
        return _Reader(path, _server(path, data)).config()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path}: this is JSON, but no configuration of Kea: {error}.") from error


def _server(path: Path, data: object) -> Object:
    """Return the DHCPv4 server of a file, which may have nothing but reservations."""
    if isinstance(data, list):
        whole = Object()
        whole.where = f"{path}:1"
        whole["reservations"] = data
        return whole
    if not isinstance(data, Object):
        raise SourceError(f"{path}:1: this is JSON, but no configuration of Kea.")
    server = data.get("Dhcp4", data)
    if not isinstance(server, Object):
        raise SourceError(f"{data.where}: Dhcp4 is not an object.")
    return server


class _Reader:
    """Read the levels from the outermost inwards, with what each of them has."""

    def __init__(self, path: Path, data: Object) -> None:
        self._path = path
        self._data = data
        self._remarks = Remarks()
        self._levels = Levels(self._remarks)
        self._classes = Classes(data, self._levels, self._remarks)
        self._reservations = Reservations(self._levels, self._classes, self._remarks)
        self._subnets: list[Subnet] = []
        self._servers: tuple[tuple[str, str], ...] = ()

    def config(self) -> DhcpConfig:
        """Read the server, and return what it has."""
        data = self._data
        for entry in data.objects("option-def"):
            self._levels.options.define(entry)
        settings = self._levels.settings(data, "the server")
        times = {key: settings.pop(key) for key in TIMES.values() if key in settings}
        if data.objects("subnet4") or data.objects("shared-networks"):
            times.setdefault("default_lease_time", _DEFAULT_TIME)
            for key in ("min_lease_time", "max_lease_time"):
                times.setdefault(key, times["default_lease_time"])
        given = settings.pop("options", {})
        suffix = data.text("ddns-qualifying-suffix") or _old_suffix(data)
        domain = _domain(given.pop("domain-name", "")) or _domain(suffix) or None
        servers = given.pop("domain-name-servers", "")
        for entry in data.objects("client-classes"):
            self._classes.read(entry)
        self._reservations.read(data.objects("reservations"))
        for subnet in data.objects("subnet4"):
            self._subnet(subnet, None, {})
        for shared in data.objects("shared-networks"):
            self._shared_network(shared)
        for hook in data.objects("hooks-libraries"):
            self._hook(hook)
        known = KNOWN | {"client-classes", "option-def", "hooks-libraries", "subnet4"}
        self._levels.unknown(data, known | {"shared-networks"}, "the server")
        # A subnet's options override a class's in Kea, and the other way round in dhcpd: these are
        # statements of the whole server.
        extra = (*self._classes.statements, *statements(settings), *self._classes.sent)
        return DhcpConfig(
            source=str(self._path),
            domain=domain,
            hosts=tuple(self._reservations.hosts),
            subnets=tuple(self._subnets),
            resolvers=tuple(part.strip() for part in servers.split(",") if part.strip()),
            times=times,
            options=given,
            extra=(*self._levels.options.definitions, *extra),
            servers=self._servers,
            authoritative=bool(data["authoritative"]) if "authoritative" in data else None,
            sends_names=("Kea", str(self._path)) if self._reservations.hosts else None,
            remarks=tuple(self._remarks),
        )

    def _shared_network(self, data: Object) -> None:
        name = data.text("name") or "shared"
        what = f"the shared network {name}"
        settings = self._levels.settings(data, what)
        rules = self._classes.rules(data, what)
        first = len(self._subnets)
        for subnet in data.objects("subnet4"):
            self._subnet(subnet, identifier(name), settings, rules)
        self._relay(data, [subnet.network for subnet in self._subnets[first:]], what)
        self._reservations.read(data.objects("reservations"))
        self._levels.unknown(data, KNOWN | CLASS_KEYS | {"subnet4", "relay"}, what)

    def _subnet(
        self,
        data: Object,
        shared_network: str | None,
        outer: Mapping[str, Any],
        outer_rules: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            network = IPv4Network(data["subnet"], strict=False)
        except (KeyError, ValueError) as error:
            raise SourceError(
                f"{data.where}: this Kea subnet is not a network: {error}."
            ) from error
        what = f"the subnet {network}"
        settings = joined_settings(outer, self._levels.settings(data, what))
        rules = {**(outer_rules or {}), **self._classes.rules(data, what)}
        given = dict(settings.pop("options", {}))
        routers = tuple(
            part.strip() for part in given.get("routers", "").split(",") if part.strip()
        )
        given.pop("routers", None)
        if given:
            settings["options"] = given
        pools = tuple(self._pool(entry, network, rules) for entry in data.objects("pools"))
        self._relay(data, [network], what)
        self._subnets.append(
            Subnet(
                network,
                data.where,
                tuple(pool for pool in pools if pool is not None),
                routers,
                shared_network,
                settings,
                _domain(data.text("ddns-qualifying-suffix")) or None,
            )
        )
        self._reservations.read(data.objects("reservations"))
        self._levels.unknown(data, KNOWN | CLASS_KEYS | {"pools", "relay"}, what)

    def _pool(self, entry: Object, network: IPv4Network, outer: Mapping[str, Any]) -> Pool | None:
        what = f"the pool {entry.text('pool')}"
        ends = _ends(entry.text("pool"))
        if ends is None:
            raise SourceError(f"{entry.where}: {what} of {network} is not a range of addresses.")
        settings = self._levels.settings(entry, what)
        rules = {**outer, **self._classes.rules(entry, what)}
        self._levels.unknown(entry, KNOWN | CLASS_KEYS, what)
        if address_number(ends[0]) > address_number(ends[1]):
            self._remarks.left_out(entry.where, what, "its ends are the wrong way round")
            return None
        return Pool((ends,), {**rules, **settings}, entry.where)

    def _hook(self, hook: Object) -> None:
        parameters = hook.get("parameters")
        pairs = parameters.objects("high-availability") if isinstance(parameters, Object) else []
        for pair in pairs:
            roles = {peer.text("role"): peer for peer in pair.objects("peers")}
            first = roles.get("primary")
            second = roles.get("secondary") or roles.get("standby")
            if first is None or second is None:
                self._remarks.left_out(
                    pair.where, "high-availability", "it has no primary and its partner"
                )
            elif not self._servers:
                self._servers = (
                    ("primary", _host_of(first.text("url"))),
                    ("secondary", _host_of(second.text("url"))),
                )
            for peer in pair.objects("peers"):
                if peer not in (first, second):
                    why = f"{_host_of(peer.text('url'))}: a pair has two servers"
                    self._remarks.left_out(peer.where, f"the peer {peer.text('name')}", why)
        name = Path(hook.text("library")).name
        if not pairs and "lease_cmds" not in name and "stat_cmds" not in name and "_ha" not in name:
            self._remarks.left_out(hook.where, f"the hook {name}", "dhcpd has no hooks")

    def _relay(self, data: Object, networks: Sequence[IPv4Network], what: str) -> None:
        relay = data.get("relay")
        if not isinstance(relay, Object):
            return
        addresses = relay.get("ip-addresses") or [relay.text("ip-address")]
        for address in filter(None, map(str, addresses if isinstance(addresses, list) else [])):
            inside = is_address(address) and any(IPv4Address(address) in n for n in networks)
            if not inside:
                why = "dhcpd knows a subnet by a relay's address inside it or its shared network"
                self._remarks.left_out(relay.where, f"the relay {address} of {what}", why)


def _old_suffix(data: Object) -> str:
    """Return the domain of names from where Kea had it before 1.7."""
    ddns = data.get("dhcp-ddns")
    return ddns.text("qualifying-suffix") if isinstance(ddns, Object) else ""


def _domain(text: str) -> str:
    return text.strip('"').lower().strip(". ")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _ends(pool: str) -> tuple[str, str] | None:
    """Read `first - last`, or a prefix; None for anything else."""
    try:
        if "/" in pool:
            network = IPv4Network(pool.replace(" ", ""), strict=False)
            return str(network[0]), str(network[-1])
        first, _, last = pool.partition("-")
        return str(IPv4Address(first.strip())), str(IPv4Address(last.strip()))
    except ValueError:
        return None
