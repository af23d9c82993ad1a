"""Who had which address when: what was written, in what bounds, and what is answered from it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leasemerge.history import Client, History, Period, begun, find, periods, remove
from leasemerge.names import Holder
from tests.support.rig import ENVIRONMENT, PROGRAM, Rig, eventually, lease

Make = Callable[..., Rig]

DAY = 86400
NOW = 1_800_000_000
LAPTOP = Holder("02:00:00:00:00:01", "Laptop", "laptop", "draco", NOW - 60, NOW + 3600)
PHONE = Holder("02:00:00:00:00:02", "phone", "phone", "draco", NOW - 60, NOW + 3600)
ADDRESS = "10.1.1.151"


class Network:
    """A history and the clients that it is called with."""

    def __init__(self, directory: Path, days: int = 30, size: int = 1 << 20) -> None:
        """Begin without clients, at NOW."""
        self.directory = directory
        self.bounds = (days, size)
        self.now = NOW
        self.holders: dict[str, Holder] = {}
        self.history = History(directory, *self.bounds)

    def has(self, address: str, holder: Holder | None) -> None:
        """Let a client have an address, or nobody."""
        if holder is None:
            self.holders.pop(address, None)
        else:
            self.holders[address] = holder
        self.history.note([address])
        self.write()

    def write(self) -> None:
        """Let the history do what it has to do."""
        while self.history.runnable:
            self.history.step(self.now, self.holders.get)

    def wait(self, seconds: int) -> None:
        """Let time go on."""
        self.now += seconds
        self.history.tick(self.now)
        self.write()

    def restart(self) -> None:
        """Kill the service and start it again; the clients of now are new to it."""
        self.history = History(self.directory, *self.bounds)
        self.history.note(self.holders)
        self.write()

    def at(self, when: int, who: str | None = None) -> list[Period]:
        """Return what is answered for a moment."""
        return find(periods(self.directory), who, when, when)

    @property
    def size(self) -> int:
        """The bytes on disk."""
        return sum(path.stat().st_size for path in self.directory.iterdir())


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Begin a history."""
    return Network(tmp_path / "history")


def test_1_who_had_an_address_at_a_time(network: Network) -> None:
    """Before, while and after; a lease that is over belongs to nobody."""
    network.has(ADDRESS, LAPTOP)
    network.wait(3600)
    network.has(ADDRESS, None)
    network.wait(3600)
    network.has(ADDRESS, PHONE._replace(starts=network.now))
    assert network.at(NOW - 61) == []
    [period] = network.at(NOW)
    assert period == Period(ADDRESS, Client(*LAPTOP[:3]), NOW - 60, NOW + 3600)
    assert network.at(NOW + 3600) == []
    [period] = network.at(NOW + 7200)
    assert (period.client.name, period.since, period.until) == ("phone", NOW + 7200, None)


def test_2_where_a_name_was(network: Network) -> None:
    """By the published name, by what the client called itself, and by the MAC address."""
    network.has(ADDRESS, LAPTOP)
    network.wait(60)
    network.has(ADDRESS, None)
    network.has("10.1.1.7", LAPTOP._replace(name=None, hostname="LAPTOP.home", starts=NOW))
    for who in ("laptop", "Laptop", "02:00:00:00:00:01", "02-00-00-00-00-01"):
        found = find(periods(network.directory), who, 0, network.now)
        assert [period.address for period in found] == ["10.1.1.7", ADDRESS], who
    assert find(periods(network.directory), "phone", 0, network.now) == []


def test_3_a_renewal_writes_nothing(network: Network) -> None:
    """Only another client, hostname or name does."""
    network.has(ADDRESS, LAPTOP)
    size = network.size
    for seconds in range(100):
        network.has(ADDRESS, LAPTOP._replace(starts=NOW + seconds, until=NOW + 4000 + seconds))
    assert network.size == size
    network.wait(50)
    network.has(ADDRESS, LAPTOP._replace(name=None))
    assert [period.until for period in network.at(NOW)] == [NOW + 50]
    assert network.at(NOW + 50)[0].client.name is None


def test_4_a_restart_writes_only_what_changed_meanwhile(network: Network) -> None:
    """Who still has an address has had it all along; who has gone is gone at the latest now."""
    network.has(ADDRESS, LAPTOP)
    network.has("10.1.1.7", PHONE)
    size = network.size
    del network.holders["10.1.1.7"]
    network.now += 500
    network.restart()
    assert network.size - size < 60, "One line, that nobody has 10.1.1.7."
    assert network.at(NOW + 500) == [Period(ADDRESS, Client(*LAPTOP[:3]), NOW - 60)]
    assert network.at(NOW + 499, "phone")[0].until == NOW + 500


def test_5_it_is_bounded_in_age_and_forgets_nobody_who_is_here(network: Network) -> None:
    """Nothing is older than it may be, but for when a client came that still has its address."""
    network.has(ADDRESS, LAPTOP)
    for day in range(100):
        network.has("10.1.1.7", PHONE._replace(starts=network.now))
        network.wait(DAY // 2)
        network.has("10.1.1.7", None)
        network.wait(DAY // 2)
        oldest = begun(network.directory)
        assert oldest is not None
        assert network.now - oldest <= 30 * DAY + DAY // 2, f"day {day}"
    assert network.at(network.now) == [Period(ADDRESS, Client(*LAPTOP[:3]), NOW - 60)]
    assert network.at(network.now - 31 * DAY, "phone") == []
    assert network.at(network.now - 25 * DAY, "phone")
    network.restart()
    assert network.at(network.now)[0].since == NOW - 60


def test_6_it_is_bounded_in_size(tmp_path: Path) -> None:
    """Whatever happens; who has an address now is known for all that."""
    network = Network(tmp_path / "history", size=40_000)
    network.has(ADDRESS, LAPTOP)
    for number in range(2000):
        network.wait(1)
        network.has("10.1.1.7", PHONE._replace(hostname=f"phone{number}"))
        assert network.size < 40_000 + 6_000
    assert network.at(network.now, "laptop") == [Period(ADDRESS, Client(*LAPTOP[:3]), NOW - 60)]
    assert not network.history.status().error


def test_7_more_clients_than_it_can_hold_is_a_fault(tmp_path: Path) -> None:
    """It is reported, and the same is not written again and again."""
    network = Network(tmp_path / "history", size=10_000)
    for number in range(200):
        network.has(f"10.1.1.{number}", PHONE)
        network.wait(1)
    assert "too small for 200 clients" in network.history.status().error
    before = network.size
    for _ in range(20):
        network.wait(1)
    assert network.size <= before


def test_8_a_file_that_was_torn_or_scribbled_on_costs_its_lines(network: Network) -> None:
    """Half a line at the end, after a power cut, does not spoil the next one."""
    network.has(ADDRESS, LAPTOP)
    network.has("10.1.1.7", PHONE)
    path = next(network.directory.iterdir())
    path.write_bytes(path.read_bytes()[:-20] + b'\xff\0{}\n[1]\n{"at":')
    network.wait(5)
    network.restart()
    network.has("10.1.1.8", PHONE)
    assert {period.address for period in network.at(network.now)} == {
        ADDRESS, "10.1.1.7", "10.1.1.8",
    }  # fmt: skip


def test_9_a_full_disk_is_reported_and_made_up_for(tmp_path: Path) -> None:
    """What happened meanwhile is written when there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        network = Network(disk / "history")
        network.has(ADDRESS, LAPTOP)
        ballast = disk / "ballast"
        with ballast.open("wb") as file, pytest.raises(OSError, match="No space"):
            file.write(b"x" * (1 << 20))
        for number in range(1, 100):
            network.has(f"10.1.1.{number}", PHONE)
        assert "No space" in network.history.status().error
        ballast.unlink()
        network.wait(1)
        assert not network.history.status().error
        assert len(network.at(network.now)) == 100
        network.restart()
        assert len(network.at(network.now)) == 100
        network.history.close(network.now, network.holders.get)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_10_only_its_user_can_read_it(network: Network) -> None:
    """It shows where people are."""
    network.has(ADDRESS, LAPTOP)
    assert network.directory.stat().st_mode & 0o777 == 0o700
    assert next(network.directory.iterdir()).stat().st_mode & 0o777 == 0o600


def test_15_one_that_is_closed_to_the_caller_is_not_called_none(tmp_path: Path) -> None:
    """Whoever is not root reads why there is nothing; setpriv(1) takes his right to read all."""
    command = [*PROGRAM, "history", "--directory", str(tmp_path / "closed/history")]
    (tmp_path / "closed/history").mkdir(parents=True)
    (tmp_path / "closed").chmod(0)
    done = subprocess.run(
        ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command],
        env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == f"leasemerge: {tmp_path}/closed/history: Permission denied\n"
    assert (done.returncode, done.stdout) == (1, "")


ADDRESSES = ("10.1.1.1", "10.1.1.11", "10.1.1.111")
HOLDERS = st.one_of(
    st.none(),
    st.builds(
        Holder,
        hardware=st.sampled_from([LAPTOP.hardware, PHONE.hardware, None]),
        hostname=st.sampled_from(["x", 'y "\udcff\n', None]),
        name=st.sampled_from(["x", None]),
        server=st.none(),
        starts=st.none(),
        until=st.just(0),
    ),
)
EVENTS = st.lists(
    st.tuples(st.sampled_from((*ADDRESSES, "restart")), HOLDERS, st.sampled_from([0, 1, 9])),
    max_size=25,
)


@settings(max_examples=100)
@given(events=EVENTS)
def test_11_every_moment_is_answered_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, Holder | None, int]]
) -> None:
    """Whatever the clients do, and however often the service is killed."""
    network = Network(tmp_path_factory.mktemp("history"))
    truth: dict[int, dict[str, Client]] = {}
    for address, holder, seconds in events:
        if address == "restart":
            network.restart()
        else:
            network.has(address, holder)
        truth[network.now] = {where: Client(*who[:3]) for where, who in network.holders.items()}
        network.wait(seconds)
    for moment, clients in truth.items():
        assert {period.address: period.client for period in network.at(moment)} == clients


@pytest.fixture
def kept(rig: Make) -> Rig:
    """Start a server that keeps a history."""
    draco = rig()
    draco.settings = {"history_days": 30, "history_megabytes": 8}
    draco.start()
    return draco


def _ask(rig: Rig, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, "history", "--directory", str(rig.state / "history"), *words]
    environment = {**ENVIRONMENT, "TZ": "Europe/Berlin"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_12_the_service_keeps_it_and_the_command_answers(kept: Rig) -> None:
    """From the lease file to the answer; also after a release, and for a client without a name."""
    begun = int(time.time()) - 60
    first = lease(151, "laptop", hardware="02:00:00:00:00:01", starts=begun)
    kept.write(first, lease(152, "WPAD"))
    eventually("the name is there", lambda: kept.address("laptop"))
    eventually("it is written", lambda: "laptop" in _ask(kept, "10.1.1.151").stdout)
    kept.write(lease(151, "laptop", state="released"))
    eventually("the end is written", lambda: " now " not in _ask(kept, "laptop").stdout)
    answer = _ask(kept, "10.1.1.151", "--json").stdout
    assert json.loads(answer)["client"] == {
        "hardware": "02:00:00:00:00:01", "hostname": "laptop", "name": "laptop",
    }  # fmt: skip
    moment = _ask(kept, "10.1.1.151", "--at", f"@{begun}").stdout.splitlines()
    assert moment[0].split() == ["ADDRESS", "FROM", "UNTIL", "MAC", "NAME"]
    assert "02:00:00:00:00:01 laptop (called itself 'laptop')" in moment[1]
    assert "The history begins" in moment[-1]
    everybody = _ask(kept).stdout
    assert "- (called itself 'WPAD')" in everybody
    assert "is no time" in _ask(kept, "laptop", "--at", "noonish").stderr
    assert kept.status()["history"]["size"] > 0


def test_13_turned_off_it_is_removed(kept: Rig) -> None:
    """Nothing that was known of people stays behind."""
    kept.write(lease(151, "laptop"))
    eventually("it is written", lambda: "laptop" in _ask(kept).stdout)
    kept.kill()
    kept.settings = {}
    kept.start()
    assert list((kept.state / "history").iterdir()) == []
    assert "no history: it is turned off" in _ask(kept).stderr


def test_14_remove_takes_only_its_own_files(tmp_path: Path) -> None:
    """A directory that does not exist is none."""
    remove(tmp_path / "none")
    (tmp_path / "000000000001.jsonl").touch()
    (tmp_path / "notes.jsonl").touch()
    remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.jsonl"]
