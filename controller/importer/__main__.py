"""The command line: `python3 -m controller.importer --dhcpd-conf FILE … --into DIRECTORY`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import dhcpd, dnsmasq, kea, tinydns
from .found import SourceError
from .reconcile import joined, joined_records, reconcile
from .write import report, write

_PROJECT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Import; exit 1 with a line on standard error where a file cannot be read or written."""
    parser = argparse.ArgumentParser(prog="controller.importer", description=__doc__)
    for option, what in (
        ("--dhcpd-conf", "ISC dhcpd.conf, with what it includes beside it"),
        ("--tinydns-data", "the zone data of tinydns"),
        ("--dnsmasq-conf", "dnsmasq.conf, or a file of dhcp-hostsfile"),
        ("--kea-conf", "Kea's configuration, or a list of its reservations"),
    ):
        parser.add_argument(
            option, type=Path, action="append", default=[], metavar="FILE", help=what
        )
    parser.add_argument("--domain", help="the zone to import, where the files tell several or none")
    parser.add_argument("--into", type=Path, required=True, help="a directory to be made")
    parser.add_argument("--model", type=Path, default=_PROJECT / "inventory", help="%(default)s")
    options = parser.parse_args(arguments)
    if not (options.dhcpd_conf or options.tinydns_data or options.dnsmasq_conf or options.kea_conf):
        parser.error("name at least one file to import")
    try:
        from_dnsmasq = [dnsmasq.read(path) for path in options.dnsmasq_conf]
        found = joined(
            [
                *map(dhcpd.read, options.dhcpd_conf),
                *(part for part, _ in from_dnsmasq),
                *map(kea.read, options.kea_conf),
            ]
        )
        records = joined_records(
            [*map(tinydns.read, options.tinydns_data), *(part for _, part in from_dnsmasq)]
        )
        inventory = reconcile(found, records, options.domain)
        write(inventory, options.model, options.into)
    except (SourceError, OSError) as error:
        print(f"importer: {error}", file=sys.stderr)
        return 1
    print(report(inventory.remarks), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
