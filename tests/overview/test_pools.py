"""How many addresses of each range are in which state."""

from __future__ import annotations

from controller.checked_site import checked_site
from tests.overview.sample_network import (
    DRACO,
    FILTERS,
    NOW,
    PLAIN,
    RESOLVERS,
    SERVERS,
    SITE,
    healthy,
    lease,
    made,
    texts,
)


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
