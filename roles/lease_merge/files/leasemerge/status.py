"""The report of the service on itself, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from . import __version__

# `leasemerge status` needs the report, not what it is made from.
if TYPE_CHECKING:
    from .followers import Follower
    from .names import Counts, Loser
    from .own_log import OwnLog
    from .peers import Peer
    from .publish import Publisher
    from .store import Store

# A hostile network must not make the report endless.
MAX_LOSERS = 1000

HEALTHY_PAIRS = (("normal", "normal"), ("hot-standby", "hot-standby"))
"""The states of both servers of a healthy pair, in dhcpd's words and in Kea's."""


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """One feed. ``last_seen`` is when its last bytes came, in Unix seconds, None for never."""

    server: str
    kind: str
    """`own` lease file, or `peer`."""
    state: str
    """`following`, `reading`, `connecting`, `lost`; of an own lease file `absent`, `unreadable`."""
    leases: int
    last_seen: float | None = None
    damage: int = 0
    connects: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class PublishStatus:
    """What was done with the zone data since the service began; ``last`` in Unix seconds."""

    publishes: int
    """How often what is served was changed."""
    builds: int
    """How often everything was compiled."""
    failures: int
    seconds: float
    """How long the last successful build took."""
    last: float | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class LoserStatus:
    """A live lease whose hostname is not published, and why."""

    address: str
    kind: str
    hostname: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """The addresses of one range, by what this server's dhcpd last wrote about each.

    dhcpd splits the free ones (dhcpd.leases(5)): `free` are the primary's to assign, `backup` the
    secondary's. The rest wait for the partner: it has not confirmed yet that their lease is over.
    """

    subnet: str
    first: str
    last: str
    size: int
    """Without the addresses of fixed hosts."""
    leased: int
    free_primary: int
    free_secondary: int
    abandoned: int
    waiting: int


@dataclass(frozen=True, slots=True)
class NamesStatus:
    """How many names of a domain have this source, `fixed` or `lease`."""

    domain: str
    source: str
    names: int


@dataclass(frozen=True, slots=True)
class NameServerStatus:
    """A name server; ``last_answer`` in Unix seconds, None for never since the service began."""

    name: str
    address: str
    last_answer: float | None


@dataclass(frozen=True, slots=True)
class HistoryStatus:
    """The history on disk: its bytes, and its oldest entry in Unix seconds, None without one."""

    size: int = 0
    oldest: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The whole report."""

    server: str
    time: float
    started: float
    leases: int
    """Live leases."""
    names: int
    conflicts: int
    refused: int
    feeds: Sequence[FeedStatus]
    publish: PublishStatus
    handovers: int = 0
    """How often a name went from one live client to another of the same name (rule 6)."""
    refused_by_cause: Mapping[str, int] = field(default_factory=dict)
    names_by: Sequence[NamesStatus] = ()
    pools: Sequence[PoolStatus] = ()
    """Of this server's own dhcpd."""
    primary: bool = False
    """Whether its own dhcpd is the primary of the pair."""
    name_servers: Sequence[NameServerStatus] = ()
    history: HistoryStatus = field(default_factory=HistoryStatus)
    version: str = ""
    followers: Sequence[str] = ()
    failover: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The state of this server and of its partner, by the name of their failover relationship."""
    errors: Sequence[str] = ()
    losers: Sequence[LoserStatus] = ()

    def available(self, pool: PoolStatus) -> int:
        """Return how many addresses of a range this server's dhcpd may assign by itself.

        In partner-down the other server's are its own, too (dhcpd.conf(5), "mclt").
        """
        states = [mine for mine, _ in self.failover.values()]
        if not states or "partner-down" in states or "hot-standby" in states:
            return pool.free_primary + pool.free_secondary
        return pool.free_primary if self.primary else pool.free_secondary

    def plain(self) -> dict[str, object]:
        """Return what `leasemerge status --json` prints."""
        return asdict(self)


def collect(
    *,
    server: str,
    now: float,
    started: float,
    own: OwnLog | None,
    peers: Sequence[Peer],
    followers: Iterable[Follower],
    store: Store,
    counts: Counts,
    refused: Mapping[str, int],
    names_by: Sequence[NamesStatus],
    pools: Sequence[PoolStatus],
    name_servers: Sequence[NameServerStatus],
    history: HistoryStatus,
    losers: Sequence[Loser],
    publisher: Publisher,
    errors: Sequence[str],
) -> Status:
    """Return the report of a service made up of these; an empty error is none."""
    feeds = [] if own is None else [_own_feed(server, own, len(store.logs[server]))]
    feeds += [_peer_feed(peer, len(store.logs.get(peer.server, ()))) for peer in peers]
    return Status(
        server=server,
        time=now,
        started=started,
        leases=counts.live,
        names=counts.names,
        conflicts=counts.conflicts,
        refused=counts.refused,
        refused_by_cause=refused,
        handovers=counts.handovers,
        names_by=names_by,
        pools=pools,
        primary=store.servers[:1] == (server,),
        name_servers=name_servers,
        history=history,
        version=__version__,
        feeds=feeds,
        publish=PublishStatus(
            publishes=publisher.publishes,
            builds=publisher.builds,
            failures=publisher.failures,
            seconds=publisher.seconds,
            last=publisher.last,
            error=publisher.error,
        ),
        followers=sorted({follower.name for follower in followers}),
        failover=dict(own.failover) if own is not None else {},
        errors=[error for error in (*errors, store.error, publisher.error, history.error) if error],
        losers=[
            LoserStatus(loser.address, loser.kind, loser.hostname, loser.reason)
            for loser in losers[:MAX_LOSERS]
        ],
    )


def _own_feed(server: str, own: OwnLog, leases: int) -> FeedStatus:
    return FeedStatus(
        server=server,
        kind="own",
        state=own.state,
        leases=leases,
        last_seen=own.last_seen,
        damage=own.damage,
        error=own.error,
    )


def _peer_feed(peer: Peer, leases: int) -> FeedStatus:
    return FeedStatus(
        server=peer.server,
        kind="peer",
        state=peer.state,
        leases=leases,
        last_seen=peer.last_seen,
        damage=peer.damage,
        connects=peer.connects,
        error=peer.error,
    )


def table(status: Status) -> Iterator[str]:
    """Yield the lines of `leasemerge status`."""
    now = status.time
    yield f"leasemerge on {status.server}, for {span(now - status.started)}"
    yield ""
    yield _row("FEED", "KIND", "STATE", "LAST SEEN", "LEASES", "NOTE")
    for feed in status.feeds:
        last_seen = "never" if feed.last_seen is None else f"{span(now - feed.last_seen)} ago"
        note = feed.error or (f"{feed.damage} places skipped" if feed.damage else "")
        yield _row(feed.server, feed.kind, feed.state, last_seen, str(feed.leases), note)
    yield ""
    yield (
        f"live leases {status.leases}, names {status.names}, "
        f"conflicts {status.conflicts}, handovers {status.handovers}, "
        f"refused names {status.refused}"
    )
    publish = status.publish
    last = "never" if publish.last is None else f"{span(now - publish.last)} ago"
    yield (
        f"last publish {last}, {publish.publishes} publishes, {publish.builds} builds, "
        f"{publish.failures} failed, build time {publish.seconds * 1000:.1f} ms"
    )
    for peer, (mine, partner) in sorted(status.failover.items()):
        yield f"failover {peer}: this server {mine}, partner {partner}"
    yield f"followed by {', '.join(status.followers) or 'nobody'}"
    for error in status.errors:
        yield f"ERROR {error}"
    if status.losers:
        yield ""
        yield "NOT PUBLISHED"
        for loser in status.losers:
            # Escaped: a hostname is what a stranger typed, and this goes to a terminal.
            hostname = ascii(loser.hostname) if loser.hostname is not None else "-"
            yield f"  {loser.address:15} {hostname}: {ascii(loser.reason)[1:-1]}"


def rebuild(report: Mapping[str, Any]) -> Status:
    """Return the Status whose plain form is `report`."""
    return Status(
        **{
            **report,
            "feeds": [FeedStatus(**feed) for feed in report["feeds"]],
            "publish": PublishStatus(**report["publish"]),
            "names_by": [NamesStatus(**row) for row in report["names_by"]],
            "pools": [PoolStatus(**pool) for pool in report["pools"]],
            "name_servers": [NameServerStatus(**row) for row in report["name_servers"]],
            "history": HistoryStatus(**report["history"]),
            "losers": [LoserStatus(**loser) for loser in report["losers"]],
        }
    )


def _row(server: str, kind: str, state: str, last_seen: str, leases: str, note: str) -> str:
    return f"{server:12} {kind:5} {state:11} {last_seen:14} {leases:>7}  {note}".rstrip()


def span(seconds: float) -> str:
    """Format a duration for people, truncated to its largest unit."""
    whole = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"
