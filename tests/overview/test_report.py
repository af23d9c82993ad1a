"""The report: its servers, services, subnets and zone differences."""

from __future__ import annotations

from base64 import b64decode, b64encode

from tests.overview.sample_network import SERVERS, UNITS, healthy, made, of_kea, row, texts


def test_healthy_network_has_no_faults() -> None:
    report = made(healthy())
    assert texts(report) == []
    assert report["zone_differences"] == [
        {"server": "draco", "missing": [], "extra": []},
        {"server": "taurus", "missing": [], "extra": []},
    ]
    assert report["counts"]["leased"] == 2


def test_nothing_is_healthy_that_was_not_queried() -> None:
    rows = [row(server, reachable=False) for server in SERVERS]
    report = made(rows)
    assert {service["state"] for service in report["services"]} == {"not queried"}
    assert [cause["text"] for cause in report["attention"]] == [
        f"{server} cannot be reached." for server in SERVERS
    ]
    assert "No dhcpd answers: clients get no address." in str(report["attention"][0])
    assert not any(line["healthy"] for server in report["servers"] for line in server["rows"])


def test_a_dead_dhcpd_has_no_state_of_failover() -> None:
    rows = healthy()
    rows[0]["units"] = {**UNITS["draco"], "isc-dhcp-server.service": "failed"}
    report = made(rows)
    assert texts(report)[0] == "draco: isc-dhcp-server.service is failed."
    assert report["servers"][0]["failover"] == []
    assert [pool["server"] for pool in report["pools"]] == ["taurus", "taurus"]


def test_servers_are_in_the_order_of_the_inventory() -> None:
    rows = list(reversed(healthy()))
    assert [server["name"] for server in made(rows)["servers"]] == SERVERS


def test_zone_differences_are_listed_line_by_line() -> None:
    rows = healthy()
    zone = b64decode(rows[1]["zone"]).decode()
    changed = (
        zone.replace("=laptop.office.internal:10.1.1.100:60\n", "")
        + "+x.office.internal:10.9.9.9:60\n"
    )
    rows[1]["zone"] = b64encode(changed.encode()).decode()
    report = made(rows)
    assert report["zone_differences"][1] == {
        "server": "taurus",
        "missing": ["=laptop.office.internal:10.1.1.100:60"],
        "extra": ["+x.office.internal:10.9.9.9:60"],
    }
    assert texts(report) == [
        "taurus serves zone data that differs from the merge's: 1 missing, 1 extra."
    ]


def test_what_changes_while_the_servers_are_read_is_no_difference() -> None:
    rows = healthy()
    full = b64decode(rows[1]["zone"]).decode()
    laptop = "=laptop.office.internal:10.1.1.100:60\n"
    assert laptop in full
    gone = "=gone.office.internal:10.1.1.109:60\n"
    # The laptop's lease began, and another ended, between the two readings of the zone data.
    rows[1]["zone_before"] = b64encode((full.replace(laptop, "") + gone).encode()).decode()
    assert made(rows)["zone_differences"][1] == {"server": "taurus", "missing": [], "extra": []}
    # And the other way round.
    rows[1]["zone"], rows[1]["zone_before"] = rows[1]["zone_before"], rows[1]["zone"]
    assert made(rows)["zone_differences"][1] == {"server": "taurus", "missing": [], "extra": []}


def test_each_subnet_has_its_servers_or_is_behind_a_relay() -> None:
    assert made(healthy())["subnets"] == [
        {"network": "10.1.1.0/24", "servers": SERVERS},
        {"network": "10.1.2.0/24", "servers": []},
    ]


def test_a_healthy_pair_of_kea_needs_no_attention() -> None:
    report = made(of_kea())
    assert texts(report) == []
    assert {"laptop", "phone"} <= {host["name"] for host in report["hosts"]}
    assert report["servers"][0]["failover"] == ["hot-standby", "hot-standby"]
    assert [pool["free_primary"] for pool in report["pools"]] == [7, 10]
