"""What is wrong with a server: its machine, units, feeds and zone data."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import JOURNAL, Cause, Evidence, Finding
from .readings import Reading

# dhcpd and Kea stop failover if the clocks are 60 s apart (dhcpd.conf(5)); a busy controller may
# take some seconds to connect, which looks like a clock that is ahead.
_CLOCKS = 20
# Below this, dhcpd and leasemerge will soon be unable to write.
_ROOM = 64 << 20
_ROOM_SHARE = 0.03
# A live feed has a sign of life every few seconds.
_SILENT_FEED = 60


def servers(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is wrong with each server that was read, and those that could not be."""
    for reading in evidence.readings:
        if not reading.reachable:
            reason = f": {reading.reason}" if reading.reason else ""
            yield Finding(
                Cause("off", reading.server),
                f"{reading.server} cannot be reached{reason}.",
                f"Switch {reading.server} on, or see why ssh does not reach it; "
                'if its disk is lost: docs/operating.md, "Rebuild a server".',
            )
    for reading in evidence.readings:
        yield from _machine(reading)
        yield from _units(reading, evidence)


def _machine(reading: Reading) -> Iterator[Finding]:
    server = reading.server
    systems: dict[tuple[int, ...], list[str]] = {}
    for directory, space in reading.disks.items():
        if space is not None:
            systems.setdefault(tuple(space), []).append(directory)
    for (free, size), directories in systems.items():
        if free < min(_ROOM, _ROOM_SHARE * size):
            where = list(dict.fromkeys(directories))
            yield Finding(
                Cause("disk", server),
                f"{server}: {free // 1000000} MB are left where {' and '.join(where)} "
                f"{'lies' if len(where) == 1 else 'lie'}.",
                f"Make room on {server}: leases and zone data that cannot be written are lost.",
            )
    if abs(reading.offset) > _CLOCKS:
        ahead = "ahead of" if reading.offset > 0 else "behind"
        yield Finding(
            Cause("clock", server),
            f"{server}: its clock is {abs(round(reading.offset))} s {ahead} the controller's.",
            f"Set the clock of {server} (timedatectl): {reading.dhcp.name} stops failover at 60 s.",
        )


def _units(reading: Reading, evidence: Evidence) -> Iterator[Finding]:
    server = reading.server
    for unit, state in reading.units.items():
        if state != "active":
            word = "hung: its process is stopped" if state == "hung" else state
            if state == "missing":
                step = f"ansible-playbook playbooks/site.yml --limit {server} deploys it."
            elif state == "hung":
                step = f"systemctl restart {unit} on {server}."
            else:
                step = JOURNAL.format(unit=unit, server=server)
            # A DNS daemon for one address starts and stops with that for the others, and needs its
            # address; everything else is independent.
            daemon, _, address = unit.partition("@")
            needed = (daemon.removesuffix("-spare"), "floating-address") if address else ()
            because = [Cause("unit", server, f"{name}.service") for name in needed]
            yield Finding(
                Cause("unit", server, unit),
                f"{server}: {unit} is {word}.",
                step,
                [*because, Cause("disk", server)],
            )
    for unit in reading.disabled:
        yield Finding(
            Cause("boot", server, unit),
            f"{server}: {unit} is active, but does not start at boot.",
            f"systemctl enable {unit} on {server}.",
        )
    if reading.reachable and server in evidence.tinydns and reading.status is None:
        yield Finding(
            Cause("leasemerge", server),
            f"{server}: leasemerge does not answer.",
            JOURNAL.format(unit="leasemerge", server=server),
            [Cause("unit", server, "leasemerge.service"), Cause("disk", server)],
        )
    for error in (reading.status or {}).get("errors", ()):
        yield Finding(
            Cause("error", server, error),
            f"{server}: {error}",
            JOURNAL.format(unit="leasemerge", server=server),
            [Cause("disk", server)],
        )


def feeds(evidence: Evidence) -> Iterator[Finding]:
    """Yield leasemerge's feeds that do not follow, or are silent."""
    for reading in evidence.readings:
        for feed in (reading.status or {}).get("feeds", ()):
            server, source = reading.server, feed["server"]
            key = Cause("feed", server, source)
            because = [
                Cause("off", source),
                Cause("unit", source, "leasemerge.service"),
                Cause("leasemerge", source),
            ]
            step = f"leasemerge status on {server} has the reason; site.yml exchanges the ssh keys."
            if feed["kind"] == "own":
                because = [Cause("unit", server, reading.dhcp.unit), Cause("disk", server)]
                step = f"ansible-playbook playbooks/site.yml --limit {server} puts it in place."
            reason = f" ({feed['error']})" if feed["error"] else ""
            if feed["state"] != "following":
                yield Finding(
                    key,
                    f"{server}: the feed of {source} is {feed['state']}{reason}.",
                    step,
                    because,
                )
                continue
            age = evidence.now - (feed["last_seen"] or 0)
            if feed["kind"] == "peer" and age > _SILENT_FEED:
                yield Finding(
                    key,
                    f"{server}: nothing was received from the feed of {source} for {round(age)} s.",
                    step,
                    because,
                )


def zone_differences(evidence: Evidence) -> Iterator[Finding]:
    """Yield the servers whose zone data is not that of the merge."""
    for row in evidence.zone_differences:
        if row["missing"] or row["extra"]:
            server = row["server"]
            yield Finding(
                Cause("zone", server),
                f"{server} serves zone data that differs from the merge's: "
                f"{len(row['missing'])} missing, {len(row['extra'])} extra.",
                f"leasemerge status on {server}; "
                f"ansible-playbook playbooks/site.yml --limit {server} deploys it again.",
                [
                    Cause("unit", server, "leasemerge.service"),
                    Cause("leasemerge", server),
                    Cause("disk", server),
                ],
            )
