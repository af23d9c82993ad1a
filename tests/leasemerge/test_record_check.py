"""What of the records the check lets pass, and its bound beside tinydns' own.

golden/errors/record-*.json has the faults.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from leasemerge.record_check import Surroundings, record_faults
from leasemerge.records import answer_size, parse
from leasemerge.zone import line_of
from tests.support.tinydns import compile_only, needs_tinydns, query

ORIGIN = "office.internal"


def around(**names: str) -> Surroundings:
    """Make surroundings of the zone alone."""
    own = frozenset({ORIGIN})
    return Surroundings(own, names, frozenset(names), frozenset(), {}, domains=own)


def problems(*lines: str, around_: Surroundings | None = None) -> list[tuple[int, str]]:
    """Return number and problem of each fault of the lines."""
    records = [parse(line, ORIGIN) for line in lines]
    found = record_faults(enumerate(records), around_ or around(pc="a name of host pc"))
    return [(fault.number, fault.problem) for fault in found if not fault.is_note]


@needs_tinydns
@pytest.mark.parametrize("more", [0, 1])
def test_the_size_of_an_answer_is_tinydns_own(tmp_path: Path, more: int) -> None:
    """512 octets are served whole; of 513 nothing is, which is why the check refuses them."""
    lines = [f"many MX {n} mail{n}.many" for n in range(8)]
    lines += [f"mail{n}.many A 10.1.2.{n + 1}" for n in range(8)]
    first = f'text TXT "{"x" * 255}"'
    # Header 12, name 22, type and class 4; two pointers with 10 octets each, 256 and 1.
    second = f'text TXT "{"y" * (512 + more - 12 - 22 - 4 - 24 - 256 - 1)}"'
    both = [parse(first, ORIGIN), parse(second, ORIGIN)]
    assert answer_size("text.office.internal", both) == 512 + more
    data = b"".join(line_of(parse(line, ORIGIN), 60) for line in [*lines, first, second])
    data += b".office.internal::ns1.office.internal\n"
    (tmp_path / "data").write_bytes(data)
    compile_only(tmp_path)
    assert len(query(tmp_path, ["text.office.internal. TXT"])) == (0 if more else 2)
    assert len(query(tmp_path, ["many.office.internal. MX"])) == 8
    faults = list(record_faults(enumerate(both), around()))
    assert [fault.number for fault in faults] == ([0] if more else [])


@pytest.mark.parametrize(
    "lines",
    [
        # A target has an address: its own, that of a host, or that of the nearest `*`.
        ["@ MX 10 mail", "mail A 10.1.1.9"],
        ["@ MX 10 mail", "mail AAAA 2001:db8::1"],
        ["@ MX 10 host"],
        ["@ MX 10 a.dev", "*.dev A 10.1.1.9"],
        # It is of elsewhere, or of what is delegated, so nobody here knows.
        ["@ MX 10 mx.example.net."],
        ["@ MX 10 mail.branch", "branch NS ns.example.net."],
        # Glue of a delegation, which its name server's address must be.
        ["branch NS ns.branch", "ns.branch A 10.9.0.3", "ns.branch AAAA 2001:db8::1"],
        # A CNAME to what is of elsewhere or not there yet is served as it is written.
        ["web CNAME www.example.com.", "intranet CNAME nobody"],
        # Beside a host's addresses.
        ["host TXT hello", "host MX 5 host"],
        # Addresses of one TTL, and the same data under two names.
        ["web 60 A 10.1.1.9", "web 60 A 10.1.1.10", "other 60 A 10.1.1.9"],
        ["7.1.1.10.in-addr.arpa. PTR mail", "mail A 10.1.1.7"],
    ],
)
def test_what_is_served_as_it_is_written_has_no_fault(lines: list[str]) -> None:
    """Without these a check that refuses everything would pass."""
    zones = frozenset({ORIGIN, "1.1.10.in-addr.arpa"})
    name = f"host.{ORIGIN}"
    surroundings = Surroundings(
        zones,
        {name: "a name of host host"},
        frozenset({name}),
        frozenset(),
        {},
        domains=frozenset({ORIGIN}),
        ttl=60,
    )
    assert problems(*lines, around_=surroundings) == []


def test_a_fault_has_the_number_of_its_record() -> None:
    """In the order of the records, of which the numbers need not follow one another."""
    lines = ["@ MX 10 nobody", "mail A 10.1.1.9", "mail A 10.1.1.9"]
    records = [(3 * number, parse(line, ORIGIN)) for number, line in enumerate(lines)]
    found = list(record_faults(records, around()))
    assert [(fault.number, fault.problem) for fault in found] == [
        (0, "its target nobody.office.internal has no address here"),
        (6, "it is listed twice"),
    ]


def test_a_loop_is_told_from_a_chain() -> None:
    """Each CNAME of a loop leads back; one that leads into a loop is not part of it."""
    assert problems("a CNAME b", "b CNAME a", "c CNAME a") == [
        (0, "it leads back to a.office.internal"),
        (1, "it leads back to b.office.internal"),
        (2, "its target a.office.internal is a CNAME too"),
    ]
