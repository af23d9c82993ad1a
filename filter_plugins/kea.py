"""Filters of the role kea.

Source: Kea Administrator Reference Manual, "The DHCPv4 Server" and "libdhcp_ha.so: High
Availability". The configuration is plain data; the template prints it as JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import controller  # noqa: F401  # finds the package leasemerge
from leasemerge.kea import subnet_id
from leasemerge.ranges import free_ranges

# dhcp-options(5)'s name -> Kea's, where they differ.
_OPTION_NAMES = {
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
# Kea refuses 0, and 3.0 defaults to 0.25: this is about a second for a lease of three hours.
_NO_CACHE = 0.0001
# A client that requests an address it has had. It may keep it at either server, while the new
# clients of each server get an address from that server's own part.
_RETURNING = {
    "name": "RETURNING",
    "test": "not (pkt4.ciaddr == 0.0.0.0) or option[50].exists",
}


def kea_config(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of kea-dhcp4.conf as plain data.

    ``settings`` are the role's variables without their prefix ``kea_``, and ``interface``, the name
    of the interface that has ``address``. Raises AnsibleFilterError: when something in the
    inventory has no counterpart in Kea; the message names the host or subnet.
    """
    _refuse_dhcpd_text(settings)
    hosts = settings["fixed_hosts"]
    listed: set[tuple[str, str]] = set()
    networks: dict[object, dict[str, Any]] = {}
    for subnet in settings["subnets"]:
        shaped = _subnet(subnet, settings, listed)
        name = subnet.get("shared_network")
        group = networks.setdefault(name or shaped["subnet"], {"name": name, "subnet4": []})
        group["subnet4"].append(shaped)
    config = {
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
        "authoritative": True,
        **_times(settings),
        "cache-threshold": max(settings["cache_threshold"], _NO_CACHE),
        # What rule 7 of the merge accepts; without a set, a name could contain a line break.
        "hostname-char-set": "[^A-Za-z0-9 _.-]",
        "hostname-char-replacement": "",
        "ddns-generated-prefix": "no-name",
        "host-reservation-identifiers": ["hw-address"],
        # A host with two MAC addresses has two reservations for one address.
        "ip-reservations-unique": False,
        "reservations-global": True,
        "reservations-in-subnet": True,
        "reservations-out-of-pool": False,
        "option-data": _options(_site_options(settings)),
        "client-classes": [_RETURNING],
        "reservations": [
            _reservation(host, mac, settings)
            for host in hosts
            for mac in host["hardware_ethernet"]
            if not _addresses(host)
        ],
        "subnet4": [one for g in networks.values() if g["name"] is None for one in g["subnet4"]],
        "shared-networks": [group for group in networks.values() if group["name"] is not None],
        "hooks-libraries": _hooks(settings),
        "loggers": [
            _logger("kea-dhcp4", "INFO"),
            # At INFO they log a line for each test of a class, and for each heartbeat.
            _logger("kea-dhcp4.options", "WARN"),
            _logger("kea-dhcp4.commands", "WARN"),
        ],
    }
    return {"Dhcp4": _merged(config, settings.get("extra") or {})}


def _logger(name: str, severity: str) -> dict[str, Any]:
    output = {"output": "stdout", "pattern": "%-5p %c %m\n"}
    return {"name": name, "severity": severity, "output_options": [output]}


def _refuse_dhcpd_text(settings: Mapping[str, Any]) -> None:
    rows = [("The site", {"extra": settings.get("dhcpd_text")})]
    for subnet in settings["subnets"]:
        rows.append((f"The subnet {subnet['network']}", subnet))
        rows += [(f"A pool of {subnet['network']}", pool) for pool in subnet.get("pools") or []]
    rows += [(f"Host {host['name']}", host) for host in settings["fixed_hosts"]]
    faults = [
        f"{who} has {key}, which is dhcpd.conf's own language: Kea has no such text; "
        "use options, or kea_extra, a mapping that is merged into Kea's configuration."
        for who, row in rows
        for key in ("extra", "allow", "deny")
        if row.get(key)
    ]
    if faults:
        raise AnsibleFilterError("\n".join(faults))


def _subnet(
    subnet: Mapping[str, Any], settings: Mapping[str, Any], listed: set[tuple[str, str]]
) -> dict[str, Any]:
    network = IPv4Network(subnet["network"])
    options = _own_options(subnet, settings)
    if subnet.get("routers"):
        options["routers"] = subnet["routers"]
    taken = [
        *(address for host in settings["fixed_hosts"] for address in _addresses(host)),
        *settings["reserved_addresses"],
    ]
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
        **_boot(subnet, options),
        "pools": pools,
        "reservations": list(_reservations(network, settings, listed)),
    }


def _own_options(row: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a subnet or a host; its domain is searched before the others."""
    options = dict(row.get("options") or {})
    if row.get("domain"):
        domains = dict.fromkeys([row["domain"], *settings["domain_search"]])
        options = {"domain-name": row["domain"], "domain-search": list(domains), **options}
    return options


def _reservations(
    network: IPv4Network, settings: Mapping[str, Any], listed: set[tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    for host in settings["fixed_hosts"]:
        for address in _addresses(host):
            if IPv4Address(address) not in network:
                continue
            for mac in host["hardware_ethernet"]:
                # Kea accepts one reservation for a MAC address in a subnet.
                if (str(network), mac) in listed:
                    continue
                listed.add((str(network), mac))
                yield {"ip-address": address, **_reservation(host, mac, settings)}


def _reservation(host: Mapping[str, Any], mac: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a fixed host has wherever its address is, or without one."""
    boot = _boot(host, _own_options(host, settings))
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
        {"name": _OPTION_NAMES.get(name, name), "data": _data(value)}
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


def _boot(row: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    boot: dict[str, Any] = {}
    if row.get("next_server") is not None:
        boot["next-server"] = row["next_server"]
    if row.get("filename") is not None:
        boot["boot-file-name"] = row["filename"]
    return boot | _option_data(options)


def _addresses(host: Mapping[str, Any]) -> Sequence[str]:
    address = host.get("fixed_address")
    if not address:
        return ()
    return (address,) if isinstance(address, str) else tuple(address)


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


def kea_trust(
    reads: Iterable[Mapping[str, Any]], *, certificate: str, trusted: str
) -> list[dict[str, str]]:
    """Return what each server that has a certificate is to trust, and what it trusts now.

    ``reads`` are the results of ``grep -H "" CERTIFICATE TRUSTED`` on each server of a pair, with
    the server's name as ``item.name``. While a server cannot be read, or has no certificate yet,
    the other continues to trust what it trusts. Raises AnsibleFilterError: for two servers with the
    same certificate.
    """
    texts = {
        read["item"]["name"]: [
            _text_of(path, read["stdout_lines"]) for path in (certificate, trusted)
        ]
        for read in reads
        if "stdout_lines" in read
    }
    known = {server: own for server, (own, _) in sorted(texts.items()) if own}
    if len(set(known.values())) < len(known):
        raise AnsibleFilterError(
            f"{' and '.join(known)} have the same {certificate}: Ansible reaches one machine for "
            "both, or one is a copy of the other. Correct ansible_host, or delete that file and "
            "its key on the copy, and run this again."
        )
    files = []
    for server, own in known.items():
        current = texts[server][1]
        whole = len(known) > 1 or own not in current
        content = "".join(known.values()) if whole else current
        files.append({"server": server, "content": content, "current": current})
    return files


def _text_of(path: str, lines: Iterable[str]) -> str:
    start = f"{path}:"
    return "".join(f"{line.removeprefix(start)}\n" for line in lines if line.startswith(start))


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


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return {"kea_config": kea_config, "kea_trust": kea_trust}
