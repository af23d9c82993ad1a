"""Ranges, reverse zones and MAC addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leasemerge.ranges import free_ranges, normal_mac, reverse_zones, zone_network


@pytest.mark.parametrize(
    ("networks", "zones"),
    [
        (["10.1.1.0/24"], ["1.1.10.in-addr.arpa"]),
        (["10.1.2.0/23"], ["2.1.10.in-addr.arpa", "3.1.10.in-addr.arpa"]),
        (["10.1.0.0/16"], ["1.10.in-addr.arpa"]),
        (["10.2.0.0/15"], ["2.10.in-addr.arpa", "3.10.in-addr.arpa"]),
        (["10.0.0.0/8"], ["10.in-addr.arpa"]),
        (["10.1.1.0/25", "10.1.1.128/26"], ["1.1.10.in-addr.arpa"]),
        (["10.1.1.7/32"], ["1.1.10.in-addr.arpa"]),
        (["10.10.0.0/24", "10.9.0.0/24"], ["0.9.10.in-addr.arpa", "0.10.10.in-addr.arpa"]),
    ],
)
def test_reverse_zones(networks: list[str], zones: list[str]) -> None:
    """A zone ends at an octet."""
    assert reverse_zones(networks) == zones


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("de:ad:be:ef:ca:fe", "de:ad:be:ef:ca:fe"),
        ("DE-AD-BE-EF-CA-FE", "de:ad:be:ef:ca:fe"),
        ("0:1:2:a:b:c", "00:01:02:0a:0b:0c"),
        ("de:ad-be:ef:ca:fe", None),
        ("de:ad:be:ef:ca", None),
        ("de:ad:be:ef:ca:fe:00", None),
        ("DEAD.beef.cafe", "de:ad:be:ef:ca:fe"),
        ("deadbeefcafe", "de:ad:be:ef:ca:fe"),
        ("deadbeefcaf", None),
        ("dead.beefcafe", None),
        ("dea.dbee.fcaf", None),
        ("de:ad:be:ef:ca:fe\n", None),
        ("de:ad:be:ef:ca:٣٣", None),
        (8041445450, None),
    ],
)
def test_normal_mac(text: object, mac: str | None) -> None:
    """One form, which is dhcpd's own."""
    assert normal_mac(text) == mac


def test_free_ranges_are_written_around() -> None:
    """A taken address at an end, alone between two, or outside."""
    assert free_ranges(
        [["10.1.1.100", "10.1.1.110"]], ["10.1.1.100", "10.1.1.102", "10.1.1.110", "10.1.1.7"]
    ) == [["10.1.1.101", "10.1.1.101"], ["10.1.1.103", "10.1.1.109"]]


@given(
    ends=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    taken=st.lists(st.integers(0, 60)),
)
def test_free_ranges_hold_all_that_is_free(ends: tuple[int, int], taken: list[int]) -> None:
    """Every address of the range that is not taken, and nothing else, once and in order."""
    first, last = sorted(ends)
    ranges = free_ranges(
        [[str(IPv4Address(first)), str(IPv4Address(last))]], [str(IPv4Address(n)) for n in taken]
    )
    held = [
        number
        for low, high in ranges
        for number in range(int(IPv4Address(low)), int(IPv4Address(high)) + 1)
    ]
    assert held == [number for number in range(first, last + 1) if number not in taken]


def test_reverse_zones_of_ipv6() -> None:
    """A zone ends at a hexadecimal digit; what lies between two has several."""
    assert reverse_zones(["2001:db8::/32"]) == ["8.b.d.0.1.0.0.2.ip6.arpa"]
    assert reverse_zones(["2001:db8::/31", "10.1.1.0/24"]) == [
        "1.1.10.in-addr.arpa",
        "8.b.d.0.1.0.0.2.ip6.arpa",
        "9.b.d.0.1.0.0.2.ip6.arpa",
    ]
    assert zone_network("8.b.d.0.1.0.0.2.ip6.arpa") == IPv6Network("2001:db8::/32")
    assert zone_network("1.10.in-addr.arpa") == IPv4Network("10.1.0.0/16")


@pytest.mark.parametrize(
    "zone",
    [
        *["", "arpa", "in-addr.arpa", "ip6.arpa", "1.2.3.4.in-addr.arpa", "300.in-addr.arpa"],
        *["01.in-addr.arpa", "g.ip6.arpa", "10.ip6.arpa", "1.10.in-addr", "x.1.10.in-addr.arpa"],
        ".".join(["1"] * 33) + ".ip6.arpa",
    ],
)
def test_what_is_not_a_reverse_zone(zone: str) -> None:
    """A prefix of octets or digits, and nothing else."""
    with pytest.raises(ValueError, match="not a reverse zone"):
        zone_network(zone)
