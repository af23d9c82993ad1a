"""A log as JSON lines (the command itself: test_main.py)."""

from __future__ import annotations

import json
from dataclasses import asdict
from ipaddress import IPv4Address

from hypothesis import example, given, settings
from hypothesis import strategies as st

from leasemerge.dump import dump_lines
from leasemerge.lease import NEVER, Lease
from leasemerge.log import parse
from tests.support.lease_texts import irregular_blocks, leases, string_blocks


@settings(max_examples=300)
@given(blocks=st.lists(leases.map(Lease.render) | string_blocks | irregular_blocks, max_size=12))
@example(blocks=[b'lease 10.1.1.5 {\n  binding state free;\n  uid "\\377\\001";\n}\n'])
def test_the_dump_is_what_is_known(blocks: list[bytes]) -> None:
    """In the order of the addresses, whether dhcpd's own layout or not."""
    log = parse(b"".join(blocks))
    expected = [
        {key: "never" if value == NEVER else value for key, value in asdict(lease).items()}
        for lease in sorted(log.leases.values(), key=lambda lease: IPv4Address(lease.address))
    ]
    assert [json.loads(line) for line in dump_lines(log)] == expected


def test_many_addresses_are_in_order() -> None:
    """10.1.9.0 comes before 10.1.10.0, as in no order of text."""
    addresses = [f"10.1.{number // 250}.{number % 250}" for number in range(3000)]
    blocks = [f"lease {address} {{\n  binding state free;\n}}\n" for address in addresses]
    lines = dump_lines(parse("".join(reversed(blocks)).encode()))
    assert [json.loads(line)["address"] for line in lines] == addresses
