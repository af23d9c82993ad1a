"""What an operator does to a running network, by the playbooks that the README names.

1. a second run, and --check --diff, find nothing to do
2. what was edited by hand on a server is shown, and nothing else
3. a configuration that the DHCP server refuses changes nothing
4. an inventory with a fault touches nothing
5. a leased client is pinned by one line, and unpinned again; with Kea no process restarts
6. what an interrupted run has written is read, by the next run, by the service it was written for
7. while its peer is away, a DHCP server keeps its configuration; the next run with both changes it
8. a server is not drained unless another one goes on with all that it does
9. a server whose floating addresses are taken away has no keepalived and no daemons for them
10. the state of the network, a lease with the line that pins it, and an audit of every answer
11. a run that would take many hosts away stops before it touches anything
12. where the controller has none, a server's own DHCP server checks before anything is published
13. a run that leaves out a server that is down reaches its end
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from conftest import (
    CACHES,
    DHCP,
    DHCP_SERVERS,
    DOMAIN,
    FLOATING,
    LAB,
    NAME_SERVERS,
    PROJECT,
    SITE,
    changed_tasks,
    client,
    dig,
    edit_fixed_hosts,
    eventually,
    machine,
    pair_is_healthy,
    play,
)

UNIT, CONF = DHCP["unit"], DHCP["conf"]
dhcpds_own = pytest.mark.skipif(DHCP["name"] != "dhcpd", reason="Kea has nothing of the kind")
# Prints something else once the DHCP server has read its configuration again.
LAST_READ = {
    "dhcpd": f"systemctl show -P ExecMainStartTimestampMonotonic {UNIT}",
    "kea": "stat --format %.9Y /run/kea/read",
}[DHCP["name"]]
ALIASES = [row["address"] for row in SITE["name_servers"]]
PRIMARY = next(row["name"] for row in SITE["dhcp_servers"] if row["role"] == "primary")


# 1.


def test_deployed_network_has_no_drift() -> None:
    status, output = play("site.yml", "--check", "--diff")
    assert status == 0, output
    assert changed_tasks(output) == [], output


# 2.


def test_edit_by_hand_is_shown_and_nothing_else() -> None:
    host = machine(PRIMARY)
    override = f"/etc/systemd/system/{UNIT}.d"
    host.check_output("sh -c %s", f"cp -p {CONF} /tmp/before && echo '# by hand' >>{CONF}")
    host.check_output("sh -c %s", f"mkdir {override} && echo '[Service]' >{override}/by-hand.conf")
    try:
        status, output = play("site.yml", "--check", "--diff")
    finally:
        host.check_output("cp -p /tmp/before %s", CONF)
        host.check_output("rm -r %s", override)
    assert status == 0, output
    assert {server for _, server in changed_tasks(output)} == {PRIMARY}, output
    drift = [line for line in output.splitlines() if re.match(r"[-+](?![-+])", line)]
    assert drift[0] == "-# by hand"
    assert [line for line in drift if line.startswith("+")] == ["+    state: absent"]
    assert any("by-hand.conf" in line for line in drift), output


@dhcpds_own
def test_key_in_dhcpd_conf_is_in_no_diff_and_read_by_dhcpd_alone() -> None:
    secret = "c2VjcmV0IGtleQ=="
    key = f'key "dns" {{ algorithm hmac-md5; secret "{secret}"; }};'
    extra = json.dumps({"dhcpd_extra": key})
    status, output = play("deploy-dhcp.yml", "--check", "--diff", "-e", extra)
    assert status == 0, output
    assert {server for _, server in changed_tasks(output)} == set(DHCP_SERVERS)
    assert secret not in output
    for server in DHCP_SERVERS:
        conf = machine(server).file(CONF)
        assert (conf.user, conf.group, conf.mode) == ("root", "dhcpd", 0o640)


# 3.


def test_configuration_that_the_dhcp_server_refuses_changes_nothing() -> None:
    host = machine(PRIMARY)
    before = host.check_output(f"sha256sum {CONF}; systemctl show -P MainPID {UNIT}")
    status, output = play("site.yml", "-e", '{"site_options": {"no-such-option": 1}}')
    assert status != 0
    reason = {
        "dhcpd": "unknown option dhcp.no-such-option",
        "kea": "definition for the option 'dhcp4.no-such-option'",
    }
    assert reason[DHCP["name"]] in " ".join(output.split()), output
    after = host.check_output(f"sha256sum {CONF}; systemctl show -P MainPID {UNIT}")
    assert after == before


# 4.


def test_inventory_with_faults_touches_nothing(inventory: Path) -> None:
    first, second = [host["name"] for host in SITE["fixed_hosts"] if host["fixed_address"]][:2]
    address = next(h["fixed_address"] for h in SITE["fixed_hosts"] if h["name"] == first)
    edit_fixed_hosts(inventory, second, {"fixed_address": address})
    edit_fixed_hosts(inventory, "bad-mac", {"hardware_ethernet": "02:00:5e:zz:00:01"})
    status, output = play("site.yml", inventory=inventory)
    assert status != 0
    for word in (first, second, "bad-mac", "fixed_hosts.yml"):
        assert word in output
    assert changed_tasks(output) == []
    assert f"TASK [{DHCP['name']}" not in output


# 5.


def is_pinned(conf: str, address: str, mac: str) -> bool:
    """Return whether a configuration has a pin, and its address in no range."""
    if DHCP["name"] == "dhcpd":
        return f"fixed-address {address};" in conf and f"range {address} " not in conf
    subnets = json.loads(conf)["Dhcp4"]["subnet4"]
    pinned = [(row["ip-address"], row["hw-address"]) for s in subnets for row in s["reservations"]]
    ends = [end for s in subnets for pool in s["pools"] for end in pool["pool"].split(" - ")]
    return (address, mac) in pinned and address not in ends


def test_leased_client_is_pinned_and_unpinned_by_one_line(inventory: Path) -> None:
    show = f"systemctl show -P InvocationID {UNIT}"
    processes = [machine(server).check_output(show) for server in DHCP_SERVERS]
    row = next(row for row in LAB["clients"] if row["program"] == "dhclient")
    address = client(row["name"]).check_output("sh /lab/client-address.sh")
    pin = {"fixed_address": address, "hardware_ethernet": row["mac"]}
    edit_fixed_hosts(inventory, "pinned-by-test", pin)
    try:
        status, output = play("pin-hosts.yml", inventory=inventory)
        assert status == 0, output
        for server in DHCP_SERVERS:
            assert is_pinned(machine(server).file(CONF).content_string, address, row["mac"])

        def is_published() -> None:
            for alias in ALIASES:
                assert dig(alias, f"pinned-by-test.{DOMAIN}", "A") == [address]
                assert dig(alias, f"{row['name']}.{DOMAIN}", "A") == [], "The lease's name is gone."

        eventually(is_published)
        again, output = play("pin-hosts.yml", inventory=inventory)
        assert again == 0
        assert changed_tasks(output) == []
    finally:
        status, output = play("pin-hosts.yml")
    assert status == 0, output
    # A restart, as any client does in time: it requests its address and has a lease again.
    subprocess.run(["podman", "restart", "--time", "1", f"{LAB['prefix']}-client-{row['name']}"],
                   check=True, capture_output=True)  # fmt: skip

    def has_its_name_again() -> None:
        held = client(row["name"]).check_output("sh /lab/client-address.sh")
        assert held
        for alias in ALIASES:
            assert dig(alias, f"{row['name']}.{DOMAIN}", "A") == [held]

    eventually(has_its_name_again, 60)
    if DHCP["name"] == "kea":
        assert processes == [machine(server).check_output(show) for server in DHCP_SERVERS]


# 6.


def test_run_that_was_interrupted_is_completed_by_the_next() -> None:
    # Newer than what it is for, as if the run had ended between the file and the restart.
    written = {
        # Kea reads its configuration again while it runs.
        (DHCP_SERVERS[1], UNIT): {"dhcpd": CONF, "kea": f"/etc/systemd/system/{UNIT}"}[
            DHCP["name"]
        ],
        (DHCP_SERVERS[0], "leasemerge"): "/etc/leasemerge/service.json",
        (DHCP_SERVERS[1], "tinydns"): "/etc/systemd/system/tinydns.service",
        (CACHES[-1], "dnscache"): "/etc/dnscache/make-root",
        (CACHES[0], "floating-address"): "/etc/floating-address/settings.json",
    }
    show = "systemctl show -P InvocationID %s"
    before = {(server, unit): machine(server).check_output(show, unit) for server, unit in written}
    for (server, _), path in written.items():
        machine(server).check_output("touch %s", path)
    status, output = play("site.yml")
    assert status == 0, output
    assert {server for _, server in changed_tasks(output)} == {server for server, _ in written}
    for (server, unit), process in before.items():
        assert machine(server).check_output(show, unit) != process, f"{unit} on {server}"
    assert changed_tasks(play("site.yml", "--check")[1]) == []


# 7.


def test_change_is_left_while_the_peer_is_away_and_made_by_the_next_run(inventory: Path) -> None:
    other = next(server for server in DHCP_SERVERS if server != PRIMARY)
    host, peer = machine(PRIMARY), machine(other)
    before = host.check_output(LAST_READ)
    # Within a range: a pin that changes none is taken by Kea 3.0 without a reload, whoever is away.
    _, last = next(subnet for subnet in SITE["subnets"] if subnet.get("ranges"))["ranges"][0]
    pin: dict[str, object] = {"hardware_ethernet": "02:00:5e:99:99:99", "fixed_address": last}
    edit_fixed_hosts(inventory, "pinned-alone", pin)
    try:
        # Out of Ansible's reach as well, with the connections that it keeps.
        peer.check_output("systemctl stop %s ssh; pkill sshd", UNIT)
        try:
            status, output = play("pin-hosts.yml", inventory=inventory)
        finally:
            peer.check_output("systemctl start %s ssh", UNIT)
        assert status == 4, output
        assert {server for _, server in changed_tasks(output)} == {*FLOATING} - {other}
        assert {"dhcpd": "NOT restarted", "kea": "NOT reloaded"}[DHCP["name"]] in output
        assert f"-e {DHCP['name']}_restart_alone=true" in output
        assert "pinned-alone" in host.file(CONF).content_string
        assert host.check_output(LAST_READ) == before
        # The pair finds itself again meanwhile; the run waits for that.
        status, output = play("pin-hosts.yml", inventory=inventory)
        assert status == 0, output
        assert host.check_output(LAST_READ) != before
        assert "pinned-alone" in peer.file(CONF).content_string
    finally:
        status, output = play("pin-hosts.yml")
    assert status == 0, output
    assert changed_tasks(play("site.yml", "--check")[1]) == []


# 8.


@pytest.mark.parametrize(
    ("unit", "reason"),
    [(UNIT, "The pair is not healthy"), ("keepalived", "No other server answers on")],
)
def test_server_is_not_drained_unless_another_goes_on(unit: str, reason: str) -> None:
    able = DHCP_SERVERS if unit == UNIT else list(FLOATING)
    others = [machine(server) for server in able if server != PRIMARY]
    for other in others:
        other.check_output("systemctl stop %s", unit)
    try:
        status, output = play("drain-server.yml", "-e", f"server={PRIMARY}")
        assert status != 0, output
        assert reason in output
        assert changed_tasks(output) == []
        assert machine(PRIMARY).service(unit).is_running
    finally:
        for other in others:
            other.check_output("systemctl start %s", unit)
    eventually(pair_is_healthy, 60)


# 9.


def test_server_without_floating_addresses_keeps_nothing_of_them() -> None:
    server = CACHES[-1]
    host, own = machine(server), LAB["addresses"][server]
    gone = [row["unit"] for row in FLOATING[server] if row["unit"].startswith("dnscache@")]
    no_more = {"floating_address_addresses": [], "dnscache_addresses": [own]}
    options = ("--limit", server, "-e", json.dumps(no_more))
    try:
        for playbook in ("deploy-floating-addresses.yml", "deploy-dnscache.yml"):
            status, output = play(playbook, *options)
            assert status == 0, output
            again, output = play(playbook, *options)
            assert again == 0, output
            assert changed_tasks(output) == []
        assert not host.service("keepalived").is_running
        assert not host.service("keepalived").is_enabled
        for path in ("/etc/keepalived/keepalived.conf", "/etc/systemd/system/keepalived.service"):
            assert not host.file(path).exists, path
        assert "floating_address" not in host.check_output("nft list tables")
        interfaces = host.check_output("ip -oneline link")
        assert "vrrp." not in interfaces
        addresses = host.check_output("ip -oneline -4 address")
        assert [row["address"] for row in FLOATING[server] if row["address"] in addresses] == []
        for unit in gone:
            assert host.run("systemctl is-active %s", unit).stdout.strip() == "inactive", unit
        assert host.service(f"dnscache@{own}.service").is_running
    finally:
        status, output = play("site.yml", "--limit", server)
    assert status == 0, output
    assert changed_tasks(play("site.yml", "--check")[1]) == []
    assert all(host.service(row["unit"]).is_running for row in FLOATING[server])


# 10.


def test_status_shows_every_server_and_writes_the_page() -> None:
    page = PROJECT / "report/index.html"
    page.unlink(missing_ok=True)
    status, output = play("show-status.yml")
    assert status == 0, output
    pinned = {host["name"] for host in SITE["fixed_hosts"] if host["fixed_address"]}
    clients = {row["name"] for row in LAB["clients"]}
    html = page.read_text()
    assert [name for name in {*pinned, *clients} if name not in html] == []
    # The screen has the leased names alone.
    leased = {*DHCP_SERVERS, *CACHES, *clients - pinned}
    assert [name for name in leased if name not in output] == []
    status, output = play("show-status.yml", "--limit", CACHES[-1])
    assert status == 0, output
    rows = output.split("SERVERS")[1].split("QUERIED")[0]
    assert re.findall(r"^ +(\S+) +(?:\d+\.){3}\d+ ", rows, re.MULTILINE) == [CACHES[-1]], output


def test_lease_is_shown_with_the_line_that_pins_it() -> None:
    row = next(row for row in LAB["clients"] if row["program"] == "dhclient")
    address = client(row["name"]).check_output("sh /lab/client-address.sh")
    status, output = play("show-lease.yml", "-e", f"host={row['name']}")
    assert "reserved name" not in output, "A variable has a name of Ansible's own."
    assert status == 0, output
    line = f'fixed_address: {address}, hardware_ethernet: "{row["mac"]}"'
    assert f"{row['name']}: {{ {line} }}" in output


def test_audit_finds_a_name_that_is_answered_wrongly_and_ends_with_an_error() -> None:
    status, output = play("audit-names.yml")
    assert status == 0, output
    row = SITE["name_servers"][0]
    host = machine(row["server"])
    settings = json.loads(host.file("/etc/leasemerge/service.json").content_string)
    wrong = f"wrong.{DOMAIN}"
    # It would put back what is served within a second.
    host.check_output("systemctl stop leasemerge")
    try:
        host.check_output(
            "sh -c %s",
            f"cd {settings['data_dir']} && echo +{wrong}:192.0.2.1 >>data && tinydns-data",
        )
        status, output = play("audit-names.yml")
    finally:
        host.check_output("systemctl start leasemerge")
    assert status != 0
    assert wrong in output

    def is_gone() -> None:
        assert dig(row["address"], wrong, "A") == []

    eventually(is_gone)


# 11.


@pytest.mark.parametrize("run", [("site.yml",), ("site.yml", "--check"), ("pin-hosts.yml",)])
def test_removal_of_many_hosts_stops_before_anything_is_touched(
    run: tuple[str, ...], inventory: Path
) -> None:
    servers = {*DHCP_SERVERS, *NAME_SERVERS, *CACHES}
    gone = [host["name"] for host in SITE["fixed_hosts"] if host["name"] not in servers]
    for name in gone:
        edit_fixed_hosts(inventory, name, None)
    status, output = play(*run, inventory=inventory)
    assert status != 0
    assert f"{len(gone)} of {len(SITE['fixed_hosts'])} fixed hosts: {', '.join(gone)}" in output
    assert "-e allow_removal=true" in output
    assert changed_tasks(output) == []
    assert set(re.findall(r"changed=(\d+)", output)) == {"0"}


# 12.


def test_server_checks_the_configuration_where_the_controller_cannot(inventory: Path) -> None:
    bad: dict[str, object] = {
        "fixed_address": SITE["subnets"][0]["ranges"][0][1],
        "hardware_ethernet": "02:00:5e:99:99:98",
        "options": {"no-such-option": 1},
    }
    edit_fixed_hosts(inventory, "refused", bad)
    # A file that is hidden from this one run.
    program = {"dhcpd": "dhcpd", "kea": "kea-dhcp4"}[DHCP["name"]]
    hide = f'mount --bind /dev/null /usr/sbin/{program} && exec "$@"'
    wrapper = ["unshare", "--mount", "sh", "-c", hide, "sh"]
    status, output = play("pin-hosts.yml", inventory=inventory, wrapper=wrapper)
    assert status != 0
    sentence, option = {
        "dhcpd": (
            r"Host refused \(\S+fixed_hosts\.yml:\d+\): dhcpd refuses",
            "dhcp.no-such-option",
        ),
        "kea": ("Kea refuses the configuration made from the inventory", "dhcp4.no-such-option"),
    }[DHCP["name"]]
    assert re.search(sentence, output), output
    assert option in output
    assert changed_tasks(output) == []
    for alias in ALIASES:
        assert dig(alias, f"refused.{DOMAIN}", "A") == []
    for server in DHCP_SERVERS:
        assert machine(server).run(f"ls {CONF}.*").stdout == "", "A candidate is left."


# 13.


def test_run_without_a_server_that_is_down_reaches_its_end() -> None:
    """The others still try to exchange their keys with it."""
    down = next(server for server in [*FLOATING][::-1] if server != PRIMARY)
    machine(down).check_output("systemctl stop ssh; pkill sshd")
    try:
        status, output = play("site.yml", "--limit", f"all:!{down}")
    finally:
        machine(down).check_output("systemctl start ssh")
    assert status == 0, output
    assert changed_tasks(output) == [], output
    assert "PLAY [Deploy the pair of DHCP servers]" in output, output
