r"""The report of a network: made by the filters from what servers say.

draco (primary)    taurus (secondary)    scorpio
its leases         its leases            dnscache only
\__________________/
both are needed: draco heard laptop, taurus heard phone
"""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import report as plugin
from leasemerge.inventory_check import faults
from tests.report.networks import NOW, PLAIN, SERVERS, SITE, lease, row, status

LAPTOP, PHONE = "02:00:00:00:00:01", "02:00:00:00:00:02"
DRACO = lease("10.1.1.100", mac=LAPTOP, hostname="laptop") + lease(
    "10.1.1.101", mac=PHONE, heard=False
)
TAURUS = lease("10.1.1.100", mac=LAPTOP, heard=False) + lease(
    "10.1.1.101", mac=PHONE, hostname="phone"
)
FILTERS = plugin.FilterModule().filters()


def zone_of(rows: list[dict[str, Any]]) -> str:
    """Make the zone data that these servers should serve."""
    from controller.overview.readings import Site, expected_zone

    return expected_zone(plugin._readings(rows), Site.from_dict(PLAIN), NOW).decode()


def well(draco: str = DRACO, taurus: str = TAURUS) -> list[dict[str, Any]]:
    """Make the readings of a network that is well."""
    rows = [
        row(
            "draco",
            leases=draco,
            status=status("draco", "taurus"),
            units={"isc-dhcp-server.service": "active", "dnscache.service": "active"},
        ),
        row("taurus", leases=taurus, status=status("taurus", "draco")),
        row("scorpio", units={"dnscache.service": "active"}),
    ]
    zone = b64encode(zone_of(rows).encode()).decode()
    rows[0]["zone"] = rows[1]["zone"] = zone
    return rows


def made(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the report of readings."""
    machines = FILTERS["machine_table"](SERVERS, SITE)
    return dict(FILTERS["network_report"](rows, PLAIN, machines, NOW))


def test_a_network_that_is_well_has_no_faults() -> None:
    report = made(well())
    assert report["faults"] == []
    assert report["drift"] == [
        {"server": "draco", "missing": [], "extra": []},
        {"server": "taurus", "missing": [], "extra": []},
    ]
    assert report["counts"]["leased"] == 2


def test_each_name_says_which_server_heard_it() -> None:
    hosts = {host["name"]: host for host in made(well())["hosts"]}
    assert hosts["laptop"]["server"] == "draco"
    assert hosts["phone"]["server"] == "taurus"
    assert hosts["phone"]["until"] == "2026-11-23 12:50:00 UTC"
    assert hosts["phone"]["left"] == "50 min"
    assert hosts["printer"]["source"] == "fixed"
    assert hosts["lp"]["source"] == "alias"


def test_pools_are_counted_as_dhcpd_has_them() -> None:
    draco = DRACO + "".join(
        [
            lease("10.1.1.102", "free"),
            lease("10.1.1.103", "backup"),
            lease("10.1.1.104", "abandoned", ends=NOW + 80000),
            # The address of a fixed host is in no pool, whatever the file says.
            lease("10.1.1.105", "active"),
            # Active, but over: nobody has it.
            lease("10.1.1.106", "active", ends=NOW),
            lease("10.1.1.107", "expired"),
        ]
    )
    pool = made(well(draco))["pools"][0]
    assert pool == {
        "network": "10.1.1.0/24",
        "first": "10.1.1.100",
        "last": "10.1.1.109",
        "size": 9,
        "fixed": 1,
        "active": 2,
        "free": 3,  # one that the file says so of, two that it has never heard of
        "backup": 1,
        "abandoned": 1,
        "other": 2,
        "percent": 22,
    }


def test_a_full_pool_is_told() -> None:
    draco = "".join(lease(f"10.1.2.{n}", mac=f"02:00:00:00:01:{n:02x}") for n in range(100, 109))
    assert made(well(draco, ""))["faults"] == [
        "The range 10.1.2.100 to 10.1.2.109 is short: 9 of 10 addresses are leased."
    ]


def test_a_dead_server_is_spoken_for_by_its_peer() -> None:
    rows = well()
    rows[0] = row("draco", reachable=False)
    rows[1]["memories"] = {"draco": b64encode(DRACO.encode()).decode()}
    report = made(rows)
    assert report["faults"] == ["draco cannot be reached."]
    assert {"laptop", "phone"} <= {host["name"] for host in report["hosts"]}


def test_what_a_wiped_server_has_lost_still_counts() -> None:
    rows = well(draco="")
    rows[1]["memories"] = {"draco~": b64encode(DRACO.encode()).decode()}
    hosts = {host["name"]: host for host in made(rows)["hosts"]}
    assert hosts["laptop"]["server"] == "draco"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            {
                "status": status(
                    "taurus", "draco", failover={"x": ["communications-interrupted", "normal"]}
                )
            },
            "taurus: failover is communications-interrupted here and normal at the partner.",
        ),
        ({"status": None}, "taurus: leasemerge does not answer."),
        ({"units": {"tinydns.service": "failed"}}, "taurus: tinydns.service is failed."),
        (
            {"status": status("taurus", "draco", errors=["tinydns-data: no space"])},
            "taurus: tinydns-data: no space",
        ),
    ],
)
def test_what_is_wrong_is_told(change: dict[str, Any], fault: str) -> None:
    rows = well()
    rows[1].update(change)
    assert made(rows)["faults"] == [fault]


def test_a_lost_feed_is_told() -> None:
    rows = well()
    rows[1]["status"]["feeds"][1].update(state="lost", last_seen=NOW - 7300, error="no route")
    report = made(rows)
    assert report["faults"] == ["taurus: the feed of draco is lost."]
    assert report["servers"][1]["feeds"][1]["heard"] == "2 h ago"


def test_drift_is_told_line_by_line() -> None:
    rows = well()
    zone = b64decode(rows[1]["zone"]).decode()
    changed = (
        zone.replace("=laptop.office.internal:10.1.1.100:60\n", "")
        + "+x.office.internal:10.9.9.9:60\n"
    )
    rows[1]["zone"] = b64encode(changed.encode()).decode()
    report = made(rows)
    assert report["drift"][1] == {
        "server": "taurus",
        "missing": ["=laptop.office.internal:10.1.1.100:60"],
        "extra": ["+x.office.internal:10.9.9.9:60"],
    }
    assert report["faults"] == [
        "taurus serves other zone data than the merge says: 1 lines are missing, 1 are too many."
    ]


def test_what_changes_while_the_servers_are_read_is_no_drift() -> None:
    rows = well()
    full = b64decode(rows[1]["zone"]).decode()
    laptop = "=laptop.office.internal:10.1.1.100:60\n"
    assert laptop in full
    gone = "=gone.office.internal:10.1.1.109:60\n"
    # The laptop's lease began, and another ended, between the two readings of the zone data.
    rows[1]["zone_before"] = b64encode((full.replace(laptop, "") + gone).encode()).decode()
    assert made(rows)["drift"][1] == {"server": "taurus", "missing": [], "extra": []}
    # And the other way round.
    rows[1]["zone"], rows[1]["zone_before"] = rows[1]["zone_before"], rows[1]["zone"]
    assert made(rows)["drift"][1] == {"server": "taurus", "missing": [], "extra": []}


def test_refused_names_and_conflicts_are_listed_with_the_reason() -> None:
    draco = DRACO + lease("10.1.1.108", mac="02:00:00:00:00:08", hostname="WPAD")
    losers = made(well(draco))["losers"]
    assert [(loser["address"], loser["hostname"], loser["kind"]) for loser in losers] == [
        ("10.1.1.108", "WPAD", "refused")
    ]
    assert "reserved" in losers[0]["reason"]


def test_the_drawing_has_a_place_for_every_server_and_subnet() -> None:
    drawing = made(well())["topology"]
    assert [box["name"] for box in drawing["servers"]] == SERVERS
    assert drawing["pair_state"] == "normal"
    assert drawing["pair"] == [box["middle"] for box in drawing["servers"][:2]]
    assert [line["relayed"] for line in drawing["subnets"]] == [False, True]
    for box in drawing["servers"]:
        assert 0 <= box["x"] <= drawing["width"] - drawing["box"]["width"]
    assert drawing["subnets"][-1]["y"] < drawing["height"]


@pytest.mark.parametrize(
    "wanted", ["laptop", "LAPTOP.office.internal", "10.1.1.100", LAPTOP, "02-00-00-00-00-01"]
)
def test_a_lease_is_found_by_name_address_and_mac(wanted: str) -> None:
    view = FILTERS["lease_view"](well(), PLAIN, wanted, NOW)
    assert [name["name"] for name in view["names"]] == ["laptop"]
    assert [(block["log"], block["hostname"]) for block in view["blocks"]] == [
        ("draco", "laptop"),
        ("taurus", None),
    ]
    assert (
        view["line"]
        == f'    laptop: {{ fixed_address: 10.1.1.100, hardware_ethernet: "{LAPTOP}" }}'
    )


def test_the_line_pins_the_host_where_it_is() -> None:
    line = FILTERS["lease_view"](well(), PLAIN, "phone", NOW)["line"]
    name, values = next(iter(yaml.safe_load(line).items()))
    pinned = {"name": name, **values, "hardware_ethernet": [values["hardware_ethernet"]]}
    site = {**PLAIN, "fixed_hosts": [*PLAIN["fixed_hosts"], pinned]}
    assert faults(site) == []
    names = {n.name: n for n in _names(site)}
    assert (names["phone"].address, names["phone"].source) == ("10.1.1.101", "fixed")


def test_a_host_with_its_name_pinned_keeps_what_its_line_has() -> None:
    tablet = {
        "name": "tablet",
        "hardware_ethernet": ["02:00:00:00:00:77", "02:00:00:00:00:78"],
        "aliases": ["slate"],
    }
    site = {**PLAIN, "fixed_hosts": [*PLAIN["fixed_hosts"], tablet]}
    held = lease("10.1.1.107", mac="02:00:00:00:00:78", hostname="anything")
    line = FILTERS["lease_view"](well(DRACO + held), site, "tablet", NOW)["line"]
    assert yaml.safe_load(line) == {
        "tablet": {
            "fixed_address": "10.1.1.107",
            "hardware_ethernet": ["02:00:00:00:00:77", "02:00:00:00:00:78"],
            "aliases": ["slate"],
        }
    }


def test_a_nameless_lease_gets_a_line_to_fill_in() -> None:
    nameless = lease("10.1.1.109", mac="02:00:00:00:00:09")
    view = FILTERS["lease_view"](well(DRACO + nameless), PLAIN, "02:00:00:00:00:09", NOW)
    assert view["names"] == []
    assert view["line"].strip().startswith("NAME: { fixed_address: 10.1.1.109,")


@pytest.mark.parametrize("wanted", ["printer", "10.1.1.106", "nobody", "10.1.1.250"])
def test_what_is_pinned_or_not_there_has_no_line(wanted: str) -> None:
    pinned = lease("10.1.1.106", mac="02:00:00:00:00:05", hostname="printer")
    rows = well(DRACO + pinned)
    assert FILTERS["lease_view"](rows, PLAIN, wanted, NOW)["line"] == ""


def test_differences_are_told() -> None:
    rows = well()
    queries = FILTERS["dns_queries"](rows, PLAIN, NOW)
    assert ["lp.office.internal", "A"] in queries
    assert ["105.1.1.10.in-addr.arpa", "PTR"] in queries
    answered = [
        {"name": "laptop.office.internal", "type": "A", "values": ["10.1.1.99"], "ttl": 40},
        {"name": "phone.office.internal", "type": "A", "values": [], "ttl": None},
        {"name": "printer.office.internal", "type": "A", "values": ["10.1.1.105"], "ttl": 3},
        {"name": "old.office.internal", "type": "A", "values": ["10.1.1.98"], "ttl": None},
        {"name": "lp.office.internal", "type": "A", "values": None, "ttl": None},
        # One PTR, that of the name and not of the alias: rule 8.
        {
            "name": "105.1.1.10.in-addr.arpa",
            "type": "PTR",
            "values": ["printer.office.internal"],
            "ttl": 3,
        },
    ]
    assert FILTERS["dns_differences"](answered, rows, PLAIN, "tinydns on draco", NOW) == [
        "tinydns on draco: 1 of 6 queries got no answer.",
        "tinydns on draco: laptop.office.internal A is 10.1.1.99, for another 40 s; "
        "it should be 10.1.1.100.",
        "tinydns on draco: phone.office.internal A is nothing; it should be 10.1.1.101.",
        "tinydns on draco: old.office.internal A is 10.1.1.98; it should be nothing.",
    ]


def test_records_are_asked_for_and_told_as_a_zone_file_has_them() -> None:
    """Of every type; not what a delegation hides, and a name that no host has for a `*`."""
    lines = [
        '@ TXT "a;b"',
        "@ MX 10 printer",
        "*.dev A 10.1.1.9",
        "sub NS ns.sub",
        "ns.sub A 10.9.9.9",
    ]
    site = PLAIN | {"records": lines}
    rows = well()
    queries = FILTERS["dns_queries"](rows, site, NOW)
    assert ["office.internal", "TXT"] in queries
    assert ["office.internal", "NS"] in queries
    assert ["any-name-of-the-wildcard.dev.office.internal", "A"] in queries
    assert not any("sub.office" in name for name, _ in queries)
    mx = (b"\0\x14" + b"\7printer\6office\10internal\0").hex()
    answered = [
        {"name": "office.internal", "type": "TXT", "values": [b"\3a;b".hex()], "ttl": 9},
        {"name": "office.internal", "type": "MX", "values": [mx], "ttl": None},
    ]
    assert FILTERS["dns_differences"](answered, rows, site, "tinydns on draco", NOW) == [
        "tinydns on draco: office.internal MX is 20 printer.office.internal.; "
        "it should be 10 printer.office.internal..",
    ]


def test_what_is_served_besides_is_asked_for_too() -> None:
    rows = well()
    zone = b64decode(rows[1]["zone"]).decode() + "=old.office.internal:10.1.1.98:60\n"
    rows[1]["zone"] = b64encode(zone.encode()).decode()
    assert ["old.office.internal", "A"] in FILTERS["dns_queries"](rows, PLAIN, NOW)


def test_readings_are_gathered_from_what_the_playbook_registered() -> None:
    hostvars: dict[str, Any] = {
        "draco": {
            "read_reachable": True,
            "read_leases": {"content": "QQ=="},
            "read_zone": {"failed": True, "msg": "file not found"},
            "read_memories": {
                "results": [{"item": "taurus", "content": "Qg=="}, {"item": "draco~"}]
            },
            "read_status": {"stdout": "no json"},
            "read_unit_names": ["a.service", "b.service"],
            "read_units": {"stdout_lines": ["active", "failed"]},
        },
        "taurus": {},
    }
    assert FILTERS["server_readings"](["draco", "taurus"], hostvars) == [
        {
            "server": "draco",
            "reachable": True,
            "leases": "QQ==",
            "zone": None,
            "zone_before": None,
            "memories": {"taurus": "Qg=="},
            "status": None,
            "units": {"a.service": "active", "b.service": "failed"},
        },
        row("taurus", reachable=False),
    ]


def _names(site: dict[str, Any]) -> Any:
    from controller.overview.readings import Site, merged

    return merged(plugin._readings(well()), Site.from_dict(site), NOW).names
