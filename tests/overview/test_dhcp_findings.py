"""What is reported about the pair of DHCP servers, and about the ranges."""

from __future__ import annotations

import pytest

from tests.overview.sample_network import (
    DHCPD,
    DRACO,
    NOW,
    SERVERS,
    healthy,
    lease,
    made,
    of_kea,
    row,
    texts,
)


def test_a_full_pool_is_reported() -> None:
    draco = "".join(lease(f"10.1.2.{n}", mac=f"02:00:00:00:01:{n:02x}") for n in range(100, 109))
    assert texts(made(healthy(draco, ""))) == [
        "The range 10.1.2.100 to 10.1.2.109 is short: 1 of 10 addresses are left."
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


def test_a_pair_that_is_not_normal_is_reported_from_both_sides() -> None:
    rows = healthy()
    rows[1]["status"]["failover"] = {"x": ["communications-interrupted", "normal"]}
    assert texts(made(rows))[0] == (
        "Failover is not normal: draco is normal (its partner was last normal); "
        "taurus is communications-interrupted (its partner was last normal)."
    )


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
