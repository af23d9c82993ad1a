"""Make one inventory from the DHCP server's and the name server's data: the passes, in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .conflicts import Conflict, Kind, conflict, sentences
from .fixedhost import FixedHost
from .found import Found, Records, Remark, Subnet
from .resolve import resolve
from .role_variables import differing, for_kea
from .settle import settle
from .zone_names import domain_at

# site_mclt in the model.
_MCLT = 600


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the import writes. The lists of servers hold names of fixed hosts."""

    domain: str
    hosts: tuple[FixedHost, ...]
    subnets: tuple[Subnet, ...]
    dhcp_servers: tuple[str, ...]
    """The primary, then the secondary."""
    name_servers: tuple[tuple[str, str], ...]
    """Name and alias address of each tinydns."""
    dnscache_servers: tuple[str, ...]
    reserved_names: tuple[str, ...]
    records: tuple[str, ...]
    """Lines of site_records."""
    zones: tuple[str, ...]
    ipv6_networks: tuple[str, ...]
    forward_zones: Mapping[str, Sequence[str]]
    upstream_resolvers: tuple[str, ...]
    times: Mapping[str, int]
    options: Mapping[str, str]
    extra: tuple[str, ...]
    ttl: int | None
    dhcp_server: str
    """The program that the inventory deploys: dhcpd or kea."""
    role_variables: Mapping[str, object]
    """Those of its role."""
    remarks: tuple[Remark, ...]

    def domain_of(self, host: FixedHost) -> str:
        """Return the domain that a host is in unless it has its own."""
        return domain_at(host.addresses[0] if host.addresses else None, self.subnets, self.domain)


def reconcile(
    found: Found,
    records: Records,
    domain: str | None = None,
    conflicts: Sequence[Conflict] = (),
    dhcp_server: str = "dhcpd",
) -> Inventory:
    """Make the inventory for a DHCP server, dhcpd or kea.

    `conflicts` are those found earlier, between the files.

    Raises SourceError: when no source has the domain.
    """
    chosen = []
    if found.sends_names is not None and dhcp_server == "dhcpd":
        program, source = found.sends_names
        chosen.append(conflict(Kind.NAMES_SENT, source, program=program))
        found = replace(found, extra=("use-host-decl-names on;", *found.extra))
    resolved, found, in_names = resolve(found, records, domain)
    settled, in_tables = settle(resolved, found, records.ttl)
    variables = dict(found.role_variables)
    given = dict(found.options)
    if searched := re.findall(r'"([^"]+)"', given.pop("domain-search", "")):
        # The role sends it, with a subnet's own domain in front.
        variables.setdefault("dhcpd_domain_search", searched)
    options, extra = _below_no_condition(given, (*found.extra, *settled.kept))
    if settled.pool_extra:
        variables["dhcpd_pool_extra"] = settled.pool_extra
    times = dict(found.times)
    most = times.get("max_lease_time", _MCLT)
    if times.get("mclt", _MCLT) > most:
        times["mclt"] = most
        chosen.append(conflict(Kind.MCLT, found.source, seconds=most))
    if found.authoritative is False:
        variables["dhcpd_authoritative"] = False
    elif found.authoritative is None and found.subnets:
        chosen.append(_not_authoritative(found.source, dhcp_server))
    variables = differing(variables, resolved.domain)
    if dhcp_server == "kea":
        variables, lost = for_kea(variables, found.source)
        chosen += lost
    return Inventory(
        domain=resolved.domain,
        hosts=settled.hosts,
        subnets=settled.subnets,
        dhcp_servers=settled.dhcp_servers,
        name_servers=settled.name_servers,
        dnscache_servers=settled.dnscache_servers,
        reserved_names=settled.reserved_names,
        records=settled.records,
        zones=resolved.zones,
        ipv6_networks=settled.ipv6_networks,
        forward_zones=records.forward_zones,
        upstream_resolvers=records.upstream_resolvers,
        times=times,
        options=options,
        extra=extra,
        ttl=records.ttl,
        dhcp_server=dhcp_server,
        role_variables=variables,
        remarks=(
            *found.remarks,
            *records.remarks,
            *sentences([*conflicts, *in_names, *in_tables, *chosen]),
        ),
    )


def _not_authoritative(source: str, dhcp_server: str) -> Conflict:
    variable, value = ("dhcpd_authoritative", "false")
    if dhcp_server == "kea":
        variable, value = ("kea_extra", "{authoritative: false}")
    return conflict(Kind.NOT_AUTHORITATIVE, source, variable=variable, value=value)


def _below_no_condition(
    options: Mapping[str, str], extra: Sequence[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Move options that a condition in the text also sets for some clients in front of that text.

    The role writes site_options after site_extra, and of two statements dhcpd takes the last.
    """
    conditions = "".join(text for text in extra if re.match(r"(if|switch)\b", text, re.IGNORECASE))
    moved = [
        name
        for name in options
        if re.search(rf"^\s*option\s+{re.escape(name)}\s", conditions, re.IGNORECASE | re.MULTILINE)
    ]
    rest = {name: value for name, value in options.items() if name not in moved}
    return rest, (*(f"option {name} {options[name]};" for name in moved), *extra)
