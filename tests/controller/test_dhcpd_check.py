"""What the real dhcpd refuses, as the host, the subnet or the site of the inventory."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from controller.dhcpd_check import refusals, warnings
from controller.refusals import Kind, Refusal, note, sentence

CONF = """\
# A file as the role writes it.
{site}
subnet 10.9.1.0 netmask 255.255.255.0 {{
    option routers 10.9.1.1;
    {subnet}
    pool {{
        range 10.9.1.100 10.9.1.200;
    }}
}}
shared-network office {{
    subnet 10.9.2.0 netmask 255.255.255.0 {{
        {inner}
    }}
}}
host foobar {{
    hardware ethernet 02:00:00:00:00:01;
}}
host foobar.2 {{
    hardware ethernet 02:00:00:00:00:02;
    {host}
}}
"""


def checked(tmp_path: Path, **parts: str) -> tuple[int, str, str]:
    """Have dhcpd check a file with these parts; return its status, its output and the file."""
    conf = CONF.format(**{"site": "", "subnet": "", "inner": "", "host": ""} | parts)
    path = tmp_path / "dhcpd.conf"
    path.write_text(conf)
    done = subprocess.run(
        ["/usr/sbin/dhcpd", "-4", "-t", "-cf", str(path)],
        capture_output=True,
        # It cuts lines inside characters.
        encoding="ascii",
        errors="replace",
        check=False,
    )
    return done.returncode, done.stderr, conf


def refused(tmp_path: Path, **parts: str) -> list[Refusal]:
    """Return what dhcpd refuses of a file with these parts."""
    status, output, conf = checked(tmp_path, **parts)
    assert status != 0, output
    return refusals(output, conf)


@pytest.mark.parametrize(
    ("part", "kind", "key"),
    [
        ("site", "site", ""),
        ("subnet", "subnet", "10.9.1.0/24"),
        ("inner", "subnet", "10.9.2.0/24"),
        ("host", "host", "foobar"),
    ],
)
def test_option_that_does_not_exist_is_refused(
    tmp_path: Path, part: str, kind: Kind, key: str
) -> None:
    text = "option ntp-server 10.9.1.5;"
    found = refused(tmp_path, **{part: text})
    assert found == [Refusal(kind, key, text, "unknown option dhcp.ntp-server")]


def test_all_refusals_are_returned_at_once(tmp_path: Path) -> None:
    text = "option root-path /srv;"
    found = refused(tmp_path, site=text, host=text)
    assert [(refusal.kind, refusal.reason) for refusal in found] == [
        ("site", "expecting string"),
        ("host", "expecting string"),
    ]


def test_a_brace_that_is_missing_is_still_a_sentence(tmp_path: Path) -> None:
    found = refused(tmp_path, subnet="pool {")
    assert found
    assert all(sentence(refusal, {}).endswith("; correct it.") for refusal in found)


def test_refusal_without_a_line_is_of_the_site(tmp_path: Path) -> None:
    """A failover peer that nothing refers to has no line in dhcpd's answer."""
    peer = "primary; address 10.9.1.5; peer address 10.9.1.6; mclt 60; split 128;"
    (found,) = refused(tmp_path, site=f'failover peer "pair" {{ {peer} }}')
    assert found.kind == "site"
    assert "no referring pools" in found.reason


def test_addresses_in_two_ranges_are_one_refusal(tmp_path: Path) -> None:
    """The daemon has a message for each, and blames the range that it reads last."""
    assert refused(tmp_path, subnet="range 10.9.1.110 10.9.1.115;") == [
        Refusal(
            "subnet",
            "10.9.1.0/24",
            "its ranges",
            "addresses from 10.9.1.110 to 10.9.1.115 are in two of them; an extra may have one",
        )
    ]


def test_shared_network_is_named_by_its_first_subnet(tmp_path: Path) -> None:
    """It is a key of the subnets in the inventory."""
    conf = CONF.format(site="", subnet="", inner="", host="").replace("office", "floor 1")
    (tmp_path / "x").write_text(conf)
    line = conf[: conf.index("shared-network")].count("\n") + 1
    output = f"{tmp_path}/x line {line}: expecting left brace.\nshared-network floor 1 \n    ^\n"
    assert refusals(output, conf) == [
        Refusal("subnet", "10.9.2.0/24", "shared-network floor 1", "expecting left brace")
    ]


def test_letter_that_is_not_ascii_is_named(tmp_path: Path) -> None:
    """The daemon only expects something else there; inside quotation marks it accepts it."""
    (bare,) = refused(tmp_path, site="option büro 1;")
    assert bare.reason.endswith("; ü is not ASCII")
    (quoted,) = refused(tmp_path, site='option root-path "/ü" x;')
    assert quoted.reason == "semicolon expected"


def test_warnings_of_an_accepted_file_are_notes(tmp_path: Path) -> None:
    status, output, conf = checked(tmp_path)
    assert status == 0, output
    assert warnings(output, conf) == []
    status, output, conf = checked(tmp_path, site="subnet 10.9.1.0 netmask 255.255.255.0 { }")
    assert status == 0, output
    (found,) = warnings(output, conf)
    assert note(found, {("subnet", "10.9.1.0/24"): "site.yml:15"}) == (
        "Subnet 10.9.1.0/24 (site.yml:15): dhcpd warns: subnet 10.9.1.0/24 overlaps subnet "
        "10.9.1.0/24."
    )
