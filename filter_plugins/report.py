"""Filters that show the network as it is; the package controller.overview does the work."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller.filters import filters
from controller.overview import answers, lease, names_served, readings, report
from controller.overview.machines import machine_table, machines_of
from controller.overview.readings import Reading
from controller.overview.registered import readings_of, server_readings
from leasemerge.site import Site


def status_queries(site: object) -> list[list[str]]:
    """Return what the status queries at every name server and resolver."""
    return [list(query) for query in names_served.status_answers(Site.from_dict(site))]


def network_report(
    rows: Iterable[Mapping[str, Any]],
    site: object,
    machines: Iterable[Mapping[str, Any]],
    now: object,
) -> dict[str, Any]:
    """Return the report on the network that a template prints."""
    known, read, given = machines_of(machines), readings_of(rows), Site.from_dict(site)
    subnets = site["subnets"]  # type: ignore[index]  # Site has checked it
    return report.network_report(known, read, given, _seconds(now), subnets)


def lease_view(
    rows: Iterable[Mapping[str, Any]], site: object, wanted: object, now: object
) -> dict[str, Any]:
    """Collect all that is known about a name, an address or a MAC address."""
    return lease.lease_view(readings_of(rows), Site.from_dict(site), str(wanted), _seconds(now))


def dns_queries(rows: Iterable[Mapping[str, Any]], site: object, now: object) -> list[list[str]]:
    """List the queries for the name servers: all that is expected, and all that is served."""
    read = readings_of(rows)
    expected = _expected(read, site, now)
    served = [answers.answers_of(reading.zone) for reading in read if reading.zone is not None]
    return answers.queries(expected, served)


def dns_differences(
    answered: Iterable[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    site: object,
    server: str,
    now: object,
) -> list[str]:
    """Return a sentence for each answer of a server that differs from the merge."""
    return answers.differences(_expected(readings_of(rows), site, now), answered, server)


def _expected(read: list[Reading], site: object, now: object) -> dict[tuple[str, str], list[str]]:
    zone = readings.expected_zone(read, Site.from_dict(site), _seconds(now))
    return answers.answers_of(zone)


def _seconds(now: object) -> int:
    return int(now)  # type: ignore[call-overload,no-any-return]  # raises if not a number


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(
            server_readings,
            status_queries,
            machine_table,
            network_report,
            lease_view,
            dns_queries,
            dns_differences,
        )
