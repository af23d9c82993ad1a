"""Collect what does not fit together in the sources, each with its sentence for import.txt.

Where dhcpd and the zone data differ, the address is dhcpd's, because the machine has it, and the
name is the zone data's, because people use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from .remarks import Remark, Section


class Kind(Enum):
    """A kind of conflict: its section of import.txt, and its sentence with places for values."""

    # Between sources of the same kind.
    SETTING_DIFFERS = (
        Section.DISAGREEMENT,
        "{what} is {mine} in {first} and {theirs} here; kept the one from {first}.",
    )
    STATEMENT_DIFFERS = (
        Section.DISAGREEMENT,
        "Here it says `{theirs}`, in {first} `{mine}`; kept the one from {first}.",
    )
    ONLY_IN_ONE_HALF = (
        Section.DISAGREEMENT,
        "{what} is not in {other}, the other half of the pair; kept.",
    )
    SUBNET_TWICE = (
        Section.DISAGREEMENT,
        "The subnet {network} is also at {other}, with other {what}; that one is kept.",
    )

    # The zone and the networks.
    OTHER_DOMAIN = (
        Section.DISAGREEMENT,
        "Clients are sent the domain {mine}, and the zone data has {zones}; kept {kept}.",
    )
    SUBNET_OF_ZONE = (
        Section.DISAGREEMENT,
        "dhcpd has no subnet {network}, and the zone data has its reverse zone; added without "
        "ranges.",
    )
    RESOLVERS_OF_SUBNET = (
        Section.CHOSEN,
        "The clients of {network} continue to use {resolvers}, not the group dnscache_servers.",
    )
    ROUTER_OUTSIDE = (
        Section.CHOSEN,
        "The router {routers} does not lie in {network}; its clients are sent it as an option, all "
        "the same.",
    )
    RANGE_AT_EDGE = (
        Section.CHOSEN,
        "The range {first} to {last} includes the first or last address of {network}; it is now "
        "{new_first} to {new_last}.",
    )
    RANGE_OUTSIDE = (
        Section.LEFT_OUT,
        "The range {first} to {last} does not lie in {network}; dhcpd refuses it.",
    )
    RANGES_OVERLAP = (
        Section.CHOSEN,
        "The range {first} to {last} overlaps another one of {network}; they are one range now.",
    )
    RANGE_OF_RULES_OVERLAPS = (
        Section.LEFT_OUT,
        "The range {first} to {last} overlaps the range {other_first} to {other_last}, which has "
        "other rules; dhcpd refuses that.",
    )
    NAMES_SENT = (
        Section.CHOSEN,
        "{program} sends each host its name; so does use-host-decl-names in site_extra.",
    )
    NOT_OF_KEA = (
        Section.LEFT_OUT,
        "{variable}: {value}: Kea has no such setting; kea_extra holds what else Kea is to have in "
        "its own words.",
    )
    MCLT = (
        Section.CHOSEN,
        "site_mclt is {seconds} s: it must not be longer than the longest lease.",
    )
    NOT_AUTHORITATIVE = (
        Section.CHOSEN,
        "The server is not authoritative, since nothing here makes it so; the new pair is. To "
        "keep it, set {variable}: {value}.",
    )

    # Names in the zone data.
    DOMAIN_OF_SUBNET = (
        Section.CHOSEN,
        "The clients of {network} are sent the domain {domain}: its hosts are named there.",
    )
    RECORD_WITHOUT_PLACE = (Section.LEFT_OUT, "{name} {type} {value}: {why}.")
    SEVERAL_ADDRESSES = (
        Section.DISAGREEMENT,
        "{label} has several addresses in the zone data; kept {kept}, left out {others}.",
    )
    SEVERAL_POINTERS = (
        Section.DISAGREEMENT,
        "{address} has the PTRs {labels}; kept {kept}, the others are aliases.",
    )
    NO_POINTER = (
        Section.CHOSEN,
        "{address} has no PTR in the zone data, and several names; it gets {kept}.",
    )
    POINTER_WITHOUT_NAME = (
        Section.DISAGREEMENT,
        "The PTR of {address} points to {label}, which has {has}; the PTR is left out.",
    )
    NAME_IN_RANGE = (
        Section.DISAGREEMENT,
        "The zone data has {labels} at {address}, and dhcpd gives {address} to anyone ({range}); "
        "the range is written around it.",
    )
    POINTERS_ADDED = (
        Section.CHOSEN,
        "{label} has the addresses {addresses}: it is one fixed host, and each has a PTR.",
    )
    ALIAS_TAKEN = (
        Section.DISAGREEMENT,
        "{label} is an alias of {host} here and a name of {other} at {place}; kept the latter.",
    )
    ALIAS_OF_NOTHING = (
        Section.LEFT_OUT,
        "The alias {name} of {target}: there is no such name in {domain}.",
    )

    # Hosts.
    HOST_AS_TEXT = (Section.KEPT, "The host {host}: {why}.")
    HOST_LEFT_OUT = (Section.LEFT_OUT, "The host {host}{known}: {why}.")
    HOSTS_JOINED = (
        Section.CHOSEN,
        "The host {host} has the address of the host at {other}; they are one fixed host now.",
    )
    MAC_JOINED = (
        Section.CHOSEN,
        "The host {host} has the MAC address of the host at {other}; they are one fixed host now.",
    )
    MAC_AT_IRREGULAR = (
        Section.DISAGREEMENT,
        "The host {host} has the MAC address {mac} of the host at {other}.",
    )
    MAC_TWICE = (
        Section.DISAGREEMENT,
        "The host {host} has the MAC address {mac} of the host at {other}, with another address of "
        "the same subnet; dhcpd gives the one of {other}, and {host} is only a name.",
    )
    MAC_WITH_OTHER_SETTINGS = (
        Section.DISAGREEMENT,
        "The host {host} has the MAC address {mac} of the host at {other}, with other settings.",
    )
    SETTINGS_DIFFER = (
        Section.DISAGREEMENT,
        "The host {host} is also at {other}, with other settings; kept those of {other}.",
    )

    # What hosts are called.
    ZONE_NAME_KEPT = (
        Section.DISAGREEMENT,
        "dhcpd calls {address} {label}, the zone data ({line}) {kept}; kept {kept}.{elsewhere}",
    )
    NO_NAME_IN_ZONE = (
        Section.DISAGREEMENT,
        "{address} is {label} in dhcpd, and has no name in the zone data; it gets one.",
    )
    ZONE_ADDRESS_TAKEN = (
        Section.DISAGREEMENT,
        "dhcpd gives {label} any address, the zone data ({line}) has {address}; dhcpd will give "
        "that.",
    )
    DHCPD_ADDRESS_KEPT = (
        Section.DISAGREEMENT,
        "dhcpd gives {label} {mine}, the zone data ({line}) has {address}; kept dhcpd's.",
    )
    NAME_TAKEN = (
        Section.DISAGREEMENT,
        "{label} is already the name of {other}; this one is {kept}.",
    )
    RENAMED = (Section.CHOSEN, "{old} is called {new} now.")
    NAMED = (Section.CHOSEN, "The host {address} has no name; it is called {new}.")
    ALIAS_ADDED = (Section.CHOSEN, "{label} is an alias of {host} now.")
    TIME_LOST = (
        Section.CHOSEN,
        "{names} may be cached for {seconds} s here; the name of a host gets site_fixed_ttl.",
    )
    NAME_LOST = (Section.LEFT_OUT, "The name {label} of {host}: it is already that of {other}.")
    SENT_NAME_LOST = (
        Section.LEFT_OUT,
        "{host} is sent the host name {sent}, and is not called that in DNS: {why}.",
    )
    NOT_RESERVED = (
        Section.CHOSEN,
        "{label} is a host's own name here, so site_reserved_names is without it; no client can "
        "take it anyway.",
    )

    # The servers.
    SERVER_WITHOUT_ADDRESS = (
        Section.LEFT_OUT,
        "The server {server} has no address here; write {label} into fixed_hosts.yml.",
    )
    SERVER_OUTSIDE = (
        Section.LEFT_OUT,
        "The server {address} lies in none of the subnets; add its subnet to site_subnets.",
    )
    SERVER_NAMED = (
        Section.CHOSEN,
        "The server {address} has no name anywhere; it is called {label}.",
    )
    FOREIGN_RESOLVER = (
        Section.LEFT_OUT,
        "The resolver {resolver} {why}, so it is not one of ours.",
    )
    FOREIGN_NAME_SERVER = (
        Section.LEFT_OUT,
        "The name server {server} has no address here: it is not one of ours.",
    )
    NAME_SERVER_IS_HOST = (
        Section.CHOSEN,
        "The name server {server} is called {label}: {taken} is a host's own name.",
    )
    NAME_SERVER_RENAMED = (Section.CHOSEN, "The name server {server} is now {label}.{domain}.")
    NAME_SERVER_NEEDS_ALIAS = (
        Section.CHOSEN,
        "tinydns answers at {address}, the server's own address; it needs an alias: write a free "
        "address of the subnet as alias_address.",
    )
    NAME_SERVER_GONE = (
        Section.LEFT_OUT,
        "The name server {server} at {address} is not one of the domain's: those of servers.yml "
        "serve its zone too, and its name is gone.",
    )
    NAME_SERVER_UNPLACED = (
        Section.LEFT_OUT,
        "The name server {server} at {address} is not a machine of this inventory: write its label "
        "as alias_name of one of tinydns_servers, or its name is gone.",
    )
    NO_SERVERS = (
        Section.LEFT_OUT,
        "The files do not say which machines are {group}; add them there.",
    )


@dataclass(frozen=True, slots=True)
class Conflict:
    """One conflict: its kind, its file and line, and the values of its sentence."""

    kind: Kind
    where: str
    values: Mapping[str, str]


class Conflicts(list[Conflict]):
    """The conflicts of an import, in the order in which they were found."""

    def add(self, kind: Kind, where: str, **values: object) -> None:
        """Add a conflict."""
        self.append(Conflict(kind, where, {key: str(value) for key, value in values.items()}))

    def sentences(self) -> tuple[Remark, ...]:
        """Return the sentence of each conflict, in the same order."""
        return tuple(
            Remark(section, item.where, template.format(**item.values))
            for item in self
            for section, template in (item.kind.value,)
        )
