"""What the role dhcpd would write from an inventory, without a run of Ansible for each."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import yaml

from controller.importer.check import FAULTS

PROJECT = Path(__file__).resolve().parents[2]
_ROLE = PROJECT / "roles/dhcpd"


def dhcpd_conf(inventory: Path) -> dict[str, str]:
    """Return the dhcpd.conf of each server by its failover role; the inventory is checked by that.

    Raises Ansible's error for an inventory with faults: it has all of them.
    """
    loader, known, variables, everything = _inventory(inventory, _servers(inventory))
    from ansible.template import Templar, trust_as_template  # type: ignore[import-untyped]  # has no types

    template = (_ROLE / "templates/etc/dhcp/dhcpd.conf.j2").read_text()
    found = {}
    for host in known.groups["dhcp_servers"].get_hosts():
        values = {
            **_variables(loader, "defaults"),
            **variables.get_vars(host=host),
            **_variables(loader, "vars"),
            "groups": known.get_groups_dict(),
            "hostvars": everything,
            "ansible_managed": "",
            "inventory_dir": str(inventory),
        }
        text = Templar(loader=loader, variables=values).template(trust_as_template(template))
        found[str(everything[host.name]["failover_role"])] = str(text)
    return found


def faults(inventory: Path) -> list[str]:
    """Return what the inventory check finds wrong with an inventory, as it is."""
    loader, known, variables, everything = _inventory(inventory, None)
    from ansible.template import Templar, trust_as_template

    values = {
        **variables.get_vars(host=known.get_host("localhost")),
        "groups": known.get_groups_dict(),
        "hostvars": everything,
        "inventory_dir": str(inventory),
    }
    found = Templar(loader=loader, variables=values).template(trust_as_template(FAULTS))
    return [str(fault) for fault in json.loads(str(found))]


def _inventory(inventory: Path, extra: Path | None) -> tuple[Any, Any, Any, Any]:
    """Load an inventory: its loader, itself, its variables, and those of all hosts."""
    _load_plugins()
    # Ansible reads its settings when it is loaded.
    from ansible.inventory.manager import InventoryManager  # type: ignore[import-untyped]  # has no types
    from ansible.parsing.dataloader import DataLoader  # type: ignore[import-untyped]  # has no types
    from ansible.vars.hostvars import HostVars  # type: ignore[import-untyped]  # has no types
    from ansible.vars.manager import VariableManager  # type: ignore[import-untyped]  # has no types

    loader = DataLoader()
    loader.set_basedir(str(PROJECT / "playbooks"))
    sources = [str(inventory), *([str(extra)] if extra else [])]
    known = InventoryManager(loader=loader, sources=sources)
    variables = VariableManager(loader=loader, inventory=known)
    return loader, known, variables, HostVars(known, variables, loader)


def _servers(inventory: Path) -> Path | None:
    """Write the servers that an import left to the user, beside it: at free addresses."""
    servers = yaml.safe_load((inventory / "servers.yml").read_text())
    text = (inventory / "group_vars/all/site.yml").read_text()
    site = yaml.safe_load(text.replace("!unsafe ", ""))
    pair = list((servers["dhcp_servers"]["hosts"] or {}).items())
    free = _free_addresses(inventory, site)
    hosts: dict[str, Any] = {}
    if not pair:
        pair = [
            ("test-one", {"failover_role": "primary"}),
            ("test-two", {"failover_role": "secondary"}),
        ]
        hosts = {name: {"fixed_address": next(free)} for name, _ in pair}
    names = {
        name: {"alias_name": f"test-ns{number}", "alias_address": next(free)}
        for number, (name, _) in enumerate(pair, 1)
    }
    caches = servers["dnscache_servers"]["hosts"] or {pair[0][0]: None}
    extra = inventory.parent / "servers-of-the-test.yml"
    groups: dict[str, Any] = {
        "fixed_hosts": hosts,
        "dhcp_servers": dict(pair),
        "tinydns_servers": names,
        "dnscache_servers": caches,
    }
    extra.write_text(yaml.safe_dump({group: {"hosts": table} for group, table in groups.items()}))
    return extra


def _free_addresses(inventory: Path, site: Any) -> Any:
    from ipaddress import IPv4Address, IPv4Network

    text = (inventory / "fixed_hosts.yml").read_text() + (inventory / "servers.yml").read_text()
    subnet = site["site_subnets"][0]
    ranges = [*subnet.get("ranges", []), *(r for p in subnet.get("pools", []) for r in p["ranges"])]
    for address in reversed(list(IPv4Network(subnet["network"]).hosts())[-400:]):
        inside = any(IPv4Address(a) <= address <= IPv4Address(b) for a, b in ranges)
        if not inside and f"{address}" not in text and str(address) not in str(subnet):
            yield str(address)


def _variables(loader: Any, kind: str) -> dict[str, Any]:
    path = _ROLE / kind / "main.yml"
    return dict(loader.load_from_file(str(path), trusted_as_template=True) or {})


@functools.cache
def _load_plugins() -> None:
    os.environ.setdefault("ANSIBLE_CONFIG", str(PROJECT / "ansible.cfg"))
    from ansible.plugins.loader import filter_loader, init_plugin_loader  # type: ignore[import-untyped]  # has no types

    init_plugin_loader([])
    filter_loader.add_directory(str(PROJECT / "filter_plugins"))
