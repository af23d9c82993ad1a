"""What the zones may be; golden/errors/ has their faults."""

from __future__ import annotations

from tests.support.every_key import every_key, faults


def test_reverse_zones_may_hold_more_than_a_subnet() -> None:
    """A zone above, or two zones side by side, hold a subnet just as well."""
    site = every_key() | {"reverse_zones": ["10.in-addr.arpa"]}
    assert faults(site) == []
    site["subnets"] = [{"network": "10.1.0.0/22"}]
    site["reverse_zones"] = [f"{octet}.1.10.in-addr.arpa" for octet in range(4)]
    assert faults(site) == []
    site["reverse_zones"].pop()
    assert len(faults(site)) == 1
