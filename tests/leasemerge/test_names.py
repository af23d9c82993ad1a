"""The values that the merge returns; which names it returns is in test_merge.py."""

from __future__ import annotations

from leasemerge.names import Name


def test_a_name_is_identified_by_its_label_and_its_domain() -> None:
    """Two domains may have a host of one name, and a host may have several addresses."""
    one = Name("nas", "a.example", "10.1.1.1", "fixed")
    assert one.key == Name("nas", "a.example", "10.1.1.2", "lease", until=7).key
    assert one.key != Name("nas", "b.example", "10.1.1.1", "fixed").key
