"""The status as metrics, for the text file collector of Prometheus' node exporter.

docs/monitoring.md explains how they get there, and has alert rules and a dashboard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from .status import HEALTHY_PAIRS, Status

# The states of dhcpd's failover protocol (server/failover.c).
FAILOVER_STATES = (
    "startup",
    "normal",
    "communications-interrupted",
    "partner-down",
    "potential-conflict",
    "resolution-interrupted",
    "conflict-done",
    "recover",
    "recover-wait",
    "recover-done",
    "paused",
    "shutdown",
    "unknown-state",
)
# Those of Kea's hook libdhcp_ha (its manual, "Server States").
KEA_STATES = (
    "backup",
    "communication-recovery",
    "hot-standby",
    "in-maintenance",
    "load-balancing",
    "partner-down",
    "partner-in-maintenance",
    "passive-backup",
    "ready",
    "syncing",
    "terminated",
    "unavailable",
    "waiting",
)

Sample = tuple[Mapping[str, str], float]


class Metric(NamedTuple):
    """A metric; its help text says what to do about it."""

    name: str
    kind: str
    help: str
    samples: Iterable[Sample]


def metrics(status: Status) -> Iterator[str]:
    """Yield the lines of the text file."""
    for metric in chain.from_iterable(group(status) for group in _GROUPS):
        name = f"leasemerge_{metric.name}"
        yield f"# HELP {name} {metric.help}"
        yield f"# TYPE {name} {metric.kind}"
        for labels, value in metric.samples:
            text = ",".join(f'{key}="{_escape(label)}"' for key, label in labels.items())
            yield f"{name}{{{text}}} {value:.15g}" if text else f"{name} {value:.15g}"


def _service(status: Status) -> Iterator[Metric]:
    publish = status.publish
    yield Metric(
        "build_info",
        "gauge",
        "The version that runs; all servers should have one after site.yml.",
        [({"version": status.version}, 1)],
    )
    yield Metric(
        "start_time_seconds",
        "gauge",
        "When the service began; if it changes often, journalctl -u leasemerge has the reason.",
        [({}, status.started)],
    )
    yield Metric(
        "errors",
        "gauge",
        "Current faults; leasemerge status lists them.",
        [({}, len(status.errors))],
    )
    yield Metric(
        "publishes_total",
        "counter",
        "Changes of what tinydns serves; none for hours on a busy network: see the feeds.",
        [({}, publish.publishes)],
    )
    yield Metric(
        "builds_total",
        "counter",
        "How often everything was compiled; several an hour mean faults, see the journal.",
        [({}, publish.builds)],
    )
    yield Metric(
        "publish_failures_total",
        "counter",
        "Publishes that failed; names are stale until one succeeds: see the disk, the journal.",
        [({}, publish.failures)],
    )
    yield Metric(
        "build_seconds",
        "gauge",
        "How long the last compile took; it grows with the names and delays none of them.",
        [({}, publish.seconds)],
    )
    yield Metric(
        "last_publish_timestamp_seconds",
        "gauge",
        "When what tinydns serves was last changed; 0 for never since the service began.",
        [({}, publish.last or 0)],
    )
    yield Metric(
        "name_server_last_answer_timestamp_seconds",
        "gauge",
        "When a name server last answered this one; older than some seconds: look at its tinydns.",
        [
            ({"name_server": server.name, "address": server.address}, server.last_answer or 0)
            for server in status.name_servers
        ],
    )


def _history(status: Status) -> Iterator[Metric]:
    yield Metric(
        "history_size_bytes",
        "gauge",
        "Disk space of the history; history_megabytes in service.json is its bound.",
        [({}, status.history.size)],
    )
    yield Metric(
        "history_oldest_timestamp_seconds",
        "gauge",
        "The oldest entry of the history; younger than history_days: raise the bound.",
        [({}, status.history.oldest or 0)],
    )


def _feeds(status: Status) -> Iterator[Metric]:
    feeds = [({"server": feed.server, "kind": feed.kind}, feed) for feed in status.feeds]
    yield Metric(
        "feed_up",
        "gauge",
        "Whether a server's leases are followed; 0 for minutes: see journalctl -u leasemerge.",
        [(labels, feed.state == "following") for labels, feed in feeds],
    )
    yield Metric(
        "feed_last_seen_timestamp_seconds",
        "gauge",
        "When bytes of the feed last came; a peer sends some every two seconds.",
        [(labels, feed.last_seen or 0) for labels, feed in feeds],
    )
    yield Metric(
        "feed_leases",
        "gauge",
        "Addresses with a lease block in the feed; about the same on every server.",
        [(labels, feed.leases) for labels, feed in feeds],
    )
    yield Metric(
        "feed_damage_total",
        "counter",
        "Places of a lease file that could not be read; leasemerge dump lists them.",
        [(labels, feed.damage) for labels, feed in feeds],
    )
    yield Metric(
        "feed_connects_total",
        "counter",
        "Connections begun; many an hour mean a bad link or a peer that restarts.",
        [(labels, feed.connects) for labels, feed in feeds],
    )
    yield Metric(
        "followers",
        "gauge",
        "Servers that follow this one; fewer than its peers: look at the feeds there.",
        [({}, len(status.followers))],
    )


def _names(status: Status) -> Iterator[Metric]:
    yield Metric(
        "live_leases",
        "gauge",
        "Leases that are live, of both servers.",
        [({}, status.leases)],
    )
    yield Metric(
        "names",
        "gauge",
        "Names that are published; the same on every name server.",
        [({"domain": row.domain, "source": row.source}, row.names) for row in status.names_by],
    )
    yield Metric(
        "conflicts",
        "gauge",
        "Live leases whose name another live lease has; rename one of the two clients.",
        [({}, status.conflicts)],
    )
    yield Metric(
        "handovers_total",
        "counter",
        "Names that went from one live client to another; if it grows, two clients have one name.",
        [({}, status.handovers)],
    )
    yield Metric(
        "refused_names",
        "gauge",
        "Clients whose hostname is not published, by cause; leasemerge status lists them.",
        [({"cause": cause}, number) for cause, number in sorted(status.refused_by_cause.items())],
    )


def _failover(status: Status) -> Iterator[Metric]:
    yield Metric(
        "failover_normal",
        "gauge",
        "Whether this server and its partner are both normal; 0 for minutes: docs/operating.md.",
        [
            ({"peer": peer}, tuple(states) in HEALTHY_PAIRS)
            for peer, states in sorted(status.failover.items())
        ],
    )
    yield Metric(
        "failover_state",
        "gauge",
        "1 for the state that this server and its partner are in, as this one sees it.",
        [
            ({"peer": peer, "side": side, "state": state}, state == now)
            for peer, states in sorted(status.failover.items())
            for side, now in zip(("local", "partner"), states, strict=True)
            for state in (KEA_STATES if set(states) <= set(KEA_STATES) else FAILOVER_STATES)
        ],
    )


def _pools(status: Status) -> Iterator[Metric]:
    pools = [
        ({"subnet": pool.subnet, "range": f"{pool.first}-{pool.last}"}, pool)
        for pool in status.pools
    ]
    yield Metric(
        "pool_addresses",
        "gauge",
        "Addresses of a range that the DHCP server gives out; fixed hosts' are not counted.",
        [(labels, pool.size) for labels, pool in pools],
    )
    yield Metric(
        "pool_leased_addresses",
        "gauge",
        "Addresses that are leased; near the size: a longer range, or shorter leases.",
        [(labels, pool.leased) for labels, pool in pools],
    )
    yield Metric(
        "pool_free_addresses",
        "gauge",
        "Free addresses by the server that may give them out; both even out while normal.",
        [
            ({**labels, "side": side}, free)
            for labels, pool in pools
            for side, free in (("primary", pool.free_primary), ("secondary", pool.free_secondary))
        ],
    )
    yield Metric(
        "pool_available_addresses",
        "gauge",
        "What this server alone may give out; few while its partner is away: partner-down.",
        [(labels, status.available(pool)) for labels, pool in pools],
    )
    yield Metric(
        "pool_abandoned_addresses",
        "gauge",
        "Addresses that somebody uses without a lease; the DHCP server's log has them.",
        [(labels, pool.abandoned) for labels, pool in pools],
    )
    yield Metric(
        "pool_waiting_addresses",
        "gauge",
        "Addresses whose lease is over, until the partner confirms it; many only while it is away.",
        [(labels, pool.waiting) for labels, pool in pools],
    )


# In the order of the file.
_GROUPS = (_service, _history, _feeds, _names, _failover, _pools)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
