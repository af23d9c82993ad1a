"""Read Kea's DHCPv4 configuration, or a bare list of its reservations.

Source: the Kea Administrator Reference Manual, "The DHCPv4 Server". What a level sets (server,
shared network, subnet, pool, reservation) goes to the same level of the inventory; a class becomes
one of dhcpd.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import options
from .dhcpd_syntax import identifier
from .found import (
    Found,
    Host,
    Pool,
    Remark,
    Section,
    SourceError,
    Subnet,
    is_address,
    joined_settings,
    normal_mac,
    number,
    number_of,
)
from .kea_classes import UntranslatableError, condition
from .kea_json import Object, parse

# Kea's own, where no level has one.
_DEFAULT_TIME = 7200
_TIMES = {
    "valid-lifetime": "default_lease_time",
    "min-valid-lifetime": "min_lease_time",
    "max-valid-lifetime": "max_lease_time",
}
_CLASS_KEYS = ("client-class", "client-classes")
# Read at every level.
_LEVEL = frozenset(
    {*_TIMES, "next-server", "boot-file-name", "server-hostname", "option-data", "comment"}
    | {"user-context", "authoritative", "ddns-qualifying-suffix", "reservations"}
)
# Of the old machine, of its database, or of what the new servers do in another way.
_SILENT = frozenset({
    "Logging", "allocator", "cache-max-age", "cache-threshold", "calculate-tee-times",
    "compatibility", "config-control", "control-socket", "control-sockets",
    "ddns-conflict-resolution-mode", "ddns-generated-prefix", "ddns-override-client-update",
    "ddns-override-no-update", "ddns-replace-client-name", "ddns-send-updates", "ddns-ttl",
    "ddns-ttl-max", "ddns-ttl-min", "ddns-ttl-percent", "ddns-update-on-renew",
    "ddns-use-conflict-resolution", "decline-probation-period", "dhcp-ddns",
    "dhcp-queue-control", "dhcp4o6-port", "early-global-reservations-lookup", "echo-client-id",
    "expired-leases-processing", "host-reservation-identifiers", "hostname-char-replacement",
    "hostname-char-set", "hosts-database", "hosts-databases", "id", "interface",
    "interfaces-config", "ip-reservations-unique", "lease-database", "loggers",
    "match-client-id", "multi-threading", "name", "offer-lifetime", "parked-packet-limit",
    "pool", "pool-id", "reservation-mode", "reservations-global", "reservations-in-subnet",
    "reservations-lookup-first", "reservations-out-of-pool", "sanity-checks", "server-tag",
    "statistic-default-sample-age", "statistic-default-sample-count", "store-extended-info",
    "subnet", "t1-percent", "t2-percent",
})  # fmt: skip
_IDENTIFIERS = ("hw-address", "client-id", "circuit-id", "flex-id", "duid")
_RESERVATION = frozenset(
    {*_IDENTIFIERS, "ip-address", "hostname", "next-server", "boot-file-name", "option-data"}
    | {"server-hostname", "user-context", "comment", "client-classes"}
)
# Kea's names of options that dhcpd calls otherwise.
_OTHER_NAMES = {
    "boot-file-name": 67, "classless-static-route": 121, "nis-servers": 41,
    "nisplus-domain-name": 64,
    "tcp-keepalive-interval": 38, "pop-server": 70, "font-servers": 48, "dhcp-renewal-time": 58,
    "tftp-server-name": 66, "wpad-url": 252, "name-servers": 5, "arp-cache-timeout": 35,
    "x-display-manager": 49, "streettalk-directory-assistance-server": 76, "v4-captive-portal": 114,
}  # fmt: skip
_DEFINED_TYPES = {
    "binary": "string", "boolean": "boolean", "empty": "string", "fqdn": "domain-name",
    "int8": "integer 8", "int16": "integer 16", "int32": "integer 32",
    "ipv4-address": "ip-address", "string": "text", "uint8": "unsigned integer 8",
    "uint16": "unsigned integer 16", "uint32": "unsigned integer 32",
}  # fmt: skip
_TO_SEND = frozenset({"renew-timer", "rebind-timer"})


def read(path: Path) -> Found:
    """Read a file. Raises SourceError when it is no JSON of Kea."""
    data = parse(path)
    reader = _Reader(path)
    try:
        if isinstance(data, list):
            whole = Object()
            whole.where = f"{path}:1"
            whole["reservations"] = data
            reader.reservations(whole.objects("reservations"))
        elif isinstance(data, Object):
            server = data.get("Dhcp4", data)
            if not isinstance(server, Object):
                raise SourceError(f"{data.where}: Dhcp4 is no object.")
            reader.server(server)
        else:
            raise SourceError(f"{path}:1: this is JSON, but no configuration of Kea.")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path}: this is JSON, but no configuration of Kea: {error}.") from error
    return reader.found()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._domain: str | None = None
        self._resolvers: tuple[str, ...] = ()
        self._hosts: list[Host] = []
        self._subnets: list[Subnet] = []
        self._times: dict[str, int] = {}
        self._options: dict[str, str] = {}
        self._definitions: dict[str, None] = {}
        self._extra: list[str] = []
        self._servers: tuple[tuple[str, str], ...] = ()
        self._authoritative: bool | None = None
        self._tests: dict[str, str] = {}
        # Classes that dhcpd has, and so a pool can be for.
        self._classes: set[str] = set()
        # The MAC addresses that reservations put into a class without a test.
        self._members: dict[str, list[str]] = {}
        # The options of classes, as statements for some clients.
        self._sent: list[str] = []
        # Options that a definition of the file gives a name, with their types.
        self._own: dict[int, tuple[str, list[str]]] = {}
        self._remarks: list[Remark] = []

    def found(self) -> Found:
        names: tuple[str, ...] = ()
        if self._hosts:
            names = ("use-host-decl-names on;",)
            text = "Kea sends each host its name; so does use-host-decl-names in site_extra."
            self._remark(Section.CHOSEN, str(self._path), text)
        return Found(
            source=str(self._path),
            domain=self._domain,
            hosts=tuple(self._hosts),
            subnets=tuple(self._subnets),
            resolvers=self._resolvers,
            times=self._times,
            options=self._options,
            extra=(*names, *self._definitions, *self._extra),
            servers=self._servers,
            authoritative=self._authoritative,
            remarks=tuple(self._remarks),
        )

    # The levels.

    def server(self, data: Object) -> None:
        for entry in data.objects("client-classes"):
            self._tests[entry.text("name")] = entry.text("test")
        self._find_members(data)
        for entry in data.objects("option-def"):
            self._definition(entry)
        settings = self._level(data, "the server")
        self._times = {key: settings.pop(key) for key in _TIMES.values() if key in settings}
        if data.objects("subnet4") or data.objects("shared-networks"):
            self._times.setdefault("default_lease_time", _DEFAULT_TIME)
            for key in ("min_lease_time", "max_lease_time"):
                self._times.setdefault(key, self._times["default_lease_time"])
        given = settings.pop("options", {})
        suffix = data.text("ddns-qualifying-suffix")
        self._domain = _domain(given.pop("domain-name", "")) or _domain(suffix) or None
        servers = given.pop("domain-name-servers", "")
        self._resolvers = tuple(part.strip() for part in servers.split(",") if part.strip())
        self._options = given
        if "authoritative" in data:
            self._authoritative = bool(data["authoritative"])
        for entry in data.objects("client-classes"):
            self._class(entry)
        # A subnet's options go before those of a class in Kea, and behind a class' in dhcpd: these
        # are statements of the whole server. Of two classes Kea takes the first, dhcpd the last.
        self._extra += [*_statements(settings), *reversed(self._sent)]
        self.reservations(data.objects("reservations"))
        for subnet in data.objects("subnet4"):
            self._subnet(subnet, None, {})
        for shared in data.objects("shared-networks"):
            self._shared_network(shared)
        for hook in data.objects("hooks-libraries"):
            self._hook(hook)
        known = _LEVEL | _SILENT | {"client-classes", "option-def", "hooks-libraries", "subnet4"}
        self._unknown(data, known | {"shared-networks"}, "the server")

    def _find_members(self, data: Object) -> None:
        """Find who is in a class by a reservation, on each level."""
        for entry in data.objects("reservations"):
            mac = normal_mac(entry.get("hw-address"))
            for name in entry.get("client-classes") or () if mac else ():
                if self._tests.get(str(name)) == "":
                    self._members.setdefault(str(name), []).append(str(mac))
        for inner in (*data.objects("subnet4"), *data.objects("shared-networks")):
            self._find_members(inner)

    def _shared_network(self, data: Object) -> None:
        name = data.text("name") or "shared"
        what = f"the shared network {name}"
        settings = self._level(data, what)
        rules = self._rules(data, what)
        first = len(self._subnets)
        for subnet in data.objects("subnet4"):
            self._subnet(subnet, identifier(name), settings, rules)
        self._relay(data, [subnet.network for subnet in self._subnets[first:]], what)
        self.reservations(data.objects("reservations"))
        self._unknown(data, _LEVEL | _SILENT | {"subnet4", "relay", *_CLASS_KEYS}, what)

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
                f"{data.where}: this subnet of Kea is no network: {error}."
            ) from error
        what = f"the subnet {network}"
        settings = joined_settings(outer, self._level(data, what))
        rules = {**(outer_rules or {}), **self._rules(data, what)}
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
        self.reservations(data.objects("reservations"))
        self._unknown(data, _LEVEL | _SILENT | {"pools", "relay", *_CLASS_KEYS}, what)

    def _pool(self, entry: Object, network: IPv4Network, outer: Mapping[str, Any]) -> Pool | None:
        what = f"the pool {entry.text('pool')}"
        ends = _ends(entry.text("pool"))
        if ends is None:
            raise SourceError(f"{entry.where}: {what} of {network} is no range of addresses.")
        settings = self._level(entry, what)
        rules = {**outer, **self._rules(entry, what)}
        self._unknown(entry, _LEVEL | _SILENT | {*_CLASS_KEYS}, what)
        if number_of(ends[0]) > number_of(ends[1]):
            self._left_out(entry.where, what, "its ends are the wrong way round")
            return None
        return Pool((ends,), {**rules, **settings}, entry.where)

    def _level(self, data: Object, what: str) -> dict[str, Any]:
        """Read what every level may set."""
        settings: dict[str, Any] = {}
        for theirs, ours in _TIMES.items():
            if theirs in data:
                seconds = number(data.text(theirs))
                if seconds is None:
                    self._left_out(data.where, f"{theirs} of {what}", "it is no number of seconds")
                else:
                    settings[ours] = seconds
        if "valid-lifetime" in data and "default_lease_time" in settings:
            # Without a least and a most of its own Kea gives everybody this time.
            settings.setdefault("min_lease_time", settings["default_lease_time"])
            settings.setdefault("max_lease_time", settings["default_lease_time"])
        if data.text("next-server") not in {"", "0.0.0.0"}:
            settings["next_server"] = data.text("next-server")
        if data.text("boot-file-name"):
            settings["filename"] = data.text("boot-file-name")
        extra: list[str] = []
        if data.text("server-hostname"):
            extra.append(f"server-name {options.quoted(data.text('server-hostname'))};")
        given: dict[str, str] = {}
        for entry in data.objects("option-data"):
            written = self._option(entry, what)
            if written is None:
                continue
            if written.definition:
                self._definitions[written.definition] = None
            if written.definition or written.name in {name for name, _ in self._own.values()}:
                # It can only stand below its definition.
                extra.append(f"option {written.name} {written.value};")
            else:
                given[written.name] = written.value
        if given:
            settings["options"] = given
        if extra:
            settings["extra"] = "".join(f"{line}\n" for line in extra)
        for key in _TO_SEND & data.keys():
            why = "clients renew at half of their lease, the first of which is short in a pair"
            self._left_out(data.where, f"{key} of {what}", why)
        return settings

    def _rules(self, data: Object, what: str) -> dict[str, Any]:
        """Read which clients a subnet or pool is for; dhcpd has that in its pools."""
        names = data.get("client-classes") or []
        names = [*names] if isinstance(names, list) else []
        if data.text("client-class"):
            names.append(data.text("client-class"))
        allow: list[str] = []
        deny: list[str] = []
        for name in map(str, names):
            if name == "KNOWN":
                allow.append("known-clients")
            elif name == "UNKNOWN":
                deny.append("known-clients")
            elif name in self._classes:
                allow.append(f'members of "{name}"')
            else:
                why = "dhcpd has no such class; the addresses are for all clients now"
                self._left_out(data.where, f"the client class {name} of {what}", why)
        rules = {"allow": allow, "deny": deny}
        return {word: classes for word, classes in rules.items() if classes}

    def _class(self, entry: Object) -> None:
        """Write a client class as one of dhcpd, with what its members are sent."""
        name, what = entry.text("name"), f"the client class {entry.text('name')}"
        settings = self._level(entry, what)
        self._unknown(
            entry, _LEVEL | _SILENT | {"test", "name", "only-if-required", "option-def"}, what
        )
        macs = self._members.get(name, [])
        if not entry.text("test") and not macs:
            if settings:
                why = "no reservation is in it, and it has no test"
                self._left_out(entry.where, what, why)
            return
        head, test = "match hardware;", _any_of(macs)
        if entry.text("test"):
            try:
                test = condition(entry.text("test"), self._tests)
            except UntranslatableError as error:
                why = (
                    f"dhcpd has nothing like {error} in its test; write `match if …;` into class "
                    f"{options.quoted(name)} of site_extra, which nobody is in until then"
                )
                self._left_out(entry.where, what, why)
                test = ""
            head = f"match if {test};" if test else ""
        if name == "DROP":
            self._extra += [options.when(test, ["deny booting;"])] if test else []
            return
        self._classes.add(name)
        sent, body = _options_apart(_statements(settings)) if test else ([], _statements(settings))
        lines = "".join(f"    {line}\n" for line in (head, *body) if line)
        self._extra.append(f"class {options.quoted(name)} {{\n{lines}}}")
        self._extra += [f"subclass {options.quoted(name)} 1:{mac};" for mac in macs]
        if sent:
            self._sent.append(options.when(test, sent))
        self._remark(Section.KEPT, entry.where, f"{what[0].upper()}{what[1:]}, in site_extra.")

    def _hook(self, hook: Object) -> None:
        parameters = hook.get("parameters")
        pairs = parameters.objects("high-availability") if isinstance(parameters, Object) else []
        for pair in pairs:
            roles = {peer.text("role"): peer for peer in pair.objects("peers")}
            first = roles.get("primary")
            second = roles.get("secondary") or roles.get("standby")
            if first is None or second is None:
                self._left_out(pair.where, "high-availability", "it has no primary and its partner")
            elif not self._servers:
                self._servers = (
                    ("primary", _host_of(first.text("url"))),
                    ("secondary", _host_of(second.text("url"))),
                )
            for peer in pair.objects("peers"):
                if peer not in (first, second):
                    why = f"{_host_of(peer.text('url'))}: a pair has two servers"
                    self._left_out(peer.where, f"the peer {peer.text('name')}", why)
        name = Path(hook.text("library")).name
        if not pairs and "lease_cmds" not in name and "stat_cmds" not in name and "_ha" not in name:
            self._left_out(hook.where, f"the hook {name}", "dhcpd has no hooks")

    def _relay(self, data: Object, networks: Sequence[IPv4Network], what: str) -> None:
        relay = data.get("relay")
        if not isinstance(relay, Object):
            return
        addresses = relay.get("ip-addresses") or [relay.text("ip-address")]
        for address in map(str, addresses if isinstance(addresses, list) else []):
            inside = is_address(address) and any(IPv4Address(address) in n for n in networks)
            if not inside:
                why = "dhcpd knows a subnet by a relay's address inside it or its shared network"
                self._left_out(relay.where, f"the relay {address} of {what}", why)

    # Reservations.

    def reservations(self, entries: Sequence[Object]) -> None:
        """Take the reservations of a subnet, or of the server."""
        for entry in entries:
            shown = entry.text("hostname") or entry.text("ip-address") or "without a name"
            what = f"the reservation {shown}"
            settings = _for_host(self._level(entry, what))
            mac = normal_mac(entry.get("hw-address"))
            address = entry.text("ip-address")
            if address and not is_address(address):
                self._left_out(entry.where, f"{address} of {what}", "it is no address")
                address = ""
            self._unknown(entry, _RESERVATION, what)
            for name in entry.get("client-classes") or ():
                if mac in self._members.get(str(name), ()):
                    continue
                why = "a fixed host is in no class; write what it is sent beside it"
                self._left_out(entry.where, f"the client class {name} of {what}", why)
            host = Host(
                entry.text("hostname"),
                entry.where,
                (address,) if address else (),
                () if mac is None else (mac,),
                settings,
            )
            if mac is None:
                self._irregular(entry, host, what)
            else:
                self._hosts.append(host)

    def _irregular(self, entry: Object, host: Host, what: str) -> None:
        """Keep what is known by something else than a MAC address, in dhcpd's words."""
        key = next((key for key in _IDENTIFIERS if entry.text(key)), "")
        value = entry.text(key) if key else ""
        identifiers = {
            "client-id": f"option dhcp-client-identifier {_octets(value)};",
            "circuit-id": f"host-identifier option agent.circuit-id {_octets(value)};",
        }
        if key in identifiers:
            name = host.name or f"reserved-{'-'.join(host.addresses or ('x',)).replace('.', '-')}"
            lines = [identifiers[key]]
            lines += [f"fixed-address {address};" for address in host.addresses]
            lines += _statements(host.settings)
            lines += [] if host.name else ["use-host-decl-names off;"]
            body = "".join(f"    {line}\n" for line in lines)
            block = re.sub(r"[^A-Za-z0-9.-]+", "-", name)
            why = f"it is known by its {key}, not by a MAC address"
            self._hosts.append(replace(host, text=f"host {block} {{\n{body}}}", irregular=why))
            return
        need = {
            "flex-id": "write it as a host with host-identifier and the option that its identifier "
            "expression takes",
            "duid": "write it as a host with option dhcp-client-identifier ff:IAID:DUID",
            "hw-address": f"{value} is no MAC address",
        }.get(key, "it has none of hw-address, client-id and circuit-id")
        known = f"is known by {key}, not by a MAC address" if key else "is known by nothing"
        if host.addresses:
            self._hosts.append(replace(host, irregular=f"it {known}: {need}"))
        else:
            text = f"{what[0].upper()}{what[1:]} {known}: {need}."
            self._remark(Section.LEFT_OUT, entry.where, text)

    # Options.

    def _definition(self, entry: Object) -> None:
        """Write the definition of an option."""
        name, code = entry.text("name"), number(entry.text("code"))
        what = f"the definition of the option {name}"
        space = entry.text("space") or "dhcp4"
        types = [part.strip() for part in entry.text("record-types").split(",") if part.strip()]
        types = types or [entry.text("type")]
        written = [_DEFINED_TYPES.get(kind, "") for kind in types]
        if (
            space != "dhcp4"
            or code is None
            or not all(written)
            or not re.fullmatch(r"[\w-]+", name)
        ):
            self._left_out(entry.where, what, "write it and its values as dhcpd.conf text")
            return
        if code in options.NAMED:
            return  # dhcpd has its own definition
        form = written[0] if len(written) == 1 else "{ " + ", ".join(written) + " }"
        array = "array of " if entry.get("array") else ""
        self._definitions[f"option {name} code {code} = {array}{form};"] = None
        self._own[code] = (name, types)

    def _option(self, entry: Object, what: str) -> options.Option | None:
        """Write an option with its value."""
        name, data = entry.text("name"), entry.text("data")
        shown = f"option {name or entry.text('code')} {data} of {what}"
        if (entry.text("space") or "dhcp4") != "dhcp4":
            self._left_out(entry.where, shown, f"the space {entry.text('space')}")
            return None
        if entry.get("always-send"):
            text = f"{shown} is always sent; dhcpd sends what a client requests."
            self._remark(Section.CHOSEN, entry.where, text)
        code = number(entry.text("code")) or _OTHER_NAMES.get(name) or options.code_of(name)
        own = {own_name: own_code for own_code, (own_name, _) in self._own.items()}
        code = own.get(name, code)
        if code is None:
            self._left_out(entry.where, shown, "write it as dhcpd.conf text")
            return None
        octets = entry.get("csv-format") is False
        values = [data] if octets else _values(data)
        if code in self._own and not octets:
            kinds = self._own[code][1]
            # The values of a record stand beside each other, those of an array are a list.
            value = (", " if len(kinds) == 1 else " ").join(
                options.quoted(part) if "string" in kinds else part for part in values
            )
            return options.Option(self._own[code][0], value) if value else None
        written = options.option(code, values, as_octets=octets)
        if written is None:
            self._left_out(entry.where, shown, "its value does not fit the option")
        return written

    # What has no place.

    def _unknown(self, data: Object, known: frozenset[str], what: str) -> None:
        for key in sorted(data.keys() - known - _TO_SEND):
            if data[key] not in (None, "", [], {}, False):
                self._left_out(data.where, f"{key} of {what}", "the inventory has no place for it")

    def _left_out(self, where: str, what: str, why: str) -> None:
        self._remark(Section.LEFT_OUT, where, f"{what}: {why}.")

    def _remark(self, section: Section, where: str, text: str) -> None:
        self._remarks.append(Remark(section, where, text))


def _domain(text: str) -> str:
    return text.strip('"').lower().strip(". ")


def _values(data: str) -> list[str]:
    """Split a value at its commas; a comma behind a backslash is one of the text."""
    parts = re.split(r"(?<!\\),", data)
    return [part.strip().replace("\\,", ",") for part in parts if part.strip()]


def _octets(text: str) -> str:
    """Write an identifier of Kea: text between quotation marks, or hex pairs."""
    if text.startswith("'"):
        return options.quoted(text.strip("'"))
    digits = re.sub(r"^0x|[:\s-]", "", text, flags=re.IGNORECASE)
    if re.fullmatch(r"([0-9A-Fa-f]{2})+", digits):
        return options.octets(bytes.fromhex(digits))
    return options.quoted(text)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _ends(pool: str) -> tuple[str, str] | None:
    """Read `first - last`, or a prefix; None for what is neither."""
    try:
        if "/" in pool:
            network = IPv4Network(pool.replace(" ", ""), strict=False)
            return str(network[0]), str(network[-1])
        first, _, last = pool.partition("-")
        return str(IPv4Address(first.strip())), str(IPv4Address(last.strip()))
    except ValueError:
        return None


def _for_host(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Write lease times as text: a fixed host has no keys for them."""
    kept = {key: value for key, value in settings.items() if key not in _TIMES.values()}
    times = [
        f"{key.replace('_', '-')} {settings[key]};\n" for key in _TIMES.values() if key in settings
    ]
    if times:
        kept["extra"] = "".join(times) + str(kept.get("extra", ""))
    return kept


def _any_of(macs: Sequence[str]) -> str:
    """Write the condition that a client has one of these MAC addresses."""
    conditions = [f"hardware = 1:{mac}" for mac in macs]
    return " or ".join(f"({c})" for c in conditions) if len(macs) > 1 else "".join(conditions)


def _options_apart(statements: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split statements into options and others."""
    sent = [line for line in statements if line.startswith("option ")]
    return sent, [line for line in statements if line not in sent]


def _statements(settings: Mapping[str, Any]) -> list[str]:
    """Write settings as statements of dhcpd.conf."""
    lines = [
        f"{key.replace('_', '-')} {settings[key]};"
        for key in (*_TIMES.values(), "next_server")
        if key in settings
    ]
    lines += [f"option {name} {value};" for name, value in settings.get("options", {}).items()]
    if "filename" in settings:
        lines.append(f"filename {options.quoted(str(settings['filename']))};")
    return lines + str(settings.get("extra", "")).splitlines()
