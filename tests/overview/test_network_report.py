r"""The report of a network: made by the filters from what servers report.

draco (primary)    taurus (secondary)    scorpio
its leases         its leases            dnscache only
\__________________/
both are needed: draco received laptop, taurus received phone
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
from controller.checked_site import checked_site
from controller.overview.registered import readings_of
from leasemerge.inventory_check import faults
from tests.overview.networks import (
    DHCPD,
    KEA,
    NOW,
    PLAIN,
    RESOLVERS,
    SERVERS,
    SITE,
    answers,
    lease,
    row,
    status,
)

LAPTOP, PHONE = "02:00:00:00:00:01", "02:00:00:00:00:02"
DRACO = lease("10.1.1.100", mac=LAPTOP, hostname="laptop") + lease(
    "10.1.1.101", mac=PHONE, received=False
)
TAURUS = lease("10.1.1.100", mac=LAPTOP, received=False) + lease(
    "10.1.1.101", mac=PHONE, hostname="phone"
)
TINYDNS = ["leasemerge.service", "floating-address.service", "tinydns.service"]
UNITS = {
    "draco": dict.fromkeys(["isc-dhcp-server.service", *TINYDNS, "dnscache.service"], "active"),
    "taurus": dict.fromkeys(["isc-dhcp-server.service", *TINYDNS], "active"),
    "scorpio": {"dnscache.service": "active"},
}
FILTERS = plugin.FilterModule().filters()
#: What derived.yml says of the DHCP server, as far as the report needs it.
SITE_DHCP = {"name": "dhcpd", "unit": "isc-dhcp-server.service"}


def zone_of(rows: list[dict[str, Any]]) -> str:
    """Make the zone data that these servers should serve."""
    from controller.overview.readings import expected_zone
    from leasemerge.site import Site

    return expected_zone(readings_of(rows), Site.from_dict(PLAIN), NOW).decode()


def healthy(draco: str = DRACO, taurus: str = TAURUS) -> list[dict[str, Any]]:
    """Return the readings of a healthy network."""
    rows = [
        row(
            "draco",
            leases=draco,
            status=status("draco", "taurus"),
            units=UNITS["draco"],
            addresses={"10.1.1.5": "eth0", "10.1.1.3": "eth0"},
        ),
        row(
            "taurus",
            leases=taurus,
            status=status("taurus", "draco"),
            units=UNITS["taurus"],
            addresses={"10.1.1.6": "eth0", "10.1.1.4": "eth0"},
        ),
        row("scorpio", units=UNITS["scorpio"], addresses={"10.1.1.7": "eth0"}),
    ]
    zone = b64encode(zone_of(rows).encode()).decode()
    rows[0]["zone"] = rows[1]["zone"] = zone
    for given in rows:
        given["answers"] = answers()
    return rows


def texts(report: dict[str, Any]) -> list[str]:
    """Return the findings as lines; what follows from a cause is indented."""
    return [
        line
        for cause in report["attention"]
        for line in (cause["text"], *(f"  {other['text']}" for other in cause["follows"]))
    ]


def made(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the report of readings."""
    machines = FILTERS["machine_table"](SERVERS, SITE, RESOLVERS)
    return dict(FILTERS["network_report"](rows, PLAIN, machines, NOW))


def test_healthy_network_has_no_faults() -> None:
    report = made(healthy())
    assert texts(report) == []
    assert report["zone_differences"] == [
        {"server": "draco", "missing": [], "extra": []},
        {"server": "taurus", "missing": [], "extra": []},
    ]
    assert report["counts"]["leased"] == 2


def test_each_name_has_the_server_that_received_it() -> None:
    hosts = {host["name"]: host for host in made(healthy())["hosts"]}
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
            # The address of a fixed host is in no pool, whatever the file has.
            lease("10.1.1.105", "active"),
            # Active, but over: nobody has it.
            lease("10.1.1.106", "active", ends=NOW),
            lease("10.1.1.107", "expired"),
        ]
    )
    pool = made(healthy(draco))["pools"][0]
    assert pool == {
        "network": "10.1.1.0/24",
        "first": "10.1.1.100",
        "last": "10.1.1.109",
        "rules": "",
        "server": "draco",
        "size": 9,
        "fixed": 1,
        "leased": 2,
        "free_primary": 3,  # one that the file has as free, two that it does not have
        "free_secondary": 1,
        "abandoned": 1,
        "waiting": 2,
        "percent": 22,
    }


def test_a_full_pool_is_reported() -> None:
    draco = "".join(lease(f"10.1.2.{n}", mac=f"02:00:00:00:01:{n:02x}") for n in range(100, 109))
    assert texts(made(healthy(draco, ""))) == [
        "The range 10.1.2.100 to 10.1.2.109 is short: 1 of 10 addresses are left."
    ]


def test_a_pool_with_rules_is_counted_for_itself() -> None:
    guests = {"ranges": [["10.1.2.50", "10.1.2.59"]], "allow": ['members of "guests"']}
    subnets = [PLAIN["subnets"][0], {**PLAIN["subnets"][1], "pools": [guests]}]
    site = checked_site({**PLAIN, "subnets": subnets})
    draco = "".join(lease(f"10.1.2.{n}", mac=f"02:00:00:00:01:{n:02x}") for n in range(50, 60))
    machines = FILTERS["machine_table"](SERVERS, SITE, RESOLVERS)
    report = FILTERS["network_report"](healthy(draco, ""), site, machines, NOW)
    assert [(pool["first"], pool["rules"], pool["leased"]) for pool in report["pools"][1:]] == [
        ("10.1.2.100", "", 0),
        ("10.1.2.50", 'allow members of "guests"', 10),
    ]
    assert texts(report) == [
        'The range 10.1.2.50 to 10.1.2.59 (allow members of "guests") is short: '
        "0 of 10 addresses are left."
    ]


def test_many_abandoned_addresses_are_reported() -> None:
    draco = DRACO + lease("10.1.1.104", "abandoned", ends=NOW + 80000)
    assert texts(made(healthy(draco, ""))) == [
        "1 of 9 addresses in 10.1.1.100 to 10.1.1.109 are abandoned: something uses them that "
        "dhcpd did not assign them to."
    ]


def half(state: str, mac: str = "02:00:00:00:02:") -> str:
    """Return leases of which every free one has this state."""
    taken = (lease(f"10.1.{net}.{n}", mac=f"{mac}{n:02x}") for net in (1, 2) for n in (100, 101))
    free = (lease(f"10.1.{net}.{n}", state) for net in (1, 2) for n in range(102, 110))
    return "".join([*taken, *free])


@pytest.mark.parametrize(
    ("off", "survivor", "state"), [("draco", "taurus", "free"), ("taurus", "draco", "backup")]
)
def test_a_survivor_without_an_address_to_give_is_reported(
    off: str, survivor: str, state: str
) -> None:
    """The free addresses of a pool are shared out: those of the partner are not its own."""
    rows = healthy(half(state), half(state))
    number = SERVERS.index(off)
    rows[number] = row(off, reachable=False)
    follows = [line for line in texts(made(rows)) if " left to give " in line]
    assert follows == [
        f"  {survivor} has no addresses left to give in 10.1.{net}.100 to 10.1.{net}.109 while it "
        f"is without {off}, and {free} free ones are {off}'s."
        for net, free in ((1, 7), (2, 8))
    ]
    steps = [
        other["step"]
        for other in made(rows)["attention"][0]["follows"]
        if " give " in other["text"]
    ]
    assert "One server must do without the other" in steps[0]


def test_a_survivor_in_partner_down_has_all_addresses() -> None:
    down = 'failover peer "x" state {\n  my state partner-down;\n  partner state normal;\n}\n'
    rows = healthy(half("free"), half("free") + down)
    rows[0] = row("draco", reachable=False)
    assert not [line for line in texts(made(rows)) if " left to give " in line]


def test_a_primary_without_addresses_of_its_own_is_reported() -> None:
    """The pair is normal: the secondary has them, and is quiet at first."""
    assert texts(made(healthy(half("backup"), half("backup")))) == [
        f"draco has no free address of its own in 10.1.{net}.100 to 10.1.{net}.109: each new "
        f"client waits for taurus, which has {free}."
        for net, free in ((1, 7), (2, 8))
    ]


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


def test_nothing_is_healthy_that_was_not_queried() -> None:
    rows = [row(server, reachable=False) for server in SERVERS]
    report = made(rows)
    assert {service["state"] for service in report["services"]} == {"not queried"}
    assert [cause["text"] for cause in report["attention"]] == [
        f"{server} cannot be reached." for server in SERVERS
    ]
    assert "No dhcpd answers: clients get no address." in str(report["attention"][0])
    assert not any(line["healthy"] for server in report["servers"] for line in server["rows"])


def test_what_a_wiped_server_has_lost_still_counts() -> None:
    rows = healthy(draco="")
    rows[1]["memories"] = {"draco~": b64encode(DRACO.encode()).decode()}
    hosts = {host["name"]: host for host in made(rows)["hosts"]}
    assert hosts["laptop"]["server"] == "draco"


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


def test_a_pair_that_is_not_normal_is_reported_from_both_sides() -> None:
    rows = healthy()
    rows[1]["status"]["failover"] = {"x": ["communications-interrupted", "normal"]}
    assert texts(made(rows))[0] == (
        "Failover is not normal: draco is normal (its partner was last normal); "
        "taurus is communications-interrupted (its partner was last normal)."
    )


def test_a_dead_dhcpd_has_no_state_of_failover() -> None:
    rows = healthy()
    rows[0]["units"] = {**UNITS["draco"], "isc-dhcp-server.service": "failed"}
    report = made(rows)
    assert texts(report)[0] == "draco: isc-dhcp-server.service is failed."
    assert report["servers"][0]["failover"] == []
    assert [pool["server"] for pool in report["pools"]] == ["taurus", "taurus"]


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


def floating() -> list[dict[str, Any]]:
    """Return the readings of servers that each may hold 10.1.1.3, as draco does."""
    rows = healthy()
    for given in rows:
        given["units"] = {**given["units"], "tinydns@10.1.1.3.service": "active"}
        given["units"] |= dict.fromkeys(
            ["floating-address.service", "keepalived.service"], "active"
        )
        given["addresses"] = {**given["addresses"]}
        given["addresses"].setdefault("10.1.1.3", "lo")
    return rows


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


def test_daemons_of_the_addresses_follow_from_the_one_that_stops_them_all() -> None:
    rows = floating()
    units = ("tinydns@10.1.1.3", "tinydns-spare@10.1.1.3", "tinydns")
    rows[0]["units"] |= {f"{unit}.service": "inactive" for unit in units}
    assert texts(made(rows)) == [
        "draco: tinydns.service is inactive.",
        "  draco: tinydns@10.1.1.3.service is inactive.",
        "  draco: tinydns-spare@10.1.1.3.service is inactive.",
    ]


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


@pytest.mark.parametrize("unit", ["floating-address.service", "keepalived.service"])
def test_a_server_that_takes_nothing_over_is_no_standby(unit: str) -> None:
    rows = floating()
    rows[2]["units"][unit] = "inactive"
    report = made(rows)
    assert report["services"][0]["standbys"] == ["taurus"]
    assert texts(report) == [f"scorpio: {unit} is inactive."]


def test_a_holder_whose_daemon_hangs_is_reported() -> None:
    """The standbys answer themselves, and nobody else."""
    rows = floating()
    rows[0]["answers"] = answers(**{"10.1.1.3": None})
    report = made(rows)
    assert texts(report) == ["The name server ns1 (10.1.1.3) answers nobody."]
    assert report["services"][0]["state"] == "silent"


def test_servers_are_in_the_order_of_the_inventory() -> None:
    rows = list(reversed(healthy()))
    assert [server["name"] for server in made(rows)["servers"]] == SERVERS


def test_a_lost_feed_is_reported() -> None:
    rows = healthy()
    rows[1]["status"]["feeds"][1].update(state="lost", last_seen=NOW - 7300, error="no route")
    report = made(rows)
    assert texts(report) == ["taurus: the feed of draco is lost (no route)."]
    assert report["servers"][1]["feeds"][1]["last_seen"] == "2 h ago"


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


def test_refused_names_and_conflicts_are_listed_with_the_reason() -> None:
    draco = DRACO + lease("10.1.1.108", mac="02:00:00:00:00:08", hostname="WPAD")
    losers = made(healthy(draco))["losers"]
    assert [(loser["address"], loser["hostname"], loser["kind"]) for loser in losers] == [
        ("10.1.1.108", "WPAD", "refused")
    ]
    assert "reserved" in losers[0]["reason"]


def test_each_subnet_has_its_servers_or_is_behind_a_relay() -> None:
    assert made(healthy())["subnets"] == [
        {"network": "10.1.1.0/24", "servers": SERVERS},
        {"network": "10.1.2.0/24", "servers": []},
    ]


@pytest.mark.parametrize(
    "wanted", ["laptop", "LAPTOP.office.internal", "10.1.1.100", LAPTOP, "02-00-00-00-00-01"]
)
def test_a_lease_is_found_by_name_address_and_mac(wanted: str) -> None:
    view = FILTERS["lease_view"](healthy(), PLAIN, wanted, NOW)
    assert [name["name"] for name in view["names"]] == ["laptop"]
    assert [(block["log"], block["hostname"]) for block in view["blocks"]] == [
        ("draco", "laptop"),
        ("taurus", None),
    ]
    assert (
        view["line"]
        == f'    laptop: {{ fixed_address: 10.1.1.100, hardware_ethernet: "{LAPTOP}" }}'
    )


def test_every_mac_of_a_host_is_found_and_each_line_once() -> None:
    """By its name, an alias, an address or one MAC, whatever logs know of it."""
    macs = ["02:00:00:00:00:77", "02:00:00:00:00:78"]
    tablet = {"name": "tablet", "hardware_ethernet": macs, "aliases": ["slate"]}
    site = {**PLAIN, "fixed_hosts": [*PLAIN["fixed_hosts"], tablet]}
    held = lease("10.1.1.107", mac=macs[1], hostname="x") + lease("10.1.2.104", "free", mac=macs[0])
    rows = healthy(DRACO + held)
    rows[1]["memories"] = {"draco~": b64encode(held.encode()).decode()}
    for wanted in ("tablet", "slate", *macs):
        view = FILTERS["lease_view"](rows, site, wanted, NOW)
        assert [(block["address"], block["hardware"]) for block in view["blocks"]] == [
            ("10.1.1.107", macs[1]),
            ("10.1.2.104", macs[0]),
        ]
        assert {name["name"] for name in view["names"]} == {"tablet", "slate"}
        assert [name["hardware"] for name in view["names"]] == [macs, macs]


def test_a_host_that_is_pinned_where_it_was_leased_is_not_refused() -> None:
    pinned = lease("10.1.1.105", mac="02:00:00:00:00:05", hostname="printer")
    for wanted in ("printer", "10.1.1.105", "02:00:00:00:00:05"):
        view = FILTERS["lease_view"](healthy(DRACO + pinned), PLAIN, wanted, NOW)
        assert (view["losers"], view["pinned"]) == ([], ["10.1.1.105"])
        assert {name["name"] for name in view["names"]} == {"printer", "lp"}


def test_the_line_pins_the_host_where_it_is() -> None:
    line = FILTERS["lease_view"](healthy(), PLAIN, "phone", NOW)["line"]
    name, values = next(iter(yaml.safe_load(line).items()))
    pinned = {"name": name, **values, "hardware_ethernet": [values["hardware_ethernet"]]}
    site = {**PLAIN, "fixed_hosts": [*PLAIN["fixed_hosts"], pinned]}
    assert faults(site) == []
    names = {n.label: n for n in _names(site)}
    assert (names["phone"].address, names["phone"].source) == ("10.1.1.101", "fixed")


def test_a_host_with_its_name_pinned_keeps_what_its_line_has() -> None:
    tablet = {
        "name": "tablet",
        "hardware_ethernet": ["02:00:00:00:00:77", "02:00:00:00:00:78"],
        "aliases": ["slate"],
    }
    site = {**PLAIN, "fixed_hosts": [*PLAIN["fixed_hosts"], tablet]}
    held = lease("10.1.1.107", mac="02:00:00:00:00:78", hostname="anything")
    line = FILTERS["lease_view"](healthy(DRACO + held), site, "tablet", NOW)["line"]
    assert yaml.safe_load(line) == {
        "tablet": {
            "fixed_address": "10.1.1.107",
            "hardware_ethernet": ["02:00:00:00:00:77", "02:00:00:00:00:78"],
            "aliases": ["slate"],
        }
    }


def test_a_nameless_lease_gets_a_line_to_fill_in() -> None:
    nameless = lease("10.1.1.109", mac="02:00:00:00:00:09")
    view = FILTERS["lease_view"](healthy(DRACO + nameless), PLAIN, "02:00:00:00:00:09", NOW)
    assert view["names"] == []
    assert view["line"].strip().startswith("NAME: { fixed_address: 10.1.1.109,")


@pytest.mark.parametrize("wanted", ["printer", "10.1.1.106", "nobody", "10.1.1.250"])
def test_what_is_pinned_or_not_there_has_no_line(wanted: str) -> None:
    pinned = lease("10.1.1.106", mac="02:00:00:00:00:05", hostname="printer")
    rows = healthy(DRACO + pinned)
    assert FILTERS["lease_view"](rows, PLAIN, wanted, NOW)["line"] == ""


def test_answers_that_differ_are_reported() -> None:
    rows = healthy()
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


def test_records_are_queried_and_printed_as_a_zone_file_has_them() -> None:
    """Of every type; not what a delegation hides, and a name that no host has for a `*`."""
    lines = [
        '@ TXT "a;b"',
        "@ MX 10 printer",
        "*.dev A 10.1.1.9",
        "sub NS ns.sub",
        "ns.sub A 10.9.9.9",
    ]
    site = PLAIN | {"records": lines}
    rows = healthy()
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


def test_what_else_is_served_is_queried_too() -> None:
    rows = healthy()
    zone = b64decode(rows[1]["zone"]).decode() + "=old.office.internal:10.1.1.98:60\n"
    rows[1]["zone"] = b64encode(zone.encode()).decode()
    assert ["old.office.internal", "A"] in FILTERS["dns_queries"](rows, PLAIN, NOW)


def test_readings_are_gathered_from_what_the_playbook_registered() -> None:
    reading = {
        "units": {"a.service": "active"},
        "disabled": ["a.service"],
        "disks": {"/var/lib/dhcp": [1, 2]},
        "offset": 0.5,
        "addresses": {"10.1.1.5": "eth0"},
        "status": "no json",
        "files": {"leases": "QQ==", "zone": None, "taurus": "Qg==", "draco~": None},
    }
    given = {"server": "10.1.1.3", "name": "office.internal", "type": "SOA", "values": None}
    hostvars: dict[str, Any] = {
        "draco": {"read_server": {"reading": reading}, "read_answers": {"answers": [given]}},
        "taurus": {"read_server": {"unreachable": True, "msg": "Task failed: no\n route."}},
    }
    for variables in hostvars.values():
        variables["site_dhcp"] = SITE_DHCP
    assert FILTERS["server_readings"](["draco", "taurus"], hostvars) == [
        {
            "server": "draco",
            "dhcp": DHCPD,
            "reachable": True,
            "reason": "",
            "leases": "QQ==",
            "zone": None,
            "zone_before": None,
            "memories": {"taurus": "Qg=="},
            "status": None,
            "units": {"a.service": "active"},
            "disabled": ["a.service"],
            "disks": {"/var/lib/dhcp": [1, 2]},
            "offset": 0.5,
            "addresses": {"10.1.1.5": "eth0"},
            "answers": [given],
        },
        row("taurus", reachable=False, reason="no route"),
    ]


@pytest.mark.parametrize(
    ("offset", "seconds"),
    # The controller waited for 30 s: a clock that is right seems to be up to that far ahead.
    [(27.0, 0.0), (100.0, 70.0), (-70.0, -70.0), (0.0, 0.0)],
)
def test_clock_is_not_ahead_by_what_a_busy_controller_waits(offset: float, seconds: float) -> None:
    read = {"reading": {"offset": offset, "time": 1000.0}}
    draco = {"read_server": read, "read_server_until": "1030.0", "site_dhcp": SITE_DHCP}
    (reading,) = FILTERS["server_readings"](["draco"], {"draco": draco})
    assert reading["offset"] == seconds


@pytest.mark.parametrize(
    ("site_dhcp", "variables", "expected"),
    [
        (SITE_DHCP, {}, DHCPD),
        (SITE_DHCP, {"dhcpd_failover_port": 519, "kea_port": 9}, DHCPD | {"port": 519}),
        (
            {"name": "kea", "unit": "kea.service"},
            {"kea_port": "8002"},
            KEA | {"port": 8002, "unit": "kea.service"},
        ),
        ({"name": "kea", "unit": KEA["unit"]}, {"dhcpd_failover_port": 9}, KEA),
    ],
)
def test_dhcp_server_and_its_port_are_those_of_the_inventory(
    site_dhcp: dict[str, str], variables: dict[str, Any], expected: dict[str, Any]
) -> None:
    hostvars = {"draco": {"site_dhcp": site_dhcp, **variables}}
    (reading,) = FILTERS["server_readings"](["draco"], hostvars)
    assert reading["dhcp"] == expected


@pytest.mark.parametrize(("ports", "named"), [((647, 647), "647"), ((519, 520), "519 and 520")])
def test_a_pair_that_is_not_normal_is_to_be_checked_at_its_own_ports(
    ports: tuple[int, int], named: str
) -> None:
    rows = healthy()
    rows[0]["status"]["failover"] = {"dhcp-failover": ["communications-interrupted", "normal"]}
    for given, port in zip(rows, ports, strict=False):
        given["dhcp"] = DHCPD | {"port": port}
    (finding,) = made(rows)["attention"]
    assert finding["step"].startswith(f"Check TCP {named} both ways and the clocks;")


def _names(site: dict[str, Any]) -> Any:
    from controller.overview.readings import merged
    from leasemerge.site import Site

    return merged(readings_of(healthy()), Site.from_dict(site), NOW).names


@pytest.mark.parametrize(
    ("addresses", "resolvers", "expected"),
    [
        ({}, ["10.1.1.5", "10.1.1.7"], ["10.1.1.5", "", "10.1.1.7"]),
        # Where one has an address for it, the other stands by.
        ({"draco": "10.1.1.8"}, ["10.1.1.8"], ["10.1.1.8", "", ""]),
    ],
)
def test_a_resolver_is_what_clients_are_given(
    addresses: dict[str, str], resolvers: list[str], expected: list[str]
) -> None:
    caches = [
        row | {"resolver_address": addresses.get(row["name"], "")}
        for row in SITE["dnscache_servers"]
    ]
    site = SITE | {"dnscache_servers": caches}
    machines = FILTERS["machine_table"](SERVERS, site, resolvers)
    assert [machine["resolver"] for machine in machines] == expected


def of_kea(own: str = "hot-standby", partner: str = "hot-standby") -> list[dict[str, Any]]:
    """Return the readings of the same network with Kea; draco is in the first state."""
    from leasemerge import kea

    head = kea.COLUMNS.decode()
    leases = head + "".join(
        f"10.1.1.{number},{mac},,3600,{NOW + 3000},1,0,0,{name},0,,0\n"
        for number, mac, name in ((100, LAPTOP, "laptop"), (101, PHONE, "phone"))
    )
    rows = healthy(leases, leases)
    for given, states in zip(rows, ([own, partner], [partner, own]), strict=False):
        given["dhcp"] = KEA
        given["units"] = {
            KEA["unit"] if unit == "isc-dhcp-server.service" else unit: state
            for unit, state in given["units"].items()
        }
        given["status"]["failover"] = {"kea": states}
    return rows


def test_a_healthy_pair_of_kea_needs_no_attention() -> None:
    report = made(of_kea())
    assert texts(report) == []
    assert {"laptop", "phone"} <= {host["name"] for host in report["hosts"]}
    assert report["servers"][0]["failover"] == ["hot-standby", "hot-standby"]
    assert [pool["free_primary"] for pool in report["pools"]] == [7, 10]


def test_what_to_do_where_a_pair_of_kea_has_ended_its_partnership() -> None:
    report = made(of_kea("terminated", "terminated"))
    (finding,) = report["attention"]
    assert finding["text"].startswith("Failover is not normal: draco is terminated")
    assert finding["step"].startswith("Set the clocks, then restart Kea on both")


def test_a_dead_kea_is_the_cause_of_a_pair_that_is_not_normal() -> None:
    rows = of_kea("partner-down", "unavailable")
    rows[1]["units"]["kea-dhcp4-server.service"] = "failed"
    assert texts(made(rows))[:2] == [
        "taurus: kea-dhcp4-server.service is failed.",
        "  Failover is not normal: draco is partner-down (its partner was last unavailable).",
    ]
