"""Zone data, through the real tinydns-data and tinydns: what is served is exactly what is meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leasemerge.leases import Lease, LeaseLog
from leasemerge.merge import Merge, merge
from leasemerge.site import Site
from leasemerge.zone import Zone, zone_data

from .examples import HOUR, NOW, SITE, lease, machine, merged, site
from .naive import naive_names
from .tinydns import Record, ask, compile_data, needs_tinydns

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
    """Say what a zone has whatever the leases are."""
    found: set[Record] = set()
    for zone in (of.domain, *of.reverse_zones):
        for server in of.name_servers:
            found.add((zone, "NS", of.fixed_ttl, f"{server.name}.{of.domain}"))
        found.add((zone, "SOA", of.negative_ttl, f"{of.name_servers[0].name}.{of.domain}"))
    for server in of.name_servers:
        found |= host(of, server.name, server.address, of.fixed_ttl)
    return found


def host(of: Site, label: str, address: str, ttl: int) -> set[Record]:
    """Say what a name has in the zones: an A and a PTR."""
    reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    name = f"{label}.{of.domain}"
    return {(name, "A", ttl, address), (reverse, "PTR", ttl, name)}


def meant(logs: dict[str, list[Lease]]) -> set[Record]:
    """Say everything that the zone data must hold, from the naive merge."""
    found = standing(site)
    aliases = {alias for fixed in SITE["fixed_hosts"] for alias in fixed.get("aliases", [])}
    for label, (address, ttl) in naive_names(logs, SITE, NOW).items():
        records = host(site, label, address, ttl)
        found |= {record for record in records if label not in aliases or record[1] == "A"}
    return found


def hostile_log(hostnames: list[bytes]) -> list[Lease]:
    """Give each hostname to a client of its own, by way of a lease file."""
    log = LeaseLog()
    for number, hostname in enumerate(hostnames, start=100):
        text = hostname.decode("utf-8", "surrogateescape")
        log.feed(lease(f"10.1.1.{number}", text).render())
    assert len(log.leases) == len(hostnames)
    return list(log.leases.values())


@needs_tinydns
def test_what_is_compiled_is_what_is_meant(tmp_path: Path) -> None:
    """Hostile hostnames: every record of data.cdb is one of ours, and none is lacking."""
    blocks = hostile_log(HOSTILE)
    data = zone_data(merged(draco=blocks), site)
    records = compile_data(data, tmp_path)
    assert len(records) == len(set(records)), "Nothing is there twice."
    assert set(records) == meant({"draco": blocks})


@needs_tinydns
def test_what_is_served_is_what_is_meant(tmp_path: Path) -> None:
    """Asked with dig: each name meant, each PTR, each zone, and what must not be there."""
    blocks = hostile_log(HOSTILE)
    expected = meant({"draco": blocks})
    compile_data(zone_data(merged(draco=blocks), site), tmp_path)
    zones = [site.domain, *site.reverse_zones]
    absent = [
        *[f"{label}.office.internal A" for label in ("wpad", "localhost", "isatap", "tablet")],
        *["*.office.internal A", "\\052.office.internal A", "nobody.office.internal A"],
        *["55.1.1.10.in-addr.arpa PTR", "www.office.internal CNAME"],
    ]
    questions = [f"{owner} {kind}" for owner, kind, _, _ in sorted(expected) if kind != "NS"]
    questions += [f"{zone} NS" for zone in zones]
    served = ask(tmp_path, questions + absent)
    said = {
        (owner, kind, ttl, what if kind != "SOA" else what.split(".office.internal. ")[0])
        for owner, kind, ttl, what in served
    }
    # dig shows an SOA whole; its first word is the name server.
    said = {
        (owner, kind, ttl, f"{what}.office.internal" if kind == "SOA" else what)
        for owner, kind, ttl, what in said
    }
    assert said == expected
    assert len(served) == len(said), "Nothing is answered twice."


@needs_tinydns
def test_a_label_over_63_would_stop_tinydns_data(tmp_path: Path) -> None:
    """Why rule 7 is there: without it one client stops every update."""
    data = zone_data(merged(), site) + b"=" + b"a" * 64 + b".office.internal:10.1.1.9:60\n"
    with pytest.raises(AssertionError, match="refused"):
        compile_data(data, tmp_path)


@needs_tinydns
def test_an_address_outside_our_reverse_zones_has_no_ptr(tmp_path: Path) -> None:
    """Its name is published; the PTR is not ours to give."""
    data = zone_data(merged(draco=[lease("10.9.1.7", "away")]), site)
    assert b"+away.office.internal:10.9.1.7:60\n" in data.splitlines(keepends=True)
    records = compile_data(data, tmp_path)
    zones = ("office.internal", "1.1.10.in-addr.arpa")
    assert all(owner.endswith(zones) for owner, _, _, _ in records)


@pytest.mark.parametrize(
    ("zones", "address", "inside"),
    [
        (["1.1.10.in-addr.arpa"], "10.1.1.7", True),
        (["1.1.10.in-addr.arpa"], "10.1.11.7", False),
        (["1.1.10.in-addr.arpa"], "1.1.10.7", False),
        (["1.10.in-addr.arpa"], "10.1.200.7", True),
        (["1.10.in-addr.arpa"], "10.11.1.7", False),
        (["10.in-addr.arpa"], "10.11.1.7", True),
        ([], "10.11.1.7", False),
    ],
)
def test_has_reverse(zones: list[str], address: str, inside: bool) -> None:
    """Whole octets decide."""
    of = Site(SITE["domain"], tuple(zones), (), (), (), ())
    assert of.has_reverse(address) is inside


def test_sorted_and_generated() -> None:
    """Sorted bytes, each line once, and a first line that warns whoever opens the file."""
    lines = zone_data(merged(draco=[lease(100, "b"), lease(101, "a")]), site).splitlines()
    assert lines == sorted(set(lines))
    assert lines[0].startswith(b"# Generated by leasemerge")


@pytest.mark.parametrize("many", [3, 400])
def test_step_by_step_is_the_same_as_in_one_go(many: int) -> None:
    """A few changes are put in place, many are sorted anew: the bytes are the same."""
    pair = Merge(site)
    zone = Zone(site)
    for turn in range(3):
        blocks = [
            lease(f"10.1.{n // 250}.{n % 250}", f"h{n + turn * (n % 2)}", cltt=turn - 60)
            for n in range(many)
        ]
        pair.update("draco", blocks)
        changes = pair.changes(NOW)
        assert zone.update(changes) is True
        assert zone.update(changes) is False
        assert zone.render() == zone_data(merge({"draco": blocks}, site, NOW), site)
    zone.update(pair.changes(NOW + HOUR))
    assert zone.render() == zone_data(merged(), site)


def test_a_renewal_does_not_change_the_data() -> None:
    """Only the times of a name changed, and they are not in the zone data."""
    pair = machine(draco=[lease(100, "a")])
    zone = Zone(site)
    assert zone.update(pair.changes(NOW)) is True
    pair.update("draco", [lease(100, "a", starts=0, cltt=0, ends=2 * HOUR)])
    assert zone.update(pair.changes(NOW)) is False


LINE = re.compile(
    rb"[=+][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.office\.internal:10\.1\.1\.[0-9]{1,3}:(60|3600)"
)


@given(st.lists(st.text() | st.sampled_from(["a", "b"]), max_size=20))
def test_hostile_text_never_makes_a_line_that_is_not_ours(hostnames: list[str]) -> None:
    """Every line is one of the standing ones or of one form."""
    blocks = [lease(100 + number, text) for number, text in enumerate(hostnames)]
    names = merged(draco=blocks)
    own = set(Zone(site).render().splitlines())
    others = [line for line in zone_data(names, site).split(b"\n")[:-1] if line not in own]
    assert len(others) == len(names.names)
    assert all(LINE.fullmatch(line) for line in others)


@needs_tinydns
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(hostnames=st.lists(st.binary(max_size=80), max_size=40))
def test_any_bytes_are_compiled(tmp_path: Path, hostnames: list[bytes]) -> None:
    """Every A has its PTR and back, whatever the clients sent."""
    blocks = hostile_log(hostnames)
    records = set(compile_data(zone_data(merged(draco=blocks), site), tmp_path))
    assert records == meant({"draco": blocks})
