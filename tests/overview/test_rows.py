"""The rows of names, and of leases that lost theirs."""

from __future__ import annotations

from tests.overview.sample_network import DRACO, healthy, lease, made


def test_each_name_has_the_server_that_received_it() -> None:
    hosts = {host["name"]: host for host in made(healthy())["hosts"]}
    assert hosts["laptop"]["server"] == "draco"
    assert hosts["phone"]["server"] == "taurus"
    assert hosts["phone"]["until"] == "2026-11-23 12:50:00 UTC"
    assert hosts["phone"]["left"] == "50 min"
    assert hosts["printer"]["source"] == "fixed"
    assert hosts["lp"]["source"] == "alias"


def test_refused_names_and_conflicts_are_listed_with_the_reason() -> None:
    draco = DRACO + lease("10.1.1.108", mac="02:00:00:00:00:08", hostname="WPAD")
    losers = made(healthy(draco))["losers"]
    assert [(loser["address"], loser["hostname"], loser["kind"]) for loser in losers] == [
        ("10.1.1.108", "WPAD", "refused")
    ]
    assert "reserved" in losers[0]["reason"]
