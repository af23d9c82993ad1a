"""Make one table of what the DHCP server and the name server say, and tell where they disagree.

Where they do, the address is dhcpd's, because the machine has it, and the name is the zone data's,
because people use it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from typing import Any

from .found import (
    Found,
    Host,
    Pool,
    Record,
    Records,
    Remark,
    SourceError,
    Subnet,
    free_ranges,
    home_of,
    is_address,
    label_of,
    number_of,
)
from .tinydns import address_of

_REVERSE = ".in-addr.arpa"
# The name of the pair in the role dhcpd: dhcpd_failover_name.
_PAIR = "dhcp-failover"


@dataclass(slots=True)
class FixedHost:
    """A line of fixed_hosts.yml."""

    name: str
    where: str
    fixed_address: str | None = None
    hardware: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    settings: Mapping[str, Any] = field(default_factory=dict)


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
    times: Mapping[str, int]
    options: Mapping[str, str]
    extra: tuple[str, ...]
    ttl: int | None
    role_variables: Mapping[str, object]
    remarks: tuple[Remark, ...]


def reconcile(found: Found, records: Records, domain: str | None = None) -> Inventory:
    """Make the inventory. Error: SourceError if nothing tells the domain."""
    return _Reconciler(found, records, domain).inventory()


def joined(founds: Iterable[Found]) -> Found:
    """Put several configurations together; where both say one thing the first one counts."""
    whole = Found()
    for found in founds:
        whole = Found(
            domain=whole.domain or found.domain,
            hosts=whole.hosts + found.hosts,
            subnets=whole.subnets + found.subnets,
            resolvers=whole.resolvers or found.resolvers,
            times={**found.times, **whole.times},
            options={**found.options, **whole.options},
            extra=whole.extra + found.extra,
            servers=whole.servers or found.servers,
            role_variables={**found.role_variables, **whole.role_variables},
            remarks=whole.remarks + found.remarks,
        )
    return whole


def joined_records(parts: Iterable[Records]) -> Records:
    """Put several files of zone data together."""
    whole = Records()
    for part in parts:
        whole = Records(
            whole.records + part.records,
            whole.zones + part.zones,
            whole.ttl or part.ttl,
            whole.remarks + part.remarks,
        )
    return whole


def _from_subnets(found: Found) -> Found:
    """Take domain and resolvers from the subnets, where only they have them."""

    def usual(option: str) -> str:
        values = Counter(
            subnet.settings["options"][option]
            for subnet in found.subnets
            if option in subnet.settings.get("options", {})
        )
        return str(values.most_common(1)[0][0]) if values else ""

    domain = found.domain or usual("domain-name").strip('"').lower().rstrip(".") or None
    resolvers = found.resolvers or tuple(
        part.strip() for part in usual("domain-name-servers").split(",") if part
    )
    return replace(found, domain=domain, resolvers=resolvers)


class _Reconciler:
    """The steps, in order; each leaves the tables to the next."""

    def __init__(self, found: Found, records: Records, domain: str | None) -> None:
        self._records = records
        self._remarks: list[Remark] = []
        self._extra = list(found.extra)
        self._found = _from_subnets(found)
        self._domain = domain or self._choose_domain()
        self._found = replace(
            self._found,
            servers=tuple((role, self._looked_up(a)) for role, a in self._found.servers),
            resolvers=tuple(map(self._looked_up, self._found.resolvers)),
        )
        self._subnets = self._all_subnets()
        self._hosts: list[FixedHost] = []
        self._by_address: dict[str, FixedHost] = {}
        self._by_mac: dict[str, FixedHost] = {}
        self._by_label: dict[str, FixedHost] = {}
        # What the zone data calls an address, in its order, the name with the PTR first.
        self._labels_at: dict[str, list[str]] = {}
        # Where the zone data has a name: its one address that counts, and its line.
        self._home: dict[str, Record] = {}
        self._name_servers = self._find_name_servers()

    def inventory(self) -> Inventory:
        self._read_names()
        wanted = self._read_hosts()
        self._name_hosts(wanted)
        self._add_named_only()
        self._add_aliases()
        dhcp_servers = tuple(
            self._server(address, f"dhcp{number}")
            for number, (_, address) in enumerate(self._found.servers, 1)
        )
        resolvers = self._resolvers()
        taken = [host.fixed_address for host in self._hosts if host.fixed_address]
        taken += [address for _, address in self._name_servers]
        subnets = tuple(self._shaped(subnet, taken) for subnet in self._subnets)
        name_servers = self._name_server_names()
        for group, servers in (
            ("dhcp_servers", dhcp_servers),
            ("tinydns_servers", name_servers if dhcp_servers else ()),
            ("dnscache_servers", resolvers),
        ):
            if not servers:
                text = f"Nothing here tells which machines are {group}; write them there."
                self._remark("left out", "servers.yml", text)
        return Inventory(
            self._domain,
            tuple(sorted(self._hosts, key=_order)),
            subnets,
            dhcp_servers,
            name_servers,
            resolvers,
            self._found.times,
            self._found.options,
            tuple(self._extra),
            self._records.ttl,
            self._found.role_variables,
            (*self._found.remarks, *self._records.remarks, *self._remarks),
        )

    def _remark(self, kind: Any, where: str, text: str) -> None:
        self._remarks.append(Remark(kind, where, text))

    def _disagree(self, where: str, text: str) -> None:
        self._remark("disagreement", where, text)

    # The zone and the networks.

    def _choose_domain(self) -> str:
        zones = [zone for zone in self._records.zones if not zone.endswith(_REVERSE)]
        mine = self._found.domain
        if mine is not None and (not zones or mine in zones):
            chosen = mine
        elif zones:
            names = [record.name for record in self._records.of("a")]
            chosen = max(zones, key=lambda zone: sum(name.endswith(f".{zone}") for name in names))
            if mine is not None:
                text = (
                    f"Clients are told the domain {mine}, and the zone data has "
                    f"{', '.join(zones)}; kept {chosen}."
                )
                self._disagree("domain-name", text)
        else:
            raise SourceError("Nothing here tells the domain; say it with --domain.")
        for zone in zones:
            if zone != chosen:
                self._remark("left out", "zone data", f"The zone {zone}: a site has one domain.")
        return chosen

    def _all_subnets(self) -> list[Subnet]:
        """Add to dhcpd's subnets those that only the zone data knows, by their reverse zones."""
        subnets: list[Subnet] = []
        for subnet in self._found.subnets:
            other = next((s for s in subnets if s.network == subnet.network), None)
            if other is None:
                subnets.append(self._without_repeats(subnet))
            else:
                text = f"The subnet {subnet.network} is already at {other.where}; that one is kept."
                self._disagree(subnet.where, text)
        addresses = [record.value for record in self._records.of("a")]
        for zone in self._records.zones:
            octets = zone.removesuffix(_REVERSE).split(".")[::-1]
            if not zone.endswith(_REVERSE) or not all(map(str.isdigit, octets)) or len(octets) > 3:
                continue
            network = IPv4Network((".".join((octets + ["0"] * 3)[:4]), 8 * len(octets)))
            if any(subnet.network.overlaps(network) for subnet in subnets):
                continue
            if any(home_of(a, [Subnet(network, "")]) for a in addresses):
                text = (
                    f"dhcpd has no subnet {network}, and the zone data has its reverse zone; added "
                    "without ranges."
                )
                self._disagree(zone, text)
                subnets.append(Subnet(network, zone))
        return subnets

    def _without_repeats(self, subnet: Subnet) -> Subnet:
        """Leave out of a subnet what it says of domain and resolvers as the whole file does."""
        settings = dict(subnet.settings)
        options = dict(settings.pop("options", {}))
        if options.get("domain-name", "").strip('"').lower().rstrip(".") == self._domain:
            del options["domain-name"]
        servers = [part.strip() for part in options.get("domain-name-servers", "").split(",")]
        if servers == list(self._found.resolvers):
            del options["domain-name-servers"]
        elif "domain-name-servers" in options:
            text = (
                f"The clients of {subnet.network} go on asking {options['domain-name-servers']}, "
                "not the group dnscache_servers."
            )
            self._remark("chosen", subnet.where, text)
        if options:
            settings["options"] = options
        return replace(subnet, settings=settings)

    def _shaped(self, subnet: Subnet, taken: list[str]) -> Subnet:
        """Turn pools with statements of their own into text, their ranges written around."""
        plain: list[tuple[str, str]] = []
        text = str(subnet.settings.get("extra", ""))
        for pool in subnet.pools:
            ranges = tuple(self._inside(ends, subnet, pool) for ends in pool.ranges)
            if not pool.statements:
                plain += ranges
                continue
            lines = [f'failover peer "{_PAIR}";']
            lines += [f"range {first} {last};" for first, last in free_ranges(ranges, taken)]
            lines += [line for statement in pool.statements for line in statement.splitlines()]
            text += "\n".join(["pool {", *(f"    {line}" for line in lines), "}"]) + "\n"
            told = (
                "This pool has rules of its own: it is kept as text, and no status page shows it."
            )
            self._remark("kept as text", pool.where, told)
        settings = {**subnet.settings, "extra": text} if text else subnet.settings
        pools = (Pool(tuple(sorted(plain, key=lambda ends: number_of(ends[0]))), (), subnet.where),)
        return replace(subnet, pools=pools if plain else (), settings=settings)

    def _inside(self, ends: tuple[str, str], subnet: Subnet, pool: Pool) -> tuple[str, str]:
        """Take the network and broadcast address out of a range."""
        network = subnet.network
        first, last = ends
        if first == str(network[0]) and network.prefixlen < 31:
            first = str(network[1])
        if last == str(network[-1]) and network.prefixlen < 31:
            last = str(network[-2])
        if (first, last) != ends:
            text = (
                f"The range {ends[0]} to {ends[1]} takes in the edge of {network}; it is now "
                f"{first} to {last}."
            )
            self._remark("chosen", pool.where, text)
        return first, last

    # What the zone data says of names.

    def _looked_up(self, text: str) -> str:
        """Turn the name of a server into its address, where it is known."""
        name = text.lower().rstrip(".")
        names = {name, f"{name}.{self._domain}"}
        known = [
            *(record.value for record in self._records.records if record.name in names),
            *(
                a
                for host in self._found.hosts
                if host.name.lower() in names
                for a in host.addresses
            ),
        ]
        return next(filter(is_address, [text, *known]), text)

    def _label(self, name: str) -> str | None:
        """Take the label out of a name right below the domain."""
        head, _, rest = name.partition(".")
        return head if rest == self._domain and label_of(head) == head else None

    def _find_name_servers(self) -> list[tuple[str, str]]:
        addresses: dict[str, str] = {}
        for record in (*self._records.of("glue"), *self._records.of("a")):
            addresses.setdefault(record.name, record.value)
        found = []
        for record in self._records.of("ns"):
            if record.name == self._domain:
                pair = (record.value, addresses.get(record.value, ""))
                if pair not in found:
                    found.append(pair)
            elif record.name.endswith(f".{self._domain}"):
                text = (
                    f"The zone {record.name} is delegated to {record.value}: there is no place for "
                    "it."
                )
                self._remark("left out", record.where, text)
        return found

    def _read_names(self) -> None:
        machines = {address for _, address in self._found.servers} | {*self._found.resolvers}
        machines |= {address for host in self._found.hosts for address in host.addresses}
        aliases = {
            (name, address) for name, address in self._name_servers if address not in machines
        }
        all_of: dict[str, list[Record]] = {}
        glue = (record for record in self._records.of("glue") if record.value in machines)
        for record in (*self._records.of("a"), *glue):
            label = self._label(record.name)
            if (record.name, record.value) in aliases:
                continue
            if label is None:
                text = (
                    f"{record.name} has the address {record.value}: it is no single label in "
                    f"{self._domain}."
                )
                self._remark("left out", record.where, text)
                continue
            known = all_of.setdefault(label, [])
            same = next((r for r in known if r.value == record.value), None)
            if same is None:
                known.append(record)
            elif record.pointed and not same.pointed:
                known[known.index(same)] = record
        pointers = self._pointers(all_of)
        of_dhcpd = {
            (label_of(host.name), address)
            for host in self._found.hosts
            for address in host.addresses
        }
        for label, known in all_of.items():
            best = next((r for r in known if (label, r.value) in of_dhcpd), known[0])
            self._home[label] = best
            others = [record.value for record in known if record is not best]
            if others:
                text = (
                    f"{label} has several addresses in the zone data; kept {best.value}, left out "
                    f"{', '.join(others)}."
                )
                self._disagree(best.where, text)
        for label, record in self._home.items():
            self._labels_at.setdefault(record.value, []).append(label)
        for address, labels in self._labels_at.items():
            pointed = [label for label in labels if self._home[label].pointed]
            first = pointers.get(address) or (pointed[0] if pointed else None)
            if len(pointed) > 1:
                text = (
                    f"{address} has the PTRs {', '.join(pointed)}; kept {first}, the others are "
                    "aliases."
                )
                self._disagree(self._home[pointed[1]].where, text)
            if first in labels:
                labels.remove(first)
                labels.insert(0, first)
            if first is None and len(labels) > 1:
                text = (
                    f"{address} has no PTR in the zone data, and several names; it gets "
                    f"{labels[0]}."
                )
                self._remark("chosen", self._home[labels[0]].where, text)

    def _pointers(self, all_of: Mapping[str, list[Record]]) -> dict[str, str]:
        """Read the PTRs that stand alone, and tell those that nothing points back to."""
        pointers: dict[str, str] = {}
        for record in self._records.of("ptr"):
            address, label = address_of(record.name), self._label(record.value)
            if address is None or label is None:
                text = f"The PTR {record.name} to {record.value} is for no name in {self._domain}."
                self._remark("left out", record.where, text)
            elif any(known.value == address for known in all_of.get(label, [])):
                pointers.setdefault(address, label)
            else:
                has = ", ".join(known.value for known in all_of.get(label, [])) or "no address"
                text = (
                    f"The PTR of {address} points to {label}, which has {has}; the PTR is left out."
                )
                self._disagree(record.where, text)
        return pointers

    # What dhcpd says of hosts.

    def _resolved(self, host: Host) -> tuple[list[str], str]:
        """Turn a host's addresses into numbers; also say why if that fails."""
        addresses: list[str] = []
        for text in host.addresses:
            label = self._label(text.lower().rstrip(".")) or text.lower()
            if is_address(text):
                addresses.append(text)
            elif label in self._home:
                addresses.append(self._home[label].value)
            else:
                return addresses, f"its address {text} is a name that the zone data does not have"
        return addresses, ""

    def _read_hosts(self) -> dict[int, str]:
        """Make a fixed host of each host, or keep it as text; return the names that dhcpd has."""
        wanted: dict[int, str] = {}
        odd_macs: dict[str, Host] = {}
        for host in self._found.hosts:
            addresses, odd = self._resolved(host)
            outside = [a for a in addresses if home_of(a, self._subnets) is None]
            addresses = [address for address in addresses if address not in outside]
            label = label_of(host.name) or (
                f"host-{addresses[0].replace('.', '-')}" if addresses else ""
            )
            odd = host.odd or odd or self._why_not_one_line(host, addresses)
            if outside:
                odd = odd or f"its address {', '.join(outside)} lies in none of the subnets"
            if not label:
                label = f"host-{host.hardware[0].replace(':', '')}" if host.hardware else ""
            if odd:
                self._keep(host, odd)
                odd_macs.update(dict.fromkeys(host.hardware, host))
            elif (other := self._by_address.get(addresses[0]) if addresses else None) is not None:
                self._add_hardware(other, host)
                continue
            for number, address in enumerate(addresses or ([None] if not odd else [])):
                if address in self._by_address:
                    continue
                fixed = FixedHost("", host.where, address)
                wanted[id(fixed)] = label if number == 0 else f"{label}-{number + 1}"
                if not odd:
                    for mac in odd_macs.keys() & set(host.hardware):
                        text = (
                            f"The host {host.name} has the MAC address {mac} of the host at "
                            f"{odd_macs[mac].where}."
                        )
                        self._disagree(host.where, text)
                    fixed.hardware = list(host.hardware)
                    fixed.settings = host.settings
                    self._by_mac.update(dict.fromkeys(host.hardware, fixed))
                self._hosts.append(fixed)
                if address is not None:
                    self._by_address[address] = fixed
        return wanted

    def _why_not_one_line(self, host: Host, addresses: list[str]) -> str:
        if len(addresses) > 1:
            return f"it has the addresses {', '.join(addresses)}, and a fixed host has one"
        address = addresses[0] if addresses else None
        for mac in host.hardware:
            other = self._by_mac.get(mac)
            if other is not None and (other.fixed_address != address or address is None):
                return f"its MAC address {mac} is already that of the host at {other.where}"
        other = self._by_address.get(address) if address is not None else None
        if other is not None and other.hardware and dict(other.settings) != dict(host.settings):
            return f"its address is already that of the host at {other.where}, with other settings"
        return ""

    def _keep(self, host: Host, why: str) -> None:
        kind = "kept as text" if host.text else "left out"
        self._remark(kind, host.where, f"The host {host.name or '(no name)'}: {why}.")
        if "already that" in why:
            self._disagree(host.where, f"The host {host.name or '(no name)'}: {why}.")
        if host.text:
            self._extra.append(host.text)

    def _add_hardware(self, other: FixedHost, host: Host) -> None:
        """Give a second host block of one address to the first, as another interface of it."""
        text = (
            f"The host {host.name} has the address of the host at {other.where}; they are one "
            "fixed host now."
        )
        self._remark("chosen", host.where, text)
        other.hardware += [mac for mac in host.hardware if mac not in other.hardware]
        self._by_mac.update(dict.fromkeys(host.hardware, other))

    # Names for them.

    def _name_hosts(self, wanted: Mapping[int, str]) -> None:
        known = [host for host in self._hosts if host.fixed_address in self._labels_at]
        for host in known:
            self._name_as_in_zone(host, wanted[id(host)])
        for host in self._hosts:
            if host not in known:
                self._name_as_in_dhcpd(host, wanted[id(host)])

    def _name_as_in_zone(self, host: FixedHost, wish: str) -> None:
        assert host.fixed_address is not None
        labels = self._labels_at[host.fixed_address]
        if wish not in labels:
            line = self._home[labels[0]].where
            text = (
                f"dhcpd calls {host.fixed_address} {wish}, the zone data ({line}) {labels[0]}; "
                f"kept {labels[0]}."
            )
            if wish in self._home:
                text += f" The zone data has {wish} at {self._home[wish].value}."
            self._disagree(host.where, text)
        host.name, host.aliases = labels[0], labels[1:]
        for label in labels:
            self._by_label[label] = host

    def _name_as_in_dhcpd(self, host: FixedHost, wish: str) -> None:
        elsewhere = self._home.get(wish)
        if elsewhere is not None and elsewhere.value not in self._by_address:
            self._claim_from_zone(host, wish, elsewhere)
        elif host.fixed_address is not None and self._records.zones:
            text = (
                f"{host.fixed_address} is {wish} in dhcpd, and has no name in the zone data; it "
                "gets one."
            )
            self._disagree(host.where, text)
        host.name = wish
        number = 1
        while host.name in self._by_label or (host.name in self._home and host.name != wish):
            number += 1
            host.name = f"{wish}-{number}"
        if host.name != wish:
            text = (
                f"{wish} is already the name of the host at {self._by_label[wish].where}; this one "
                f"is {host.name}."
            )
            self._disagree(host.where, text)
        self._by_label[host.name] = host

    def _claim_from_zone(self, host: FixedHost, wish: str, record: Record) -> None:
        """Settle a name for which the zone data has another address."""
        labels = self._labels_at[record.value]
        inside = home_of(record.value, self._subnets) is not None
        if host.fixed_address is None and inside:
            text = (
                f"dhcpd gives {wish} any address, the zone data ({record.where}) has "
                f"{record.value}; dhcpd will give that."
            )
            host.fixed_address = record.value
            host.aliases = [label for label in labels if label != wish]
            self._by_address[record.value] = host
            self._by_label.update(dict.fromkeys(host.aliases, host))
        else:
            text = (
                f"dhcpd gives {wish} {host.fixed_address or 'any address'}, the zone data "
                f"({record.where}) has {record.value}; kept dhcpd's."
            )
            labels.remove(wish)
        self._disagree(host.where, text)

    # Names that only the zone data has.

    def _add_named_only(self) -> None:
        servers = {address for _, address in self._name_servers}
        for address, labels in self._labels_at.items():
            if address in self._by_address or not labels:
                continue
            record = self._home[labels[0]]
            subnet = home_of(address, self._subnets)
            shown = ", ".join(labels)
            if subnet is None:
                self._remark(
                    "left out", record.where, f"{shown}: {address} lies in none of the subnets."
                )
                continue
            if address in (str(subnet.network[0]), str(subnet.network[-1])):
                self._remark("left out", record.where, f"{shown}: {address} is no host's address.")
                continue
            if address in servers and not self._is_machine(address):
                self._remark(
                    "left out", record.where, f"{shown}: {address} is that of a name server."
                )
                continue
            for pool in subnet.pools:
                if any(number_of(a) <= number_of(address) <= number_of(b) for a, b in pool.ranges):
                    text = (
                        f"The zone data has {shown} at {address}, and dhcpd gives {address} to "
                        f"anyone ({pool.where}); the range is written around it."
                    )
                    self._disagree(record.where, text)
            host = FixedHost(labels[0], record.where, address, aliases=labels[1:])
            self._hosts.append(host)
            self._by_address[address] = host
            self._by_label.update(dict.fromkeys(labels, host))

    def _is_machine(self, address: str) -> bool:
        return address in {a for _, a in self._found.servers} or address in self._found.resolvers

    def _add_aliases(self) -> None:
        """Turn CNAMEs within the domain into aliases, also where one leads to another."""
        waiting = list(self._records.of("cname"))
        progress = True
        while waiting and progress:
            progress = False
            for record in list(waiting):
                host = self._by_label.get(self._label(record.value) or "")
                label = self._label(record.name)
                if host is None or label is None:
                    continue
                waiting.remove(record)
                progress = True
                other = self._by_label.get(label)
                if other is None:
                    host.aliases.append(label)
                    self._by_label[label] = host
                elif other is not host:
                    text = (
                        f"{label} is an alias of {host.name} here and a name of {other.name} at "
                        f"{other.where}; kept the latter."
                    )
                    self._disagree(record.where, text)
        for record in waiting:
            text = (
                f"The alias {record.name} of {record.value}: there is no such name in "
                f"{self._domain}."
            )
            self._remark("left out", record.where, text)

    # The servers.

    def _server(self, address: str, name: str) -> str:
        """Name the fixed host of a server; make one if there is none."""
        if not is_address(address):
            label = label_of(address) or name
            if label not in self._by_label:
                text = (
                    f"The server {address} has no address here; write {label} into fixed_hosts.yml."
                )
                self._remark("left out", "servers", text)
                return label
            return self._by_label[label].name
        if address not in self._by_address:
            host = FixedHost(name, address, address)
            self._hosts.append(host)
            self._by_address[address] = self._by_label[name] = host
            text = f"The server {address} has no name anywhere; it is called {name}."
            self._remark("chosen", address, text)
        return self._by_address[address].name

    def _resolvers(self) -> tuple[str, ...]:
        names: list[str] = []
        for number, address in enumerate(self._found.resolvers, 1):
            if is_address(address) and home_of(address, self._subnets) is None:
                text = f"The resolver {address} lies in none of the subnets, so it is none of ours."
                self._remark("left out", "domain-name-servers", text)
                continue
            names.append(self._server(address, f"resolver{number}"))
        return tuple(dict.fromkeys(names))

    def _name_server_names(self) -> tuple[tuple[str, str], ...]:
        named = []
        for number, (full, address) in enumerate(self._name_servers, 1):
            label = full.partition(".")[0]
            if label in self._by_label or label_of(label) != label:
                text = f"The name server {full} is called ns{number}: {label} is a host's own name."
                self._remark("chosen", full, text)
                label = f"ns{number}"
            elif full != f"{label}.{self._domain}":
                text = f"The name server {full} is now {label}.{self._domain}."
                self._remark("chosen", full, text)
            if self._is_machine(address):
                text = (
                    f"tinydns answers at {address}, the server's own address. It needs an alias: a "
                    "free address of the subnet."
                )
                self._remark("chosen", full, text)
            named.append((label, address))
        return tuple(named)


def _order(host: FixedHost) -> tuple[int, str]:
    """Sort by address, and what has none by name at the end."""
    return (number_of(host.fixed_address) if host.fixed_address else 2**32, host.name)
