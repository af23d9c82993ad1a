"""What the service says of itself: for people, for programs and for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# A hostile network must not make the report endless.
MAX_LOSERS = 1000


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """One feed. ``heard`` is when its last bytes came, in Unix seconds, None for never."""

    server: str
    kind: str
    """`own` lease file, or `peer`."""
    state: str
    """`following`, `reading`, `connecting`, `lost`, or `absent` (an own lease file)."""
    leases: int
    heard: float | None = None
    damage: int = 0
    connects: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class PublishStatus:
    """What became of the zone data since the service began; ``last`` publish in Unix seconds."""

    publishes: int
    """How often what is served was changed."""
    builds: int
    """How often everything was compiled."""
    failures: int
    seconds: float
    """How long the last good build took."""
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
    followers: Sequence[str] = ()
    failover: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """For each failover peer of dhcpd the state of this server and of its partner."""
    errors: Sequence[str] = ()
    losers: Sequence[LoserStatus] = ()

    def plain(self) -> dict[str, object]:
        """Return what `leasemerge status --json` prints."""
        return asdict(self)


def table(status: Status) -> Iterator[str]:
    """Yield the lines of `leasemerge status`."""
    now = status.time
    yield f"leasemerge on {status.server}, for {_span(now - status.started)}"
    yield ""
    yield _row("FEED", "KIND", "STATE", "HEARD", "LEASES", "NOTE")
    for feed in status.feeds:
        heard = "never" if feed.heard is None else f"{_span(now - feed.heard)} ago"
        note = feed.error or (f"{feed.damage} places skipped" if feed.damage else "")
        yield _row(feed.server, feed.kind, feed.state, heard, str(feed.leases), note)
    yield ""
    yield (
        f"live leases {status.leases}, names {status.names}, "
        f"conflicts {status.conflicts}, refused names {status.refused}"
    )
    publish = status.publish
    last = "never" if publish.last is None else f"{_span(now - publish.last)} ago"
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


def metrics(status: Status) -> Iterator[str]:
    """Yield the lines of a text file for Prometheus' node exporter."""

    def metric(name: str, kind: str, text: str, *values: tuple[str, float]) -> Iterator[str]:
        yield f"# HELP leasemerge_{name} {text}"
        yield f"# TYPE leasemerge_{name} {kind}"
        for labels, value in values:
            yield f"leasemerge_{name}{labels} {value:.10g}"

    def feeds(what: str) -> list[tuple[str, float]]:
        found = []
        for feed in status.feeds:
            value = {
                "up": float(feed.state == "following"),
                "heard": feed.heard or 0.0,
                "leases": float(feed.leases),
                "damage": float(feed.damage),
                "connects": float(feed.connects),
            }[what]
            found.append((f'{{server="{feed.server}",kind="{feed.kind}"}}', value))
        return found

    publish = status.publish
    yield from metric("feed_up", "gauge", "Whether the feed is followed.", *feeds("up"))
    yield from metric(
        "feed_heard_timestamp_seconds", "gauge", "When the feed was last heard.", *feeds("heard")
    )
    yield from metric("feed_leases", "gauge", "Addresses known of the feed.", *feeds("leases"))
    yield from metric("feed_damage_total", "counter", "Places skipped.", *feeds("damage"))
    yield from metric("feed_connects_total", "counter", "Connections begun.", *feeds("connects"))
    yield from metric("live_leases", "gauge", "Leases that are live.", ("", status.leases))
    yield from metric("names", "gauge", "Names that are published.", ("", status.names))
    yield from metric("conflicts", "gauge", "Leases that lost a name.", ("", status.conflicts))
    yield from metric("refused_names", "gauge", "Hostnames refused.", ("", status.refused))
    yield from metric("publishes_total", "counter", "Publishes.", ("", publish.publishes))
    yield from metric("builds_total", "counter", "Good builds.", ("", publish.builds))
    yield from metric("failures_total", "counter", "Failed publishes.", ("", publish.failures))
    yield from metric("build_seconds", "gauge", "Time of the last build.", ("", publish.seconds))
    yield from metric(
        "last_publish_timestamp_seconds", "gauge", "The last publish.", ("", publish.last or 0.0)
    )
    yield from metric("followers", "gauge", "Servers that follow.", ("", len(status.followers)))
    yield from metric("errors", "gauge", "Faults of now.", ("", len(status.errors)))
    yield from metric(
        "failover_normal",
        "gauge",
        "Whether dhcpd and its failover partner are both normal.",
        *(
            (f'{{peer="{_label(peer)}"}}', float(tuple(states) == ("normal", "normal")))
            for peer, states in sorted(status.failover.items())
        ),
    )


def rebuild(report: Mapping[str, Any]) -> Status:
    """Return the Status of which `report` is the plain form."""
    return Status(
        **{
            **report,
            "feeds": [FeedStatus(**feed) for feed in report["feeds"]],
            "publish": PublishStatus(**report["publish"]),
            "losers": [LoserStatus(**loser) for loser in report["losers"]],
        }
    )


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _row(server: str, kind: str, state: str, heard: str, leases: str, note: str) -> str:
    return f"{server:12} {kind:5} {state:11} {heard:14} {leases:>7}  {note}".rstrip()


def _span(seconds: float) -> str:
    whole = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"
