"""What is reported about a server: its units and feeds."""

from __future__ import annotations

from tests.overview.sample_network import NOW, floating, healthy, made, texts


def test_daemons_of_the_addresses_follow_from_the_one_that_stops_them_all() -> None:
    rows = floating()
    units = ("tinydns@10.1.1.3", "tinydns-spare@10.1.1.3", "tinydns")
    rows[0]["units"] |= {f"{unit}.service": "inactive" for unit in units}
    assert texts(made(rows)) == [
        "draco: tinydns.service is inactive.",
        "  draco: tinydns@10.1.1.3.service is inactive.",
        "  draco: tinydns-spare@10.1.1.3.service is inactive.",
    ]


def test_a_lost_feed_is_reported() -> None:
    rows = healthy()
    rows[1]["status"]["feeds"][1].update(state="lost", last_seen=NOW - 7300, error="no route")
    report = made(rows)
    assert texts(report) == ["taurus: the feed of draco is lost (no route)."]
    assert report["servers"][1]["feeds"][1]["last_seen"] == "2 h ago"
