"""Make one inventory from the DHCP server's and the name server's data, in two passes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .conflicts import Conflicts, Kind
from .defaults import SITE_MCLT
from .dhcp_role import differing, for_kea
from .host_line import HostLine
from .remarks import Remark
from .resolve import resolve
from .settle import Settled, Tables, settle
from .source import DhcpConfig, ZoneData
from .zone_names import domain_at


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the import writes."""

    domain: str
    tables: Tables
    zones: tuple[str, ...]
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

    def domain_of(self, host: HostLine) -> str:
        """Return the domain that a host is in unless it has its own."""
        address = host.addresses[0] if host.addresses else None
        return domain_at(address, self.tables.subnets, self.domain)


def reconcile(
    config: DhcpConfig,
    zone_data: ZoneData,
    domain: str | None,
    *,
    conflicts: Conflicts,
    dhcp_server: str,
) -> Inventory:
    """Make the inventory for a DHCP server, dhcpd or kea.

    `conflicts` are those between the files; those found here are added.

    Raises SourceError: when no source has the domain.
    """
    resolved, config = resolve(config, zone_data, domain, conflicts)
    settled = settle(resolved, config, zone_data.ttl, conflicts)
    statements = (*config.extra, *settled.kept)
    if config.sends_names is not None and dhcp_server == "dhcpd":
        program, source = config.sends_names
        conflicts.add(Kind.NAMES_SENT, source, program=program)
        statements = ("use-host-decl-names on;", *statements)
    given = {name: value for name, value in config.options.items() if name != "domain-search"}
    options, extra = _below_no_condition(given, statements)
    times = _times(config, conflicts)
    variables = _role_variables(config, settled, resolved.domain, dhcp_server, conflicts)
    return Inventory(
        domain=resolved.domain,
        tables=settled.tables,
        zones=resolved.zones,
        forward_zones=zone_data.forward_zones,
        upstream_resolvers=zone_data.upstream_resolvers,
        times=times,
        options=options,
        extra=extra,
        ttl=zone_data.ttl,
        dhcp_server=dhcp_server,
        role_variables=variables,
        remarks=(*config.remarks, *zone_data.remarks, *conflicts.sentences()),
    )


def _times(config: DhcpConfig, conflicts: Conflicts) -> dict[str, int]:
    """Return the lease times and the MCLT, which is at most as long as a lease may be."""
    times = dict(config.times)
    most = times.get("max_lease_time", SITE_MCLT)
    if times.get("mclt", SITE_MCLT) > most:
        times["mclt"] = most
        conflicts.add(Kind.MCLT, config.source, seconds=most)
    return times


def _role_variables(
    config: DhcpConfig, settled: Settled, domain: str, dhcp_server: str, conflicts: Conflicts
) -> dict[str, object]:
    """Return the variables of the role dhcpd or kea that differ from its defaults."""
    variables = dict(config.role_variables)
    if searched := re.findall(r'"([^"]+)"', config.options.get("domain-search", "")):
        # The role sends it, with a subnet's own domain in front.
        variables.setdefault("dhcpd_domain_search", searched)
    if settled.pool_extra:
        variables["dhcpd_pool_extra"] = settled.pool_extra
    if config.authoritative is False:
        variables["dhcpd_authoritative"] = False
    elif config.authoritative is None and config.subnets:
        variable, value = ("dhcpd_authoritative", "false")
        if dhcp_server == "kea":
            variable, value = ("kea_extra", "{authoritative: false}")
        conflicts.add(Kind.NOT_AUTHORITATIVE, config.source, variable=variable, value=value)
    variables = differing(variables, domain)
    return for_kea(variables, config.source, conflicts) if dhcp_server == "kea" else variables


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
