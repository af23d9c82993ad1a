"""Import files: `python3 -m controller.importer --dhcpd-conf FILE … --into DIRECTORY`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import dhcpd, dnsmasq, dnsmasq_files, kea, openwrt, pihole, tinydns
from .check import faults, refusals
from .combine import joined_configs, joined_zone_data
from .dhcp_role import dhcp_server_of
from .reconcile import Inventory, reconcile
from .remarks import Remark, Section
from .source import DhcpConfig, SourceError, ZoneData
from .write import report, write, write_report

_PROJECT = Path(__file__).resolve().parents[2]
_SOURCES = (
    ("--dhcpd-conf", "ISC dhcpd.conf, with what it includes beside it"),
    ("--tinydns-data", "the zone data of tinydns"),
    ("--dnsmasq-conf", "dnsmasq.conf, a file of dnsmasq.d, of hosts or of dhcp-hostsfile"),
    ("--openwrt-dhcp", "OpenWrt's /etc/config/dhcp, with /etc/config/network beside it"),
    ("--pihole-toml", "Pi-hole's pihole.toml"),
    ("--kea-conf", "Kea's configuration, or a list of its reservations"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Import; exit 1 with a line on standard error when a file cannot be read or written."""
    options = _options(arguments)
    try:
        inventory = _imported(options)
        write(inventory, options.model, options.into)
        remarks = list(inventory.remarks)
        if options.check:
            remarks += _checked(options)
            write_report(remarks, options.into, checked=True)
    except (SourceError, OSError) as error:
        print(f"importer: {error}", file=sys.stderr)
        return 1
    print(report(remarks, checked=options.check), end="")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="controller.importer", description=__doc__)
    for option, what in _SOURCES:
        parser.add_argument(
            option, type=Path, action="append", default=[], metavar="FILE", help=what
        )
    parser.add_argument("--domain", help="the zone to import, where the files have several or none")
    parser.add_argument("--into", type=Path, required=True, help="a directory to create")
    parser.add_argument(
        "--no-check",
        action="store_false",
        dest="check",
        help="do not run the inventory check, which takes a second or two",
    )
    parser.add_argument("--model", type=Path, default=_PROJECT / "inventory", help="%(default)s")
    options = parser.parse_args(arguments)
    if not any(getattr(options, option[2:].replace("-", "_")) for option, _ in _SOURCES):
        parser.error("name at least one file to import")
    return options


def _imported(options: argparse.Namespace) -> Inventory:
    """Read the files, and make one inventory of them."""
    of_dnsmasq = _dnsmasq(options)
    config, conflicts = joined_configs(
        [
            *map(dhcpd.read, options.dhcpd_conf),
            *(part for part, _ in of_dnsmasq),
            *map(kea.read, options.kea_conf),
        ]
    )
    zone_data = joined_zone_data(
        [*map(tinydns.read, options.tinydns_data), *(part for _, part in of_dnsmasq)]
    )
    return reconcile(
        config,
        zone_data,
        options.domain,
        conflicts=conflicts,
        dhcp_server=dhcp_server_of(options.model),
    )


def _dnsmasq(options: argparse.Namespace) -> list[tuple[DhcpConfig, ZoneData]]:
    """Read dnsmasq's files, and those of OpenWrt and Pi-hole, as one configuration."""
    lines, remarks = dnsmasq_files.read_lines(options.dnsmasq_conf)
    for read, paths in ((openwrt.read, options.openwrt_dhcp), (pihole.read, options.pihole_toml)):
        for path in paths:
            more_lines, more_remarks = read(path)
            lines += more_lines
            remarks += more_remarks
    return [dnsmasq.interpret(lines, remarks, options.domain)] if lines or remarks else []


def _checked(options: argparse.Namespace) -> list[Remark]:
    """List what dhcpd refuses in its old files, and the faults of the inventory."""
    refused = [refusal for path in options.dhcpd_conf for refusal in refusals(path)]
    of_inventory = [("check", fault) for fault in faults(options.into)]
    return [Remark(Section.FAULT, *fault) for fault in (*refused, *of_inventory)]


if __name__ == "__main__":
    sys.exit(main())
