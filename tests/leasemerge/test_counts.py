"""Numbers that are kept up to date: what they must be after any changes."""

from __future__ import annotations

import dataclasses
from collections import Counter
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from leasemerge.counts import NameCounts, Pools
from leasemerge.lease import STATES, Lease
from leasemerge.merge import Merge
from leasemerge.site import Subnet
from leasemerge.status import NamesStatus, PoolStatus
from tests.support.examples import NOW, lease, site

# foobar's address 10.1.1.15 lies in the second network's range.
POOLS = dataclasses.replace(
    site,
    subnets=(
        Subnet("10.1.2.0/24", (("10.1.2.10", "10.1.2.19"), ("10.1.2.30", "10.1.2.30"))),
        Subnet("10.1.1.0/24", (("10.1.1.10", "10.1.1.19"),)),
    ),
)
ADDRESSES = [f"10.1.{third}.{last}" for third in (1, 2) for last in (9, 10, 14, 15, 19, 20, 30)]


def test_1_an_address_that_was_never_used_is_the_primarys() -> None:
    """Nothing is written of it; a fixed host's address is none of the range."""
    first, second, single = Pools(POOLS).status()
    assert first == PoolStatus("10.1.1.0/24", "10.1.1.10", "10.1.1.19", 9, 0, 9, 0, 0, 0)
    assert (second.first, second.size, second.free_primary) == ("10.1.2.10", 10, 10)
    assert (single.first, single.size) == ("10.1.2.30", 1)


@given(st.lists(st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(STATES))))
def test_2_the_last_block_of_each_address_counts(blocks: list[tuple[str, str]]) -> None:
    """In the range that it lies in, and in no other."""
    pools = Pools(POOLS)
    for address, state in blocks:
        pools.update([Lease(address, state)])
    last = {address: state for address, state in blocks if address != "10.1.1.15"}
    for pool in pools.status():
        states = Counter(
            state
            for address, state in last.items()
            if IPv4Address(pool.first) <= IPv4Address(address) <= IPv4Address(pool.last)
        )
        assert pool.leased == states["active"]
        assert pool.free_secondary == states["backup"]
        assert pool.abandoned == states["abandoned"]
        assert pool.waiting == states["expired"] + states["released"] + states["reset"]
        everything = dataclasses.astuple(pool)[4:]
        assert sum(everything) == pool.size


def test_3_names_by_domain_and_source() -> None:
    """As they come and go; one with several addresses is one."""
    counts, merge = NameCounts(), Merge(site)
    merge.update("draco", [lease(100, "pc"), lease(101, "laptop")])
    counts.update(merge.changes(NOW))
    fixed = NamesStatus("office.internal", "fixed", 3)
    assert counts.status() == [fixed, NamesStatus("office.internal", "lease", 2)]
    merge.update("draco", [lease(100, "pc", state="released"), lease(101, "phone")])
    counts.update(merge.changes(NOW))
    assert counts.status() == [fixed, NamesStatus("office.internal", "lease", 1)]
