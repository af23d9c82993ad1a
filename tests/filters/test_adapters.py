"""What Ansible reports when a filter refuses its input."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types

import dhcpd
import dnscache
import inventory
import kea
import key_exchange
import servers

SUBNET = {"network": "10.1.1.0/24", "extra": "authoritative;"}
COPIES = [{"item": {"server": s}, "stdout_lines": ["/c:A"]} for s in ("draco", "taurus")]


@pytest.mark.parametrize(
    ("plugin", "name", "arguments", "options", "message"),
    [
        (kea, "kea_config", [{"subnets": [SUBNET], "fixed_hosts": []}], {}, "The subnet 10.1.1.0"),
        (
            key_exchange,
            "kea_trust",
            [COPIES],
            {"certificate": "/c", "trusted": "/t"},
            "draco and taurus have the same /c",
        ),
        (dhcpd, "dhcpd_networks", [[{}], []], {}, "The subnet {} is not usable"),
        (dhcpd, "dhcpd_host_blocks", ["[{"], {}, "The table of fixed hosts is not JSON"),
        (dnscache, "dnscache_prefixes", [["office"]], {}, "dnscache cannot serve this network"),
        (inventory, "checked_site", [{}], {}, "The inventory has faults. Fix these:\n"),
        (servers, "server_macs", [{}], {}, "server_macs: 'tinydns_servers'"),
    ],
)
def test_a_refusal_is_a_sentence_and_a_mistake_names_the_filter(
    plugin: Any, name: str, arguments: list[Any], options: dict[str, str], message: str
) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        plugin.FilterModule().filters()[name](*arguments, **options)
    assert str(error.value).startswith(message)
    assert error.value.__cause__ is not None
