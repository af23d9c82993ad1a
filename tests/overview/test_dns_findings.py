"""What is reported about name servers and resolvers: who holds their address, who answers."""

from __future__ import annotations

from tests.overview.sample_network import (
    FILTERS,
    NOW,
    PLAIN,
    RESOLVERS,
    SITE,
    answers,
    floating,
    healthy,
    made,
    row,
    texts,
)


def test_a_name_server_that_hangs_while_its_unit_is_active_is_reported() -> None:
    rows = healthy()
    for given in rows:
        given["answers"] = answers(**{"10.1.1.4": None})
    report = made(rows)
    assert texts(report) == ["The name server ns2 (10.1.1.4) answers nobody."]
    assert [line for line in report["servers"][1]["rows"] if not line["healthy"]] == [
        {"what": "tinydns 10.1.1.4", "state": "silent", "healthy": False}
    ]


def test_an_address_that_no_server_has_is_reported() -> None:
    rows = healthy()
    rows[1]["addresses"] = {"10.1.1.6": "eth0"}
    for given in rows:
        given["answers"] = answers(**{"10.1.1.4": None})
    assert texts(made(rows)) == [
        "The name server ns2 (10.1.1.4) answers nobody: no server has its address on an interface."
    ]


def test_an_address_that_two_servers_hold_is_reported() -> None:
    """It may stand by on `lo` of every server, and be on an interface of one."""
    rows = healthy()
    rows[0]["addresses"]["10.1.1.4"] = rows[2]["addresses"]["10.1.1.4"] = "lo"
    report = made(rows)
    assert texts(report) == []
    service = next(row for row in report["services"] if row["address"] == "10.1.1.4")
    assert (service["holder"], service["standbys"]) == ("taurus", ["draco", "scorpio"])
    rows[0]["addresses"]["10.1.1.4"] = "vrrp.4"
    assert texts(made(rows)) == [
        "The name server ns2 (10.1.1.4) is held by draco and taurus at once."
    ]


def test_an_address_that_nobody_holds_is_reported_although_each_server_answers_itself() -> None:
    rows = floating()
    assert texts(made(rows)) == []
    rows[0]["addresses"]["10.1.1.3"] = "lo"
    for given in rows:
        given["units"]["keepalived.service"] = "failed"
    assert texts(made(rows)) == [
        "draco: keepalived.service is failed.",
        "  The name server ns1 (10.1.1.3) is held by no server: nobody else is answered.",
        "taurus: keepalived.service is failed.",
        "scorpio: keepalived.service is failed.",
    ]


def test_a_server_that_cannot_be_read_may_hold_an_address() -> None:
    """Such as one that ssh does not reach, while its name server answers all clients."""
    rows = floating()
    rows[0]["addresses"]["10.1.1.3"] = "lo"
    rows[2] = row("scorpio", reachable=False)
    follows = [line for line in texts(made(rows)) if "10.1.1.3" in line]
    assert follows == [
        "  The name server ns1 (10.1.1.3) is held by none of the servers that could be read."
    ]


def test_an_address_at_home_outside_of_the_limit_is_not_called_lost() -> None:
    machines = FILTERS["machine_table"](["taurus"], SITE, RESOLVERS)
    report = FILTERS["network_report"](floating()[1:2], PLAIN, machines, NOW)
    assert [line for line in texts(report) if "10.1.1.3" in line] == []


def test_an_address_held_outside_of_the_limit_is_not_called_lost() -> None:
    rows = floating()
    rows[0]["addresses"]["10.1.1.3"], rows[1]["addresses"]["10.1.1.3"] = "lo", "vrrp.3"
    machines = FILTERS["machine_table"](["draco"], SITE, RESOLVERS)
    report = FILTERS["network_report"](rows[:1], PLAIN, machines, NOW)
    assert [line for line in texts(report) if "10.1.1.3" in line] == []


def test_an_address_that_has_moved_is_reported_with_the_reason() -> None:
    rows = floating()
    rows[0]["addresses"]["10.1.1.3"], rows[1]["addresses"]["10.1.1.3"] = "lo", "vrrp.3"
    moved = "The name server ns1 (10.1.1.3) is held by taurus, although its home draco is up."
    assert texts(made(rows)) == [moved]
    rows[0]["units"]["tinydns@10.1.1.3.service"] = "failed"
    assert texts(made(rows)) == ["draco: tinydns@10.1.1.3.service is failed.", f"  {moved}"]


def test_a_standby_that_does_not_answer_is_reported() -> None:
    """The holder does, so that no client notices yet."""
    rows = floating()
    rows[2]["answers"] = answers(**{"10.1.1.3": None})
    report = made(rows)
    assert texts(report) == [
        "The name server ns1 (10.1.1.3): scorpio stands by, and its daemon does not answer."
    ]
    assert {"what": "tinydns 10.1.1.3, standby", "state": "silent", "healthy": False} in (
        report["servers"][2]["rows"]
    )


def test_a_holder_whose_daemon_hangs_is_reported() -> None:
    """The standbys answer themselves, and nobody else."""
    rows = floating()
    rows[0]["answers"] = answers(**{"10.1.1.3": None})
    report = made(rows)
    assert texts(report) == ["The name server ns1 (10.1.1.3) answers nobody."]
    assert report["services"][0]["state"] == "silent"
