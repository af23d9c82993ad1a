"""Turn the leases of another DHCP server into those of the new pair.

    python3 -m controller.importer.leases --to dhcpd --dnsmasq-leases FILE … < SITE.json

Source: dhcpd.leases(5); dnsmasq's lease.c, one line a lease; the module leasemerge.kea for Kea's
file. SITE.json has the inventory's `subnets` and `fixed_hosts`: a lease that lies in no range is of
no use, and is listed. Prints JSON: ``leases``, the text of a dhcpd.leases or of Kea's lease file,
and ``remarks``, a sentence each.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from leasemerge import convert, kea
from leasemerge.kea_tail import lease_files
from leasemerge.lease import NEVER, Lease
from leasemerge.log import parse
from leasemerge.ranges import is_address, normal_mac
from leasemerge.site import Site

from .source import SourceError
from .source_files import read_text
from .values import number

# dnsmasq's IPv6 leases, and the line before them.
_OF_IPV6 = re.compile(r"duid\s|\d+\s+T?\d+\s+[0-9a-fA-F]*:[0-9a-fA-F:]*:")


@dataclass(frozen=True, slots=True)
class Placed:
    """The leases that the new pair takes over, and what became of the others."""

    leases: tuple[Lease, ...]
    remarks: tuple[str, ...]


def read_dhcpd(path: Path) -> list[Lease]:
    """Read the last complete blocks of a dhcpd.leases. Raises SourceError: when that fails."""
    return list(parse(_bytes(path)).leases.values())


def read_dnsmasq(path: Path, now: int) -> list[Lease]:
    """Read dnsmasq.leases: expiry, MAC address, address, name, client identifier.

    The file has no start of a lease: it counts as begun `now`. Raises SourceError: when it is not
    such a file.
    """
    leases = []
    for line_number, line in enumerate(read_text(path).split("\n"), start=1):
        words = line.split()
        if not words or _OF_IPV6.match(line):
            continue
        expiry = number(words[0])
        if len(words) != 5 or expiry is None or not is_address(words[2]):
            raise SourceError(f"{path}:{line_number}: this is not a dnsmasq lease.")
        ends = NEVER if expiry == 0 else expiry
        leases.append(
            Lease(
                words[2],
                "active",
                starts=min(now, ends),
                ends=ends,
                cltt=min(now, ends),
                hardware=normal_mac(words[1].removeprefix("01-")),
                uid=None if words[4] == "*" else _pairs(words[4]),
                hostname=None if words[3] == "*" else words[3],
            )
        )
    return leases


def read_kea(path: Path) -> list[Lease]:
    """Read Kea's lease file, and what Kea has cleaned up, which lies beside it.

    Raises SourceError: when one of these is no such file, or has a damaged row.
    """
    try:
        files = lease_files(path)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    leases: dict[str, Lease] = {}
    for file in files:
        leases |= _read_kea(file)
    # A row whose lifetime is 0 deletes the lease: it ends when it begins.
    return [lease for lease in leases.values() if lease.ends != lease.starts]


def _read_kea(path: Path) -> Mapping[str, Lease]:
    data = read_text(path).encode()
    if not data.startswith(kea.HEADER):
        raise SourceError(f"{path}:1: this is not a Kea lease file for IPv4.")
    log = kea.KeaLog()
    # A copy may lack the last line break.
    log.feed(data + b"\n")
    if log.skipped:
        raise SourceError(f"{path}:{log.skipped[0].line}: this is not a Kea lease.")
    return log.leases


def site_of(data: Mapping[str, Any]) -> Site:
    """Return the site of an inventory's `subnets` and `fixed_hosts`, and of nothing else."""
    rest = {"domain": "", "reverse_zones": [], "name_servers": [], "servers": []}
    return Site.without_check({**rest, **data})


def place(leases: Iterable[Lease], site: Site, now: int) -> Placed:
    """Choose the leases that go on (convert.fate) among the latest of each address."""
    latest: dict[str, Lease] = {}
    for lease in leases:
        other = latest.get(lease.address)
        if other is None or lease.stamp >= other.stamp:
            latest[lease.address] = lease
    kept: list[Lease] = []
    remarks: list[str] = []
    ended = fixed = 0
    for address, lease in sorted(latest.items(), key=lambda item: IPv4Address(item[0])):
        fate = convert.fate(lease, site, now)
        if fate == "ended":
            ended += 1
        elif lease.state == "active" and not (lease.hardware or lease.uid):
            remarks.append(f"{address}: its lease names no client; left out.")
        elif fate == "fixed" and lease.hardware in site.by_hardware:
            fixed += 1  # assigned by the inventory now
        elif fate == "fixed":
            remarks.append(
                f"{address}: leased to {_who(lease)}, and a fixed host's by the inventory; its "
                "client gets another address."
            )
        elif fate == "outside":
            remarks.append(
                f"{address}: leased to {_who(lease)}, and in no range of the inventory; its client "
                "gets another address."
            )
        else:
            kept.append(replace(lease, hostname=_writable(lease.hostname)))
    count = f"{len(kept)} leases are kept, {ended} had ended, {fixed} now belong to fixed hosts."
    return Placed(tuple(kept), (count, *remarks))


def to_dhcpd(leases: Iterable[Lease]) -> str:
    """Return them as the text of a dhcpd.leases."""
    head = "# Leases of the server before, written by playbooks/import-leases.yml.\n"
    return head + b"".join(convert.to_dhcpd(leases)).decode()


def _who(lease: Lease) -> str:
    return lease.hostname or lease.hardware or lease.uid or "nobody"


def _writable(hostname: str | None) -> str | None:
    """Drop a name that dhcpd itself would not write."""
    if hostname is None or not hostname.isprintable() or not hostname.isascii():
        return None
    return hostname if '"' not in hostname and "\\" not in hostname else None


def _pairs(text: str) -> str | None:
    """Write a client identifier as dhcpd's hex pairs; None for none."""
    digits = re.sub(r"[:\s-]", "", text)
    if not re.fullmatch(r"([0-9A-Fa-f]{2})+", digits):
        return None
    return bytes.fromhex(digits).hex(":")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the leases; exit 1 with a line on standard error when a file cannot be read."""
    parser = argparse.ArgumentParser(prog="controller.importer.leases", description=__doc__)
    for name in ("dhcpd", "dnsmasq", "kea"):
        parser.add_argument(
            f"--{name}-leases", type=Path, action="append", default=[], metavar="FILE"
        )
    parser.add_argument("--to", choices=["dhcpd", "kea"], required=True, help="the new server")
    parser.add_argument("--now", type=int, default=int(time.time()), help="Unix seconds")
    options = parser.parse_args(arguments)
    try:
        leases = [lease for path in options.dhcpd_leases for lease in read_dhcpd(path)]
        for path in options.dnsmasq_leases:
            leases += read_dnsmasq(path, options.now)
        leases += [lease for path in options.kea_leases for lease in read_kea(path)]
        site = site_of(json.load(sys.stdin))
        placed = place(leases, site, options.now)
    except SourceError as error:
        print(f"importer: {error}", file=sys.stderr)
        return 1
    if options.to == "kea":
        text = b"".join(convert.to_kea(placed.leases, site)).decode()
    else:
        text = to_dhcpd(placed.leases)
    print(json.dumps({"leases": text, "remarks": placed.remarks}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
