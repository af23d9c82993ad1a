"""Filters that merge lease files with the site: the same code and bytes as on the servers."""

from __future__ import annotations

import sys
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller.filters import filters
from leasemerge.lease import NEVER
from leasemerge.lease_file import parse
from leasemerge.merge import merge
from leasemerge.names import Names
from leasemerge.site import EARLIER, Site, SiteError
from leasemerge.zone import zone_data as leasemerge_zone_data


def lease_logs(
    reads: Iterable[Mapping[str, Any]], memories: Iterable[Mapping[str, Any]] = ()
) -> dict[str, list[str]]:
    """Return the parts of each lease log, in base64, by the name of its server.

    ``reads`` are the results of slurp on the servers' lease files, looped over pairs of a server
    and a part, in the order of the parts. ``memories`` are those on what peers remember of one
    server, looped over items with the peer's name as ``server``. What could not be read is left
    out.
    """
    logs: dict[str, list[str]] = {}
    for read in reads:
        if "content" in read:
            logs.setdefault(read["item"][0], []).append(read["content"])
    for read in memories:
        if "content" in read:
            logs[read["item"]["server"] + EARLIER] = [read["content"]]
    return logs


def merge_names(leases: object, site: object, now: object) -> list[dict[str, Any]]:
    """List the names that are published at `now`, sorted by label and domain."""
    return [_row(name) for name in _merged(leases, site, now)[0].names]


def zone_data(leases: object, site: object, now: object) -> str:
    """Return the zone data at `now`: what `leasemerge render` prints for the same input."""
    return leasemerge_zone_data(*_merged(leases, site, now)).decode()


def _merged(leases: object, site: object, now: object) -> tuple[Names, Site]:
    try:
        read = Site.from_dict(site)
    except SiteError as exc:
        raise AnsibleFilterError(str(exc)) from exc
    if not isinstance(leases, Mapping):
        raise AnsibleFilterError("The leases are not a mapping of server to lease file.")
    logs = {}
    for server, text in leases.items():
        try:
            parts = [text] if isinstance(text, str) else text
            data = b"".join(b64decode(part, validate=True) for part in parts)
            logs[server] = parse(data).leases.values()
        except (TypeError, ValueError) as exc:
            raise AnsibleFilterError(f"The leases of {server} are not base64: {exc}.") from exc
    try:
        seconds = int(now)  # type: ignore[call-overload]  # raises if not a number
    except (TypeError, ValueError) as exc:
        raise AnsibleFilterError(f"now is {now!r}, not a number of Unix seconds.") from exc
    return merge(logs, read, seconds), read


def _row(result: Any) -> dict[str, Any]:
    return {key: "never" if value == NEVER else value for key, value in asdict(result).items()}


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Any]:
        """Name each filter of this file."""
        return filters(lease_logs, merge_names, zone_data)
