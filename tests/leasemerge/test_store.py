"""What is remembered of every log: on disk, in bounds, whatever the order it came in."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leasemerge import store as store_module
from leasemerge.lease import Lease
from leasemerge.site import Site
from leasemerge.store import Store
from tests.support.rig import lease
from tests.support.small_site import SITE

NOW = 1_800_000_000


def _store(directory: Path) -> Store:
    return Store(directory, Site.from_dict(SITE))


def _save(store: Store) -> None:
    store.save()
    store.work.finish(20)


def test_1_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    """Also the generation of a peer's log."""
    store = _store(tmp_path)
    store.begin("taurus", "g1", NOW)
    first, second = lease(100), lease(100, "renamed")
    assert store.put("taurus", [first]) == [first]
    assert store.put("taurus", [first]) == []
    assert store.put("taurus", [second]) == [second]
    again = _store(tmp_path)
    assert again.logs["taurus"] == {"10.1.1.100": second}
    assert (again.generation, again.generations["taurus"]) == (store.generation, "g1")


def test_2_a_torn_or_scribbled_file_costs_only_itself(tmp_path: Path) -> None:
    """Whole blocks around the damage stay, and the damage is counted."""
    store = _store(tmp_path)
    store.put("taurus", [lease(100)])
    store.close()
    path = tmp_path / "taurus.leases"
    path.write_bytes(path.read_bytes() + b"\xff\0}\nlease 10.1.1.7 {\n" + lease(101).render()[:40])
    again = _store(tmp_path)
    assert list(again.logs["taurus"]) == ["10.1.1.100"]
    again.put("taurus", [lease(102)])
    assert list(_store(tmp_path).logs["taurus"]) == ["10.1.1.100", "10.1.1.102"]


def test_3_the_file_does_not_outgrow_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renewals replace each other on disk, too."""
    monkeypatch.setattr(store_module, "_WASTE", 2000)
    store = _store(tmp_path)
    for seconds in range(500):
        store.put("taurus", [lease(100, seconds=3600 + seconds)])
        _save(store)
    assert (tmp_path / "taurus.leases").stat().st_size < 3000
    assert _store(tmp_path).logs == store.logs


def test_4_only_addresses_of_the_site_and_no_more_than_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer cannot fill the memory."""
    monkeypatch.setattr(store_module, "MAX_ADDRESSES", 3)
    store = _store(tmp_path)
    strange = dataclasses.replace(lease(100), address="192.0.2.1")
    long = lease(101, "x" * 5000)
    assert store.put("taurus", [strange, long]) == []
    many = [lease(number) for number in range(100, 110)]
    assert store.put("taurus", many) == many[:3]
    assert store.refused == 9
    renewed = lease(100, seconds=7)
    assert store.put("taurus", [renewed]) == [renewed]


def test_5_a_full_disk_loses_nothing(small_disk: Path) -> None:
    """The memory is right meanwhile, the fault is reported, and the file is made whole later."""
    store = _store(small_disk)
    store.put("taurus", [lease(100)])
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file, pytest.raises(OSError, match="No space"):
        file.write(b"x" * (1 << 20))
    for number in range(101, 200):
        store.put("taurus", [lease(number)])
    assert "No space" in store.error
    assert len(store.logs["taurus"]) == 100
    _save(store)
    assert store.error
    ballast.unlink()
    _save(store)
    assert store.error == ""
    assert _store(small_disk).logs == store.logs


def test_7_what_comes_while_a_file_is_rewritten_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every step, until the service is killed or the file is done; also a new generation."""
    monkeypatch.setattr(store_module, "_WASTE", 2000)
    monkeypatch.setattr(store_module, "_SLICE", 10)
    for step in range(14):
        directory = tmp_path / str(step)
        directory.mkdir()
        store = _store(directory)
        store.begin("taurus", "g1", NOW)
        for seconds in range(3):
            store.put("taurus", [lease(n, seconds=3600 + seconds) for n in range(100, 200)])
        store.save()
        assert store.work.busy
        for _ in range(step):
            store.work.step()
        store.put("taurus", [lease(150, "renamed"), lease(201)])
        store.begin("taurus", "g2", NOW)
        for end in ("killed", "done"):
            there = tmp_path / f"{end} at step {step}"
            shutil.copytree(directory, there)
            again = _store(there)
            assert again.logs["taurus"] == store.logs["taurus"], there.name
            assert again.generations["taurus"] == "g2", there.name
            again.close()
            store.work.finish(20)
        assert not store.error
        store.close()


def test_8_a_server_joins_the_site_while_a_file_is_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier site knew of it is read, and the other file is finished later."""
    monkeypatch.setattr(store_module, "_WASTE", 100)
    (tmp_path / "scorpio.leases").write_bytes(lease(107).render())
    store = _store(tmp_path)
    for seconds in range(9):
        store.put("taurus", [lease(100, seconds=3600 + seconds)])
    store.save()
    assert store.work.busy
    store.use(Site.from_dict({**SITE, "servers": ["draco", "taurus", "scorpio"]}))
    assert list(store.logs["scorpio"]) == ["10.1.1.107"]
    store.work.finish(20)
    assert not store.error
    assert (tmp_path / "taurus.leases").stat().st_size < 400
    store.close()


BLOCKS = st.builds(
    Lease,
    address=st.just("10.1.1.100"),
    state=st.sampled_from(["active", "free", "expired"]),
    starts=st.sampled_from([None, NOW - 9, NOW - 5]),
    cltt=st.sampled_from([None, NOW - 9, NOW - 5]),
    ends=st.sampled_from([None, NOW - 90000, NOW + 5, NOW + 9]),
    hardware=st.sampled_from(["02:00:00:00:00:01", "02:00:00:00:00:02"]),
    hostname=st.sampled_from([None, "one", "two"]),
)


@settings(max_examples=60)
@given(data=st.data(), blocks=st.lists(BLOCKS, max_size=5))
def test_6_earlier_blocks_in_any_order_end_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, blocks: list[Lease]
) -> None:
    """Servers that send each other what was lost agree in the end."""
    known = []
    for order in (blocks, data.draw(st.permutations(blocks))):
        store = _store(tmp_path_factory.mktemp("store"))
        for block in order:
            store.put_earlier("draco", [block], NOW)
        known.append(store.logs["draco~"])
        store.close()
    assert known[0] == known[1]
    assert all(block.state == "active" for block in known[0].values())


def test_9_a_second_hand_block_counts_only_if_it_knows_a_later_event(tmp_path: Path) -> None:
    """Rule 2: the greater of starts and cltt, then cltt; one of the same time adds nothing."""
    for times, taken in (
        ({"starts": NOW - 10, "cltt": NOW + 1}, True),
        ({"starts": NOW + 1, "cltt": NOW - 10}, True),
        ({"starts": NOW, "cltt": NOW}, True),
        ({"starts": NOW, "cltt": NOW - 5}, False),
        ({"starts": NOW - 10, "cltt": NOW - 1}, False),
        ({"starts": None, "cltt": None}, False),
    ):
        directory = tmp_path / f"{times['starts']}-{times['cltt']}"
        directory.mkdir()
        store = _store(directory)
        own = lease(100, "own", starts=NOW, cltt=NOW - 5)
        store.put("taurus", [own])
        brought = lease(100, "brought", **times)
        assert store.put_newer("taurus", [brought]) == ([brought] if taken else [])
        assert store.logs["taurus"]["10.1.1.100"] == (brought if taken else own)
        store.close()
