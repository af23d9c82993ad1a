"""Rule 7: a client's hostname is hostile until proven a label."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leasemerge.labels import HostnameError, label
from tests.support.examples import site
from tests.support.naive import naive_label


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [
        ("laptop", "laptop"),
        ("LapTop", "laptop"),
        ("laptop.home.example", "laptop"),
        ("my laptop", "my-laptop"),
        ("my_laptop", "my-laptop"),
        ("o'brien's pc!", "obriens-pc"),
        ("-_ laptop _-", "laptop"),
        ("a" * 64, "a" * 63),
        ("-" + "a" * 64, "a" * 63),
        ("a" * 62 + "-b", "a" * 62),
        ("a" * 60 + "----b", "a" * 60),
        ("xn--bcher-kva", "xn--bcher-kva"),
        ("007", "007"),
        ("pc\n+evil.office.internal:10.1.1.1:60", "pcevil"),
        ("pc:10.1.1.1", "pc10"),
        ("\\052", "052"),
        ("*", None),
        ("", None),
        (".laptop", None),
        ("--__  ", None),
        ("WPAD", "reserved"),
        ("wpad.office.internal", "reserved"),
        ("local!host", "reserved"),
        ("foobar", "fixed"),
        ("w_w_w".replace("_", "!"), "fixed"),
        ("tablet", "fixed"),
        ("NS1", "fixed"),
        ("\N{KELVIN SIGN}iosk", "iosk"),
        ("b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher", "bcher"),
        ("\udcff\udcfepc\udc00", "pc"),
        ("\N{FULLWIDTH LATIN SMALL LETTER W}pad", "pad"),
    ],
)
def test_rule_7(hostname: str, expected: str | None) -> None:
    """A label, or a refusal; `None`, `reserved` and `fixed` are refusals here."""
    if expected in (None, "reserved", "fixed"):
        with pytest.raises(HostnameError) as error:
            label(hostname, site)
        words = {None: "nothing in the hostname", "reserved": "reserved name", "fixed": " of a"}
        assert words[expected] in str(error.value).replace(" of the fixed", " of a")
    else:
        assert label(hostname, site) == expected


@given(st.text())
@example("a" * 62 + "-" + "b")
@example("\x00" * 300)
def test_rule_7_for_any_text(hostname: str) -> None:
    """What comes out is a label, as the naive re-statement has it, and nobody else's."""
    expected = naive_label(hostname)
    try:
        text = label(hostname, site)
    except HostnameError:
        assert expected == "" or site.owner(expected, site.domain) is not None
    else:
        assert text == expected
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", text, re.ASCII)
        assert site.owner(text, site.domain) is None
