"""A network is moved with its leases: real clients, an old server, and the new failover pair.

clients (each in a network namespace of its own)
|
[bridge] ------- draco: first the old server, then the primary
|
+------------- taurus: the secondary
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.importer import leases
from tests.support import dhcpd_oracle
from tests.support.pair import SERVERS, Pair, inside, network
from tests.support.waiting import eventually

_SITE = {
    "subnets": [{"network": "10.9.0.0/24", "ranges": [["10.9.0.100", "10.9.0.139"]]}],
    "fixed_hosts": [],
}
_OLD_DHCPD = """\
authoritative; ddns-update-style none; ping-check false;
default-lease-time 600; max-lease-time 600;
subnet 10.9.0.0 netmask 255.255.255.0 { option routers 10.9.0.1; range 10.9.0.100 10.9.0.139; }
"""
_OLD_DNSMASQ = """\
port=0
interface=eth0
bind-interfaces
dhcp-authoritative
no-ping
dhcp-range=10.9.0.100,10.9.0.139,255.255.255.0,10m
dhcp-option=3,10.9.0.1
"""


def _dhcpd(folder: Path) -> tuple[list[str], str]:
    """Return the command of an old dhcpd, and the importer's option for its leases."""
    (folder / "old.conf").write_text(_OLD_DHCPD)
    files = ["-cf", f"{folder}/old.conf", "-lf", f"{folder}/old.leases"]
    return ["dhcpd", "-4", "-f", "--no-pid", *files, "eth0"], "--dhcpd-leases"


def _dnsmasq(folder: Path) -> tuple[list[str], str]:
    """Return the command of an old dnsmasq, and the importer's option for its leases."""
    (folder / "old.conf").write_text(_OLD_DNSMASQ)
    files = [f"--conf-file={folder}/old.conf", f"--dhcp-leasefile={folder}/old.leases"]
    return ["dnsmasq", "--keep-in-foreground", "--user=root", *files], "--dnsmasq-leases"


def _kea(folder: Path) -> tuple[list[str], str]:
    """Return the command of an old Kea, and the importer's option for its leases."""
    subnet = {
        "id": 1,
        "subnet": "10.9.0.0/24",
        "pools": [{"pool": "10.9.0.100 - 10.9.0.139"}],
        "option-data": [{"name": "routers", "data": "10.9.0.1"}],
    }
    server = {
        "interfaces-config": {"interfaces": ["eth0"]},
        "lease-database": {"type": "memfile", "name": f"{folder}/old.leases", "lfc-interval": 0},
        "valid-lifetime": 600,
        "subnet4": [subnet],
    }
    (folder / "old.conf").write_text(json.dumps({"Dhcp4": server}))
    return ["kea-dhcp4", "-c", f"{folder}/old.conf"], "--kea-leases"


@pytest.mark.skipif(not dhcpd_oracle.available(), reason="needs dhcpd, and a network namespace")
@pytest.mark.parametrize("old", [_dhcpd, _dnsmasq, _kea])
def test_nobody_gets_another_address(
    old: Callable[[Path], tuple[list[str], str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each client keeps its address at the pair, on whichever server, and no new one takes it."""
    (name, *arguments), option = old(tmp_path)
    program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        pytest.skip(f"{name} is not installed")
    for place in ("PIDFILE", "LOCKFILE", "DHCP_DATA"):
        monkeypatch.setenv(f"KEA_{place}_DIR", str(tmp_path))
    (tmp_path / "old.leases").touch()
    with network():
        pair = Pair(tmp_path)
        server = subprocess.Popen(
            inside("draco", program, *arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for name in ("ann", "bob", "cleo"):
                assert pair.client(name, uid=name == "cleo"), f"the old server gave {name} nothing"
        finally:
            server.terminate()
            server.wait()
        before = {name: sent["address"] for name, sent in pair.sent.items()}

        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(_SITE)))
        assert leases.main(["--to", "dhcpd", option, str(tmp_path / "old.leases")]) == 0
        text = json.loads(capsys.readouterr().out)["leases"]
        for name in SERVERS:
            pair.leases(name).write_text(text)
            pair.start(name)
        try:
            pair.wait_normal()
            # Two forget what they had, as a machine does that is installed again.
            for name in ("bob", "cleo"):
                pair.forget(name)
            # Strangers come first: what nobody holds by the leases, they may get.
            for name in ("dora", "eve", "bob", "cleo", "ann"):
                _ask_until_answered(pair, name)
        finally:
            for name in SERVERS:
                pair.kill(name)
        after = {name: sent["address"] for name, sent in pair.sent.items()}
    assert {name: after[name] for name in before} == before
    assert len(set(after.values())) == 5


def _ask_until_answered(pair: Pair, name: str) -> None:
    eventually(f"{name} has an answer", lambda: pair.client(name, uid=name == "cleo"), 60)
