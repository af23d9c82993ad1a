"""What of a DHCP server's settings is only noted; golden/errors/ has their faults."""

from __future__ import annotations

from leasemerge import inventory_check
from tests.support.every_key import every_key


def test_an_option_that_replaces_the_resolvers_is_noted() -> None:
    """It would take every client's resolvers away without a word."""
    site = every_key() | {"options": {"domain-name-servers": ["192.0.2.53"], "mtu": 1400}}
    found = inventory_check.check(site)
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Site: clients get the domain-name-servers in options, not the resolvers of the "
        "inventory; remove it, unless that is what you want."
    ]
