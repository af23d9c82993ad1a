"""Two servers that follow each other, and a third that has no dhcpd.

    draco  dhcpd.leases --> service <--- feed ---> service <-- dhcpd.leases  taurus
                               ^                      ^
                               +------- scorpio ------+

The feed is a pipe here; test_ssh.py puts ssh between, test_peers.py a peer that sends nonsense.
"""

from __future__ import annotations

import dataclasses
import random
import shutil
import socket
import time
from collections.abc import Callable
from functools import partial

from tests.support.rig import Rig, lease
from tests.support.waiting import eventually

Make = Callable[..., Rig]
Pair = tuple[Rig, Rig]


def _same(*rigs: Rig) -> bool:
    first, *others = [(rig.data / "data").read_bytes() for rig in rigs]
    return all(first == other for other in others)


def _following(rig: Rig) -> bool:
    return all(feed["state"] == "following" for feed in rig.status()["feeds"])


def test_1_each_knows_the_others_leases(pair: Pair) -> None:
    """What is known at the connection, and what comes later; the same bytes on either server."""
    draco, taurus = pair
    draco.write(lease(100))
    draco.start()
    taurus.start()
    eventually("the old name crosses", lambda: taurus.address("host100"))
    taurus.write(lease(101))
    eventually("the new name crosses", lambda: draco.address("host101"))
    eventually("both have the same", lambda: _same(draco, taurus))


def test_2_a_feed_that_is_lost_keeps_its_blocks(pair: Pair) -> None:
    """Also across a restart; they expire by themselves; and the feed comes back by itself."""
    draco, taurus = pair
    taurus.write(lease(100), lease(101, seconds=4))
    draco.start()
    taurus.start()
    eventually("the names cross", lambda: draco.address("host101"))
    taurus.kill()
    draco.kill()
    draco.start()
    eventually("it is ready", lambda: draco.status()["publish"]["builds"])
    assert draco.address("host100") == "10.1.1.100"
    eventually("what ended is gone", lambda: draco.address("host101") is None)
    taurus.write(lease(102))
    taurus.start()
    eventually("the feed is back", lambda: draco.address("host102"))


def test_3_a_wiped_server_is_given_its_names_back(pair: Pair) -> None:
    """Even when its dhcpd first learns the leases from its partner, without hostnames (rule 10)."""
    draco, taurus = pair
    old = lease(100, "laptop")
    draco.write(old)
    draco.start()
    taurus.start()
    eventually("the name crosses", lambda: taurus.address("laptop"))
    draco.kill()
    shutil.rmtree(draco.directory)
    draco.__post_init__()
    relearnt = dataclasses.replace(old, cltt=None, hostname=None)
    draco.write(relearnt)
    draco.start()
    eventually("the name is back", lambda: draco.address("laptop") == "10.1.1.100")
    eventually("draco is followed again", lambda: _following(taurus) and _following(draco))
    assert taurus.address("laptop") == "10.1.1.100"
    eventually("both have the same", lambda: _same(draco, taurus))
    # It outlives a restart of both with the peers apart.
    for server in (draco, taurus):
        server.kill()
    draco.start()
    eventually("it is ready", lambda: draco.status()["publish"]["builds"])
    assert draco.address("laptop") == "10.1.1.100"


def test_4_a_name_server_without_dhcpd_follows_both(pair: Pair, rig: Make) -> None:
    """It learns of taurus from draco, too, while taurus is away."""
    draco, taurus = pair
    draco.write(lease(100))
    taurus.write(lease(101))
    draco.start()
    taurus.start()
    eventually("draco knows both", lambda: draco.address("host101"))
    taurus.kill()
    feeds = [("draco", [*draco.feed, "scorpio"]), ("taurus", [*taurus.feed, "scorpio"])]
    scorpio = rig("scorpio", feeds=feeds)
    scorpio.start()
    eventually("it knows both", lambda: all(scorpio.names("host100", "host101").values()), 20)
    taurus.write(lease(101, state="released", cltt=int(time.time()) + 1))
    taurus.start()
    eventually("taurus itself knows more", lambda: scorpio.address("host101") is None, 20)


def test_5_killed_at_random_under_load_no_name_is_lost(pair: Pair) -> None:
    """Random kills of either service while both write leases; then both serve all of them."""
    draco, taurus = pair
    chance = random.Random(5)
    draco.start(wait=False)
    taurus.start(wait=False)
    for number in range(100, 200):
        server = chance.choice(pair)
        server.write(lease(number))
        if chance.random() < 0.08:
            victim = chance.choice(pair)
            victim.kill()
            victim.start(wait=False)
        time.sleep(chance.random() * 0.02)
    names = [f"host{number}" for number in range(100, 200)]
    for server in pair:
        there = partial(server.serves, *names)
        eventually("every name is there", there, 20)
    eventually("both have the same", lambda: _same(draco, taurus))


def test_6_a_server_that_was_off_is_ready_when_it_knows_what_it_missed(pair: Pair) -> None:
    """Its memory of a lease has run out, and the client has renewed meanwhile."""
    draco, taurus = pair
    draco.write(lease(100, seconds=3))
    draco.start()
    taurus.start()
    eventually("the name crosses", lambda: taurus.address("host100"))
    taurus.kill()
    draco.write(lease(100))
    over = time.time() + 3
    eventually("what it remembers is over", lambda: time.time() > over)
    path = taurus.directory / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(15)
        taurus.start(wait=False, NOTIFY_SOCKET=str(path))
        while listener.recv(100) != b"READY=1":
            assert taurus.address("host100") == "10.1.1.100"
    assert taurus.address("host100") == "10.1.1.100"


def test_7_the_journal_has_the_loss_the_reason_and_the_return_of_a_feed(pair: Pair) -> None:
    """One line each, however often it is tried; and each new reason, once."""
    draco, taurus = pair
    taurus.start()
    draco.start()
    eventually("the feed is followed", lambda: _following(draco))
    assert "feed of taurus" not in _journal(draco)
    taurus.kill()
    eventually(
        "the loss is in the journal", lambda: "the feed of taurus is lost" in _journal(draco)
    )
    eventually("the reason is, too", lambda: "still lost: leasemerge: " in _journal(draco))
    taurus.start()
    eventually("the return is in the journal", lambda: "taurus is back after" in _journal(draco))
    lines = [line for line in _journal(draco).splitlines() if "feed of taurus" in line]
    assert len(lines) == 3, lines
    assert lines[0] == (
        "the feed of taurus is lost: the connection ended; its leases are kept until they end, "
        "and the connection is retried"
    )


def _journal(rig: Rig) -> str:
    return (rig.directory / "stderr").read_text()
