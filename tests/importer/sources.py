"""Which file of a golden input is given by which option."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
GOLDEN = PROJECT / "tests/importer/golden"
CASES = sorted(path.name for path in GOLDEN.iterdir())
_OPTIONS = {
    "dhcpd*.conf": "--dhcpd-conf",
    "data*": "--tinydns-data",
    "dnsmasq*.conf": "--dnsmasq-conf",
    "openwrt/dhcp": "--openwrt-dhcp",
    "pihole.toml": "--pihole-toml",
    "kea*.json": "--kea-conf",
}


def options(folder: Path) -> list[str]:
    """Return the importer's options for the files of a folder, without the check of the result."""
    given = [
        part
        for pattern, option in _OPTIONS.items()
        for path in sorted(folder.glob(pattern))
        for part in (option, str(path))
    ]
    return [*given, "--no-check"]
