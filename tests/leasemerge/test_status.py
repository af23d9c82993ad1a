"""The report of the service on itself: what it is made of, and how a person reads it."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leasemerge import status as subject
from leasemerge.followers import Follower
from leasemerge.names import Counts, Loser
from leasemerge.own_log import OwnLog
from leasemerge.peers import Peer
from leasemerge.publish import Publisher
from leasemerge.site import Site
from leasemerge.status import (
    FeedStatus,
    HistoryStatus,
    LoserStatus,
    NameServerStatus,
    NamesStatus,
    PoolStatus,
    PublishStatus,
    Status,
    collect,
    rebuild,
    table,
)
from leasemerge.store import Store
from tests.support.examples import NOW, lease
from tests.support.small_site import SITE


@pytest.mark.parametrize(
    ("states", "primary", "available"),
    [
        (("normal", "normal"), True, 7),
        (("communications-interrupted", "normal"), True, 7),
        (("communications-interrupted", "normal"), False, 2),
        (("partner-down", "unknown-state"), False, 9),
        (None, True, 9),
    ],
)
def test_1_what_a_server_may_give_out(
    states: tuple[str, str] | None, primary: bool, available: int
) -> None:
    """Its own half, and all when its partner is down for good or there is none."""
    pool = PoolStatus("10.1.1.0/24", "10.1.1.1", "10.1.1.20", 20, 11, 7, 2, 0, 0)
    status = Status(
        "draco", 0, 0, 0, 0, 0, 0, [], PublishStatus(0, 0, 0, 0, None), primary=primary,
        failover={} if states is None else {"pair": states}, pools=[pool],
        names_by=[NamesStatus("office.internal", "lease", 1)],
    )  # fmt: skip
    assert status.available(pool) == available


WHOLE = Status(
    server="draco",
    time=NOW,
    started=NOW - 7200,
    leases=3,
    names=5,
    conflicts=1,
    refused=1,
    feeds=[
        FeedStatus("draco", "own", "following", 3, NOW - 1, damage=2),
        FeedStatus("taurus", "peer", "lost", 1, None, error="the connection ended"),
    ],
    publish=PublishStatus(9, 2, 1, 0.0123, NOW - 130),
    handovers=4,
    refused_by_cause={"reserved": 1},
    names_by=[NamesStatus("office.internal", "lease", 2)],
    pools=[PoolStatus("10.1.1.0/24", "10.1.1.100", "10.1.1.200", 101, 3, 50, 48, 0, 0)],
    primary=True,
    name_servers=[NameServerStatus("ns1", "10.1.1.3", NOW - 2)],
    history=HistoryStatus(4096, NOW - 86400),
    followers=["scorpio", "taurus"],
    failover={"pair": ("normal", "communications-interrupted")},
    errors=["the disk is full"],
    losers=[LoserStatus("10.1.1.102", "refused", "WP\x1b[2JAD", "wpad is a reserved name")],
)


def test_2_what_a_person_reads() -> None:
    """Every line; a hostname cannot move the terminal's cursor."""
    assert list(table(WHOLE)) == [
        "leasemerge on draco, for 2 h",
        "",
        "FEED         KIND  STATE       LAST SEEN       LEASES  NOTE",
        "draco        own   following   1 s ago              3  2 places skipped",
        "taurus       peer  lost        never                1  the connection ended",
        "",
        "live leases 3, names 5, conflicts 1, handovers 4, refused names 1",
        "last publish 2 min ago, 9 publishes, 2 builds, 1 failed, build time 12.3 ms",
        "failover pair: this server normal, partner communications-interrupted",
        "followed by scorpio, taurus",
        "ERROR the disk is full",
        "",
        "NOT PUBLISHED",
        "  10.1.1.102      'WP\\x1b[2JAD': wpad is a reserved name",
    ]


def test_3_before_anything_was_published() -> None:
    """Never, and nobody; without losers there is no heading for them."""
    young = dataclasses.replace(
        WHOLE, publish=PublishStatus(0, 0, 0, 0, None), followers=[], errors=[], losers=[]
    )
    assert list(table(young))[-3:] == [
        "last publish never, 0 publishes, 0 builds, 0 failed, build time 0.0 ms",
        "failover pair: this server normal, partner communications-interrupted",
        "followed by nobody",
    ]


def test_4_the_plain_form_leads_back_to_the_report() -> None:
    """By way of JSON: what `leasemerge status --json` prints is all that there is."""
    again = rebuild(json.loads(json.dumps(WHOLE.plain())))
    assert again.plain() == json.loads(json.dumps(WHOLE.plain()))
    assert list(table(again)) == list(table(WHOLE))
    assert again.pools == WHOLE.pools


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Make what a service reports on, of a server that has just begun."""
    store = Store(tmp_path, Site.from_dict(SITE))
    data = tmp_path / "data"
    data.mkdir()
    publisher = Publisher(data)
    yield {
        "server": "draco",
        "now": NOW,
        "started": NOW,
        "own": OwnLog("draco", tmp_path / "leases", "dhcpd", store),
        "peers": [Peer("taurus", ["false"])],
        "followers": [],
        "store": store,
        "counts": Counts(0, 0, 0, 0, 0),
        "refused": {},
        "names_by": [],
        "pools": [],
        "name_servers": [],
        "history": HistoryStatus(),
        "losers": [],
        "publisher": publisher,
        "errors": [],
    }
    publisher.close()
    store.close()


def test_5_a_feed_for_the_own_file_and_for_each_peer(parts: dict[str, Any]) -> None:
    """With the leases that are known of it; of a server without dhcpd its peers' alone."""
    parts["store"].put("draco", [lease(100), lease(101)])
    parts["store"].put("taurus", [lease(102)])
    own = FeedStatus("draco", "own", "reading", 2)
    peer = FeedStatus("taurus", "peer", "lost", 1)
    report = collect(**parts)
    assert (report.feeds, report.primary) == ([own, peer], True)
    report = collect(**{**parts, "own": None, "server": "scorpio"})
    assert (report.feeds, report.primary) == ([peer], False)


def test_6_an_error_that_is_empty_is_none(parts: dict[str, Any]) -> None:
    """Those of the disk, the build and the history are among them."""
    parts["errors"] = ["", "the site has faults"]
    parts["store"].error, parts["publisher"].error = "store", "publisher"
    parts["history"] = HistoryStatus(error="history")
    expected = ["the site has faults", "store", "publisher", "history"]
    assert collect(**parts).errors == expected


def test_7_a_follower_is_named_once(parts: dict[str, Any]) -> None:
    """Though it may have connected again before its old link was seen to be gone."""
    followers = []
    for name in ("taurus", "scorpio", "taurus"):
        reader, writer = os.pipe()
        followers.append(Follower(name, writer, reader, parts["store"], "draco"))
    assert collect(**{**parts, "followers": followers}).followers == ["scorpio", "taurus"]
    for follower in followers:
        follower.close()


def test_8_losers_are_bounded(parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile network must not make the report endless."""
    monkeypatch.setattr(subject, "MAX_LOSERS", 2)
    parts["losers"] = [Loser(f"10.1.1.{n}", "refused", "why", "wpad") for n in range(100, 103)]
    found = [loser.address for loser in collect(**parts).losers]
    assert found == ["10.1.1.100", "10.1.1.101"]
