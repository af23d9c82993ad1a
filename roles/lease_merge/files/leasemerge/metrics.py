"""The status as metrics, for the text file collector of Prometheus' node exporter."""

from __future__ import annotations

from collections.abc import Iterator

from .status import Status


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
                "last_seen": feed.last_seen or 0.0,
                "leases": float(feed.leases),
                "damage": float(feed.damage),
                "connects": float(feed.connects),
            }[what]
            found.append((f'{{server="{feed.server}",kind="{feed.kind}"}}', value))
        return found

    publish = status.publish
    yield from metric("feed_up", "gauge", "Whether the feed is followed.", *feeds("up"))
    yield from metric(
        "feed_last_seen_timestamp_seconds",
        "gauge",
        "When bytes of the feed last came.",
        *feeds("last_seen"),
    )
    yield from metric("feed_leases", "gauge", "Addresses known of the feed.", *feeds("leases"))
    yield from metric("feed_damage_total", "counter", "Places skipped.", *feeds("damage"))
    yield from metric("feed_connects_total", "counter", "Connections begun.", *feeds("connects"))
    yield from metric("live_leases", "gauge", "Leases that are live.", ("", status.leases))
    yield from metric("names", "gauge", "Names that are published.", ("", status.names))
    yield from metric("conflicts", "gauge", "Leases that lost a name.", ("", status.conflicts))
    yield from metric(
        "handovers_total",
        "counter",
        "Names that went from one live client to another.",
        ("", status.handovers),
    )
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


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
