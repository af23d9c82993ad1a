"""Records: each line, as dnspython reads it too, is exactly what the real tinydns serves of it.

line -> parse -> zone data -> tinydns-data -> tinydns -> dig
  '---> dnspython, which knows nothing of the package --'
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasemerge.merge import merge
from leasemerge.record_data import RecordError
from leasemerge.records import parse
from leasemerge.site import Site
from leasemerge.zone import line_of, records_of, zone_data
from tests.support.examples import NOW, SITE
from tests.support.tinydns import compile_only, needs_tinydns, query

ORIGIN = "office.internal"
LINES = [
    "@ MX 10 mail",
    "@ MX 20 MX.Example.NET.",
    "@ A 192.0.2.1",
    "@ AAAA 2001:DB8::0:1",
    '@ TXT "v=spf1 mx -all"',
    '@ TXT "two" three "and; \\"four\\" \\\\ \\010\\255"',
    "@ CAA 0 issue ca.example.com",
    '@ CAA 128 iodef "mailto:a@example.com"',
    "mail 0 A 192.0.2.25",
    "mail2 2147483647 IN A 192.0.2.26",
    f'long TXT "{"z" * 255}" "{"y" * 45}"',
    'empty TXT ""',
    "web 300 CNAME www.example.com.",
    "_sip._tcp SRV 10 60 5060 pbx",
    "_none._tcp SRV 0 0 0 .",
    "pbx A 10.1.1.9",
    "nomail MX 0 .",
    "top MX 5 com.",
    "_services._dns-sd._udp PTR _http._tcp",
    "7.1.1.10.in-addr.arpa. PTR mail",
    "0/25.1.1.10.in-addr.arpa. PTR mail",
    "web2 TYPE65 \\# 3 000100",
    "pgp TYPE61 \\# 6 0102 0a 0b 0c0d",
    "a.b.c.d A 10.1.1.10",
    "second.example.com. A 192.0.2.77",
    "example.com. TXT hello",
    "www.example.com. A 192.0.2.78",
]


def site_with(*lines: str, **more: Any) -> Site:
    """Make the site of the examples with records."""
    return Site.from_dict(SITE | {"records": list(lines), "zones": ["example.com"]} | more)


def oracle(line: str) -> tuple[str, int, bytes]:
    """Read a line with dnspython: owner, type and data."""
    origin = dns.name.from_text(ORIGIN)
    words = line.split()
    name = origin if words[0] == "@" else dns.name.from_text(words[0], origin)
    rest = line[len(words[0]) :].strip()
    while rest.split()[0].isdigit() or rest.split()[0] == "IN":
        rest = rest.split(None, 1)[1]
    kind, data = rest.split(None, 1)
    rdata = dns.rdata.from_text(
        dns.rdataclass.IN, dns.rdatatype.from_text(kind), data, origin=origin, relativize=False
    )
    return name.to_text(omit_final_dot=True).lower(), rdata.rdtype, rdata.to_digestable()


def served(answers: list[Any]) -> set[tuple[str, int, int, bytes]]:
    """Take the records that dig printed, their data as octets."""
    found = set()
    for owner, word, ttl, what in answers:
        kind = dns.rdatatype.from_text(word)
        data = dns.rdata.from_text(dns.rdataclass.IN, kind, what).to_digestable(dns.name.root)
        found.add((owner.lower(), int(kind), ttl, data))
    return found


@pytest.mark.parametrize("line", LINES)
def test_a_line_means_what_dnspython_reads(line: str) -> None:
    """Names, texts and numbers, and that the type is the one written."""
    record = parse(line, ORIGIN)
    name, kind, data = oracle(line)
    assert (record.name, record.type, record.data) == (name, kind, data)


@pytest.mark.parametrize("line", LINES)
def test_a_record_is_written_as_it_was_read(line: str) -> None:
    """As a line of a zone file, and as a line of zone data: both lead back to the same record."""
    record = parse(line, ORIGIN)
    name, *rest = str(record).split(" ")
    assert parse(" ".join([f"{name}.", *rest]), ORIGIN) == record
    (back,) = records_of(line_of(record, 60))
    assert (back.name, back.type, back.data) == (record.name, record.type, record.data)
    assert back.ttl == (60 if record.ttl is None else record.ttl)


@needs_tinydns
def test_what_is_served_is_what_was_written(tmp_path: Path) -> None:
    """Every line, queried with dig over UDP: its data, its TTL and nothing else."""
    site = site_with(*LINES)
    (tmp_path / "data").write_bytes(zone_data(merge({}, site, NOW), site))
    wanted = set()
    for line in LINES:
        record = parse(line, ORIGIN)
        name, kind, data = oracle(line)
        wanted.add((name, kind, SITE["fixed_ttl"] if record.ttl is None else record.ttl, data))
    compile_only(tmp_path)
    answers = query(
        tmp_path, sorted({f"{name}. TYPE{kind}" for name, kind, _, _ in wanted}), whole=True
    )
    assert served(answers) == wanted


@needs_tinydns
def test_wildcards_delegations_and_glue(tmp_path: Path) -> None:
    """A `*` answers for what does not exist; of a delegation there is a referral and no answer."""
    site = site_with(
        "*.dev A 10.1.1.9",
        "known.dev A 10.1.1.10",
        "*.dev TXT any",
        "branch NS ns.branch",
        "branch NS ns2.example.net.",
        "ns.branch A 10.9.0.3",
    )
    (tmp_path / "data").write_bytes(zone_data(merge({}, site, NOW), site))
    compile_only(tmp_path)
    answers = query(
        tmp_path,
        [
            *["x.dev.office.internal. A", "x.y.dev.office.internal. A"],
            *["known.dev.office.internal. A", "known.dev.office.internal. TXT"],
            "a.branch.office.internal. A",
        ],
    )
    assert {(owner, kind, what) for owner, kind, _, what in answers} == {
        ("x.dev.office.internal", "A", "10.1.1.9"),
        ("x.y.dev.office.internal", "A", "10.1.1.9"),
        ("known.dev.office.internal", "A", "10.1.1.10"),
    }
    referral = query(tmp_path, ["a.branch.office.internal. A"], sections="+authority +additional")
    assert {(owner, kind, what) for owner, kind, _, what in referral} == {
        ("branch.office.internal", "NS", "ns.branch.office.internal"),
        ("branch.office.internal", "NS", "ns2.example.net"),
        ("ns.branch.office.internal", "A", "10.9.0.3"),
    }


@given(st.text(max_size=40) | st.text('@ aATX"\\#;()*.0129:_-é', max_size=30))
def test_no_text_breaks_the_reading(line: str) -> None:
    """What is no record is refused, without a traceback; what is one is a line of zone data."""
    try:
        record = parse(line, ORIGIN)
    except RecordError:
        return
    assert line_of(record, 60).count(b"\n") == 1
    assert line_of(record, 60).isascii()
