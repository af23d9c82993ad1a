"""The text file for Prometheus, read by Prometheus' own promtool."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from leasemerge.metrics import metrics
from leasemerge.status import PublishStatus, Status
from tests.support.rig import Rig, lease
from tests.support.waiting import eventually

Make = Callable[..., Rig]
REPOSITORY = Path(__file__).resolve().parents[2]
MONITORING = REPOSITORY / "docs/monitoring"


def _check(text: str) -> None:
    """Have promtool read metrics, and find nothing against their names and help."""
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _values(text: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


@pytest.fixture
def draco(rig: Make) -> Rig:
    """Start a server whose pair is not normal, with names of every kind."""
    draco = rig()
    # An address that nobody has (RFC 5737): the lab may run beside the tests.
    draco.site["name_servers"] = [{"name": "ns1", "address": "192.0.2.3"}]
    draco.settings = {"history_days": 30, "history_megabytes": 8}
    draco.write(
        lease(100, "same", starts=5), lease(101, "same"), lease(102, "WPAD"), lease(103, "..."),
        lease(104, "foobar"), lease(105, state="abandoned"), lease(106, state="backup"),
        lease(107, state="expired"), lease(108, state="free"),
    )  # fmt: skip
    with draco.leases.open("ab") as file:
        file.write(b'failover peer "pair" state {\n  my state normal at 1 2026/11/23 00:00:00;\n')
        file.write(b"  partner state communications-interrupted at 1 2026/11/23 00:00:00;\n}\n")
    draco.start()
    eventually("all is read", lambda: draco.status()["leases"] == 5)
    return draco


def test_1_what_the_service_writes_is_right_and_well_formed(draco: Rig) -> None:
    """Every number that can be known here."""
    path = draco.directory / "leasemerge.prom"
    eventually("it is written", lambda: "live_leases 5\n" in path.read_text())
    text = path.read_text()
    _check(text)
    values = _values(text)
    pool = '{subnet="10.1.1.0/24",range="10.1.1.100-10.1.1.200"'
    partner = '{peer="pair",side="partner",state="communications-interrupted"}'
    server = '{name_server="ns1",address="192.0.2.3"}'
    expected = {
        'leasemerge_names{domain="office.internal",source="fixed"}': 2,
        'leasemerge_names{domain="office.internal",source="lease"}': 1,
        "leasemerge_conflicts": 1,
        'leasemerge_refused_names{cause="no_label"}': 1,
        'leasemerge_refused_names{cause="reserved"}': 1,
        'leasemerge_refused_names{cause="taken"}': 1,
        'leasemerge_failover_normal{peer="pair"}': 0,
        'leasemerge_failover_state{peer="pair",side="local",state="normal"}': 1,
        'leasemerge_failover_state{peer="pair",side="partner",state="normal"}': 0,
        f"leasemerge_failover_state{partner}": 1,
        f"leasemerge_pool_addresses{pool}}}": 101,
        f"leasemerge_pool_leased_addresses{pool}}}": 5,
        f'leasemerge_pool_free_addresses{pool},side="primary"}}': 93,
        f'leasemerge_pool_free_addresses{pool},side="secondary"}}': 1,
        f"leasemerge_pool_available_addresses{pool}}}": 93,
        f"leasemerge_pool_abandoned_addresses{pool}}}": 1,
        f"leasemerge_pool_waiting_addresses{pool}}}": 1,
        'leasemerge_feed_up{server="draco",kind="own"}': 1,
        "leasemerge_publish_failures_total": 0,
        # Nobody is there to answer.
        f"leasemerge_name_server_last_answer_timestamp_seconds{server}": 0,
    }  # fmt: skip
    assert {name: values.get(name) for name in expected} == expected
    assert values["leasemerge_build_seconds"] > 0
    assert values["leasemerge_history_size_bytes"] > 0


def test_2_hostile_text_is_no_metric() -> None:
    """A failover peer's name is what somebody wrote into dhcpd.conf."""
    failover = {'a"} 1\nevil{x="\\': ("normal", "normal")}
    status = Status(
        "draco", 0, 0, 0, 0, 0, 0, [], PublishStatus(0, 0, 0, 0, None), failover=failover
    )
    text = "".join(f"{line}\n" for line in metrics(status))
    _check(text)
    assert "\nevil" not in text


def test_3_the_alert_rules_are_valid_and_fire_when_they_should() -> None:
    """By promtool, which runs them on the series of the test file."""
    for words in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(
            ["promtool", *words], cwd=MONITORING, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_4_rules_and_dashboard_name_metrics_that_exist(draco: Rig) -> None:
    """A metric that is renamed must not leave a rule behind that never fires."""
    path = draco.directory / "leasemerge.prom"
    eventually("it is written", path.exists)
    program = REPOSITORY / "roles/floating_address/files/usr/local/sbin/floating_address.py"
    texts = path.read_text() + program.read_text()
    known = set(re.findall(r"# TYPE ([a-z_]+)", texts))
    for name in ("alerts.yml", "dashboard.json"):
        used = set(
            re.findall(
                r"\b(?:leasemerge|floating_address)_[a-z_]+", (MONITORING / name).read_text()
            )
        )
        assert used, name
        assert used <= known, f"{name} names {sorted(used - known)}"


def test_5_every_alert_is_tested_and_has_an_action() -> None:
    """One that fires and one that does not, by the names in the test file."""
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())
    tests = (MONITORING / "alerts_test.yml").read_text()
    for rule in rules["groups"][0]["rules"]:
        assert f"alertname: {rule['alert']}" in tests
        assert rule["annotations"]["action"], rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_6_grafana_understands_the_dashboard(tmp_path: Path) -> None:
    """By its makers' own model of the format (Grafana itself is in no registry that we use).

    What the model does not know is lost on the way through it; and promtool reads every query.
    """
    plugins.register_default_plugins()
    text = json.loads((MONITORING / "dashboard.json").read_text())
    assert _lost(text, json.loads(JSONEncoder().encode(Dashboard.from_json(text)))) == []
    queries = [target["expr"] for panel in text["panels"] for target in panel["targets"]]
    rules = [{"record": f"q{n}", "expr": query} for n, query in enumerate(queries)]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    subprocess.run(["promtool", "check", "rules", path], check=True, capture_output=True)
    places = [tuple(panel["gridPos"].values()) for panel in text["panels"]]
    assert len(set(places)) == len(places), "Two panels lie on each other."


def _lost(one: Any, other: Any, path: str = "") -> list[str]:
    """Return the places where a JSON text has something that the other has not."""
    if isinstance(one, dict):
        return [
            place
            for key, value in one.items()
            for place in _lost(value, other.get(key, "absent"), f"{path}/{key}")
        ]
    if isinstance(one, list):
        return [
            place
            for number, value in enumerate(one)
            for place in _lost(value, other[number], f"{path}[{number}]")
        ]
    return [] if one == other else [path]
