"""Set the variables of the role that deploys the DHCP server to the old server's values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from .conflicts import Conflicts, Kind

_ROLES = Path(__file__).resolve().parents[2] / "roles"


def dhcp_server_of(model: Path) -> str:
    """Return which DHCP server an inventory deploys: dhcpd or kea."""
    text = (model / "group_vars/all/site.yml").read_text(encoding="utf-8")
    is_kea = re.search(r"^site_dhcp_server:\s*[\"']?kea\b", text, re.MULTILINE)
    return "kea" if is_kea else "dhcpd"


def differing(variables: Mapping[str, object], domain: str) -> dict[str, object]:
    """Return the variables that differ from the defaults of the role dhcpd, in order."""
    defaults = yaml.safe_load((_ROLES / "dhcpd/defaults/main.yml").read_text("utf-8"))
    return {
        key: value
        for key, value in sorted(variables.items())
        if defaults.get(key, "") != value and value != [domain]
    }


def for_kea(variables: Mapping[str, object], where: str, conflicts: Conflicts) -> dict[str, object]:
    """Turn variables of the role dhcpd into those of the role kea, as far as Kea has them."""
    kept: dict[str, object] = {}
    for key, value in variables.items():
        match key, value:
            case "dhcpd_domain_search", _:
                kept["kea_domain_search"] = value
            case "dhcpd_cache_threshold", int():
                kept["kea_cache_threshold"] = value / 100
            case "dhcpd_authoritative", _:
                kept["kea_extra"] = {"authoritative": value}
            case _:
                shown = " ".join(str(value).split())
                conflicts.add(Kind.NOT_OF_KEA, where, variable=key, value=shown)
    return kept
