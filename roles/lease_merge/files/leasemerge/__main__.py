"""The command line: `python3 -m leasemerge`, installed as `leasemerge`."""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

# Everything is imported by the commands that need it, so that the others start sooner.
if TYPE_CHECKING:
    from .log import LeaseLog
    from .merge import Merge
    from .site import Site

_ADDRESS = re.compile(r"\d+(\.\d+){3}")


class CommandError(Exception):
    """The command ends: `lines` go to standard error, `status` is the exit status."""

    def __init__(self, lines: Sequence[str], status: int) -> None:
        """Keep both."""
        super().__init__("\n".join(lines))
        self.lines = lines
        self.status = status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 1 for an unreadable file, 2 for a faulty site."""
    parser = argparse.ArgumentParser(
        prog="leasemerge", description="Names from the leases of a pair of DHCP servers."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_render(commands)
    _add_dump(commands)
    _add_convert(commands)
    _add_service_commands(commands)
    _add_history(commands)
    options = parser.parse_args(arguments)
    # There are no reference cycles here, so the collector finds nothing, and with many leases it
    # takes as long as a hundred publishes.
    gc.disable()
    try:
        options.run(options)
    except CommandError as error:
        for line in error.lines:
            print(line, file=sys.stderr)
        return error.status
    except OSError as error:
        # Standard output failed: read errors are reported where they occur. Python would flush it
        # once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # The reader may have seen enough (`leasemerge dump | head`).
        if not isinstance(error, BrokenPipeError):
            print(f"leasemerge: standard output: {error.strerror}", file=sys.stderr)
            return 1
    return 0


def _add_render(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("render", help="print the zone data of a site and its leases")
    parser.set_defaults(run=_render)
    _add_merge_arguments(parser)


def _add_merge_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--site", type=Path, required=True, help="the site, site.json")
    parser.add_argument(
        "--leases",
        action="append",
        required=True,
        metavar="[SERVER=]FILE",
        help="a server's lease file, dhcpd's or Kea's; once for each server",
    )
    parser.add_argument(
        "--now", type=int, metavar="EPOCH", help="Unix seconds instead of the clock"
    )


def _add_dump(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("dump", help="print the last block of each address as JSON lines")
    parser.set_defaults(run=_dump)
    parser.add_argument("--leases", type=Path, required=True, metavar="FILE", help="a lease file")


def _add_convert(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "convert", help="print the leases that still run, in another DHCP server's format"
    )
    parser.set_defaults(run=_convert)
    parser.add_argument("--to", choices=["dhcpd", "kea"], required=True, help="that server")
    _add_merge_arguments(parser)


def _add_service_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    socket = Path("/run/leasemerge/feed.sock")
    parser = commands.add_parser("serve", help="follow the feeds and publish zone data")
    parser.set_defaults(run=_serve)
    parser.add_argument(
        "--settings",
        type=Path,
        default=Path("/etc/leasemerge/service.json"),
        help="the settings of this machine (%(default)s)",
    )
    parser = commands.add_parser("feed", help="stream what this server knows of leases")
    parser.set_defaults(run=_feed)
    parser.add_argument("--to", required=True, metavar="SERVER", help="the server that follows")
    parser.add_argument("--socket", type=Path, default=socket, help="the service (%(default)s)")
    parser = commands.add_parser("status", help="print the state of the service")
    parser.set_defaults(run=_status)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--socket", type=Path, default=socket, help="the service (%(default)s)")


def _add_history(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("history", help="print who had which address when")
    parser.set_defaults(run=_history)
    parser.add_argument(
        "who", nargs="?", help="an address, a MAC address or a name; without it everybody"
    )
    time_help = "2026-11-24 10:00, tuesday 10:00, yesterday 10:00, 10:00 or 2h"
    parser.add_argument("--at", metavar="TIME", help=f"at this time: {time_help}")
    parser.add_argument("--since", metavar="TIME", help="from this time on")
    parser.add_argument("--until", metavar="TIME", help="up to this time")
    parser.add_argument("--json", action="store_true", help="for programs: one line per period")
    parser.add_argument(
        "--directory",
        type=Path,
        default=Path("/var/lib/leasemerge/history"),
        help="where it is (%(default)s)",
    )


def _render(options: argparse.Namespace) -> None:
    from .zone import zone_data

    site, merge, now = _merged(options)
    sys.stdout.buffer.write(zone_data(merge.names(now), site))
    sys.stdout.buffer.flush()


def _convert(options: argparse.Namespace) -> None:
    from . import convert

    site, merge, now = _merged(options)
    leases = convert.going_on(merge.leases(), site, now)
    lines = convert.to_kea(leases, site) if options.to == "kea" else convert.to_dhcpd(leases)
    sys.stdout.buffer.writelines(lines)
    sys.stdout.buffer.flush()


def _merged(options: argparse.Namespace) -> tuple[Site, Merge, int]:
    from .merge import Merge

    site = _read_site(options.site)
    merge = Merge(site)
    for number, text in enumerate(options.leases):
        log, path = _log_and_path(text)
        merge.update(log, _read_log(path).leases.values(), number)
    return site, merge, int(time.time()) if options.now is None else options.now


def _dump(options: argparse.Namespace) -> None:
    from .dump import dump_lines

    sys.stdout.buffer.writelines(dump_lines(_read_log(options.leases)))
    sys.stdout.buffer.flush()


def _serve(options: argparse.Namespace) -> None:
    from .publish import BusyError
    from .service import Service
    from .settings import Settings, SettingsError
    from .site import SiteError

    try:
        Service(Settings.read(options.settings)).run()
    except SiteError as error:
        raise CommandError(error.faults, 2) from error
    except (OSError, SettingsError, BusyError) as error:
        raise CommandError([f"leasemerge: {error}"], 1) from error


def _feed(options: argparse.Namespace) -> None:
    from .control import stream

    try:
        stream(options.socket, options.to)
    except OSError as error:
        raise CommandError([f"leasemerge: {options.socket}: {error.strerror}"], 1) from error


def _status(options: argparse.Namespace) -> None:
    from .control import query
    from .status import table

    try:
        report = query(options.socket)
    except (OSError, ValueError) as error:
        raise CommandError([f"leasemerge: the service does not answer: {error}"], 1) from error
    if options.json:
        print(json.dumps(report.plain(), indent=2))
        return
    for line in table(report):
        print(line)


def _history(options: argparse.Namespace) -> None:
    from .history import begun
    from .history_query import find, periods, table
    from .when import TimeError, parse_time, show_time

    now = int(time.time())
    try:
        since = parse_time(options.at or options.since or "@0", now)
        until = parse_time(options.at or options.until or "now", now)
    except TimeError as error:
        raise CommandError([f"leasemerge: {error}"], 1) from error
    try:
        beginning = begun(options.directory)
        address = options.who if _ADDRESS.fullmatch(options.who or "") else None
        found = find(periods(options.directory, address), options.who, since, until)
    except OSError as error:
        raise CommandError([f"leasemerge: {options.directory}: {error.strerror}"], 1) from error
    if beginning is None:
        raise CommandError(
            [
                f"leasemerge: {options.directory} has no history: it is turned off "
                "(history_days in service.json), or nothing has happened yet"
            ],
            1,
        )
    if options.json:
        for period in found:
            print(json.dumps({**period._asdict(), "client": period.client._asdict()}))
        return
    for line in table(found):
        print(line)
    # What it lacks is as important as what it has.
    print(
        f"The history begins {show_time(beginning)}. "
        "Hosts with a fixed address are only in it with Kea."
    )


def _read_site(path: Path) -> Site:
    from .site import SiteError, read_site

    try:
        return read_site(path)
    except OSError as error:
        raise CommandError([f"leasemerge: {path}: {error.strerror}"], 1) from error
    except SiteError as error:
        raise CommandError(error.faults, 2) from error


def _read_log(path: Path) -> LeaseLog:
    from . import lease_file

    try:
        log = lease_file.read(path)
    except OSError as error:
        raise CommandError([f"leasemerge: {path}: {error.strerror}"], 1) from error
    for place in log.skipped:
        print(f"leasemerge: {path}:{place.line}: skipped: {place.reason}", file=sys.stderr)
    if log.damage > len(log.skipped):
        more = log.damage - len(log.skipped)
        print(f"leasemerge: {path}: {more} more places were skipped", file=sys.stderr)
    return log


def _log_and_path(text: str) -> tuple[str | None, Path]:
    """Split [SERVER=]FILE; a server's name has no slash, so a path may have an equals sign."""
    server, equals, path = text.partition("=")
    if equals and "/" not in server:
        return server or None, Path(path)
    return None, Path(text)


if __name__ == "__main__":
    sys.exit(main())
