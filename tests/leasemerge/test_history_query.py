"""What the history answers: who had which address when."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leasemerge.history import Client
from leasemerge.history_query import Period, find, periods
from leasemerge.names import Holder
from tests.support.history import ADDRESS, LAPTOP, NOW, PHONE, Network, ask
from tests.support.rig import ENVIRONMENT, PROGRAM, Rig, lease
from tests.support.waiting import eventually


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
def test_3_every_moment_is_answered_as_it_was(
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


def test_4_the_service_keeps_it_and_the_command_answers(kept: Rig) -> None:
    """From the lease file to the answer; also after a release, and for a client without a name."""
    begun = int(time.time()) - 60
    first = lease(151, "laptop", hardware="02:00:00:00:00:01", starts=begun)
    kept.write(first, lease(152, "WPAD"))
    eventually("the name is there", lambda: kept.address("laptop"))
    eventually("it is written", lambda: "laptop" in ask(kept, "10.1.1.151").stdout)
    kept.write(lease(151, "laptop", state="released"))
    eventually("the end is written", lambda: " now " not in ask(kept, "laptop").stdout)
    answer = ask(kept, "10.1.1.151", "--json").stdout
    assert json.loads(answer)["client"] == {
        "hardware": "02:00:00:00:00:01", "hostname": "laptop", "name": "laptop",
    }  # fmt: skip
    moment = ask(kept, "10.1.1.151", "--at", f"@{begun}").stdout.splitlines()
    assert moment[0].split() == ["ADDRESS", "FROM", "UNTIL", "MAC", "NAME"]
    assert "02:00:00:00:00:01 laptop (called itself 'laptop')" in moment[1]
    assert "The history begins" in moment[-1]
    everybody = ask(kept).stdout
    assert "- (called itself 'WPAD')" in everybody
    assert "is not a time" in ask(kept, "laptop", "--at", "noonish").stderr
    assert kept.status()["history"]["size"] > 0


def test_5_one_that_is_closed_to_the_caller_is_not_called_none(tmp_path: Path) -> None:
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
