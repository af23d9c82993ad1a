"""What a Kea pair has, and a dhcpd pair does not.

1. the pair: both in hot standby, and no other DHCP server, agent or listener beside it
2. who may read its files and send it commands: nobody without a certificate of the pair
3. leases: each client's is at both servers, with its name; a client that comes back keeps it
4. pins: what changes no range is taken without a reload, where Kea has the commands for it

    LAB_DHCP_SERVER=kea LAB_RELEASE=trixie make lab

or `LAB_DHCP_SERVER=kea molecule side-effect` in a running lab, which migrates it.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conftest import (
    DHCP,
    DHCP_SERVERS,
    LAB,
    NAME_SERVERS,
    NETWORK,
    SITE,
    client,
    dhcp_client,
    edit_fixed_hosts,
    eventually,
    machine,
    pair_is_healthy,
    play,
)

pytestmark = pytest.mark.skipif(DHCP["name"] != "kea", reason="the lab has no Kea")

CERTIFICATE, KEY = "/etc/kea/pair.crt", "/etc/kea/pair.key"
LEASED = [
    row
    for row in LAB["clients"]
    if (host := NETWORK.by_hardware.get(row["mac"])) is None or not host.fixed_addresses
]
#: Sends a command over TLS, with or without a certificate, and prints the status and the answer.
SEND = """
import http.client, json, ssl, sys
url, command, *certificate = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
if certificate:
    context.load_cert_chain(*certificate)
connection = http.client.HTTPSConnection(url, timeout=5, context=context)
body = json.dumps({"command": command, "service": ["dhcp4"]})
connection.request("POST", "/", body, {"Content-Type": "application/json"})
response = connection.getresponse()
print(response.status, response.read().decode())
"""


def hooks(server: str) -> list[dict[str, Any]]:
    """Return the hooks of a server's configuration."""
    conf = json.loads(machine(server).file(DHCP["conf"]).content_string)
    found: list[dict[str, Any]] = conf["Dhcp4"]["hooks-libraries"]
    return found


def listener(server: str) -> str:
    """Return where a server receives what its peer sends it, as its configuration has it."""
    [pair] = [
        hook["parameters"]["high-availability"][0] for hook in hooks(server) if "parameters" in hook
    ]
    return next(str(urlsplit(p["url"]).netloc) for p in pair["peers"] if p["name"] == server)


# 1. The pair


def test_both_are_in_hot_standby() -> None:
    eventually(pair_is_healthy, 30)


@pytest.mark.parametrize("server", DHCP_SERVERS)
@pytest.mark.parametrize(
    "unit", ["isc-dhcp-server", "kea-ctrl-agent", "kea-dhcp6-server", "kea-dhcp-ddns-server"]
)
def test_nothing_else_serves_beside_it(server: str, unit: str) -> None:
    assert not machine(server).service(unit).is_running
    at_boot = machine(server).run("systemctl is-enabled %s", unit).stdout.strip()
    assert at_boot != "enabled", f"{unit} will start when {server} boots."


@pytest.mark.parametrize("server", DHCP_SERVERS)
def test_kea_listens_on_its_own_address_alone(server: str) -> None:
    own = listener(server)
    # In a container ss does not see whose socket it is: DHCP's, the pair's and the control agent's.
    ports = {"67", "8000", own.partition(":")[2]}
    lines = machine(server).check_output("ss -Hlntu").splitlines()
    found = {line.split()[4] for line in lines}
    assert {f for f in found if f.rpartition(":")[2] in ports} == {
        f"{LAB['addresses'][server]}:67",
        own,
    }


# 2. Who may


@pytest.mark.parametrize("server", DHCP_SERVERS)
def test_files_are_for_kea_and_leasemerge_alone(server: str) -> None:
    group = "leasemerge" if server in NAME_SERVERS else "_kea"
    expected = {
        DHCP["conf"]: ("root", "_kea", 0o640),
        KEY: ("root", "_kea", 0o640),
        "/var/lib/kea": ("_kea", group, 0o2750),
        DHCP["lease_file"]: ("_kea", group, 0o640),
    }
    files = {path: machine(server).file(path) for path in expected}
    assert {path: (f.user, f.group, f.mode) for path, f in files.items()} == expected


@pytest.mark.parametrize("server", [s for s in NAME_SERVERS if s in DHCP_SERVERS])
def test_leasemerge_may_not_send_commands_to_kea(server: str) -> None:
    connect = "import socket; socket.socket(socket.AF_UNIX).connect('/run/kea/kea4-ctrl-socket')"
    machine(server).check_output("python3 -c %s", connect)
    result = machine(server).run("runuser -u leasemerge -- python3 -c %s", connect)
    assert "PermissionError" in result.stderr


@pytest.mark.parametrize("server", DHCP_SERVERS)
def test_pair_takes_commands_of_its_peer_alone_and_no_others_than_it_needs(server: str) -> None:
    peer = machine(next(s for s in DHCP_SERVERS if s != server))
    send = "python3 -c %s %s %s"
    answer = peer.check_output(
        f"{send} {CERTIFICATE} {KEY}", SEND, listener(server), "ha-heartbeat"
    )
    assert answer.startswith("200 "), answer
    assert "hot-standby" in answer
    refused = peer.check_output(f"{send} {CERTIFICATE} {KEY}", SEND, listener(server), "config-get")
    assert refused.startswith("403 "), refused
    for nobody in (peer, machine("root")):
        result = nobody.run(send, SEND, listener(server), "ha-heartbeat")
        assert result.rc != 0, f"It answers whoever has no certificate: {result.stdout}"
        # It ends the connection, which is noticed before its reason has come, or after.
        assert re.search(r"ssl\.SSL\w*Error|BrokenPipe|ConnectionReset", result.stderr), (
            result.stderr
        )


# 3. Leases


def lease_of(server: str, address: str) -> dict[str, Any]:
    """Return what a server's lease files have of an address; nothing while there is nothing."""
    dump = machine(server).check_output("leasemerge dump --leases %s", DHCP["lease_file"])
    found = [json.loads(line) for line in dump.splitlines()]
    return next((lease for lease in found if lease["address"] == address), {})


def test_client_that_comes_back_keeps_its_address_and_has_its_name_at_both_servers() -> None:
    show = "sh /lab/client-address.sh"
    held = {row["name"]: client(row["name"]).check_output(show) for row in LEASED}
    since = int(time.time())
    for row in LEASED:
        if row["program"] == "networkd":
            client(row["name"]).check_output("networkctl renew eth0")
    containers = [
        f"{LAB['prefix']}-client-{r['name']}" for r in LEASED if r["program"] != "networkd"
    ]
    subprocess.run(
        ["podman", "restart", "--time", "1", *containers], check=True, capture_output=True
    )

    def is_back() -> None:
        for row in LEASED:
            assert client(row["name"]).check_output(show) == held[row["name"]], row["name"]
            for server in DHCP_SERVERS:
                lease = lease_of(server, held[row["name"]])
                assert lease["hardware"] == row["mac"], f"{server} has {lease}"
                assert lease["cltt"] >= since, f"{server} has {lease}"
                assert lease["hostname"] == row["name"], f"{server} has {lease}"

    eventually(is_back, 30)


# 4. Pins


def test_pin_outside_of_the_ranges_is_taken_without_a_reload(inventory: Path) -> None:
    if not all("host_cmds" in str(hooks(server)) for server in DHCP_SERVERS):
        pytest.skip("Kea has no commands for reservations before 3.0.")
    subnet = next(s for s in SITE["subnets"] if s.get("ranges") and not s.get("pools"))
    network = next(n["name"] for n in LAB["networks"] if n["network"] == subnet["network"])
    taken = {a for host in NETWORK.fixed_hosts for a in host.fixed_addresses}
    below = IPv4Address(min(first for first, _ in subnet["ranges"])) - 1
    address = next(str(below - n) for n in range(20) if str(below - n) not in taken)
    mac = "02:00:5e:00:00:e1"
    edit_fixed_hosts(
        inventory, "pinned-by-test", {"hardware_ethernet": mac, "fixed_address": address}
    )
    edit_fixed_hosts(inventory, "named-by-test", {"hardware_ethernet": "02:00:5e:00:00:e2"})
    # A reload begins the pair's state machine again.
    states = f"journalctl --output cat --unit {DHCP['unit']} | grep -c HA_STATE_TRANSITION"
    before = [machine(server).check_output(states) for server in DHCP_SERVERS]
    try:
        status, output = play("pin-hosts.yml", inventory=inventory)
        assert status == 0, output
        with dhcp_client("pinned", "udhcpc", mac, network) as given:
            assert given == address
        assert play("pin-hosts.yml", "--check", inventory=inventory)[0] == 0
    finally:
        # Two of twelve hosts are many.
        status, output = play("pin-hosts.yml", "-e", "allow_removal=true")
    assert status == 0, output
    assert before == [machine(server).check_output(states) for server in DHCP_SERVERS]
    with dhcp_client("unpinned", "udhcpc", mac, network) as given:
        assert given != address
