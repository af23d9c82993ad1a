"""What the history answers: who had which address when (module history writes it)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from .history import Client, client_of, part_paths, read_part
from .ranges import normal_mac
from .when import show_time


class Period(NamedTuple):
    """A client has had an address for a while, in Unix seconds; ``until`` None: it still has it."""

    address: str
    client: Client
    since: int
    until: int | None = None


def periods(directory: Path, address: str | None = None) -> Iterator[Period]:
    """Yield the periods of all addresses, or of one, in the order in which they ended.

    Raises OSError: when the history cannot be read.
    """
    open_: dict[str, Period] = {}
    for path in part_paths(directory):
        for line in read_part(path, None if address is None else f'"address":"{address}"'):
            client, at, of = client_of(line), line["at"], line["address"]
            before = open_.get(of)
            if before is not None and client == before.client:
                continue
            if before is not None:
                # The new client may have been noticed some time after it got the address.
                over = at if client is None else max(before.since, min(at, line["since"]))
                yield before._replace(until=over)
                del open_[of]
            if client is not None:
                open_[of] = Period(of, client, line["since"])
    yield from open_.values()


def find(found: Iterable[Period], who: str | None, since: int, until: int) -> list[Period]:
    """Return the periods of an address, MAC address or name that overlap a time, latest first.

    A name is a published one, or what the client called itself; None matches every client.
    """
    mac = normal_mac(who)
    return sorted(
        (
            period
            for period in found
            if period.since <= until
            and (period.until is None or period.until > since)
            and (who is None or mac == period.client.hardware or _is(period, who.lower()))
        ),
        key=lambda period: period.since,
        reverse=True,
    )


def table(found: Iterable[Period]) -> Iterator[str]:
    """Yield the lines of `leasemerge history`."""
    row = "{:15} {:30} {:30} {:17} {}".format
    yield row("ADDRESS", "FROM", "UNTIL", "MAC", "NAME")
    for period in found:
        client = period.client
        until = "now" if period.until is None else show_time(period.until)
        # Escaped: a hostname is what a stranger typed, and this goes to a terminal.
        called = "" if client.hostname is None else f" (called itself {client.hostname!a})"
        yield row(
            period.address,
            show_time(period.since),
            until,
            client.hardware or "-",
            f"{client.name or '-'}{called}",
        )


def _is(period: Period, who: str) -> bool:
    hostname = (period.client.hostname or "").lower()
    return who in (period.address, period.client.name, hostname, hostname.partition(".")[0])
