"""What of the servers is only noted; golden/errors/ has their faults."""

from __future__ import annotations

from leasemerge import inventory_check
from tests.support.every_key import every_key


def test_a_note_about_a_floating_address_that_nobody_stands_by_for() -> None:
    """A group of one machine works."""
    site = every_key() | {"tinydns_servers": [{"name": "draco", "address": "10.1.1.5"}]}
    site["name_servers"] = site["name_servers"][:1]
    found = inventory_check.check(site)
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Name server ns1 (inventory/servers.yml:10): no other server stands by for 10.1.1.3; add "
        "another machine of its subnet to tinydns_servers, or accept that nobody answers there "
        "while draco is away."
    ]
