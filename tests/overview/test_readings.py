"""The names that follow from what was read."""

from __future__ import annotations

from base64 import b64encode

from tests.overview.sample_network import DRACO, healthy, made


def test_what_a_wiped_server_has_lost_still_counts() -> None:
    rows = healthy(draco="")
    rows[1]["memories"] = {"draco~": b64encode(DRACO.encode()).decode()}
    hosts = {host["name"]: host for host in made(rows)["hosts"]}
    assert hosts["laptop"]["server"] == "draco"
