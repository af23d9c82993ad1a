"""The data of each type; what dnspython and tinydns make of them is in test_records.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasemerge.record_data import TYPES, data_text, number_of, reverse_name, wire_name
from leasemerge.records import parse

ORIGIN = "office.internal"


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=3))
def test_any_octets_of_a_text(texts: list[bytes]) -> None:
    """Written with an escape for each octet they are what was meant."""
    words = ['"' + "".join(f"\\{octet:03d}" for octet in text) + '"' for text in texts]
    record = parse(f"a TXT {' '.join(words)}", ORIGIN)
    assert record.data == b"".join(bytes([len(text)]) + text for text in texts)
    assert TYPES[record.type_name] == record.type


def test_a_long_text_is_split() -> None:
    """Into strings of 255 octets, as many as it needs; an empty one is one string."""
    record = parse(f'a TXT "{"x" * 300}" ""', ORIGIN)
    assert record.data == b"\xff" + b"x" * 255 + b"\x2d" + b"x" * 45 + b"\0"


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("AAAA", bytes(15) + b"\1", "::1"),
        ("SRV", b"\0\1\0\2\0\x50" + wire_name("www.example"), "1 2 80 www.example."),
        ("CAA", b"\0\5issueca.example", '0 issue "ca.example"'),
        ("TYPE99", b"\1\2", "\\# 2 0102"),
    ],
)
def test_data_are_written_as_a_zone_file_has_them(kind: str, data: bytes, text: str) -> None:
    assert data_text(number_of(kind), data) == text


def test_the_name_of_a_pointer() -> None:
    assert reverse_name("10.1.2.3") == "3.2.1.10.in-addr.arpa"
    assert reverse_name("2001:db8::1").startswith("1.0.0.0.")
    assert reverse_name("2001:db8::1").endswith(".8.b.d.0.1.0.0.2.ip6.arpa")


@pytest.mark.parametrize("name", ["a..b", ".", "x" * 64 + ".internal", "b\u00fcro.internal"])
def test_what_dns_cannot_carry_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"not a domain name|ascii"):
        wire_name(name)
