"""The sentence for what a DHCP server refuses."""

from __future__ import annotations

from controller.refusals import Key, Refusal, sentence


def test_sentence_has_place_text_and_reason() -> None:
    refusal = Refusal("subnet", "10.9.1.0/24", "option x 1;", "unknown option dhcp.x")
    places: dict[Key, str] = {("subnet", "10.9.1.0/24"): "inventory/group_vars/all/site.yml:15"}
    assert sentence(refusal, places) == (
        "Subnet 10.9.1.0/24 (inventory/group_vars/all/site.yml:15): dhcpd refuses option x 1; "
        "(unknown option dhcp.x); correct it."
    )
    assert sentence(Refusal("site", "", "", "no memory"), {}) == (
        "Site: dhcpd refuses its file (no memory); correct it."
    )
