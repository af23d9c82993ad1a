"""What needs attention: each finding with a step, and under its cause."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests.overview.sample_network import DRACO, UNITS, answers, healthy, made, row, status, texts


def test_a_server_that_is_off_is_the_cause_of_what_follows() -> None:
    rows = healthy()
    rows[0] = row("draco", reachable=False)
    rows[1]["memories"] = {"draco": b64encode(DRACO.encode()).decode()}
    lost = "ssh: connect to host draco: No route to host"
    rows[1]["status"]["feeds"][1].update(state="lost", error=lost)
    rows[1]["status"]["failover"] = {"x": ["communications-interrupted", "normal"]}
    for given in rows[1:]:
        given["answers"] = answers(**{"10.1.1.3": None, "10.1.1.5": None})
    report = made(rows)
    assert texts(report) == [
        "draco cannot be reached.",
        "  Failover is not normal: taurus is communications-interrupted (its partner was last "
        "normal).",
        "  The name server ns1 (10.1.1.3) answers nobody.",
        "  The resolver draco (10.1.1.5) answers nobody.",
        f"  taurus: the feed of draco is lost ({lost}).",
        "  taurus has no addresses left to give in 10.1.1.100 to 10.1.1.109 while it is without "
        "draco, and 7 free ones are draco's.",
        "  taurus has no addresses left to give in 10.1.2.100 to 10.1.2.109 while it is without "
        "draco, and 10 free ones are draco's.",
    ]
    assert {"laptop", "phone"} <= {host["name"] for host in report["hosts"]}
    steps = [other["step"] for other in report["attention"][0]["follows"]]
    assert set(steps[:4]) == {""}
    assert "docs/operating.md" in steps[4]
    states = {(row["kind"], row["name"]): row["state"] for row in report["services"]}
    assert states["name server", "ns1"] == "silent"
    assert all(not row["healthy"] for row in report["servers"][0]["rows"])


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"status": None}, ["taurus: leasemerge does not answer."]),
        (
            {"units": {**UNITS["taurus"], "tinydns.service": "failed"}},
            ["taurus: tinydns.service is failed."],
        ),
        (
            {"units": {**UNITS["taurus"], "tinydns.service": "hung"}},
            ["taurus: tinydns.service is hung: its process is stopped."],
        ),
        (
            {"units": {**UNITS["taurus"], "floating-address.service": "missing"}},
            ["taurus: floating-address.service is missing."],
        ),
        (
            {"disabled": ["tinydns.service"]},
            ["taurus: tinydns.service is active, but does not start at boot."],
        ),
        (
            {"status": status("taurus", "draco", errors=["tinydns-data: no space"])},
            ["taurus: tinydns-data: no space"],
        ),
        (
            {
                "disks": {"/var/lib/dhcp": [1 << 20, 1 << 34]},
                "status": status("taurus", "draco", errors=["tinydns-data: no space"]),
            },
            [
                "taurus: 1 MB are left where /var/lib/dhcp lies.",
                "  taurus: tinydns-data: no space",
            ],
        ),
        ({"offset": -70.2}, ["taurus: its clock is 70 s behind the controller's."]),
        (
            {"answers": answers(**{"10.1.1.3": None})},
            ["The name server ns1 (10.1.1.3) answers draco, scorpio, not taurus."],
        ),
        (
            {"answers": answers(**{"10.1.1.3": ["10.1.1.9"]})},
            [
                "The name server ns1 (10.1.1.3) answers taurus wrongly: 10.1.1.9 for "
                "draco.office.internal A; it should be 10.1.1.5."
            ],
        ),
        (
            {"answers": answers(**{"10.1.1.7": []})},
            [
                "The resolver scorpio (10.1.1.7) answers taurus wrongly: nothing for "
                "office.internal SOA."
            ],
        ),
    ],
)
def test_what_is_wrong_is_reported(change: dict[str, Any], lines: list[str]) -> None:
    rows = healthy()
    rows[1].update(change)
    report = made(rows)
    assert texts(report) == lines
    assert all(cause["step"] for cause in report["attention"])
