"""The merge, held against what a real pair's clients were really given (capture.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leasemerge.log import LeaseLog, parse
from leasemerge.merge import merge
from leasemerge.names import Names
from leasemerge.site import FixedHost, Site

STAGES = sorted((Path(__file__).parent / "captured").iterdir())
PINS = Path(__file__).parent / "captured-pins"

# jo's machine is a fixed host without an address: its name is pinned, its address is not (rule 5).
SITE = Site.from_dict(
    {
        "domain": "office.internal",
        "reverse_zones": ["0.9.10.in-addr.arpa"],
        "name_servers": [
            {"name": "ns1", "address": "10.9.0.2"},
            {"name": "ns2", "address": "10.9.0.3"},
        ],
        "fixed_hosts": [{"name": "scanner", "hardware_ethernet": ["02:00:00:09:00:0a"]}],
        "subnets": [{"network": "10.9.0.0/24", "ranges": [["10.9.0.100", "10.9.0.139"]]}],
        "servers": ["draco", "taurus"],
        "reserved_names": ["wpad", "isatap", "localhost"],
        "fixed_ttl": 3600,
        "lease_ttl": 60,
        "negative_ttl": 5,
    }
)


def logs(stage: Path) -> dict[str, LeaseLog]:
    """Read both servers' lease files of a stage."""
    return {server: parse((stage / f"{server}.leases").read_bytes()) for server in SITE.servers}


def clients(stage: Path) -> tuple[int, list[dict[str, Any]]]:
    """Return when the stage was captured, and the clients that hold an address then."""
    facts = json.loads((stage / "clients.json").read_text())
    now = facts["now"]
    return now, [client for client in facts["clients"].values() if client["until"] > now]


def expected(held: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each name with its address, a name of two clients with that of the later one."""
    for client in sorted(held, key=lambda client: client["since"]):
        pinned = client["hardware"] == "02:00:00:09:00:0a"
        yield "scanner" if pinned else client["hostname"], client["address"]


def leased(names: Names) -> dict[str, str]:
    """Return the names that come from leases."""
    return {name.label: name.address for name in names.names if name.source == "lease"}


@pytest.mark.parametrize(
    ("stage", "ann", "bob"),
    [
        ("1-leased", None, "10.9.0.21"),
        ("2-pinned", None, "10.9.0.21"),
        ("3-moved", "10.9.0.20", "10.9.0.21"),
    ],
)
def test_hosts_that_were_pinned_elsewhere(stage: str, ann: str | None, bob: str) -> None:
    """Rule 4: ann sends an identifier, so her name moves with her; bob's is there at once.

    In the last stage both have moved. dhcpd has released the lease of ann, and not that of bob.
    """
    pins = [
        FixedHost("ann", ("10.9.0.20",), ("02:00:00:09:00:01",)),
        FixedHost("bob", ("10.9.0.21",), ("02:00:00:09:00:02",)),
    ]
    site = replace(SITE, fixed_hosts=tuple(pins))
    folder = PINS / stage
    facts = json.loads((folder / "clients.json").read_text())
    given = facts["clients"]["ann"]["address"]
    names = merge(
        {server: log.leases.values() for server, log in logs(folder).items()}, site, facts["now"]
    )
    assert {name.label: name.address for name in names.names} == {"ann": ann or given, "bob": bob}
    assert (given == "10.9.0.20") is (ann is not None), "The merge follows the client."


def test_all_stages_are_here() -> None:
    """The capture went through all of the troubles."""
    assert len(STAGES) == 11


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_names_are_what_the_clients_were_given(stage: Path) -> None:
    """Every client that holds an address has its name, and nothing else has one."""
    now, held = clients(stage)
    merged = merge({server: log.leases.values() for server, log in logs(stage).items()}, SITE, now)
    assert leased(merged) == dict(expected(held))


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_real_log_has_no_damage(stage: Path) -> None:
    """What a real dhcpd wrote is read to the last byte, also when it was killed."""
    for log in logs(stage).values():
        assert not log.skipped


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_failover_state(stage: Path) -> None:
    """The state of the pair is reported as the servers last wrote it."""
    states = [log.failover["pair"] for log in logs(stage).values()]
    alone = "communications-interrupted"
    if stage.name in ("6-secondary-killed", "7-outage"):
        assert states == [(alone, "normal"), ("normal", "normal")]
    elif stage.name == "9-partition":
        assert states == [(alone, "normal")] * 2
    else:
        assert states == [("normal", "normal")] * 2


def test_neither_file_alone_is_enough() -> None:
    """The stages are worth something: each server alone gets some of them wrong."""
    for server in SITE.servers:
        wrong = []
        for stage in STAGES:
            now, held = clients(stage)
            alone = merge({server: logs(stage)[server].leases.values()}, SITE, now)
            if leased(alone) != dict(expected(held)):
                wrong.append(stage.name)
        assert len(wrong) > 2, f"{server} alone is right but for {wrong}"
