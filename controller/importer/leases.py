"""Turn the leases of another DHCP server into those of the new pair.

    python3 -m controller.importer.leases --to dhcpd --dnsmasq-leases FILE … < SITE.json

Source: dhcpd.leases(5); dnsmasq's lease.c, one line a lease; the Kea Administrator Reference
Manual, "Memfile - Basic Storage for Leases". SITE.json has the inventory's `subnets` and
`fixed_hosts`: a lease that lies in no range is of no use, and is listed. Prints JSON: ``leases``,
the text of a dhcpd.leases or of Kea's lease file, and ``remarks``, a sentence each.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from leasemerge import kea
from leasemerge.lease import NEVER, Lease
from leasemerge.log import parse
from leasemerge.ranges import subnet_ranges

from .found import SourceError, is_address, is_file, normal_mac, number, read_text

# The states in Kea's file. 1 to 3 are no client's: declined, expired-reclaimed, released.
_KEA_STATES = {"": "active", "0": "active", "1": "abandoned", "2": "expired", "3": "released"}
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
            raise SourceError(f"{path}:{line_number}: this is no lease of dnsmasq.")
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
    """Read Kea's CSV file, a log: the last row of an address counts.

    What Kea has cleaned up lies beside it, as .2 or .completed and, meanwhile, as .1: these are
    older, and hold the leases not touched since. Raises SourceError: when it is not such a file.
    """
    leases: dict[str, Lease] = {}
    done, *older = (path.with_name(path.name + end) for end in (".completed", ".2", ".1"))
    for file in (*([done] if is_file(done) else filter(is_file, older)), path):
        _read_kea(file, leases)
    return list(leases.values())


def _read_kea(path: Path, leases: dict[str, Lease]) -> None:
    """Update leases with the rows of a file."""
    rows = csv.DictReader(read_text(path).split("\n"))
    if not {"address", "hwaddr", "expire"} <= set(rows.fieldnames or ()):
        raise SourceError(f"{path}:1: this is no lease file of Kea for IPv4.")
    try:
        for row in rows:
            address, lifetime = row["address"] or "", number(row.get("valid_lifetime") or "")
            expire = number(row["expire"] or "")
            if not is_address(address) or expire is None or lifetime is None:
                raise SourceError(f"{path}:{rows.line_num}: this is no lease of Kea.")
            leases.pop(address, None)
            if lifetime == 0:
                continue  # a row that deletes the lease
            for_ever = lifetime == 2**32 - 1
            starts = expire - lifetime if not for_ever else expire
            leases[address] = Lease(
                address,
                _KEA_STATES.get(row.get("state") or "", "expired"),
                starts=starts,
                ends=NEVER if for_ever else expire,
                cltt=starts,
                hardware=normal_mac(row["hwaddr"]),
                uid=_pairs(row.get("client_id") or ""),
                hostname=kea.hostname((row.get("hostname") or "").encode()),
            )
    except csv.Error as error:
        raise SourceError(f"{path}:{rows.line_num}: this is no CSV: {error}.") from error


def place(leases: Iterable[Lease], site: Mapping[str, Any], now: int) -> Placed:
    """Choose the leases that go on: active ones in a range, the latest of each address."""
    latest: dict[str, Lease] = {}
    for lease in leases:
        other = latest.get(lease.address)
        if other is None or _event(lease) >= _event(other):
            latest[lease.address] = lease
    pinned = {mac: host["name"] for host in site.get("fixed_hosts", ()) for mac in _macs(host)}
    taken = {address for host in site.get("fixed_hosts", ()) for address in _addresses(host)}
    ranges = [
        (IPv4Address(first), IPv4Address(last))
        for subnet in site.get("subnets", ())
        for first, last in subnet_ranges(subnet)
    ]
    kept: list[Lease] = []
    remarks: list[str] = []
    ended = fixed = 0
    for address, lease in sorted(latest.items(), key=lambda item: IPv4Address(item[0])):
        value = IPv4Address(address)
        if lease.state not in {"active", "abandoned"} or (lease.ends or 0) <= now:
            ended += 1
        elif lease.state == "active" and not (lease.hardware or lease.uid):
            remarks.append(f"{address}: its lease names no client; left out.")
        elif lease.hardware in pinned and address in taken:
            fixed += 1  # assigned by the inventory now
        elif address in taken:
            remarks.append(
                f"{address}: leased to {_who(lease)}, and a fixed host's by the inventory; its "
                "client gets another address."
            )
        elif not any(first <= value <= last for first, last in ranges):
            remarks.append(
                f"{address}: leased to {_who(lease)}, and in no range of the inventory; its client "
                "gets another address."
            )
        else:
            kept.append(replace(lease, hostname=_writable(lease.hostname)))
    count = f"{len(kept)} leases go on, {ended} had ended, {fixed} are of fixed hosts now."
    return Placed(tuple(kept), (count, *remarks))


def to_dhcpd(leases: Iterable[Lease]) -> str:
    """Return them as the text of a dhcpd.leases."""
    head = "# Leases of the server before, written by playbooks/import-leases.yml.\n"
    return head + b"".join(lease.render() for lease in leases).decode()


def to_kea(leases: Iterable[Lease], site: Mapping[str, Any]) -> str:
    """Return them as the text of Kea's lease file. Each lies in a subnet of the site."""
    networks = [IPv4Network(subnet["network"]) for subnet in site["subnets"]]
    rows = [
        kea.render(lease, kea.subnet_id(str(network)))
        for lease in leases
        for network in networks
        if IPv4Address(lease.address) in network
    ]
    return (kea.COLUMNS + b"".join(rows)).decode()


def _event(lease: Lease) -> int:
    return max(lease.starts or 0, lease.cltt or 0)


def _who(lease: Lease) -> str:
    return lease.hostname or lease.hardware or lease.uid or "nobody"


def _writable(hostname: str | None) -> str | None:
    """Drop a name that dhcpd itself would not write."""
    if hostname is None or not hostname.isprintable() or not hostname.isascii():
        return None
    return hostname if '"' not in hostname and "\\" not in hostname else None


def _macs(host: Mapping[str, Any]) -> list[str]:
    value = host.get("hardware_ethernet") or []
    return [value] if isinstance(value, str) else list(value)


def _addresses(host: Mapping[str, Any]) -> list[str]:
    value = host.get("fixed_address") or []
    return [value] if isinstance(value, str) else list(value)


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
        site = json.load(sys.stdin)
        placed = place(leases, site, options.now)
    except SourceError as error:
        print(f"importer: {error}", file=sys.stderr)
        return 1
    text = to_kea(placed.leases, site) if options.to == "kea" else to_dhcpd(placed.leases)
    print(json.dumps({"leases": text, "remarks": placed.remarks}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
