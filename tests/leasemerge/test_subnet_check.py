"""What a subnet may be, and what is only noted; golden/errors/ has its faults."""

from __future__ import annotations

from leasemerge import inventory_check
from tests.support.every_key import every_key, faults


def test_a_note_about_a_range_that_fixed_hosts_fill() -> None:
    """It is allowed, so the deployment goes on, but nobody gets an address from it."""
    site = every_key()
    site["subnets"][0]["ranges"] = [["10.1.1.15", "10.1.1.15"], ["10.1.1.100", "10.1.1.110"]]
    found = inventory_check.check(site)
    assert found.faults == []
    assert [str(note) for note in found.notes] == [
        "Subnet 10.1.1.0/24 (inventory/group_vars/all/site.yml:15): no address of the range "
        "10.1.1.15 to 10.1.1.15 is left to lease; extend it, or remove it."
    ]


def test_a_network_without_any_range_is_valid() -> None:
    """Fixed hosts alone need no dynamic addresses."""
    site = every_key()
    for subnet in site["subnets"]:
        subnet.pop("ranges")
    assert faults(site) == []
