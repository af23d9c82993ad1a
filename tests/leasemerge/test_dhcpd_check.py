"""What of a DHCP server's settings is only noted; golden/errors/ has their faults."""

from __future__ import annotations

from leasemerge import inventory_check
from tests.support.every_key import every_key


def test_what_has_no_meaning_with_kea_is_noted() -> None:
    """The pair may go back to dhcpd, which needs it."""
    site = every_key() | {"dhcp_server": "kea", "mclt": 90000}
    for pool in site["subnets"][0]["pools"]:
        for key in (
            "allow",
            "deny",
            "extra",
            "min_lease_time",
            "default_lease_time",
            "max_lease_time",
        ):
            del pool[key]
    found = inventory_check.check(site)
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Site: mclt has no meaning with Kea, whose servers report a lease to each other before "
        "they grant it; remove it when the network is not to go back to dhcpd."
    ]


def test_an_option_that_replaces_the_resolvers_is_noted() -> None:
    """It would take every client's resolvers away without a word."""
    site = every_key() | {"options": {"domain-name-servers": ["192.0.2.53"], "mtu": 1400}}
    found = inventory_check.check(site)
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Site: clients get the domain-name-servers in options, not the resolvers of the "
        "inventory; remove it, unless that is what you want."
    ]
