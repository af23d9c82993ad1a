"""Leases that move from dhcpd to Kea and back: who goes on, with which name, and who does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from controller import kea_config
from leasemerge import convert, log
from leasemerge.lease import NEVER, Lease
from leasemerge.lease_file import parse
from leasemerge.merge import Merge
from leasemerge.site import Site
from tests.support.rig import lease
from tests.support.small_site import SITE

NOW = 1_800_000_000
HERE = Site.from_dict(SITE)


def moved(leases: Mapping[str, Iterable[Lease]]) -> dict[str, Lease]:
    """Return what Kea has afterwards, which dhcpd must have after the way back, too."""
    merge = Merge(HERE)
    for server, known in leases.items():
        merge.update(server, known)
    going_on = convert.going_on(merge.leases(), HERE, NOW)
    there = parse(b"".join(convert.to_kea(going_on, HERE))).leases
    back = Merge(HERE)
    back.update("draco", there.values())
    going_on = convert.going_on(back.leases(), HERE, NOW)
    assert log.parse(b"".join(convert.to_dhcpd(going_on))).leases == there
    return dict(there)


def at(number: int, **more: object) -> Lease:
    values = {"starts": NOW - 60, "cltt": NOW - 60, "ends": NOW + 600, **more}
    return replace(lease(number), **values)  # type: ignore[arg-type]  # of the right types


def test_1_a_lease_keeps_its_client_its_end_and_its_name() -> None:
    mine = at(100, uid="01:02", hostname="laptop")
    assert moved({"draco": [mine]}) == {"10.1.1.100": mine}


def test_2_of_two_servers_the_later_lease_counts_with_the_name_of_the_other() -> None:
    received = at(100, hostname="laptop")
    renewed = at(100, starts=NOW - 10, cltt=None, ends=NOW + 900, hostname=None)
    found = moved({"draco": [received], "taurus": [renewed]})["10.1.1.100"]
    assert (found.ends, found.hostname) == (NOW + 900, "laptop")


def test_3_what_is_over_or_a_fixed_host_or_in_no_range_stays_behind() -> None:
    assert not moved({"draco": [at(100, ends=NOW), at(101, state="free"), at(15), at(99)]})


def test_4_an_address_that_somebody_uses_without_a_lease_is_kept_from_clients() -> None:
    found = moved({"draco": [at(100, state="abandoned", hardware=None, hostname=None)]})
    assert found["10.1.1.100"].state == "abandoned"


def test_5_a_lease_for_ever_stays_one() -> None:
    assert moved({"draco": [at(100, ends=NEVER)]})["10.1.1.100"].ends == NEVER


def test_6_the_subnet_of_a_lease_is_that_of_the_configuration() -> None:
    """With another id every client would get another address."""
    row = b"".join(convert.to_kea([at(100)], HERE)).split(b"\n")[1]
    assert int(row.split(b",")[5]) == int(IPv4Address("10.1.1.0"))
    settings = {"fixed_hosts": [], "reserved_addresses": [], "role": "primary", "standby_share": 20}
    shaped = kea_config._subnet({"network": "10.1.1.0/24"}, settings)
    assert shaped["id"] == int(IPv4Address("10.1.1.0"))


def test_7_each_lease_has_one_fate() -> None:
    """A lease that is over is no client's, wherever it lies."""
    leases = [at(100), at(100, ends=NOW), at(15, state="free"), at(15), at(99)]
    found = [convert.fate(lease, HERE, NOW) for lease in leases]
    assert found == ["goes on", "ended", "ended", "fixed", "outside"]
