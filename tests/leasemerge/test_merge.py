"""Each rule of the merge (docs/design.md) by examples of what two dhcpd servers really write.

A is draco, the primary; B is taurus. A server that received nothing from the client has no `cltt`
and no hostname of it, or a stale one (the binding update carries neither).
"""

from __future__ import annotations

from typing import Any

import pytest

from leasemerge.lease import NEVER, Lease
from leasemerge.merge import Merge, merge
from leasemerge.names import Name
from leasemerge.site import Site
from tests.support.examples import HOUR, NOW, SITE, lease, leased, machine, merged, reasons, site


def unseen(address: int, hostname: str | None = None, **changes: object) -> Lease:
    """Write the block that the peer's binding update made."""
    return lease(address, hostname, **{"cltt": None, **changes})


# Rule 2: across logs, the state of an address comes from the latest event.


def test_rule_2_one_server_received_the_client() -> None:
    """The usual pair: one block with the name, one without."""
    names = merged(draco=[lease(100, "laptop")], taurus=[unseen(100)])
    assert leased(names) == {"laptop": "10.1.1.100"}


@pytest.mark.parametrize("state", ["free", "backup", "released", "expired", "abandoned", "reset"])
def test_rule_2_an_end_seen_by_one_server_only(state: str) -> None:
    """Released, expired, declined or abandoned at B while A's file is still active."""
    ended = lease(100, "laptop", state=state, cltt=-5)
    assert leased(merged(draco=[lease(100, "laptop")], taurus=[ended])) == {}
    assert leased(merged(draco=[ended], taurus=[lease(100, "laptop")])) == {}


def test_rule_2_a_dead_secondary_still_has_active() -> None:
    """B died an hour ago; A has released the lease since and given it to another client."""
    stale = lease(100, "old", starts=-HOUR, cltt=-HOUR, ends=HOUR)
    new = lease(100, "new", hardware="02:00:00:00:02:00", starts=-30, cltt=-30)
    assert leased(merged(draco=[new], taurus=[stale])) == {"new": "10.1.1.100"}
    gone = lease(100, "old", starts=-HOUR, cltt=-30, state="released")
    assert leased(merged(draco=[gone], taurus=[stale])) == {}


def test_rule_2_a_fresh_starts_beats_an_old_cltt() -> None:
    """B's binding update made A's block fresh without a cltt: the state is there."""
    renewed = unseen(100, starts=-10, ends=2 * HOUR)
    old = lease(100, "laptop", starts=-HOUR, cltt=-HOUR, ends=10)
    names = merged(draco=[renewed], taurus=[old], now=60)
    assert leased(names) == {"laptop": "10.1.1.100"}


def test_rule_2_at_the_same_event_the_greater_cltt_knows_more() -> None:
    """Equal latest event: the one that received from the client counts, whichever server it is."""
    received = lease(100, "laptop", starts=-70, cltt=-60, state="released")
    other = unseen(100, starts=-60)
    assert leased(merged(draco=[other], taurus=[received])) == {}
    assert leased(merged(draco=[received], taurus=[other])) == {}


def test_rule_2_alike_blocks_go_by_the_order_of_servers() -> None:
    """All times equal: the primary is believed."""
    active, expired = lease(100, "laptop"), lease(100, "laptop", state="expired")
    assert leased(merged(draco=[active], taurus=[expired])) == {"laptop": "10.1.1.100"}
    assert leased(merged(draco=[expired], taurus=[active])) == {}


def test_rule_2_an_absent_time_is_the_smallest() -> None:
    """A lease never used has only its state; even the epoch is later."""
    unused = lease(100, state="free", starts=None, ends=None, cltt=None)
    at_epoch = Lease("10.1.1.100", "active", 0, NOW + HOUR, None, "02:00:00:00:01:64", None, "old")
    assert leased(merged(draco=[unused], taurus=[at_epoch])) == {"old": "10.1.1.100"}


def test_rule_2_clocks_a_few_seconds_apart() -> None:
    """B's clock is 5 s behind: its release of a lease renewed at A a minute before still counts."""
    at_a = lease(100, "laptop", starts=-60, cltt=-60)
    at_b = lease(100, "laptop", starts=-600, cltt=-5 - 5, state="released")
    assert leased(merged(draco=[at_a], taurus=[at_b])) == {}


@pytest.mark.parametrize(
    ("ends", "live"), [(-1, False), (0, False), (1, True), (NEVER, True), (None, False)]
)
def test_rule_2_live_until_its_end(ends: int | None, live: bool) -> None:
    """`ends` is the first second without the lease; never is later than all; absent is over."""
    names = merged(draco=[lease(100, "laptop", ends=ends)])
    assert bool(leased(names)) is live


# Rule 3: the name is what was last received from the lease's own client.


def test_rule_3_a_stale_name_beside_a_fresh_starts() -> None:
    """Renewed by unicast at B under a new name: A has B's times and keeps the old name."""
    at_a = lease(100, "oldname", starts=-10, cltt=-HOUR)
    at_b = lease(100, "newname", starts=-10, cltt=-10)
    assert leased(merged(draco=[at_a], taurus=[at_b])) == {"newname": "10.1.1.100"}


def test_rule_3_the_name_survives_the_server_that_received_it() -> None:
    """A received the name and is dead; B's update is fresher and has none."""
    at_a = lease(100, "laptop", starts=-HOUR, cltt=-HOUR, ends=60)
    at_b = lease(100, None, starts=-10, cltt=-10)
    assert leased(merged(draco=[at_a], taurus=[at_b], now=120)) == {"laptop": "10.1.1.100"}


def test_rule_3_an_ended_block_still_knows_its_clients_name() -> None:
    """The block that has the name need not be active, if the client is the same."""
    ended = lease(100, "laptop", starts=-HOUR, cltt=-HOUR, state="expired")
    assert leased(merged(draco=[ended], taurus=[lease(100)])) == {"laptop": "10.1.1.100"}


def test_rule_3_another_clients_name_is_not_taken_over() -> None:
    """The address went to another client, which sends no hostname."""
    before = lease(100, "laptop", hardware="02:00:00:00:02:01", starts=-HOUR, cltt=-HOUR)
    assert leased(merged(draco=[before], taurus=[lease(100)])) == {}


@pytest.mark.parametrize(
    ("uid", "other_uid", "same"),
    [("01:aa", "01:aa", True), ("01:aa", None, True), (None, "01:aa", True), ("1", "2", False)],
)
def test_rule_3_same_client(uid: str | None, other_uid: str | None, same: bool) -> None:
    """The same hardware address, and the same uid where both have one."""
    named = lease(100, "laptop", uid=uid, cltt=-HOUR, starts=-HOUR)
    current = lease(100, None, uid=other_uid)
    assert bool(leased(merged(draco=[named], taurus=[current]))) is same


def test_rule_3_a_changed_card_behind_the_same_uid_is_another_client() -> None:
    """When the hardware address changes, dhcpd keeps the old hostname (lease_copy)."""
    named = lease(100, "laptop", uid="01:aa", hardware="02:00:00:00:02:01", cltt=-90, starts=-90)
    assert leased(merged(draco=[named], taurus=[lease(100, None, uid="01:aa")])) == {}


def test_rule_3_equal_cltt_goes_by_starts_then_by_server() -> None:
    """A broadcast rebind is received by both at once."""
    early, late = lease(100, "early", starts=-90), lease(100, "late", starts=-80)
    assert leased(merged(draco=[early], taurus=[late])) == {"late": "10.1.1.100"}
    one, two = lease(100, "one"), lease(100, "two")
    assert leased(merged(draco=[one], taurus=[two])) == {"one": "10.1.1.100"}
    assert leased(merged(draco=[two], taurus=[one])) == {"two": "10.1.1.100"}


def test_rule_3_a_name_without_cltt_is_the_last_choice() -> None:
    """An absent cltt is the smallest, even beside fresh starts."""
    kept = unseen(100, "stale", starts=-10)
    received = lease(100, "fresh", starts=-HOUR, cltt=-HOUR)
    assert leased(merged(draco=[kept], taurus=[received])) == {"fresh": "10.1.1.100"}


def test_rule_3_the_server_of_a_name_is_the_one_that_received_it() -> None:
    """For the person who reads the list."""
    names = merged(draco=[unseen(100, starts=-10)], taurus=[lease(100, "laptop")])
    assert [name.server for name in names.names if name.label == "laptop"] == ["taurus"]


# Rule 4: a fixed host's names and addresses are its own.


@pytest.mark.parametrize("hostname", ["foobar", "FooBar", "www", "foobar.evil.example", "-www_"])
def test_rule_4_a_lease_does_not_take_a_fixed_hosts_name(hostname: str) -> None:
    """Neither its name nor an alias, however written."""
    names = merged(draco=[lease(100, hostname)])
    assert names.names == merged().names
    assert reasons(names)["10.1.1.100"][0] == "refused"


def test_rule_4_the_name_of_an_unpinned_fixed_host_is_its_own_too() -> None:
    """While the tablet is away, nobody else may be called so."""
    assert leased(merged(draco=[lease(100, "tablet"), lease(101, "eye")])) == {}


def test_rule_4_a_lease_on_a_fixed_hosts_address_publishes_nothing() -> None:
    """A lease from before the host was pinned, or a client that made it up."""
    names = merged(draco=[lease("10.1.1.15", "squatter"), lease("10.1.1.3", "squatter")])
    assert names.names == merged().names
    assert reasons(names) == {
        "10.1.1.3": ("fixed", "the address is that of ns1"),
        "10.1.1.15": ("fixed", "the address is that of foobar"),
    }


def test_rule_4_a_pinned_hosts_dynamic_lease_publishes_nothing() -> None:
    """It sends no identifier, so nothing shows when it has left the address of the lease."""
    names = merged(draco=[lease(100, "anything", hardware="de:ad:be:ef:ca:fe")])
    assert names.names == merged().names
    assert reasons(names) == {
        "10.1.1.100": (
            "fixed",
            "its MAC address is that of the fixed host foobar, which has the address 10.1.1.15",
        )
    }


FOOBAR: dict[str, Any] = {"hardware": "de:ad:be:ef:ca:fe", "uid": "01:de:ad"}


def test_rule_4_a_host_pinned_elsewhere_is_where_its_lease_is() -> None:
    """Its client knows nothing of the pin yet: the name and its aliases wait for it."""
    names = merged(draco=[lease(100, "anything", **FOOBAR)])
    assert leased(names) == {"foobar": "10.1.1.100", "www": "10.1.1.100"}
    assert names.losers == ()
    assert len(names.names) == len(merged().names)


@pytest.mark.parametrize("how", ["released", "expired", "free"])
def test_rule_4_the_name_moves_with_the_client(how: str) -> None:
    """It takes its fixed address and dhcpd ends the lease; or the lease ends by itself."""
    pair = machine(draco=[lease(100, "anything", **FOOBAR)])
    assert leased(pair.names(NOW)) == {"foobar": "10.1.1.100", "www": "10.1.1.100"}
    pair.update("draco", [lease(100, "anything", state=how, starts=-60, cltt=-60, **FOOBAR)])
    assert pair.names(NOW).names == merged().names
    assert merged(draco=[lease(100, **FOOBAR)], now=HOUR).names == merged().names


def test_rule_4_two_leases_of_a_host_that_was_pinned_elsewhere() -> None:
    """Rule 6 chooses between them; with both gone the fixed address is left."""
    pair = machine(draco=[lease(100, **FOOBAR), lease(101, starts=-30, ends=60, **FOOBAR)])
    assert leased(pair.names(NOW))["foobar"] == "10.1.1.101"
    assert leased(pair.names(NOW + 60))["foobar"] == "10.1.1.100"
    assert pair.names(NOW + HOUR).names == merged().names


def test_rule_4_in_another_network_a_pinned_host_has_an_ordinary_lease() -> None:
    """There dhcpd gives it no fixed address, however long it stays: the name is not moved."""
    away = [lease("10.2.2.9", **FOOBAR), lease("10.1.2.9", **FOOBAR)]
    names = merged(draco=away)
    assert names.names == merged().names
    assert {kind for kind, _ in reasons(names).values()} == {"fixed"}
    wide = [{"network": "10.1.1.0/24"}, {"network": "10.1.2.0/24"}]
    apart = Site.from_dict({**SITE, "subnets": wide, "reverse_zones": ["1.10.in-addr.arpa"]})
    assert leased(merge({"draco": away}, apart, NOW)) == {}
    for subnet in wide:
        subnet["shared_network"] = "wire"
    one = Site.from_dict({**SITE, "subnets": wide, "reverse_zones": ["1.10.in-addr.arpa"]})
    assert leased(merge({"draco": away}, one, NOW))["foobar"] == "10.1.2.9"


def test_rule_4_a_pinned_hosts_own_old_lease_is_no_loser() -> None:
    """It was pinned to the address that it had: nobody lost anything."""
    own = lease("10.1.1.15", "anything", hardware="de:ad:be:ef:ca:fe")
    assert merged(draco=[own]).names == merged().names
    assert merged(draco=[own]).losers == ()
    other = lease("10.1.1.1", "anything", hardware="de:ad:be:ef:ca:fe")
    assert reasons(merged(draco=[other]))["10.1.1.1"] == ("fixed", "the address is that of router")


def test_rule_4_fixed_names_need_no_lease() -> None:
    """They stand whatever the leases are, alias and all."""
    fixed = {name.label: (name.address, name.alias) for name in merged().names}
    assert fixed == {
        "foobar": ("10.1.1.15", False),
        "www": ("10.1.1.15", True),
        "router": ("10.1.1.1", False),
    }


# Rule 5: a pinned name on a dynamic address.


@pytest.mark.parametrize("hostname", [None, "android-1234", "wpad", "foobar", "%%"])
def test_rule_5_the_inventorys_name_whatever_the_client_sends(hostname: str | None) -> None:
    """The MAC decides."""
    names = merged(draco=[lease(100, hostname, hardware="02:00:00:00:00:07")])
    assert leased(names) == {"tablet": "10.1.1.100"}
    assert names.losers == ()


def test_rule_5_aliases_go_with_the_name() -> None:
    """And leave with it."""
    with_alias = lease(100, hardware="02:00:00:00:00:09", ends=10)
    assert leased(merged(draco=[with_alias])) == {"camera": "10.1.1.100", "eye": "10.1.1.100"}
    assert leased(merged(draco=[with_alias], now=10)) == {}


def test_rule_5_two_cards_of_one_host_both_live() -> None:
    """One name: rule 6 decides."""
    wired = lease(100, hardware="02:00:00:00:00:07", starts=-60)
    wireless = lease(101, hardware="02:00:00:00:00:08", starts=-30)
    names = merged(draco=[wired, wireless])
    assert leased(names) == {"tablet": "10.1.1.101"}
    assert list(reasons(names)) == ["10.1.1.100"]


# Rule 6: two live leases, one name.


def test_rule_6_the_one_that_started_last_wins() -> None:
    """And the loser is reported with the reason."""
    names = merged(draco=[lease(100, "pc", starts=-60)], taurus=[lease(101, "pc", starts=-50)])
    assert leased(names) == {"pc": "10.1.1.101"}
    assert reasons(names) == {
        "10.1.1.100": ("conflict", "10.1.1.101 has the name pc: its lease started later")
    }


def test_rule_6_then_the_greater_cltt_then_the_lower_address() -> None:
    """The numeric address: 10.1.1.9 is lower than 10.1.1.100."""
    names = merged(draco=[lease(100, "pc", cltt=-60), lease(101, "pc", cltt=-50)])
    assert leased(names) == {"pc": "10.1.1.101"}
    assert reasons(names)["10.1.1.100"][1].endswith("its client was last in contact later")
    names = merged(draco=[lease(100, "pc"), lease(9, "pc")])
    assert leased(names) == {"pc": "10.1.1.9"}
    assert reasons(names)["10.1.1.100"][1].endswith("its address is lower")


def test_rule_6_a_client_that_moved_between_addresses() -> None:
    """Its old lease still runs, but the new one started later; then the old one only is left."""
    mac = "02:00:00:00:02:02"
    blocks = [
        lease(100, "laptop", hardware=mac, starts=-HOUR, ends=2 * HOUR),
        lease(101, "laptop", hardware=mac, ends=HOUR),
    ]
    assert leased(merged(draco=blocks)) == {"laptop": "10.1.1.101"}
    assert leased(merged(draco=blocks, now=HOUR)) == {"laptop": "10.1.1.100"}


def test_rule_6_a_name_that_comes_back() -> None:
    """The winner releases: the loser has the name again without a word from its client."""
    pair = machine(draco=[lease(100, "pc", starts=-60), lease(101, "pc", starts=-50)])
    assert leased(pair.names(NOW)) == {"pc": "10.1.1.101"}
    pair.update("taurus", [lease(101, "pc", starts=-50, cltt=-1, state="released")])
    assert leased(pair.names(NOW)) == {"pc": "10.1.1.100"}


def test_rule_6_handovers_between_clients_are_counted() -> None:
    """Two that are both here and of one name take it from each other at each renewal."""
    pair = machine(draco=[lease(100, "pc", starts=-60)])
    pair.update("draco", [lease(101, "pc", starts=-50)])
    pair.names(NOW)
    for turn, address in enumerate((100, 101, 100), start=1):
        pair.update("draco", [lease(address, "pc", starts=turn, cltt=turn)])
        assert leased(pair.names(NOW + turn)) == {"pc": f"10.1.1.{address}"}
    assert pair.counts.handovers == 3
    pair.update("draco", [lease(100, "pc", starts=4, cltt=4)])
    pair.names(NOW + 4)
    # One client that moves is no second one; nor is a name that comes back.
    pair.update("draco", [lease(102, "pc", starts=9, hardware="02:00:00:00:01:64")])
    pair.names(NOW + 9)
    pair.update("draco", [lease(102, "pc", state="released", starts=10)])
    pair.names(NOW + 10)
    assert pair.counts.handovers == 3


# Rule 7: what a client may be called; test_labels.py has the labels.


def test_rule_7_a_lease_never_gets_the_name_of_a_record() -> None:
    """Of whatever type; nor that of a zone; a wildcard takes no name away."""
    records = {"records": ["pc TXT mine", "*.office.internal. A 10.1.1.9"]}
    with_zone = Site.from_dict(SITE | records | {"zones": ["lab.office.internal"]})
    blocks = [lease(100, "pc"), lease(101, "lab"), lease(102, "free")]
    names = merge({"draco": blocks}, with_zone, NOW)
    assert [name.label for name in names.names if name.source == "lease"] == ["free"]
    assert [loser.reason for loser in names.losers] == [
        "pc is the name of a record",
        "lab is a zone",
    ]


# Rule 8: one name, one address; one address, one name that is no alias.


def test_rule_8_an_address_has_one_name_that_is_no_alias() -> None:
    """The servers disagree about the name; only one is published."""
    names = merged(draco=[lease(100, "one")], taurus=[lease(100, "two", cltt=-10)])
    assert leased(names) == {"two": "10.1.1.100"}


# Rule 9: a pure function of its input.


def test_rule_9_unknown_servers_come_after_the_known() -> None:
    """A copy of a file under a name that the site does not know never wins over a server's."""
    logs = {"x": [lease(100, "x")], "taurus": [lease(100, "t")]}
    assert leased(merge(logs, site, NOW)) == {"t": "10.1.1.100"}


def test_rule_9_what_a_server_has_lost_comes_after_every_log() -> None:
    """Alike in all times: the current log of the last server counts before a lost one."""
    logs = {"draco~": [lease(100, "lost")], "taurus": [lease(100, "t")], "x": [lease(100, "x")]}
    assert leased(merge(logs, site, NOW)) == {"t": "10.1.1.100"}
    del logs["taurus"]
    names = merge(logs, site, NOW)
    assert leased(names) == {"lost": "10.1.1.100"}
    assert {name.server for name in names.names if name.source == "lease"} == {"draco"}


def test_rule_9_unnamed_files_are_distinguished_by_their_content() -> None:
    """Alike in every time that counts: the order of the arguments still decides nothing."""
    blocks = [lease(100, "one"), lease(100, "two"), lease(100, state="expired")]
    results = set()
    for first in range(3):
        pair = Merge(site)
        for turn in range(3):
            pair.update(None, [blocks[(first + turn) % 3]], number=turn)
        results.add(pair.names(NOW))
    assert len(results) == 1


def test_rule_9_unknown_servers_with_the_same_block() -> None:
    """They differ in nothing but their names, so those decide."""
    logs = {"x": [lease(100, "pc")], "y": [lease(100, "pc")]}
    assert merge(logs, site, NOW) == merge(dict(reversed(logs.items())), site, NOW)


def test_rule_9_sorted() -> None:
    """Names by label, losers by address as a number."""
    blocks = [lease(number, "wpad") for number in (100, 20, 3 + 6)] + [lease(50, "b")]
    names = merged(draco=blocks, taurus=[lease(51, "a")])
    assert [name.label for name in names.names] == sorted(name.label for name in names.names)
    assert [loser.address for loser in names.losers] == ["10.1.1.9", "10.1.1.20", "10.1.1.100"]


# Rule 10: a lost feed's blocks stay, and expire by themselves.


def test_rule_10_a_silent_feed_keeps_its_blocks_until_they_end() -> None:
    """Time alone ends a name, to the second."""
    pair = machine(taurus=[lease(100, "laptop", ends=10)])
    pair.update("draco", [])
    assert leased(pair.names(NOW + 9)) == {"laptop": "10.1.1.100"}
    assert leased(pair.names(NOW + 10)) == {}


# The machine returns what changed, and when time will change something next.


def test_changes_are_reported_once() -> None:
    """At first the fixed hosts; then only what is new."""
    pair = machine(draco=[lease(100, "laptop", ends=10)])
    first = pair.changes(NOW)
    assert {label for label, _ in first} == {"foobar", "www", "router", "laptop"}
    assert {domain for _, domain in first} == {"office.internal"}
    assert pair.changes(NOW) == {}
    pair.update("draco", [lease(100, "laptop", ends=10)])
    assert pair.changes(NOW + 9) == {}, "A replayed block changes nothing."
    assert pair.changes(NOW + 10) == {("laptop", "office.internal"): ()}


def test_next_expiry() -> None:
    """The first end among live leases; never and ended leases have none."""
    pair = machine(
        draco=[lease(100, "a", ends=50), lease(101, "b", ends=NEVER), lease(102, "c", ends=-5)],
        taurus=[lease(103, "d", ends=20)],
    )
    assert pair.names(NOW).next_expiry == NOW + 20
    assert pair.names(NOW + 20).next_expiry == NOW + 50
    assert pair.names(NOW + 50).next_expiry is None


def test_a_renewal_moves_the_expiry() -> None:
    """The entry of the old end must not wake anybody up, nor stay for ever."""
    pair = machine(draco=[lease(100, "a", ends=50)])
    assert pair.names(NOW).next_expiry == NOW + 50
    pair.update("draco", [lease(100, "a", ends=70)])
    assert pair.names(NOW).next_expiry == NOW + 70
    pair.update("draco", [lease(101, "b", ends=30)])
    for step in range(1000):
        pair.update("draco", [lease(100, "a", starts=step, ends=80 + step)])
        assert pair.names(NOW).next_expiry == NOW + 30
    assert len(pair._expiries) < 200, "Renewals must not fill the memory."


def test_a_clock_that_steps_back() -> None:
    """What had ended is live again, as if it never had."""
    pair = machine(draco=[lease(100, "a", ends=50)])
    assert leased(pair.names(NOW + 60)) == {}
    assert leased(pair.names(NOW)) == {"a": "10.1.1.100"}
    assert pair.next_expiry == NOW + 50


def test_counts() -> None:
    """Live leases, names with the fixed ones, conflicts, refused hostnames, handovers."""
    pair = machine(
        draco=[lease(100, "pc"), lease(101, "pc"), lease(102, "pc"), lease(103, "wpad")],
        taurus=[lease(104), lease(105, "x", state="free")],
    )
    pair.names(NOW)
    assert pair.counts == (5, 4, 2, 1, 0)


def test_the_fields_of_a_name() -> None:
    """Everything that a person wants to know of it."""
    names = merged(draco=[lease(100, "laptop", starts=-60, ends=HOUR)])
    assert names.names[1] == Name(
        label="laptop",
        domain="office.internal",
        address="10.1.1.100",
        source="lease",
        alias=False,
        server="draco",
        starts=NOW - 60,
        until=NOW + HOUR,
        hardware="02:00:00:00:01:64",
    )
