"""Shape the subnets as the inventory has them: their ranges, pools, routers and lease times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Any

from . import lease_times
from .conflicts import Conflicts, Kind
from .defaults import DHCPD_MAX_LEASE_TIME, DHCPD_MIN_LEASE_TIME
from .dhcpd_text import statements
from .source import Pool, Settings, Subnet, joined_settings
from .values import address_number

_POOL_KEYS = frozenset({"allow", "deny", "options", "extra", *lease_times.KEYS})


def shaped(
    subnets: Sequence[Subnet], times: Mapping[str, int], conflicts: Conflicts
) -> tuple[tuple[Subnet, ...], str]:
    """Convert the pools to the inventory's form; also return what all of them have."""
    rules = [pool.settings for subnet in subnets for pool in subnet.pools]
    common = ""
    if rules and rules[0] and all(dict(rule) == dict(rules[0]) for rule in rules):
        common = "".join(f"{line}\n" for line in statements(rules[0]))
        subnets = [
            replace(s, pools=tuple(replace(pool, settings={}) for pool in s.pools)) for s in subnets
        ]
    return tuple(_shaped_subnet(subnet, times, conflicts) for subnet in subnets), common


def _shaped_subnet(subnet: Subnet, times: Mapping[str, int], conflicts: Conflicts) -> Subnet:
    """Join the ranges without rules, and keep the pools that have some."""
    subnet = _with_routers_inside(subnet, conflicts)
    pools = [pool for pool in _without_overlaps(subnet, conflicts) if pool.ranges]
    plain = [ends for pool in pools if not pool.settings for ends in pool.ranges]
    ranges = tuple(sorted(plain, key=lambda ends: address_number(ends[0])))
    shaped = [Pool(ranges, {}, subnet.where)] if ranges else []
    shaped += [
        replace(
            pool, settings=_in_order(_pool_settings(pool.settings), {**times, **subnet.settings})
        )
        for pool in pools
        if pool.settings
    ]
    return replace(subnet, pools=tuple(shaped), settings=_in_order(subnet.settings, times))


def _with_routers_inside(subnet: Subnet, conflicts: Conflicts) -> Subnet:
    """Turn routers that the inventory check would reject into an option."""
    if all(IPv4Address(router) in subnet.network for router in subnet.routers):
        return subnet
    shown = ", ".join(subnet.routers)
    conflicts.add(Kind.ROUTER_OUTSIDE, subnet.where, routers=shown, network=subnet.network)
    given = {"options": {"routers": shown}}
    return replace(subnet, routers=(), settings=joined_settings(given, subnet.settings))


def _in_order(settings: Settings, outer: Mapping[str, Any]) -> dict[str, Any]:
    """Set a scope's lease times to what dhcpd makes of its own and the outer ones.

    dhcpd takes any; the inventory requires them to be in order.
    """
    own = {key: settings[key] for key in lease_times.KEYS if key in settings}
    if not own:
        return dict(settings)
    values = {**outer, **own}
    usual = {"min_lease_time": DHCPD_MIN_LEASE_TIME, "max_lease_time": DHCPD_MAX_LEASE_TIME}
    changed = {
        key: seconds
        for key, seconds in lease_times.applied(values).items()
        if key in own or seconds != values.get(key, usual.get(key))
    }
    return {**settings, **changed}


def _pool_settings(settings: Settings) -> dict[str, Any]:
    """Write what a pool of the inventory has no key for as text."""
    kept = {key: value for key, value in settings.items() if key in _POOL_KEYS}
    lines = statements({key: settings[key] for key in settings.keys() - kept.keys()})
    if lines:
        kept["extra"] = "".join(f"{line}\n" for line in lines) + str(kept.get("extra", ""))
    return kept


@dataclass(slots=True)
class _Span:
    """A range as numbers, and the index of the pool that it is in."""

    first: int
    last: int
    pool: int

    @property
    def ends(self) -> tuple[str, str]:
        """Its first and last address."""
        return str(IPv4Address(self.first)), str(IPv4Address(self.last))


def _without_overlaps(subnet: Subnet, conflicts: Conflicts) -> list[Pool]:
    """Keep every range inside its subnet, and every address in one range."""
    kept: list[_Span] = []
    for index, pool in enumerate(subnet.pools):
        for ends in pool.ranges:
            inside = _inside(ends, subnet, pool, conflicts)
            if inside is None:
                continue
            first, last = map(address_number, inside)
            other = next((k for k in kept if k.first <= last and first <= k.last), None)
            if other is None:
                kept.append(_Span(first, last, index))
                continue
            values = {"first": ends[0], "last": ends[1], "network": subnet.network}
            if dict(subnet.pools[other.pool].settings) == dict(pool.settings):
                conflicts.add(Kind.RANGES_OVERLAP, pool.where, **values)
                other.first, other.last = min(other.first, first), max(other.last, last)
                continue
            other_first, other_last = other.ends
            conflicts.add(
                Kind.RANGE_OF_RULES_OVERLAPS,
                pool.where,
                other_first=other_first,
                other_last=other_last,
                **values,
            )
    return [
        replace(pool, ranges=tuple(span.ends for span in kept if span.pool == index))
        for index, pool in enumerate(subnet.pools)
    ]


def _inside(
    ends: tuple[str, str], subnet: Subnet, pool: Pool, conflicts: Conflicts
) -> tuple[str, str] | None:
    """Exclude the network and broadcast address from a range; None if it is outside the subnet."""
    network = subnet.network
    first, last = ends
    if not network[0] <= type(network[0])(first) <= type(network[0])(last) <= network[-1]:
        conflicts.add(Kind.RANGE_OUTSIDE, pool.where, first=first, last=last, network=network)
        return None
    if network.prefixlen < 31:
        first = str(network[1]) if first == str(network[0]) else first
        last = str(network[-2]) if last == str(network[-1]) else last
    if (first, last) != ends:
        conflicts.add(
            Kind.RANGE_AT_EDGE,
            pool.where,
            first=ends[0],
            last=ends[1],
            network=network,
            new_first=first,
            new_last=last,
        )
    return (first, last) if address_number(first) <= address_number(last) else None
