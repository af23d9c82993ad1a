"""The merge: what the feeds know about each address, and the site, become names.

The rules are docs/design.md's, each in one place. Here: 2 in `_truth`, by `Lease.stamp` (module
lease); 3 in `_named`; 4 and 5 in `Merge._claim`; 6 in `Precedence`. Elsewhere: 1 in the module
log, for Kea's files in the module kea; 7 in the module labels; 8 in the module zone; 10 in the
module store, and `Merge.update` drops nothing either. Rule 9 holds because the only order of the
feeds that is used here is that of `Site.logs`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush
from typing import Literal, NamedTuple

from .labels import Cause, HostnameError, label
from .lease import ABSENT, NEVER, Lease, time_or_absent
from .names import Counts, Holder, Key, Loser, Name, Names
from .site import EARLIER, FixedHost, Site


class _Log(NamedTuple):
    """One file of a log; a smaller rank is an earlier log in `Site.logs`."""

    rank: int
    name: str | None
    number: int


_Block = tuple[_Log, Lease]


class Precedence(NamedTuple):
    """Rule 6: of two live leases with one name, the one with the greater precedence has it."""

    starts: int
    cltt: int
    lowness: int
    """The negated address as a number: greater for a lower address."""

    @classmethod
    def of(cls, lease: Lease) -> Precedence:
        """Return that of a lease."""
        starts, cltt = time_or_absent(lease.starts), time_or_absent(lease.cltt)
        return cls(starts, cltt, -_number(lease.address))

    def why_over(self, other: Precedence) -> str:
        """Return why this one wins over a smaller one, as a clause about the winning lease."""
        if self.starts > other.starts:
            return "its lease started later"
        if self.cltt > other.cltt:
            return "its client was last in contact later"
        return "its address is lower"


class _Claim(NamedTuple):
    """What an active lease claims, regardless of the time: names, or nothing and the reason."""

    address: str
    until: int
    precedence: Precedence
    server: str | None
    starts: int | None
    hardware: str | None
    hostname: str | None
    key: Key | None = None
    aliases: tuple[Key, ...] = ()
    loser: Loser | None = None


class Merge:
    """The incremental merge: it takes what is new and returns what that changes.

    The cost of a call grows with what is new. `names` and `changes` take `now` in Unix seconds,
    which may also go back.
    """

    def __init__(self, site: Site) -> None:
        """Begin with the site's fixed hosts and no lease."""
        self._site = site
        self._logs: dict[_Log, dict[str, Lease]] = {}
        self._now = ABSENT
        self._touched: set[str] = set()
        self._live: dict[str, _Claim] = {}
        # The live claims to each name in rising order: the last one has it.
        self._claims: dict[Key, list[tuple[Precedence, str]]] = {}
        self._contested: set[Key] = set()
        # By address; not those of rule 6, which follow from the claims.
        self._losers: dict[str, Loser] = {}
        self._refused: Counter[Cause] = Counter()
        # Addresses whose client, lease or name may have changed since the last `take_moved`.
        self._moved: set[str] = set()
        # (until, address); an entry counts only while it agrees with _live.
        self._expiries: list[tuple[int, str]] = []
        # By name, the entry of each of its addresses; a fixed host may have several.
        self._fixed: dict[Key, tuple[Name, ...]] = {}
        for host in site.fixed_hosts:
            self._fixed.update(_fixed(host, site.domain_of_host(host)))
        self._names = dict(self._fixed)
        self._changes: dict[Key, tuple[Name, ...]] = dict(self._fixed)
        # What was published under each name that changed, before this call changed it.
        self._before: dict[Key, tuple[Name, ...]] = {}
        self._handovers = 0

    def update(self, log: str | None, leases: Iterable[Lease], number: int = 0) -> None:
        """Take new blocks of a log: a server's, or with EARLIER what that server has lost.

        `number` distinguishes several copies of one log, and logs without a name. The blocks that
        the log had for other addresses stay (rule 10).
        """
        logs = self._site.logs
        rank = logs.index(log) if log in logs else len(logs)
        blocks = self._logs.setdefault(_Log(rank, log, number), {})
        for lease in leases:
            if blocks.get(lease.address) != lease:
                blocks[lease.address] = lease
                self._touched.add(lease.address)

    def names(self, now: int) -> Names:
        """Return everything that is published at `now`."""
        self._advance(now)
        return Names(
            tuple(name for key in sorted(self._names) for name in self._names[key]),
            self.losers,
            self.next_expiry,
        )

    def changes(self, now: int) -> dict[Key, tuple[Name, ...]]:
        """Return what is published under each name that changed since the last call.

        One entry for each address; none if the name is gone.
        """
        self._advance(now)
        changes, self._changes = self._changes, {}
        return changes

    @property
    def next_expiry(self) -> int | None:
        """When the next of the leases live at the last `now` ends, in Unix seconds."""
        while self._expiries:
            until, address = self._expiries[0]
            if address in self._live and self._live[address].until == until:
                return until
            heappop(self._expiries)
        return None

    @property
    def losers(self) -> tuple[Loser, ...]:
        """The losers at the last `now`, by address."""
        losers = {**self._losers, **self._conflicts()}
        return tuple(losers[address] for address in sorted(losers, key=_number))

    @property
    def counts(self) -> Counts:
        """The numbers at the last `now`."""
        conflicts = sum(len(self._claims[key]) - 1 for key in self._contested)
        refused = self._refused.total()
        return Counts(len(self._live), len(self._names), conflicts, refused, self._handovers)

    @property
    def refused(self) -> dict[str, int]:
        """How many hostnames were refused at the last `now`, by the kind of reason."""
        return {cause: number for cause, number in self._refused.items() if number}

    def take_moved(self) -> set[str]:
        """Return the addresses whose holder may have changed since the last call."""
        moved, self._moved = self._moved, set()
        return moved

    def holder(self, address: str) -> Holder | None:
        """Return the client that had an address at the last `now`, if any."""
        claim = self._live.get(address)
        if claim is None:
            return None
        name = None
        if claim.key is not None and self._claims[claim.key][-1][1] == address:
            name = claim.key[0]
        return Holder(claim.hardware, claim.hostname, name, claim.server, claim.starts, claim.until)

    def leases(self) -> Iterator[Lease]:
        """Yield the lease of each address in any log, with its client's name (rules 2 and 3)."""
        for address in sorted(set().union(*self._logs.values()), key=_number):
            blocks = self._blocks(address)
            _, lease = _truth(blocks)
            named = _named(blocks, lease)
            yield replace(lease, hostname=named[1].hostname if named else None)

    def _blocks(self, address: str) -> list[_Block]:
        return [(log, blocks[address]) for log, blocks in self._logs.items() if address in blocks]

    def _advance(self, now: int) -> None:
        if now < self._now:
            # What ended in between is live again.
            self._touched.update(
                address
                for log in self._logs.values()
                for address, lease in log.items()
                if lease.ends is not None and now < lease.ends <= self._now
            )
        self._now = now
        for address in self._touched:
            self._withdraw(address)
            claim = self._claim(address)
            if claim is not None and claim.until > now:
                self._enter(claim)
        self._touched.clear()
        while (until := self.next_expiry) is not None and until <= now:
            self._withdraw(self._expiries[0][1])
        self._handovers += sum(self._handed_over(key) for key in self._before)
        self._before.clear()
        # Renewals leave dead entries behind; they must not outgrow the leases.
        if len(self._expiries) > 2 * len(self._live) + 100:
            self._expiries = [
                (claim.until, address)
                for address, claim in self._live.items()
                if claim.until != NEVER
            ]
            heapify(self._expiries)

    def _claim(self, address: str) -> _Claim | None:
        """Return what the blocks of an address claim, if its lease is active."""
        blocks = self._blocks(address)
        log, lease = _truth(blocks)
        if lease.state != "active" or lease.ends is None:
            return None
        named = _named(blocks, lease)
        claim = _Claim(
            address,
            lease.ends,
            Precedence.of(lease),
            _server(named[0] if named else log),
            lease.starts,
            lease.hardware,
            named[1].hostname if named else None,
        )
        # Rule 4: what belongs to a fixed host is its own.
        owner = self._site.addresses.get(address)
        host = self._site.by_hardware.get(lease.hardware or "")
        if owner is not None:
            if host is not None and address in host.fixed_addresses:
                return claim  # from before it was pinned to the address that it had
            return _lost(claim, "fixed", f"the address is that of {owner}")
        if host is not None and host.fixed_addresses and not self._moves(host, lease):
            return _lost(
                claim,
                "fixed",
                f"its MAC address is that of the fixed host {host.name}, "
                f"which has the address {' and '.join(host.fixed_addresses)}",
            )
        # Rule 5: a pinned name on a dynamic address; or rule 4, until the host has moved.
        if host is not None:
            domain = self._site.domain_of_host(host)
            aliases = tuple((alias, domain) for alias in host.aliases)
            return claim._replace(key=(host.name, domain), aliases=aliases)
        if claim.hostname is None:
            return claim
        domain = self._site.domain_of(address)
        try:
            return claim._replace(key=(label(claim.hostname, self._site, domain), domain))
        except HostnameError as error:
            return _lost(claim, "refused", str(error), error.cause)

    def _moves(self, host: FixedHost, lease: Lease) -> bool:
        """Rule 4: the host was pinned while it had this lease, and takes its address from it.

        In the network of its fixed address dhcpd grants it no other, so the lease is older than
        the pin. dhcpd releases it when the client takes the fixed address, but only if the
        client sends an identifier (find_lease in server/dhcp.c).
        """
        return (
            lease.uid is not None
            and len(host.fixed_addresses) == 1
            and self._site.same_network(lease.address, host.fixed_addresses[0])
        )

    def _enter(self, claim: _Claim) -> None:
        self._live[claim.address] = claim
        self._moved.add(claim.address)
        if claim.until != NEVER:
            heappush(self._expiries, (claim.until, claim.address))
        if claim.loser is not None:
            self._losers[claim.address] = claim.loser
            if claim.loser.cause is not None:
                self._refused[claim.loser.cause] += 1
        elif claim.key is not None:
            claims = self._claims.setdefault(claim.key, [])
            insort(claims, (claim.precedence, claim.address))
            if len(claims) > 1:
                self._contested.add(claim.key)
                self._moved.add(claims[-2][1])
            if claims[-1][1] == claim.address:
                self._publish(claim)

    def _withdraw(self, address: str) -> None:
        claim = self._live.pop(address, None)
        if claim is None:
            return
        self._moved.add(address)
        loser = self._losers.pop(address, None)
        if loser is not None and loser.cause is not None:
            self._refused[loser.cause] -= 1
        if claim.key is None:
            return
        claims = self._claims[claim.key]
        del claims[bisect_left(claims, (claim.precedence, address))]
        if len(claims) < 2:
            self._contested.discard(claim.key)
        if claims:
            self._publish(self._live[claims[-1][1]])
            return
        del self._claims[claim.key]
        for key in (claim.key, *claim.aliases):
            self._put(key, self._fixed.get(key, ()))

    def _publish(self, claim: _Claim) -> None:
        self._moved.add(claim.address)
        for key in (claim.key, *claim.aliases):
            if key is not None:
                name = Name(
                    *key,
                    claim.address,
                    "lease",
                    key != claim.key,
                    claim.server,
                    claim.starts,
                    claim.until,
                    claim.hardware,
                )
                self._put(key, (name,))

    def _handed_over(self, key: Key) -> bool:
        """Return whether a name went to another client while its previous holder is live."""
        old, new = self._before[key], self._names.get(key, ())
        if not old or not new or old[0].hardware == new[0].hardware or new[0].alias:
            return False
        return old[0].address in self._live and self._live[old[0].address].key == key

    def _put(self, key: Key, names: tuple[Name, ...]) -> None:
        self._before.setdefault(key, self._names.get(key, ()))
        if names:
            self._names[key] = names
        else:
            del self._names[key]
        self._changes[key] = names

    def _conflicts(self) -> dict[str, Loser]:
        """Find the leases that lost their name to another, by address."""
        losers = {}
        for key in self._contested:
            *lost, (won, winner) = self._claims[key]
            for precedence, address in lost:
                claim = self._live[address]
                losers[address] = Loser(
                    address,
                    "conflict",
                    f"{winner} has the name {key[0]}: {won.why_over(precedence)}",
                    claim.hostname,
                    claim.hardware,
                )
        return losers


def merge(logs: Mapping[str, Iterable[Lease]], site: Site, now: int) -> Names:
    """Merge the last blocks of each log at `now` (Unix seconds) in one go."""
    machine = Merge(site)
    for log, leases in logs.items():
        machine.update(log, leases)
    return machine.names(now)


def _fixed(host: FixedHost, domain: str) -> Iterator[tuple[Key, tuple[Name, ...]]]:
    """Yield the names that a fixed host has without a lease, with each of its addresses."""
    mac = host.hardware_ethernet[0] if host.hardware_ethernet else None
    for text in (host.name, *host.aliases) if host.fixed_addresses else ():
        yield (
            (text, domain),
            tuple(
                Name(text, domain, address, "fixed", text != host.name, hardware=mac)
                for address in host.fixed_addresses
            ),
        )


def _truth(blocks: Sequence[_Block]) -> _Block:
    """Rule 2: the block that knows the latest event of the address."""
    return _best(blocks, lambda lease: lease.stamp)


def _named(blocks: Sequence[_Block], lease: Lease) -> _Block | None:
    """Rule 3: the block whose server last received the hostname of the lease's own client."""
    own = [
        (log, block)
        for log, block in blocks
        if block.hostname is not None and _same_client(block, lease)
    ]
    if not own:
        return None
    return _best(own, lambda block: (time_or_absent(block.cltt), time_or_absent(block.starts)))


def _same_client(one: Lease, other: Lease) -> bool:
    return one.hardware == other.hardware and (
        one.uid is None or other.uid is None or one.uid == other.uid
    )


def _best(blocks: Sequence[_Block], key: Callable[[Lease], tuple[int, int]]) -> _Block:
    """Choose the block with the greatest key, then of the earliest server.

    Blocks of unknown servers that tie in both are ordered by their content (rule 9).
    """
    if len(blocks) == 1:
        return blocks[0]
    keys = [(*key(lease), -log.rank) for log, lease in blocks]
    top = max(keys)
    if keys.count(top) == 1:
        return blocks[keys.index(top)]
    best = [block for block, own in zip(blocks, keys, strict=True) if own == top]
    return max(best, key=lambda block: (repr(block[1]), block[0].name or ""))


def _server(log: _Log) -> str | None:
    """Return whose log it is."""
    return None if log.name is None else log.name.removesuffix(EARLIER)


def _lost(
    claim: _Claim, kind: Literal["refused", "fixed"], reason: str, cause: Cause | None = None
) -> _Claim:
    loser = Loser(claim.address, kind, reason, claim.hostname, claim.hardware, cause)
    return claim._replace(loser=loser)


def _number(address: str) -> int:
    first, second, third, fourth = address.split(".")
    return (int(first) << 24) | (int(second) << 16) | (int(third) << 8) | int(fourth)
