"""Write an inventory: the project's own with the imported site, tables and servers in it.

Source: the inventory's own files, whose comments are kept as they are.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .defaults import SITE_MAX_LEASE_TIME, SITE_MIN_LEASE_TIME, SITE_RESERVED_NAMES
from .host_line import HostLine
from .reconcile import Inventory
from .remarks import Remark, Section
from .source import SourceError, Subnet

# What YAML 1.1 reads as text without quotation marks in any context.
_PLAIN = re.compile(r"[a-z][a-z0-9._/-]*|\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?")
_WORDS = frozenset({"false", "n", "no", "null", "off", "on", "true", "y", "yes"})
# Ansible reads every text in an inventory as a template, unless it is tagged !unsafe.
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_WIDE = 120


def write(inventory: Inventory, model: Path, into: Path) -> None:
    """Write the inventory into a directory, which must not exist. `model` is left as it is.

    Raises SourceError: when the directory exists; OSError: when it cannot be written.
    """
    if into.exists():
        raise SourceError(f"{into} is already there; remove it, or choose another with --into.")
    shutil.copytree(model, into)
    for name, change in (
        ("fixed_hosts.yml", _fixed_hosts),
        ("servers.yml", _servers),
        ("group_vars/all/site.yml", _site),
        (f"group_vars/dhcp_servers/{inventory.dhcp_server}.yml", _dhcp_servers),
    ):
        path = into / name
        text = change(path.read_text(encoding="utf-8"), inventory)
        path.write_text(text, encoding="utf-8")
    write_report(inventory.remarks, into)


def write_report(remarks: Iterable[Remark], into: Path, *, checked: bool = False) -> None:
    """Write import.txt: Ansible ignores a text file in an inventory."""
    (into / "import.txt").write_text(report(remarks, checked=checked), encoding="utf-8")


def report(remarks: Iterable[Remark], *, checked: bool = False) -> str:
    """List the remarks by section, each with its place; faults only if there was a check."""
    parts = []
    gathered = list(dict.fromkeys(remarks))
    for section in Section:
        if section is Section.FAULT and not checked:
            continue
        chosen = [remark for remark in gathered if remark.section is section]
        parts.append(f"{section.value} ({len(chosen)})")
        parts += [f"  {remark.where}: {_printable(remark.text)}" for remark in chosen]
        parts.append("")
    return "\n".join(parts)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _fixed_hosts(text: str, inventory: Inventory) -> str:
    head = text.partition("\nfixed_hosts:\n")[0]
    hosts = inventory.tables.hosts
    lines = [line for host in hosts for line in _host(host, inventory.domain_of(host))]
    body = "\n".join(
        ["fixed_hosts:", "  hosts:", *lines] if lines else ["fixed_hosts:", "  hosts: {}"]
    )
    return f"{head}\n{body}\n"


def _host(host: HostLine, home: str) -> list[str]:
    """Write a host; `home` is the domain that its address is in."""
    values: dict[str, Any] = {}
    if host.addresses:
        several = len(host.addresses) > 1
        values["fixed_address"] = host.addresses if several else host.addresses[0]
    if host.ipv6:
        values["ipv6_address"] = host.ipv6 if len(host.ipv6) > 1 else host.ipv6[0]
    if host.domain != home:
        values["domain"] = host.domain
    if host.hardware:
        values["hardware_ethernet"] = host.hardware if len(host.hardware) > 1 else host.hardware[0]
    if host.aliases:
        values["aliases"] = sorted(host.aliases)
    values.update(host.settings)
    line = f"    {_scalar(host.name)}: {_flow(values)}"
    if len(line) <= _WIDE and "\n" not in line and not host.settings:
        return [line]
    return [f"    {_scalar(host.name)}:", *_block(values, 6)]


def _servers(text: str, inventory: Inventory) -> str:
    servers = inventory.tables.servers
    dhcp = dict.fromkeys(servers.dhcp)
    roles = [
        f"{_scalar(name)}: {{ failover_role: {role} }}"
        for name, role in zip(dhcp, ("primary", "secondary"), strict=False)
    ]
    names = [
        f"{_scalar(server)}: {{ alias_name: {_scalar(name)}, alias_address: {_scalar(address)} }}"
        for server, (name, address) in zip(dhcp, servers.tinydns, strict=False)
    ]
    caches = [f"{_scalar(name)}:" for name in servers.dnscache]
    for group, lines in (
        ("dhcp_servers", roles),
        ("tinydns_servers", names),
        ("dnscache_servers", caches),
    ):
        match = re.search(rf"^{group}:.*\n  hosts:\n((?:    .*\n)*)", text, re.MULTILINE)
        if match is None:
            raise SourceError(f"servers.yml has no group {group} with hosts to replace.")
        # Nothing known: the model's lines, as a commented-out example.
        kept = [f"    {line}" for line in lines] or [
            f"    # {line.strip()}" for line in match[1].splitlines()
        ]
        text = text[: match.start(1)] + "\n".join(kept) + "\n" + text[match.end(1) :]
    return text


def _site(text: str, inventory: Inventory) -> str:
    tables = inventory.tables
    values: dict[str, Any] = {
        "site_domain": inventory.domain,
        "site_subnets": [_subnet(subnet) for subnet in tables.subnets],
        "site_options": dict(inventory.options),
        "site_extra": "".join(f"{statement}\n" for statement in inventory.extra),
    }
    if tables.reserved_names != SITE_RESERVED_NAMES:
        values["site_reserved_names"] = list(tables.reserved_names)
    values.update((f"site_{key}", seconds) for key, seconds in _times(inventory.times).items())
    if inventory.ttl:
        values["site_fixed_ttl"] = inventory.ttl
    values.update(
        (key, value)
        for key, value in (
            ("site_zones", list(inventory.zones)),
            ("site_records", list(tables.records)),
            ("site_ipv6_networks", list(tables.ipv6_networks)),
            ("site_forward_zones", {z: list(a) for z, a in inventory.forward_zones.items()}),
            ("site_upstream_resolvers", list(inventory.upstream_resolvers)),
        )
        if value
    )
    for key, value in values.items():
        match = re.search(rf"^{key}:.*\n(?:[ -].*\n|\n(?= ))*", text, re.MULTILINE)
        entry = "\n".join(_entry(key, value, 0)) + "\n"
        if match is None:
            text = f"{text.rstrip()}\n\n{entry}"
        else:
            text = text[: match.start()] + entry + text[match.end() :]
    return text


def _times(times: Mapping[str, int]) -> dict[str, int]:
    """Keep minimum, default and maximum in order if only some are given."""
    if "default_lease_time" not in times:
        return dict(times)
    default = times["default_lease_time"]
    most = max(times.get("max_lease_time", SITE_MAX_LEASE_TIME), default)
    least = min(times.get("min_lease_time", SITE_MIN_LEASE_TIME), default)
    return {**times, "max_lease_time": most, "min_lease_time": least}


def _subnet(subnet: Subnet) -> dict[str, Any]:
    values: dict[str, Any] = {"network": str(subnet.network)}
    ranges = [list(ends) for pool in subnet.pools if not pool.settings for ends in pool.ranges]
    if ranges:
        values["ranges"] = ranges
    pools = [
        {"ranges": [list(ends) for ends in pool.ranges], **pool.settings}
        for pool in subnet.pools
        if pool.settings
    ]
    if pools:
        values["pools"] = pools
    if subnet.routers:
        values["routers"] = list(subnet.routers)
    if subnet.domain is not None:
        values["domain"] = subnet.domain
    if subnet.shared_network is not None:
        values["shared_network"] = subnet.shared_network
    return {**values, **{key: value for key, value in subnet.settings.items() if value}}


def _dhcp_servers(text: str, inventory: Inventory) -> str:
    """Add the variables that differ from the role's defaults."""
    if not inventory.role_variables:
        return text
    lines = [
        line for key, value in inventory.role_variables.items() for line in _entry(key, value, 0)
    ]
    return "\n".join(
        [
            text.rstrip("\n"),
            "",
            "# Imported: settings that differ from the role's defaults.",
            *lines,
            "",
        ]
    )


# YAML in the inventory's style.


def _entry(key: str, value: object, indent: int) -> list[str]:
    pad = " " * indent
    shown = _scalar(key)
    if isinstance(value, str) and "\n" in value and _fits_a_block(value):
        tag = "!unsafe " if _TEMPLATE.search(value) else ""
        lines = [f"{pad}  {line}" if line else "" for line in value.rstrip("\n").split("\n")]
        # A first line that begins with a space would be taken as the indentation.
        mark = "|2" if value.startswith(" ") else "|"
        return [f"{pad}{shown}: {tag}{mark}", *lines]
    if isinstance(value, Mapping) and value:
        return [f"{pad}{shown}:", *_block(value, indent + 2)]
    if key == "site_records" and isinstance(value, list):
        return [f"{pad}{shown}:", *(f"{pad}  - {_quoted(line)}" for line in value)]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        lines = []
        for item in value:
            first, *rest = _block(item, indent + 4)
            lines += [f"{pad}  - {first.strip()}", *rest]
        return [f"{pad}{shown}:", *lines]
    return [f"{pad}{shown}: {_flow(value)}"]


def _block(values: Mapping[str, Any], indent: int) -> list[str]:
    return [line for key, value in values.items() for line in _entry(key, value, indent)]


def _quoted(line: str) -> str:
    """Write a record in single quotation marks: they need no YAML escapes."""
    if not all(map(str.isprintable, line)):
        return _scalar(line)
    tag = "!unsafe " if _TEMPLATE.search(line) else ""
    return f"{tag}'" + line.replace("'", "''") + "'"


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    if _PLAIN.fullmatch(value.lower()) and value.lower() not in _WORDS:
        return value
    tag = "!unsafe " if _TEMPLATE.search(value) else ""
    return tag + "".join(map(_escaped, json.dumps(value, ensure_ascii=False)))


def _fits_a_block(text: str) -> bool:
    """Return whether YAML can hold the text as it is: only printable characters."""
    return all(char.isprintable() or char == "\n" for char in text)


def _escaped(char: str) -> str:
    """Escape what YAML cannot have in quotation marks (YAML 1.1, section 5.1)."""
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
