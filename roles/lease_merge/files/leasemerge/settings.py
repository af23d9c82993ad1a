"""The service's settings: service.json, which the role writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .own_log import FORMATS


class SettingsError(ValueError):
    """The settings cannot be used; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service needs to know about its machine."""

    server: str
    """This server's name in the site's `servers`, or its own if it runs no DHCP server."""
    site: Path
    data_dir: Path
    state_dir: Path
    socket: Path
    lease_file: Path | None = None
    lease_format: str = "dhcpd"
    """Who writes the lease file: one of own_log.FORMATS."""
    metrics_file: Path | None = None
    feeds: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Each peer's name and the command that delivers its stream."""
    history_days: int = 0
    """How many days of who had which address are kept; 0 for none."""
    history_megabytes: int = 0

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Return the settings of a file.

        Raises OSError: when it cannot be read; SettingsError: when it cannot be used.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            lease_file, metrics_file = data.get("lease_file"), data.get("metrics_file")
            lease_format = str(data.get("lease_format", "dhcpd"))
            if lease_format not in FORMATS:
                raise ValueError(f"lease_format is {lease_format!r}, not one of {[*FORMATS]}")
            return cls(
                server=str(data["server"]),
                site=Path(data["site"]),
                data_dir=Path(data["data_dir"]),
                state_dir=Path(data["state_dir"]),
                socket=Path(data["socket"]),
                lease_file=Path(lease_file) if lease_file else None,
                lease_format=lease_format,
                metrics_file=Path(metrics_file) if metrics_file else None,
                feeds=tuple(
                    (str(feed["server"]), tuple(map(str, feed["command"])))
                    for feed in data.get("feeds", [])
                ),
                history_days=int(data.get("history_days", 0)),
                history_megabytes=int(data.get("history_megabytes", 0)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SettingsError(f"{path}: {type(error).__name__}: {error}") from error
