"""The site: from site.json's object, and what the merge looks up in it."""

from __future__ import annotations

import pytest

from leasemerge.site import Site, SiteError
from tests.support.every_key import every_key, faults
from tests.support.examples import SITE, wide


def test_from_dict_raises_every_fault() -> None:
    """The error carries the same sentences."""
    site = every_key() | {"lease_ttl": 0, "domain": "-"}
    with pytest.raises(SiteError) as error:
        Site.from_dict(site)
    assert error.value.faults == faults(site)
    assert len(error.value.faults) == 2


def test_names_and_addresses_are_kept_in_one_form() -> None:
    """However the inventory writes them; a name server too."""
    host = {
        "name": "Host",
        "fixed_address": "10.1.1.20",
        "hardware_ethernet": ["0200.0000.000A"],
        "aliases": ["WWW2"],
        "ipv6_address": "2001:DB8:0::1",
    }
    zones = ["1.1.10.in-addr.arpa", "8.B.D.0.1.0.0.2.ip6.arpa"]
    found = Site.from_dict(
        SITE | {"domain": "Office.Internal", "fixed_hosts": [host], "reverse_zones": zones}
    )
    (only,) = found.fixed_hosts
    assert (found.domain, only.name, only.aliases) == ("office.internal", "host", ("www2",))
    assert only.hardware_ethernet == ("02:00:00:00:00:0a",)
    assert (only.fixed_addresses, only.ipv6_addresses) == (("10.1.1.20",), ("2001:db8::1",))
    assert found.reverse_zones == ("1.1.10.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")


def test_every_zone_once() -> None:
    """The site's own domain first, then those of subnets and hosts, zones of records, reverse."""
    assert wide.domains == ("office.internal", "guests.office.internal", "lab.internal")
    assert wide.all_zones == (*wide.domains, "example.com", *wide.reverse_zones)
    twice = Site.from_dict(SITE | {"subnets": [{**SITE["subnets"][0], "domain": SITE["domain"]}]})
    assert twice.domains == ("office.internal",)


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("10.1.0.255", "office.internal"),
        ("10.1.1.255", "office.internal"),
        ("10.1.2.0", "lab.internal"),
        ("10.1.2.255", "lab.internal"),
        ("10.1.3.0", "guests.office.internal"),
        ("10.1.3.255", "guests.office.internal"),
        ("10.1.4.0", "office.internal"),
    ],
)
def test_a_client_is_named_in_the_domain_of_its_subnet(address: str, domain: str) -> None:
    """From its first address to its last; in the site's where it lies in none."""
    assert wide.domain_of(address) == domain


def test_the_domain_of_a_fixed_host() -> None:
    """Its own, else that of its first address, else the site's."""
    hosts = {(host.name, host.fixed_addresses): host for host in wide.fixed_hosts}
    domains = {key: wide.domain_of_host(host) for key, host in hosts.items()}
    assert domains["badge", ()] == "lab.internal"
    assert domains["roamer", ("10.1.2.30", "10.1.1.30")] == "lab.internal"
    assert domains["foobar", ("10.1.3.15",)] == "guests.office.internal"
    assert domains["tablet", ()] == "office.internal"


@pytest.mark.parametrize(
    ("label", "domain", "owner"),
    [
        ("wpad", "lab.internal", "a reserved name"),
        ("ns1", "office.internal", "the name of a name server"),
        ("ns1", "lab.internal", None),
        ("foobar", "office.internal", "the name of a fixed host"),
        ("www", "office.internal", "an alias of the fixed host foobar"),
        ("web", "guests.office.internal", "an alias of the fixed host foobar"),
        ("web", "office.internal", None),
        ("pc", "lab.internal", "the name of a record"),
        ("pc", "office.internal", None),
        ("guests", "office.internal", "a zone"),
    ],
)
def test_who_has_a_name_in_a_domain(label: str, domain: str, owner: str | None) -> None:
    """In no other domain; a reserved name is so in each."""
    assert wide.owner(label, domain) == owner


def test_addresses_that_no_lease_may_take() -> None:
    """Those of name servers and of fixed hosts, every one of a host's."""
    taken = {"10.1.1.3": "ns1", "10.1.1.15": "foobar", "10.1.1.30": "roamer", "10.1.2.30": "roamer"}
    assert taken.items() <= wide.addresses.items()


def test_a_range_has_its_subnet() -> None:
    """Both ends count; what lies between two ranges, or in no subnet, is in none."""
    ranges = [["10.1.1.20", "10.1.1.29"], ["10.1.1.40", "10.1.1.40"]]
    site = Site.from_dict({**SITE, "subnets": [{"network": "10.1.1.0/24", "ranges": ranges}]})
    inside = ["10.1.1.20", "10.1.1.29", "10.1.1.40"]
    assert [site.leasing_subnet(address) for address in inside] == [site.subnets[0]] * 3
    outside = ["10.1.1.19", "10.1.1.30", "10.1.1.41", "10.2.1.20"]
    assert [site.leasing_subnet(address) for address in outside] == [None] * 4


def test_the_logs_are_in_the_order_of_the_servers() -> None:
    """What a server has lost comes after every current log."""
    assert Site.from_dict(SITE).logs == ("draco", "taurus", "draco~", "taurus~")


def test_one_network_is_a_subnet_or_a_shared_network() -> None:
    """What lies in no subnet is in no network, not even in that of its neighbour."""
    floor = [{"network": f"10.1.{n}.0/24", "shared_network": "floor"} for n in (1, 2)]
    subnets = [*floor, {"network": "10.1.3.0/24"}]
    zones = [f"{n}.1.10.in-addr.arpa" for n in (1, 2, 3)]
    site = Site.from_dict(SITE | {"subnets": subnets, "reverse_zones": zones})
    assert site.same_network("10.1.1.7", "10.1.1.8")
    assert site.same_network("10.1.1.7", "10.1.2.7")
    assert not site.same_network("10.1.2.7", "10.1.3.7")
    assert not site.same_network("10.9.1.7", "10.9.1.8")


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
def test_has_pointer(zones: list[str], address: str, inside: bool) -> None:
    """Whole octets decide."""
    of = Site(SITE["domain"], tuple(zones), (), (), (), ())
    assert of.has_pointer(address) is inside
