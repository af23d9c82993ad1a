"""The merge against its naive re-statement, on random histories of two servers.

    client --- discover, renew, release, decline, rename --->  A (draco)  <-- binding updates -->
                                                               B (taurus)

The pair here is a sketch of dhcpd's failover as docs/dhcpd-notes.md describes it: the server that a
client talks to writes its name and `cltt`; the other gets times and state without either, late, or
never (partition), and keeps whatever name it had. The merge runs all along: it takes each changed
block, is queried at each step, and must always agree with the naive merge of the whole logs.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from leasemerge.lease import NEVER, Lease
from leasemerge.merge import Merge, merge
from leasemerge.names import Holder, Names
from leasemerge.zone import Zone, zone_data
from tests.support.examples import NOW, WIDE, wide
from tests.support.naive import naive_names

SERVERS = ("draco", "taurus")
ADDRESSES = (
    *("10.1.1.100", "10.1.1.101", "10.1.1.9", "10.1.1.15"),
    *("10.1.2.7", "10.1.2.8", "10.1.3.7", "10.1.1.30", "10.9.9.9"),
)
# Two plain clients, one on each kind of fixed host, and one that shares a MAC but not the uid.
CLIENTS = (
    ("02:00:00:00:01:01", None),
    ("02:00:00:00:01:02", "01:02"),
    ("02:00:00:00:01:02", "01:03"),
    ("02:00:00:00:00:07", None),
    ("02:00:00:00:00:08", "01:08"),
    ("02:00:00:00:00:09", None),
    ("de:ad:be:ef:ca:fe", None),
    ("de:ad:be:ef:ca:fe", "01:de"),
    ("02:00:00:00:00:0a", "01:0a"),
    ("02:00:00:00:00:0b", "01:0b"),
    ("02:00:00:00:00:0c", None),
)
HOSTNAMES = (None, "pc", "PC.home", "laptop", "p c", "www", "wpad", "tablet", "..", "ns1", "guests")


def published(names: Names) -> dict[str, tuple[list[str], int]]:
    """Write what a merge publishes as the naive merge does."""
    found: dict[str, tuple[list[str], int]] = {}
    for name in names.names:
        text = f"{name.label}.{name.domain}"
        addresses, _ = found.get(text, ([], 0))
        found[text] = (sorted([*addresses, name.address]), WIDE[f"{name.source}_ttl"])
    return found


times = st.sampled_from([None, NOW - 2, NOW - 1, NOW, NOW + 1, NEVER])
any_blocks = st.dictionaries(
    st.sampled_from([*ADDRESSES[:3], "10.1.2.7", "10.1.3.7"]),
    st.builds(
        Lease,
        address=st.just(""),
        state=st.sampled_from(["active", "active", "active", "expired"]),
        starts=times,
        ends=st.sampled_from([None, NOW, NOW + 1, NOW + 9, NEVER]),
        cltt=times,
        hardware=st.sampled_from(
            ["02:00:00:00:01:01", "02:00:00:00:01:02", "de:ad:be:ef:ca:fe", None]
        ),
        uid=st.sampled_from([None, "01", "02"]),
        hostname=st.sampled_from([None, "pc", "laptop", "x", "-" + "a" * 62 + "-b"]),
    ),
).map(lambda blocks: [replace(block, address=address) for address, block in blocks.items()])


@settings(max_examples=500)
@given(draco=any_blocks, taurus=any_blocks)
def test_any_blocks(draco: list[Lease], taurus: list[Lease]) -> None:
    """Blocks that no pair would write: where times are equal or absent the rules still decide."""
    logs = {"draco": draco, "taurus": taurus}
    assert published(merge(logs, wide, NOW)) == naive_names(logs, WIDE, NOW)


servers = st.sampled_from(SERVERS)
addresses = st.sampled_from(ADDRESSES)


class Pair(RuleBasedStateMachine):
    """Two servers' logs, the link between them, and a merge that follows."""

    @initialize()
    def begin(self) -> None:
        """Two empty servers that see each other."""
        self.now = NOW
        self.logs: dict[str, dict[str, Lease]] = {server: {} for server in SERVERS}
        self.linked = True
        self.late: list[tuple[str, Lease]] = []
        self.kept: dict[str, dict[str, Lease]] = {server: {} for server in SERVERS}
        self.merge = Merge(wide)
        self.zone = Zone(wide)
        self.holders: dict[str, Holder | None] = {}

    def write(self, server: str, block: Lease) -> None:
        """Append a block to a server's log; the merge follows it."""
        self.logs[server][block.address] = block
        self.kept[server][block.address] = block
        self.merge.update(server, [block])

    def bind(self, server: str, block: Lease) -> None:
        """Send a binding update to the other server: no hostname, no cltt."""
        other = SERVERS[1 - SERVERS.index(server)]
        if self.linked:
            self.take(other, block)
        else:
            self.late.append((other, block))

    def take(self, server: str, block: Lease) -> None:
        """Take a binding update; the old block's name and cltt stay where they were."""
        old = self.logs[server].get(block.address)
        self.write(
            server,
            replace(
                block,
                hostname=old.hostname if old else None,
                cltt=old.cltt if old else None,
            ),
        )

    @rule(
        server=servers,
        address=addresses,
        client=st.sampled_from(CLIENTS),
        hostname=st.sampled_from(HOSTNAMES),
        length=st.sampled_from([0, 5, 30, 600]),
        skew=st.sampled_from([-3, 0, 0, 2]),
    )
    def grant(
        self,
        server: str,
        address: str,
        client: tuple[str, str | None],
        hostname: str | None,
        length: int,
        skew: int,
    ) -> None:
        """Let a client get, renew or take over an address at one of the two."""
        here = self.now + skew
        block = Lease(
            address, "active", here, here + length if length else NEVER, here, *client, hostname
        )
        self.write(server, block)
        self.bind(server, block)

    @rule(
        server=servers,
        address=addresses,
        state=st.sampled_from(["released", "expired", "abandoned", "free", "backup", "reset"]),
    )
    def end(self, server: str, address: str, state: str) -> None:
        """End a lease at one of the two; a release and a decline come from the client."""
        old = self.logs[server].get(address)
        if old is None:
            return
        block = replace(old, state=state)
        if state in ("released", "abandoned"):
            block = replace(block, cltt=self.now)
        if state == "abandoned":
            block = replace(block, hardware=None, ends=self.now + 86400)
        self.write(server, block)
        self.bind(server, block)

    @rule(server=servers, address=addresses, hostname=st.sampled_from(HOSTNAMES))
    def rename(self, server: str, address: str, hostname: str | None) -> None:
        """Renew a lease by unicast at one of the two, under a new name."""
        old = self.logs[server].get(address)
        if old is None or old.state != "active":
            return
        block = replace(old, hostname=hostname, starts=self.now, cltt=self.now, ends=self.now + 60)
        self.write(server, block)
        self.bind(server, block)

    @rule(seconds=st.sampled_from([1, 4, 29, 600]))
    def wait(self, seconds: int) -> None:
        """Time goes on."""
        self.now += seconds

    @rule()
    def step_back(self) -> None:
        """Set the clock."""
        self.now -= 7

    @rule()
    def part(self) -> None:
        """Cut the link between the two."""
        self.linked = False

    @rule()
    def join(self) -> None:
        """Repair the link: what was held comes late."""
        self.linked = True
        late, self.late = self.late, []
        for server, block in late:
            self.take(server, block)

    @rule(server=servers)
    def wipe(self, server: str) -> None:
        """Wipe a server's lease file; what the merge knew stays (rule 10)."""
        self.logs[server] = {}

    @rule(server=servers)
    def replay(self, server: str) -> None:
        """Connect a feed again: it sends its whole log again, which changes nothing."""
        self.merge.update(server, list(self.logs[server].values()))
        assert self.merge.changes(self.now) == {}

    @rule()
    def restart(self) -> None:
        """Start the merge again from what it had kept."""
        self.merge = Merge(wide)
        self.zone = Zone(wide)
        self.holders = {}
        for server, blocks in self.kept.items():
            self.merge.update(server, blocks.values())

    @invariant()
    def agrees_with_the_naive_merge(self) -> None:
        """Step by step, in one go, and by the naive merge: the same names and bytes."""
        logs = {server: list(blocks.values()) for server, blocks in self.kept.items()}
        self.zone.update(self.merge.changes(self.now))
        names = self.merge.names(self.now)
        assert published(names) == naive_names(logs, WIDE, self.now)
        whole = merge(logs, wide, self.now)
        assert names == whole
        assert self.zone.render() == zone_data(whole, wide)

    @invariant()
    def follows_the_holders(self) -> None:
        """Look only at what moved, and know every address's client."""
        for address in self.merge.take_moved():
            self.holders[address] = self.merge.holder(address)
        whole = Merge(wide)
        for server, blocks in self.kept.items():
            whole.update(server, blocks.values())
        whole.names(self.now)
        for address in ADDRESSES:
            assert self.holders.get(address) == whole.holder(address), address
        assert self.merge.refused == whole.refused
        refused = [loser for loser in self.merge.losers if loser.kind == "refused"]
        assert sum(self.merge.refused.values()) == len(refused)


TestPair = Pair.TestCase
TestPair.settings = settings(max_examples=200, stateful_step_count=30)
