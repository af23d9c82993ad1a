"""A lease written back as a block."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings

from leasemerge.lease import NEVER, Lease
from leasemerge.log import parse
from tests.support import dhcpd_oracle
from tests.support.lease_texts import leases

from .test_block import BARE, PLAIN, SIX, needs_dhcpd


@settings(max_examples=300)
@given(leases)
def test_a_rendered_lease_is_read_back(lease: Lease) -> None:
    """`render` and `parse` are each other's inverse."""
    log = parse(lease.render())
    assert dict(log.leases) == {lease.address: lease}
    assert not log.skipped


def test_the_stamp_orders_blocks_by_the_latest_event() -> None:
    """Rule 2: the later of both times, then `cltt`; an absent time is the smallest."""
    in_order = [(None, None), (0, None), (None, 0), (1, 0), (2, None), (2, 1), (1, 2), (2, 2)]
    blocks = [replace(BARE, starts=starts, cltt=cltt) for starts, cltt in in_order]
    stamps = [block.stamp for block in blocks]
    assert stamps == sorted(stamps)
    assert stamps[-2] == stamps[-1] == (2, 2)


@needs_dhcpd
def test_dhcpd_reads_what_render_writes(tmp_path: Path) -> None:
    """A rendered block means to dhcpd what it means here."""
    leases = {
        lease.address: lease
        for lease in (
            PLAIN,
            replace(SIX, ends=NEVER, uid="00:22:5c:ff:41", hostname="a b;}#'"),
            replace(BARE, address="10.1.1.7"),
        )
    }
    data = b"".join(lease.render() for lease in leases.values())
    assert dict(parse(data).leases) == leases
    assert dhcpd_oracle.kept_leases(tmp_path, data) == leases
