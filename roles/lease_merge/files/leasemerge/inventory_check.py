"""Every fault of an inventory at once: one function per table, one sentence per fault.

The format is site.json's (docs/design.md). Keys that only the deployment knows (servers with
their addresses, routers, lease times) are checked if they are present.

Each table's function is in the module of its subject: zone_check, forward_check, subnet_check,
server_check, host_check, with dhcp_settings_check for what a DHCP server gets verbatim. To add a
key of a row, add it to the table's keys at the end of that module, with the check of its value. To
add a table, write its function there and add it to `_CHECKS`. A sentence names a key of the site
by `inventory.setting(key)`, the name under which the user finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from .dhcp_settings_check import LEASE_TIMES, check_dhcp_server, check_lease_times, check_raw
from .faults import Fault, Findings, printable, remedy_for
from .forward_check import check_forward_zones, check_upstream_resolvers
from .host_check import check_fixed_hosts, check_host_blocks
from .inventory import Inventory
from .server_check import (
    check_dhcp_servers,
    check_dnscache_servers,
    check_name_servers,
    check_resolvers,
    check_servers,
    check_standbys,
    check_tinydns_servers,
)
from .subnet_check import check_ranges, check_subnets
from .zone_check import (
    TTLS,
    check_domain,
    check_ipv6_networks,
    check_records,
    check_reserved_names,
    check_reverse_zones,
    check_ttls,
    check_zones,
)

_REQUIRED_KEYS = (
    "domain",
    "reverse_zones",
    "name_servers",
    "fixed_hosts",
    "subnets",
    "servers",
)


def check(data: object, settings: Mapping[str, str] = MappingProxyType({})) -> Findings:
    """Return the findings in a site, in the order of its keys; none in a valid one.

    `settings` are names by key, for sentences about a key that is set under another name. A row's
    key `where` is its place in the inventory, and the site's `where` maps keys to theirs.
    """
    if not isinstance(data, Mapping):
        return Findings(
            [Fault("Site", "it is not a mapping of keys to values", "write it as one")], []
        )
    inventory = Inventory(data, settings)
    for check_table in _CHECKS:
        check_table(inventory)
    return Findings(inventory.faults, inventory.notes)


def faults(data: object) -> list[Fault]:
    """Return every fault of a site."""
    return check(data).faults


def _check_keys(inventory: Inventory) -> None:
    """Check that no key is missing."""
    missing = [inventory.setting(key) for key in _REQUIRED_KEYS if inventory.data.get(key) is None]
    # A time may be absent if only the servers' part of a site is checked.
    missing += [
        inventory.setting(key)
        for key in (*TTLS, *LEASE_TIMES)
        if key in inventory.data and inventory.data[key] is None
        if key != "mclt" or not inventory.kea
    ]
    for name in missing:
        if name not in inventory.unresolved:
            inventory.fault("Site", f"{name} is missing", "add it")


def _read_hosts(inventory: Inventory) -> None:
    """Read the fixed hosts' addresses; what is wrong with them is reported by their own check."""
    rows = inventory.data.get("fixed_hosts")
    if isinstance(rows, Sequence):
        inventory.hosts.update(
            (str(row.get("name")), row.get("fixed_address"))
            for row in rows
            if isinstance(row, Mapping)
        )


def _check_unresolved(inventory: Inventory) -> None:
    """Report the variables of the site that cannot be resolved."""
    for row in inventory.rows("unresolved", "Variable"):
        problem = f"it cannot be evaluated ({printable(row.get('reason'))})"
        inventory.fault(row, problem, remedy_for(row.get("reason")))


def _check_variables(inventory: Inventory) -> None:
    """Check the variables that are named like ours."""
    for row in inventory.rows("misplaced_variables", "Variable"):
        inventory.fault(row, printable(row.get("problem")), printable(row.get("remedy")))
    for row in inventory.rows("unknown_variables", "Variable"):
        meant = (
            f"write {row.get('meant')}, if that is what you meant, or " if row.get("meant") else ""
        )
        inventory.fault(
            row,
            "no such variable is used",
            f"{meant}choose another name for a variable of your own",
        )


def _check_elsewhere(inventory: Inventory) -> None:
    """Check that a host written like one of ours is in the group that makes it one."""
    for row in inventory.rows("hosts_elsewhere", "Host"):
        problem = f"it has {row.get('key')}, but is not in the group {row.get('group')}"
        inventory.fault(row, problem, "add it to the group")


# In this order: a check uses what earlier ones have read.
_CHECKS: tuple[Callable[[Inventory], None], ...] = (
    _check_unresolved,
    _check_keys,
    _read_hosts,
    check_domain,
    check_reserved_names,
    check_ttls,
    check_dhcp_server,
    check_lease_times,
    check_raw,
    check_subnets,
    check_reverse_zones,
    check_ipv6_networks,
    check_servers,
    check_dhcp_servers,
    check_tinydns_servers,
    check_dnscache_servers,
    check_fixed_hosts,
    check_name_servers,
    check_resolvers,
    check_standbys,
    check_ranges,
    check_host_blocks,
    check_zones,
    check_records,
    check_forward_zones,
    check_upstream_resolvers,
    _check_variables,
    _check_elsewhere,
)
