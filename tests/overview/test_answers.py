"""What a name server should answer, and how its answers differ."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from controller.overview.answers import answers_of
from tests.overview.sample_network import FILTERS, NOW, PLAIN, healthy


@pytest.mark.parametrize(
    "line",
    [b"+wrong.office.internal:192.0.2.1:60\n", b"+wrong.office.internal:192.0.2.1\n"],
)
def test_a_line_that_somebody_added_is_read_with_and_without_a_ttl(line: bytes) -> None:
    assert answers_of(line) == {("wrong.office.internal", "A"): ["192.0.2.1"]}


def test_a_line_that_cannot_be_read_hides_no_other() -> None:
    zone = b"+:::\n%in:10\n+right.office.internal:192.0.2.1:60\n"
    assert answers_of(zone) == {("right.office.internal", "A"): ["192.0.2.1"]}


def test_answers_that_differ_are_reported() -> None:
    rows = healthy()
    queries = FILTERS["dns_queries"](rows, PLAIN, NOW)
    assert ["lp.office.internal", "A"] in queries
    assert ["105.1.1.10.in-addr.arpa", "PTR"] in queries
    answered = [
        {"name": "laptop.office.internal", "type": "A", "values": ["10.1.1.99"], "ttl": 40},
        {"name": "phone.office.internal", "type": "A", "values": [], "ttl": None},
        {"name": "printer.office.internal", "type": "A", "values": ["10.1.1.105"], "ttl": 3},
        {"name": "old.office.internal", "type": "A", "values": ["10.1.1.98"], "ttl": None},
        {"name": "lp.office.internal", "type": "A", "values": None, "ttl": None},
        # One PTR, that of the name and not of the alias: rule 8.
        {
            "name": "105.1.1.10.in-addr.arpa",
            "type": "PTR",
            "values": ["printer.office.internal"],
            "ttl": 3,
        },
    ]
    assert FILTERS["dns_differences"](answered, rows, PLAIN, "tinydns on draco", NOW) == [
        "tinydns on draco: 1 of 6 queries got no answer.",
        "tinydns on draco: laptop.office.internal A is 10.1.1.99, for another 40 s; "
        "it should be 10.1.1.100.",
        "tinydns on draco: phone.office.internal A is nothing; it should be 10.1.1.101.",
        "tinydns on draco: old.office.internal A is 10.1.1.98; it should be nothing.",
    ]


def test_records_are_queried_and_printed_as_a_zone_file_has_them() -> None:
    """Of every type; not what a delegation hides, and a name that no host has for a `*`."""
    lines = [
        '@ TXT "a;b"',
        "@ MX 10 printer",
        "*.dev A 10.1.1.9",
        "sub NS ns.sub",
        "ns.sub A 10.9.9.9",
    ]
    site = PLAIN | {"records": lines}
    rows = healthy()
    queries = FILTERS["dns_queries"](rows, site, NOW)
    assert ["office.internal", "TXT"] in queries
    assert ["office.internal", "NS"] in queries
    assert ["any-name-of-the-wildcard.dev.office.internal", "A"] in queries
    assert not any("sub.office" in name for name, _ in queries)
    mx = (b"\0\x14" + b"\7printer\6office\10internal\0").hex()
    answered = [
        {"name": "office.internal", "type": "TXT", "values": [b"\3a;b".hex()], "ttl": 9},
        {"name": "office.internal", "type": "MX", "values": [mx], "ttl": None},
    ]
    assert FILTERS["dns_differences"](answered, rows, site, "tinydns on draco", NOW) == [
        "tinydns on draco: office.internal MX is 20 printer.office.internal.; "
        "it should be 10 printer.office.internal..",
    ]


def test_what_else_is_served_is_queried_too() -> None:
    rows = healthy()
    zone = b64decode(rows[1]["zone"]).decode() + "=old.office.internal:10.1.1.98:60\n"
    rows[1]["zone"] = b64encode(zone.encode()).decode()
    assert ["old.office.internal", "A"] in FILTERS["dns_queries"](rows, PLAIN, NOW)
