"""Each client gets from the new dhcpd what it got from the old one: both are real daemons.

The golden inputs of dhcpd.conf are the old configuration; what the role would write from the
imported inventory is the new one.
"""

from __future__ import annotations

import re
import shutil
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from controller.importer import __main__ as importer
from controller.importer import dhcpd
from controller.importer.source import DhcpConfig
from tests.importer.sources import GOLDEN, options
from tests.support import deployed
from tests.support.dhcpd_answers import Question, answers, can_ask, compared

# What differs is in import.txt: of a case, the numbers of options, and the clients. The role also
# sends the further cards of a host its name.
KNOWN_CLIENTS = {
    ("dhcpd-tinydns", "00:11:22:33:44:16"),
    ("conditions", "02:ff:ff:ff:ff:07"),
}
KNOWN_OPTIONS = {
    ("conditions", 12),
    ("several-blocks", 12),
    ("renamed", 12),
    ("dhcpd-tinydns", 12),
    ("single-server", 15),
}
# The resolvers are the new caches, and the search list is the role's.
_OF_THE_SITE = frozenset({6, 119})
# dhcpd refuses this as it is, and another server boots the clients of this.
_NOT_ALIKE = frozenset({"ranges", "dnsmasq-proxy"})
CASES = sorted({path.parent.parent.name for path in GOLDEN.glob("*/input/dhcpd.conf")} - _NOT_ALIKE)
STRANGER = "02:ff:ff:ff:ff:01"
# What classes and conditions look at: number of an option to its octets.
SENT: list[dict[str, str]] = [
    {"60": b"PXEClient:Arch:00007:UNDI".hex(), "93": "0007"},
    {"60": b"Phone 7".hex()},
    {"60": b"Kiln 1".hex()},
    {"60": b"Clock".hex()},
    {"60": b"HTTPClient".hex(), "77": b"iPXE".hex()},
    {"77": b"inner".hex()},
    {"12": b"visitor".hex()},
]
# Clients that only a subclass names.
_LISTED = re.compile(r"subclass\s+\S+\s+1:([0-9a-fA-F:]+)")


@pytest.mark.skipif(not can_ask(), reason="needs dhcpd, and a network namespace")
@pytest.mark.parametrize("case", CASES)
def test_every_client_is_given_the_same(case: str, tmp_path: Path) -> None:
    """Send a request of each host and of strangers, with various options, in each subnet."""
    folder = tmp_path / "old"
    shutil.copytree(GOLDEN / case / "input", folder)
    assert importer.main([*options(folder), "--into", str(tmp_path / "inventory")]) == 0
    new = deployed.dhcpd_conf(tmp_path / "inventory")["primary"]
    # A name that only the network it is from can resolve.
    old = _whole(folder / "dhcpd.conf").replace("thin1.corp.example.com", "192.168.10.41")
    config = dhcpd.read(folder / "dhcpd.conf")
    questions = _questions(config, old)
    before, after = (
        answers(config, questions, tmp_path / name)
        for name, config in (("asked-old", old), ("asked-new", new))
    )
    without = _OF_THE_SITE | {number for name, number in KNOWN_OPTIONS if name == case}
    for question, one, other in zip(questions, before, after, strict=True):
        if (case, question["hardware"]) in KNOWN_CLIENTS:
            continue
        was, is_now = compared(one, without=without), compared(other, without=without)
        if was and _is_dynamic(str(was["address"]), config):
            assert is_now, f"{question}: no answer any more"
            assert _is_dynamic(str(is_now["address"]), config)
            was["address"] = is_now["address"]
        assert is_now == was, f"{question}: a different answer"


def _questions(config: DhcpConfig, text: str) -> list[Question]:
    hosts = dict.fromkeys(mac for host in config.hosts for mac in host.hardware)
    listed = (":".join(mac.zfill(2) for mac in m.split(":")) for m in _LISTED.findall(text))
    macs = [*dict.fromkeys((*hosts, *listed)), STRANGER]
    questions: list[Question] = [
        {"subnet": str(s.network), "hardware": mac} for s in config.subnets for mac in macs
    ]
    for number, sends in enumerate(SENT):
        mac = f"{STRANGER[:-2]}{number + 2:02x}"
        questions += [
            {"subnet": str(s.network), "hardware": mac, "options": sends} for s in config.subnets
        ]
        questions += [
            {"subnet": str(s.network), "hardware": mac, "options": sends}
            for s in config.subnets
            for mac in [*hosts][:2]
        ]
    return questions


def _is_dynamic(address: str, config: DhcpConfig) -> bool:
    return any(
        IPv4Address(first) <= IPv4Address(address) <= IPv4Address(last)
        for subnet in config.subnets
        for pool in subnet.pools
        for first, last in pool.ranges
    )


def _whole(path: Path) -> str:
    """Return a configuration with what it includes, as far as that is here."""

    def included(match: re.Match[str]) -> str:
        parts = Path(match[1]).parts[1:]
        for number in range(len(parts)):
            beside = path.parent.joinpath(*parts[number:])
            if beside.exists():
                return beside.read_text("latin-1")
        return ""

    return re.sub(
        r'^\s*include\s+"([^"]+)";', included, path.read_text("latin-1"), flags=re.MULTILINE
    )
