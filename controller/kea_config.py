"""kea-dhcp4.conf as plain data, from the inventory's tables.

Source: Kea Administrator Reference Manual, "The DHCPv4 Server" and "libdhcp_ha.so: High
Availability".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from itertools import chain
from typing import Any

from leasemerge.kea import subnet_id
from leasemerge.ranges import free_ranges, listed

#: dhcp-options(5)'s name -> Kea's, where they differ.
OPTION_NAMES = {
    "bootfile-name": "boot-file-name",
    "ien116-name-servers": "name-servers",
    "vivso": "vivso-suboptions",
    "nds-servers": "nds-server",
    "nwip-domain": "nwip-domain-name",
    "nisplus-domain": "nisplus-domain-name",
}
_BOOLEANS = {"on": "true", "off": "false"}
_TIMES = {
    "default_lease_time": "valid-lifetime",
    "min_lease_time": "min-valid-lifetime",
    "max_lease_time": "max-valid-lifetime",
}
#: The inventory's key of a host or a subnet -> Kea's.
KEYS = {**_TIMES, "next_server": "next-server", "filename": "boot-file-name"}
# Kea refuses 0 and 1, and 3.0 defaults to 0.25: this is about a second for a lease of three hours.
_LEAST_CACHE, _MOST_CACHE = 0.0001, 0.9999
# A client that requests an address it has had. It may keep it at either server, while the new
# clients of each server get an address from that server's own part.
_RETURNING = {
    "name": "RETURNING",
    "test": "not (pkt4.ciaddr == 0.0.0.0) or option[50].exists",
}


class KeaConfigError(ValueError):
    """Something in the inventory has no counterpart in Kea; a line for each."""


def kea_config(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of kea-dhcp4.conf as plain data.

    ``settings`` are the role's variables without their prefix ``kea_``, and ``interface``, the name
    of the interface that has ``address``. Raises KeaConfigError: when something in the inventory
    has no counterpart in Kea; the message names the host or subnet.
    """
    _refuse_dhcpd_text(settings)
    settings = {**settings, "addresses": _addresses(settings)}
    config = {
        **_server(settings),
        "authoritative": True,
        **_times(settings),
        "cache-threshold": min(max(float(settings["cache_threshold"]), _LEAST_CACHE), _MOST_CACHE),
        # What rule 7 of the merge accepts; without a set, a name could contain a line break.
        "hostname-char-set": "[^A-Za-z0-9 _.-]",
        "hostname-char-replacement": "",
        "ddns-generated-prefix": "no-name",
        "option-data": _options(_site_options(settings)),
        "client-classes": [_RETURNING],
        **_networks(settings),
        **_global_reservations(settings),
        "hooks-libraries": _hooks(settings),
    }
    return {"Dhcp4": _merged(config, settings.get("extra") or {})}


def _server(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return where Kea listens, and where it keeps its leases and its log."""
    return {
        "interfaces-config": {
            # By address: an interface with a second one would answer each request twice.
            "interfaces": [f"{settings['interface']}/{settings['address']}"],
            "dhcp-socket-type": "raw",
        },
        "control-socket": {"socket-type": "unix", "socket-name": settings["control_socket"]},
        "lease-database": {
            "type": "memfile",
            "persist": True,
            "name": settings["lease_file"],
            "lfc-interval": settings["lfc_interval"],
        },
        "multi-threading": {"enable-multi-threading": True},
        "loggers": [
            _logger("kea-dhcp4", "INFO"),
            # At INFO they log a line for each test of a class, and for each heartbeat.
            _logger("kea-dhcp4.options", "WARN"),
            _logger("kea-dhcp4.commands", "WARN"),
        ],
    }


def _networks(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the subnets, those of a shared network inside it."""
    alone: list[dict[str, Any]] = []
    shared: dict[str, list[dict[str, Any]]] = {}
    for subnet in settings["subnets"]:
        name = subnet.get("shared_network")
        group = shared.setdefault(name, []) if name else alone
        group.append(_subnet(subnet, settings))
    networks = [{"name": name, "subnet4": subnets} for name, subnets in shared.items()]
    return {"subnet4": alone, "shared-networks": networks}


def _global_reservations(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hosts without an address, and where reservations are looked up."""
    return {
        "host-reservation-identifiers": ["hw-address"],
        # A host with two MAC addresses has two reservations for one address.
        "ip-reservations-unique": False,
        "reservations-global": True,
        "reservations-in-subnet": True,
        "reservations-out-of-pool": False,
        "reservations": [
            _reservation(host, mac, settings)
            for host in settings["fixed_hosts"]
            for mac in host["hardware_ethernet"]
            if not listed(host.get("fixed_address"))
        ],
    }


def _logger(name: str, severity: str) -> dict[str, Any]:
    output = {"output": "stdout", "pattern": "%-5p %c %m\n"}
    return {"name": name, "severity": severity, "output_options": [output]}


def _refuse_dhcpd_text(settings: Mapping[str, Any]) -> None:
    rows = []
    for subnet in settings["subnets"]:
        rows.append((f"The subnet {subnet['network']}", subnet))
        rows += [(f"A pool of {subnet['network']}", pool) for pool in subnet.get("pools") or []]
    rows += [(f"Host {host['name']}", host) for host in settings["fixed_hosts"]]
    faults = [
        f"{who} has {key}, which is dhcpd.conf syntax that Kea does not read; "
        "use options, or kea_extra, a mapping that is merged into Kea's configuration."
        for who, row in rows
        for key in ("extra", "allow", "deny")
        if row.get(key)
    ]
    if faults:
        raise KeaConfigError("\n".join(faults))


def _subnet(subnet: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    network = IPv4Network(subnet["network"])
    options = _own_options(subnet, settings)
    if subnet.get("routers"):
        options["routers"] = subnet["routers"]
    fixed = (listed(host.get("fixed_address")) for host in settings["fixed_hosts"])
    taken = [*chain.from_iterable(fixed), *settings["reserved_addresses"]]
    pools = [
        {**guarded, **_option_data(pool.get("options") or {})}
        for pool in ({"ranges": subnet.get("ranges")}, *(subnet.get("pools") or []))
        for first, last in free_ranges(pool.get("ranges") or [], taken)
        for guarded in _guarded(first, last, settings)
    ]
    return {
        # A client's lease contains it: another id would renumber every client.
        "id": subnet_id(str(network)),
        "subnet": str(network),
        **_times(subnet),
        **_boot(subnet, options, settings),
        "pools": pools,
        "reservations": list(_reservations(network, settings)),
    }


def _own_options(row: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a subnet or a host; its domain is searched before the others."""
    options = dict(row.get("options") or {})
    if row.get("domain"):
        domains = dict.fromkeys([row["domain"], *settings["domain_search"]])
        options = {"domain-name": row["domain"], "domain-search": list(domains), **options}
    return options


def _reservations(network: IPv4Network, settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    reserved: set[str] = set()
    for host in settings["fixed_hosts"]:
        for address in listed(host.get("fixed_address")):
            if IPv4Address(address) not in network:
                continue
            for mac in host["hardware_ethernet"]:
                # Kea accepts one reservation for a MAC address in a subnet.
                if mac in reserved:
                    continue
                reserved.add(mac)
                yield {"ip-address": address, **_reservation(host, mac, settings)}


def _reservation(host: Mapping[str, Any], mac: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a fixed host has wherever its address is, or without one."""
    boot = _boot(host, _own_options(host, settings), settings)
    return {"hw-address": mac, "hostname": host["name"], **boot}


def _guarded(first: str, last: str, settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the two parts of a range: one for each server's new clients.

    In a partitioned network both servers serve: with one pool they would assign the same
    addresses.
    """
    low, high = int(IPv4Address(first)), int(IPv4Address(last))
    share = (high - low + 1) * settings["standby_share"] // 100
    parts = {"primary": (low, high - share), "secondary": (high - share + 1, high)}
    for owner, (start, end) in parts.items():
        if start > end:
            continue
        pool = {"pool": f"{IPv4Address(start)} - {IPv4Address(end)}"}
        yield pool if owner == settings["role"] else {**pool, "client-class": "RETURNING"}


def _site_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if settings["domain_name"]:
        options["domain-name"] = settings["domain_name"]
    if settings["domain_search"]:
        options["domain-search"] = settings["domain_search"]
    if settings["domain_name_servers"]:
        options["domain-name-servers"] = settings["domain_name_servers"]
    return options | dict(settings["options"] or {})


def _options(options: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"name": OPTION_NAMES.get(name, name), "data": _data(value)}
        for name, value in sorted(options.items())
    ]


def _option_data(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"option-data": _options(options)} if options else {}


def _data(value: object) -> str:
    """Write a value in Kea's csv-format: no quotation marks, commas in a text escaped."""
    if isinstance(value, (list, tuple)):
        return ", ".join(_data(item) for item in value if item is not None)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace(",", "\\,")
    return _BOOLEANS.get(text, text)


def _times(row: Mapping[str, Any]) -> dict[str, int]:
    return {kea: int(row[key]) for key, kea in _TIMES.items() if row.get(key) is not None}


def _boot(
    row: Mapping[str, Any], options: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    boot: dict[str, Any] = {}
    if row.get("next_server") is not None:
        server = row["next_server"]
        boot["next-server"] = settings["addresses"].get(server, server)
    if row.get("filename") is not None:
        boot["boot-file-name"] = row["filename"]
    return boot | _option_data(options)


def _addresses(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the fixed hosts' addresses by their names: Kea, unlike dhcpd, looks up none."""
    found: dict[str, str] = {}
    for host in settings["fixed_hosts"]:
        for address in listed(host.get("fixed_address"))[:1]:
            domain = host.get("domain") or settings["domain_name"]
            for name in (host["name"], *(host.get("aliases") or [])):
                found |= {name: address, f"{name}.{domain}": address}
    return found


def _hooks(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the hooks of a hot-standby pair, and the one for reservation commands if it exists.

    max-unacked-clients 0: with more, a quiet network would have no takeover at all.
    """
    roles = {"primary": "primary", "secondary": "standby"}
    other = {"primary": "secondary", "secondary": "primary"}[settings["role"]]
    peers = [
        {
            "name": name,
            "url": f"https://{address}:{settings['port']}/",
            "role": roles[role],
            "auto-failover": True,
            "cert-file": settings["certificate"],
            "key-file": settings["key"],
        }
        for role, name, address in sorted(
            (
                (settings["role"], settings["server"], settings["address"]),
                (other, settings["peer"], settings["peer_address"]),
            )
        )
    ]
    pair = {
        "this-server-name": settings["server"],
        "mode": "hot-standby",
        "heartbeat-delay": settings["heartbeat_delay"],
        "max-response-delay": settings["max_response_delay"],
        "max-unacked-clients": 0,
        "sync-timeout": settings["sync_timeout"],
        "restrict-commands": True,
        "require-client-certs": True,
        "trust-anchor": settings["ca"],
        "multi-threading": {"enable-multi-threading": True, "http-dedicated-listener": True},
        "peers": peers,
    }
    folder = settings["hooks_dir"]
    commands = ["lease_cmds", *(["host_cmds"] if settings["host_commands"] else [])]
    return [
        *({"library": f"{folder}/libdhcp_{name}.so"} for name in commands),
        {"library": f"{folder}/libdhcp_ha.so", "parameters": {"high-availability": [pair]}},
    ]


def _merged(config: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings into each other; a list is appended, another value is replaced."""
    merged = dict(config)
    for key, value in extra.items():
        mine = merged.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(mine, value)
        elif isinstance(mine, list) and isinstance(value, (list, tuple)):
            merged[key] = [*mine, *value]
        else:
            merged[key] = value
    return merged
