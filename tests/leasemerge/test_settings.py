"""service.json: what is read of it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leasemerge.settings import Settings, SettingsError

LEAST: dict[str, Any] = dict.fromkeys(("server", "site", "data_dir", "state_dir", "socket"), "x")


def read(tmp_path: Path, settings: object) -> Settings:
    """Read these settings from a file."""
    path = tmp_path / "service.json"
    path.write_text(json.dumps(settings))
    return Settings.read(path)


def test_1_what_the_role_writes(tmp_path: Path) -> None:
    """Each peer with its command."""
    feeds = [{"server": "taurus", "command": ["ssh", "10.1.1.6"]}]
    found = read(tmp_path, LEAST | {"lease_file": "/leases", "lease_format": "kea", "feeds": feeds})
    assert (found.lease_file, found.lease_format) == (Path("/leases"), "kea")
    assert found.feeds == (("taurus", ("ssh", "10.1.1.6")),)


def test_2_what_may_be_absent_or_empty(tmp_path: Path) -> None:
    """A server without a DHCP server, metrics, peers or a history."""
    x = Path("x")
    expected = Settings("x", x, x, x, x)
    assert read(tmp_path, LEAST) == expected
    assert read(tmp_path, LEAST | {"lease_file": "", "metrics_file": "", "feeds": []}) == expected


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({key: "x" for key in LEAST if key != "socket"}, "KeyError: 'socket'"),
        (LEAST | {"lease_format": "dnsmasq"}, "not one of"),
        (LEAST | {"feeds": [{"server": "taurus"}]}, "KeyError: 'command'"),
        (LEAST | {"history_days": "many"}, "ValueError"),
        ([], "AttributeError"),
    ],
)
def test_3_what_cannot_be_used_is_refused_with_its_file(
    tmp_path: Path, settings: object, problem: str
) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(SettingsError, match=f"service.json: .*{problem}"):
        read(tmp_path, settings)


def test_4_what_is_no_json_is_refused(tmp_path: Path) -> None:
    """A file that is not there is an OSError, as of any file."""
    path = tmp_path / "service.json"
    path.write_text("{")
    with pytest.raises(SettingsError, match="JSONDecodeError"):
        Settings.read(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        Settings.read(path)
