"""What is deployed is compared with the inventory, and what is damaged on a server is not."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from pins import pin_patterns
from removal import removals

SITE: dict[str, Any] = {
    "domain": "office.internal",
    "fixed_hosts": [{"name": "nas", "fixed_address": "10.1.1.16", "hardware_ethernet": []}],
    "subnets": [{"network": "10.1.1.0/24", "ranges": []}],
}
LARGER = SITE | {
    "subnets": [*SITE["subnets"], {"network": "10.1.2.0/24", "ranges": [["10.1.2.9", "10.1.2.20"]]}]
}


def slurped(text: str) -> dict[str, str]:
    """Return what the module slurp returns of a file."""
    return {"content": b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    "text", ["{\n", "", "\xff", "[]", '{"subnets": [{}]}', '{"fixed_hosts": 1}']
)
def test_a_damaged_site_is_nothing_to_compare_with(text: str) -> None:
    """site.yml puts it right, and must get as far as that."""
    assert removals(SITE, [slurped(text), {"failed": True}]) == []
    assert pin_patterns(SITE, [slurped(text)]) == []


def test_the_site_of_another_server_is_compared_all_the_same() -> None:
    found = [slurped("{"), slurped(json.dumps(LARGER))]
    assert removals(SITE, found) == ["the subnet 10.1.2.0/24"]
