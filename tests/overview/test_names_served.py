"""Which servers can take over the address of a name server."""

from __future__ import annotations

import pytest

from tests.overview.sample_network import floating, made, texts


@pytest.mark.parametrize("unit", ["floating-address.service", "keepalived.service"])
def test_a_server_that_takes_nothing_over_is_no_standby(unit: str) -> None:
    rows = floating()
    rows[2]["units"][unit] = "inactive"
    report = made(rows)
    assert report["services"][0]["standbys"] == ["taurus"]
    assert texts(report) == [f"scorpio: {unit} is inactive."]
