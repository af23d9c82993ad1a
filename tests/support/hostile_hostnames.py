"""Hostile hostnames, and what may be served of them and nothing else."""

from __future__ import annotations

from leasemerge.lease import Lease
from leasemerge.log import LeaseLog
from leasemerge.site import Site

from .examples import NOW, SITE, lease, site
from .naive import naive_names
from .tinydns import Record

HOSTILE = [
    b"evil\n+www.example.com:6.6.6.6:60",
    b"evil:10.1.1.1:1:4000000000000000",
    b"=evil",
    b"+evil.office.internal",
    b"*",
    b"*.office.internal",
    b"\\052",
    b"\\072evil",
    b"#evil",
    b"-evil",
    b"a" * 70,
    b"a" * 255,
    b"evil\x00\r\n.",
    b"..",
    b"evil..office.internal",
    b"wpad",
    b"WPAD.evil",
    b"w p a d",
    b"localhost",
    b"isatap_",
    b"foobar",
    b"FOOBAR.office.internal",
    b"www",
    b"tablet",
    b"ns1",
    b"NS2",
    b"\xff\xfe\x00evil",
    "\N{KELVIN SIGN}".encode() * 30,
    b"{{ lookup('pipe', 'id') }}",
    b"$(reboot)",
    b"; rm -rf /",
    b"Z1.1.10.in-addr.arpa",
    b"10.1.1.15",
    b"office.internal",
    b"@",
    b"%s%n",
    b"_dmarc",
    b"xn--a",
]


def standing(of: Site) -> set[Record]:
    """Return what a zone has whatever the leases are."""
    found: set[Record] = set()
    for zone in (of.domain, *of.reverse_zones):
        for server in of.name_servers:
            found.add((zone, "NS", of.fixed_ttl, f"{server.name}.{of.domain}"))
        found.add((zone, "SOA", of.negative_ttl, f"{of.name_servers[0].name}.{of.domain}"))
    for server in of.name_servers:
        found |= host(of, server.name, server.address, of.fixed_ttl)
    return found


def host(of: Site, label: str, address: str, ttl: int) -> set[Record]:
    """Return what a name has in the zones: an A and a PTR."""
    reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    name = f"{label}.{of.domain}"
    return {(name, "A", ttl, address), (reverse, "PTR", ttl, name)}


def meant(logs: dict[str, list[Lease]]) -> set[Record]:
    """Return everything that the zone data must hold, from the naive merge."""
    found = standing(site)
    aliases = {alias for fixed in SITE["fixed_hosts"] for alias in fixed.get("aliases", [])}
    for name, (addresses, ttl) in naive_names(logs, SITE, NOW).items():
        label = name.removesuffix(f".{site.domain}")
        for address in addresses:
            records = host(site, label, address, ttl)
            found |= {record for record in records if label not in aliases or record[1] == "A"}
    return found


def hostile_log(hostnames: list[bytes]) -> list[Lease]:
    """Assign each hostname to a client of its own, by way of a lease file."""
    log = LeaseLog()
    for number, hostname in enumerate(hostnames, start=100):
        text = hostname.decode("utf-8", "surrogateescape")
        log.feed(lease(f"10.1.1.{number}", text).render())
    assert len(log.leases) == len(hostnames)
    return list(log.leases.values())
