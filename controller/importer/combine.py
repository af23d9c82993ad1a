"""Merge several sources of a kind; where two disagree, the first one counts.

Two files may be the two halves of a failover pair: then anything in only one of them is drift.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .conflicts import Conflicts, Kind
from .source import DhcpConfig, Host, Pool, Subnet, ZoneData

# A name may occur once: dhcpd refuses a second class, key or definition of it.
_NAMED = re.compile(
    r'((?:class|key|zone)\s+(?:"[^"]*"|[^\s{"]+)|option\s+\S+\s+code)|((?!(?:allow|deny|ignore|'
    r"subclass|option|if|elsif|else|switch|on|log|set|unset|execute|host|group|subnet)\b)"
    r"[a-z][a-z0-9-]*)\s+[^{}]*;$",
    re.IGNORECASE,
)


def joined_configs(configs: Iterable[DhcpConfig]) -> tuple[DhcpConfig, Conflicts]:
    """Merge several configurations; also return where they differ."""
    conflicts = Conflicts()
    whole: DhcpConfig | None = None
    for config in configs:
        whole = config if whole is None else _both(whole, config, conflicts)
    return whole or DhcpConfig(), conflicts


def joined_zone_data(parts: Iterable[ZoneData]) -> ZoneData:
    """Merge several files of zone data."""
    whole = ZoneData()
    for part in parts:
        whole = ZoneData(
            records=whole.records + part.records,
            zones=tuple(dict.fromkeys(whole.zones + part.zones)),
            ttl=whole.ttl or part.ttl,
            lone_names=whole.lone_names + part.lone_names,
            forward_zones={**part.forward_zones, **whole.forward_zones},
            upstream_resolvers=whole.upstream_resolvers or part.upstream_resolvers,
            remarks=whole.remarks + part.remarks,
        )
    return whole


def _both(first: DhcpConfig, second: DhcpConfig, conflicts: Conflicts) -> DhcpConfig:
    halves = bool(first.servers) and first.servers == second.servers

    def laid_over(what: str, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
        for key in [key for key in mine if key in theirs]:
            differs(what.format(key.replace("_", "-")), mine[key], theirs[key])
        return {**theirs, **mine}

    def differs(what: str, mine: object, theirs: object) -> None:
        if mine and theirs and mine != theirs:
            conflicts.add(
                Kind.SETTING_DIFFERS,
                second.source,
                what=what,
                first=first.source,
                mine=_shown(mine),
                theirs=_shown(theirs),
            )

    differs("The domain", first.domain, second.domain)
    differs("The list of resolvers", first.resolvers, second.resolvers)
    differs("The failover pair", first.servers, second.servers)
    return DhcpConfig(
        source=first.source,
        domain=first.domain or second.domain,
        hosts=first.hosts + _new_hosts(first, second, halves, conflicts),
        subnets=first.subnets + _new_subnets(first, second, halves, conflicts),
        resolvers=first.resolvers or second.resolvers,
        times=laid_over("{}", first.times, second.times),
        options=laid_over("option {}", first.options, second.options),
        extra=first.extra + _new_extra(first, second, halves, conflicts),
        servers=first.servers or second.servers,
        role_variables=laid_over("{}", first.role_variables, second.role_variables),
        authoritative=second.authoritative if first.authoritative is None else first.authoritative,
        sends_names=first.sends_names or second.sends_names,
        remarks=first.remarks + second.remarks,
    )


def _new_hosts(
    first: DhcpConfig, second: DhcpConfig, halves: bool, conflicts: Conflicts
) -> tuple[Host, ...]:
    """Return the hosts that only the second has; note those that differ between two halves."""
    known = {_same(host) for host in first.hosts}
    mine = {host.name.lower(): host for host in first.hosts}
    theirs = {host.name.lower() for host in second.hosts}
    new = []
    for host in second.hosts:
        if _same(host) in known:
            continue
        other = mine.get(host.name.lower()) if halves else None
        if other is None:
            new.append(host)
            if halves:
                _note_only(f"The host {host.name}", host.where, first, conflicts)
        else:
            conflicts.add(
                Kind.SETTING_DIFFERS,
                host.where,
                what=f"The host {host.name}",
                first=other.where,
                mine=_described(other),
                theirs=_described(host),
            )
    if halves:
        for host in first.hosts:
            if host.name.lower() not in theirs:
                _note_only(f"The host {host.name}", host.where, second, conflicts)
    return tuple(new)


def _new_subnets(
    first: DhcpConfig, second: DhcpConfig, halves: bool, conflicts: Conflicts
) -> tuple[Subnet, ...]:
    mine = {subnet.network: subnet for subnet in first.subnets}
    new = []
    for subnet in second.subnets:
        other = mine.get(subnet.network)
        if other is None:
            new.append(subnet)
            if halves:
                _note_only(f"The subnet {subnet.network}", subnet.where, first, conflicts)
            continue
        whats = {
            "ranges": (_pools(subnet), _pools(other)),
            "routers": (subnet.routers, other.routers),
            "a shared network": (subnet.shared_network, other.shared_network),
            "settings": (dict(subnet.settings), dict(other.settings)),
        }
        what = ", ".join(key for key, (theirs, ours) in whats.items() if theirs != ours)
        if what:
            conflicts.add(
                Kind.SUBNET_TWICE,
                subnet.where,
                network=subnet.network,
                other=other.where,
                what=what,
            )
    if halves:
        theirs = {subnet.network for subnet in second.subnets}
        for subnet in first.subnets:
            if subnet.network not in theirs:
                _note_only(f"The subnet {subnet.network}", subnet.where, second, conflicts)
    return tuple(new)


def _new_extra(
    first: DhcpConfig, second: DhcpConfig, halves: bool, conflicts: Conflicts
) -> tuple[str, ...]:
    known = {_spaced(text) for text in first.extra}
    mine = {key: text for text in first.extra if (key := _name_of(text))}
    new = []
    for text in second.extra:
        if _spaced(text) in known:
            continue
        other = mine.get(_name_of(text))
        if other is not None:
            conflicts.add(
                Kind.STATEMENT_DIFFERS,
                second.source,
                first=first.source,
                mine=" ".join(other.split()),
                theirs=" ".join(text.split()),
            )
            continue
        new.append(text)
        if halves:
            _note_only(_head(text), second.source, first, conflicts)
    if halves:
        theirs = {_spaced(text) for text in second.extra}
        names = {_name_of(text) for text in second.extra} - {""}
        for text in first.extra:
            if _spaced(text) not in theirs and _name_of(text) not in names:
                _note_only(_head(text), first.source, second, conflicts)
    return tuple(new)


def _note_only(what: str, where: str, other: DhcpConfig, conflicts: Conflicts) -> None:
    conflicts.add(Kind.ONLY_IN_ONE_HALF, where, what=what, other=other.source)


def _same(host: Host) -> str:
    """Return a key that two equal declarations share, wherever and however they stand."""
    text = _spaced(host.text) if host.irregular else ""
    settings = [(key, _spaced(str(value))) for key, value in sorted(host.settings.items())]
    plain = replace(host, where="", name=host.name.lower(), text=text, settings={})
    return f"{plain!r} {settings}"


def _described(host: Host) -> str:
    text = " ".join([*host.hardware, *host.addresses])
    return text + (f" with {_shown(dict(host.settings))}" if host.settings else "")


def _pools(subnet: Subnet) -> list[Pool]:
    return [replace(pool, where="") for pool in subnet.pools]


def _name_of(text: str) -> str:
    """Name the statement, if it may occur only once."""
    match = _NAMED.match(text)
    return " ".join((match[1] or match[2]).split()).lower() if match else ""


def _head(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first if first == text else f"{first} … }}"


def _spaced(text: str) -> str:
    """Write text with normalised spaces: one between words, none next to punctuation."""
    return re.sub(r" ?([(),;={}]) ?", r"\1", " ".join(text.split()))


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items())
    return " ".join(str(value).split())
