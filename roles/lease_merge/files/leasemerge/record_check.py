"""Every fault of the records of a site, alongside what else its zones hold.

Without faults, tinydns serves what was written: it serves at most eight addresses of a name,
nothing at or below a delegation, and no answer of more than 512 octets, as it has no TCP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import NamedTuple

from .record_data import AAAA, CNAME, MX, NS, PTR, SRV, TXT, A
from .records import Record, answer_size

_ANSWER_MAX = 512  # RFC 1035 section 4.2.1
_ADDRESSES_MAX = 8  # tinydns' tdlookup.c
_OF_SERVICE = re.compile(r"(?:_[^.]+|\*)\._[^.]+\.")  # RFC 2782
_REVERSE = (".in-addr.arpa", ".ip6.arpa")


class RecordFault(NamedTuple):
    """A fault of the record with this number: what is wrong and what to do about it."""

    number: int
    problem: str
    remedy: str
    is_note: bool = False
    """Whether it is allowed, but probably not meant."""


@dataclass(frozen=True)
class Surroundings:
    """What the zones hold apart from records. Names are absolute, without a final dot."""

    zones: frozenset[str]
    names: Mapping[str, str]
    """The name of each host and name server, and whose it is, in words."""
    addressed: frozenset[str]
    """Those of them that have an address, or get one with a lease."""
    reserved: frozenset[str]
    pointers: Mapping[str, str]
    """The reverse name of each of their addresses, and whose it is, in words."""
    domains: frozenset[str] = frozenset()
    """The zones in which a client gets a name with its lease."""
    forwarded: frozenset[str] = frozenset()
    """The zones that the resolvers forward to others."""
    is_leased: Callable[[IPv4Address], bool] = lambda _: False
    """Whether dhcpd may lease an address to any client."""
    edges: frozenset[IPv4Address] = frozenset()
    """The network and broadcast address of each subnet."""
    ttl: object = None
    """Seconds, for a record without a TTL of its own."""
    setting: Callable[[str], str] = lambda key: key
    """The name that a key of the site is set under (`Inventory.setting`)."""


def record_faults(
    numbered: Iterable[tuple[int, Record]], around: Surroundings
) -> Iterator[RecordFault]:
    """Yield every fault and note of the records, in their order."""
    table = _Table(numbered, around)
    for number, record in table.numbered:
        faults = list(table.faults_of(number, record))
        for problem, remedy in faults:
            yield RecordFault(number, problem, remedy)
        for problem, remedy in () if faults else table.notes_of(record):
            yield RecordFault(number, problem, remedy, is_note=True)


def nearest_zone(name: str, zones: Set[str]) -> str | None:
    """Return the zone that a name lies in: the longest of those at or above it."""
    return next((zone for zone in (name, *_parents(name)) if zone in zones), None)


class _Table:
    def __init__(self, numbered: Iterable[tuple[int, Record]], around: Surroundings) -> None:
        self._around = around
        self._all_zones = around.zones | around.forwarded
        self._sets: dict[str, dict[int, list[tuple[int, Record]]]] = {}
        self.numbered = list(numbered)
        for number, written in self.numbered:
            # What others point to, or stand beside, is what was meant.
            record = self._meant(written)
            of_name = self._sets.setdefault(record.name, {})
            of_name.setdefault(record.type, []).append((number, record))

    def _meant(self, record: Record) -> Record:
        """Return the record with the final dots that are missing in it."""
        name, target = self._dotless(record)
        return replace(record, name=name or record.name, target=target or record.target)

    def _dotless(self, record: Record) -> tuple[str | None, str | None]:
        """Return the name and the target as written, if they lack a final dot; None if not."""
        name, target = record.relative
        return (
            name if self._is_dotless(name, record.name) else None,
            target if self._is_dotless(target, record.target) else None,
        )

    def _is_dotless(self, word: str | None, name: str | None) -> bool:
        if word is None or name is None or "." not in word:
            return False
        # In the domain office.internal, `a.dev` is a.dev.office.internal, even beside a zone `dev`.
        zone, origin = self._nearest_zone(word), name[len(word) + 1 :]
        return word.endswith(_REVERSE) or (zone is not None and ("." in zone or zone == origin))

    def faults_of(self, number: int, record: Record) -> Iterator[tuple[str, str]]:
        dotless = self._dotless(record)
        for word, name in zip(dotless, (record.name, record.target), strict=True):
            if word is not None:
                yield (
                    f"{word} ends with the name of a zone, but not with a dot, so that it means "
                    f"{name}",
                    "write a dot at its end",
                )
        if any(dotless):
            return
        zone, setting = self._nearest_zone(record.name), self._around.setting
        if zone is None:
            yield (
                f"{record.name or 'the root'} lies in none of the zones",
                f"add its zone to {setting('zones')}, or leave out the dot at the end of its name",
            )
            return
        if zone not in self._around.zones:
            yield (
                f"{record.name} lies in the forwarded zone {zone}, so it is never answered here",
                f"remove it, or the zone from {setting('forward_zones')}",
            )
            return
        yield from self._place(record)
        yield from self._neighbours(number, record)
        yield from self._target(record)
        first, _ = self._sets[record.name][record.type][0]
        if number == first:
            yield from self._answer(record)

    def _place(self, record: Record) -> Iterator[tuple[str, str]]:
        """Check that the name may have such a record."""
        name, kind = record.name, record.type_name
        if name in self._around.zones and record.type in (NS, CNAME):
            yield (
                f"the zone {name} has its own records, and the name servers of tinydns_servers",
                "remove it" if record.type == NS else "write an A with the address instead",
            )
        if name.startswith("*.") and record.type == NS:
            yield (
                "tinydns delegates a name and what is below it, but not a wildcard",
                "write an NS for each name that somebody else serves",
            )
        takes = record.type in (A, AAAA, CNAME, NS)
        if takes and name in self._around.names:
            remedy = {A: "fixed_address", AAAA: "ipv6_address"}.get(record.type)
            yield (
                f"{name} is already {self._around.names[name]}",
                f"choose another name, or add the address to a host's {remedy}"
                if remedy
                else f"choose another name: no {kind} can exist alongside an address",
            )
        if takes and name in self._around.reserved:
            yield (
                f"{name} is a reserved name",
                f"choose another, or remove it from {self._around.setting('reserved_names')}",
            )
        if record.type == A:
            address = IPv4Address(record.data)
            if self._around.is_leased(address):
                yield (
                    f"the address {address} lies in a range, so that dhcpd may lease it to any "
                    "client",
                    "make it a fixed host, or leave it out of the range",
                )
            elif address in self._around.edges:
                yield (
                    f"the address {address} is the network or broadcast address of its subnet",
                    "write that of a machine",
                )
        cut = self._cut_above(name)
        if cut is not None and not (record.type == NS and cut == name):
            glue = record.type in (A, AAAA) and any(
                delegation.target == name for _, delegation in self._sets[cut][NS]
            )
            if not glue:
                yield (
                    f"{name} lies in what is delegated at {cut}, so it is never answered",
                    "remove it, or the NS, or let the NS point to it if it is meant as glue"
                    if record.type in (A, AAAA)
                    else "remove it, or the NS",
                )

    def _neighbours(self, number: int, record: Record) -> Iterator[tuple[str, str]]:
        """Check the record against the others of its name."""
        name = record.name
        same = self._sets[name][record.type]
        if any(number > other and record.data == twin.data for other, twin in same):
            yield "it is listed twice", "remove one"
        elif record.type == CNAME and (len(self._sets[name]) > 1 or same[0][0] != number):
            yield (
                f"{name} has other records, and a CNAME must be the only one",
                "remove the CNAME or all others",
            )
        elif record.type == A and self._ttl_of(record) != self._ttl_of(same[0][1]):
            yield (
                f"{name} has an address with another TTL, and tinydns serves all with the last one",
                "write the same TTL in each",
            )
        elif _is_spf(record) and any(number > other and _is_spf(twin) for other, twin in same):
            yield (
                f"{name} has another SPF text, and mail servers then ignore both (RFC 7208)",
                "join them in one",
            )
        if record.type == PTR and name.endswith(_REVERSE):
            if name in self._around.pointers:
                yield (
                    f"{name} is already that of an address of {self._around.pointers[name]}",
                    "remove it",
                )
            elif same[0][0] != number:
                yield f"{name} has another PTR", "keep one name for each address"

    def _target(self, record: Record) -> Iterator[tuple[str, str]]:
        """Check what the record points to."""
        target = record.target
        if not target or record.type not in (CNAME, MX, SRV, NS):
            return
        if CNAME in self._found(target):
            if record.type != CNAME:
                yield f"its target {target} is a CNAME", "write the name that this one points to"
            elif self._loops(record):
                yield f"it leads back to {record.name}", "let it point to a name with an address"
            else:
                yield f"its target {target} is a CNAME too", "write where that one points to"
        elif record.type == CNAME:
            if not self._may_exist(target) and not self._is_of_lease(target):
                yield (
                    f"its target {target} does not exist here",
                    "add a record of that name, or correct the target (an external name ends with "
                    "a dot)",
                )
        elif not self._may_have_address(record, target):
            yield (
                f"its target {target} has no address here",
                "add an A of that name, or correct the target (an external name ends with a dot)"
                if record.type != NS
                else "add an A of that name (its glue), or correct the target",
            )

    def notes_of(self, record: Record) -> Iterator[tuple[str, str]]:
        """Yield what is served as it is written, but probably not meant."""
        target = record.target or ""
        # If no client can have that name either, it is a fault.
        if record.type == CNAME and self._is_of_lease(target) and not self._may_exist(target):
            yield (
                f"its target {target} does not exist, unless a client has that name",
                "correct it, or accept that it leads nowhere until then",
            )

        if record.type == A and not any(record.data):
            yield (
                f"no machine has the address {IPv4Address(record.data)}",
                "write that of a machine, or accept that nobody reaches the name",
            )
        if record.type == SRV and not _OF_SERVICE.match(record.name):
            yield (
                f"{record.name} does not begin with a service and a protocol",
                "write a name such as _sip._tcp, or accept that no client looks there",
            )
        if record.type == PTR:
            leased = _address_of(record.name)
            if leased is not None and self._around.is_leased(leased):
                yield (
                    f"the address {leased} lies in a range, and a client that leases it has no "
                    "PTR of its own",
                    "leave it out of the range, or accept that",
                )
        if record.type in (A, AAAA, CNAME) and record.name.startswith("*."):
            answered = sorted(
                name
                for name in self._around.reserved
                if name.partition(".")[2] == record.name[2:] and name not in self._sets
            )
            if answered:
                yield (
                    f"it answers for {', '.join(answered)}, which "
                    f"{self._around.setting('reserved_names')} keeps from clients",
                    "write the names that are needed, or a TXT at each of these, which hides the "
                    "wildcard there",
                )

    def _may_exist(self, name: str) -> bool:
        """Return whether a name exists, as far as is known here."""
        return (
            self._zone_of(name) in (None, name)
            or name in self._around.names
            or bool(self._found(name))
            or self._cut_above(name) is not None
        )

    def _is_of_lease(self, name: str) -> bool:
        """Return whether a client may get the name with its lease."""
        label, _, domain = name.partition(".")
        free = domain in self._around.domains and name not in self._around.reserved
        return free and label.replace("-", "").isalnum()

    def _loops(self, record: Record) -> bool:
        seen: set[str] = set()
        link: Record | None = record
        while link is not None and link.name not in seen:
            seen.add(link.name)
            following = self._found(link.target or "").get(CNAME)
            link = following[0][1] if following else None
        return link is not None and link.name == record.name

    def _may_have_address(self, record: Record, target: str) -> bool:
        """Return whether a target has an address, as far as is known here."""
        if target in self._around.addressed or {A, AAAA} & self._found(target).keys():
            return True
        if self._zone_of(target) is None:
            return True  # outside our zones
        # Below a delegation, only the glue is known here.
        cut = self._cut_above(target)
        return cut is not None and not (record.type == NS and cut == record.name)

    def _answer(self, record: Record) -> Iterator[tuple[str, str]]:
        """Check that the answer with all records of a name and type reaches the client."""
        records = [other for _, other in self._sets[record.name][record.type]]
        # A `*` stands for a name of any length.
        name = record.name.replace("*", "x" * 63, 1)
        size = answer_size(name, records)
        if record.type == A and len(records) > _ADDRESSES_MAX:
            yield (
                f"{record.name} has {len(records)} addresses, and tinydns answers with "
                f"{_ADDRESSES_MAX} of them",
                "remove some",
            )
        elif size > _ANSWER_MAX:
            yield (
                f"the answer to {record.name} {record.type_name} has {size} octets, and tinydns "
                f"has no TCP for more than {_ANSWER_MAX}",
                "shorten it, or write fewer records of this type and name",
            )

    def _found(self, name: str) -> Mapping[int, list[tuple[int, Record]]]:
        """Return the records that tinydns finds for a name: its own, else the nearest wildcard's.

        Its own hide those of a wildcard, even if they have another type (tdlookup.c).
        """
        own = self._sets.get(name, {})
        zone = self._zone_of(name)
        if own or zone in (None, name) or name in self._around.addressed:
            return own
        for parent in _parents(name):
            if f"*.{parent}" in self._sets:
                return self._sets[f"*.{parent}"]
            if parent == zone:
                break
        return {}

    def _ttl_of(self, record: Record) -> object:
        return self._around.ttl if record.ttl is None else record.ttl

    def _zone_of(self, name: str) -> str | None:
        """Return the zone of ours that a name lies in; None if others serve the name."""
        zone = self._nearest_zone(name)
        return zone if zone in self._around.zones else None

    def _nearest_zone(self, name: str) -> str | None:
        return nearest_zone(name, self._all_zones)

    def _cut_above(self, name: str) -> str | None:
        """Return the delegated name at or above this one in its zone, if there is one."""
        for above in (name, *_parents(name)):
            if above in self._around.zones:
                return None
            if NS in self._sets.get(above, ()):
                return above
        return None


def _is_spf(record: Record) -> bool:
    # The first octet of the data is the length of the first string.
    return record.type == TXT and re.match(rb"v=spf1( |$)", record.data[1:].lower()) is not None


def _address_of(name: str) -> IPv4Address | None:
    """Return the address of a reverse name."""
    try:
        numbers = name.removesuffix(".in-addr.arpa").split(".")
        return IPv4Address(".".join(reversed(numbers))) if name.endswith(_REVERSE) else None
    except ValueError:
        return None


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name
