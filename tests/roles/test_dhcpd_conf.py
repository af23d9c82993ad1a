"""dhcpd.conf as the role writes it, checked by the real dhcpd."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from controller.dhcpd_conf import DhcpdConfError, dhcpd_host_blocks
from tests.support.dhcpd_answers import answers
from tests.support.templates import write_template

SUBNET = {
    "network": "10.9.1.0/24",
    "ranges": [["10.9.1.100", "10.9.1.200"]],
    "routers": ["10.9.1.1"],
}
HOST = {
    "name": "foobar",
    "fixed_address": "10.9.1.120",
    "hardware_ethernet": ["02:00:00:00:00:01"],
    "aliases": [],
}
BASE: dict[str, Any] = {
    "dhcpd_failover_role": "primary",
    "dhcpd_failover_address": "10.9.1.5",
    "dhcpd_failover_peer_address": "10.9.1.6",
    "dhcpd_domain_name": "office.example",
    "dhcpd_domain_name_servers": ["10.9.1.5", "10.9.1.7"],
    "dhcpd_subnets": [SUBNET],
    "dhcpd_fixed_hosts": [HOST],
}


def render(tmp_path: Path, variables: dict[str, Any]) -> str:
    """Write dhcpd.conf as a playbook does, have dhcpd check it, and return it."""
    conf = tmp_path / "dhcpd.conf"
    write_template("dhcpd", "etc/dhcp/dhcpd.conf.j2", conf, BASE | variables)
    check = subprocess.run(
        ["/usr/sbin/dhcpd", "-4", "-t", "-cf", str(conf)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stderr + conf.read_text()
    return conf.read_text()


def test_range_is_written_around_fixed_and_reserved_addresses(tmp_path: Path) -> None:
    conf = render(tmp_path, {"dhcpd_reserved_addresses": ["10.9.1.100", "10.9.1.150"]})
    assert [line.split()[1:] for line in conf.splitlines() if line.strip().startswith("range")] == [
        ["10.9.1.101", "10.9.1.119;"],
        ["10.9.1.121", "10.9.1.149;"],
        ["10.9.1.151", "10.9.1.200;"],
    ]


def test_pool_that_is_pinned_whole_is_left_out(tmp_path: Path) -> None:
    subnets = [SUBNET, {"network": "10.9.3.0/24", "ranges": [["10.9.3.20", "10.9.3.20"]]}]
    host = {**HOST, "name": "only", "fixed_address": "10.9.3.20"}
    conf = render(tmp_path, {"dhcpd_subnets": subnets, "dhcpd_fixed_hosts": [host]})
    assert conf.count("pool {") == 1


@pytest.mark.parametrize("knob", ["mclt", "split"])
def test_secondary_has_no_knob_of_the_primary(tmp_path: Path, knob: str) -> None:
    assert f"    {knob} " not in render(tmp_path, {"dhcpd_failover_role": "secondary"})


def test_every_failover_knob_reaches_the_file(tmp_path: Path) -> None:
    hba = ":".join(["ff"] * 16 + ["00"] * 16)
    conf = render(
        tmp_path,
        {
            "dhcpd_failover_hba": hba,
            "dhcpd_failover_mclt": 77,
            "dhcpd_failover_max_response_delay": 11,
            "dhcpd_failover_max_unacked_updates": 12,
            "dhcpd_failover_load_balance_max_seconds": 4,
            "dhcpd_failover_auto_partner_down": 13,
            "dhcpd_failover_max_lease_misbalance": 14,
            "dhcpd_failover_max_lease_ownership": 9,
            "dhcpd_failover_min_balance": 16,
            "dhcpd_failover_max_balance": 17,
            "dhcpd_failover_port": 1647,
            "dhcpd_failover_peer_port": 2647,
        },
    )
    for statement in [
        f"hba {hba}", "mclt 77", "max-response-delay 11", "max-unacked-updates 12",
        "load balance max seconds 4", "auto-partner-down 13", "max-lease-misbalance 14",
        "max-lease-ownership 9", "min-balance 16", "max-balance 17", "port 1647", "peer port 2647",
    ]:  # fmt: skip
        assert f"    {statement};" in conf
    assert "split" not in conf


def test_peer_acknowledges_each_update_at_once(tmp_path: Path) -> None:
    # It does when half of them, rounded down, have arrived: dhcp_failover_queue_ack (failover.c).
    unacked = re.search(r"max-unacked-updates (\d+);", render(tmp_path, {}))
    assert unacked is not None
    assert int(unacked[1]) // 2 <= 1


def test_shared_network_holds_its_subnets(tmp_path: Path) -> None:
    subnets = [
        SUBNET | {"shared_network": "campus"},
        {
            "network": "10.9.8.0/22",
            "ranges": [["10.9.8.10", "10.9.9.9"]],
            "shared_network": "campus",
        },
        {"network": "10.9.4.0/24"},
    ]
    conf = render(tmp_path, {"dhcpd_subnets": subnets})
    campus = conf[
        conf.index("shared-network campus {") : conf.index("\n}\n", conf.index("campus {"))
    ]
    assert "    subnet 10.9.1.0 netmask 255.255.255.0 {" in campus
    assert "    subnet 10.9.8.0 netmask 255.255.252.0 {" in campus
    assert "\nsubnet 10.9.4.0 netmask 255.255.255.0 {" in conf


def test_host_has_a_block_for_each_hardware_address(tmp_path: Path) -> None:
    host = {**HOST, "hardware_ethernet": ["02:00:00:00:00:01", "02:00:00:00:00:02"]}
    conf = render(tmp_path, {"dhcpd_fixed_hosts": [host]})
    assert conf.count("fixed-address 10.9.1.120;") == 2
    assert "host foobar {" in conf
    assert "host foobar.2 {" in conf
    # What use-host-decl-names would make "foobar.2".
    assert conf.count('option host-name "foobar";') == 1
    named = {**host, "options": {"host-name": '"other"'}}
    conf = dhcpd_host_blocks([named])
    assert (conf.count('option host-name "other";'), conf.count("option host-name")) == (2, 2)


def test_hosts_as_text_are_the_same(tmp_path: Path) -> None:
    """Blocks, and ranges around them; what is no table is reported, and nothing written."""
    subnets = [SUBNET | {"ranges": [["10.9.1.110", "10.9.1.130"]]}]
    listed = render(tmp_path, {"dhcpd_subnets": subnets, "dhcpd_fixed_hosts": [HOST]})
    text = json.dumps([HOST])
    assert render(tmp_path, {"dhcpd_subnets": subnets, "dhcpd_fixed_hosts": text}) == listed
    assert "range 10.9.1.121 10.9.1.130;" in listed
    with pytest.raises(DhcpdConfError, match="table of fixed hosts is not JSON"):
        dhcpd_host_blocks("[{")


def test_host_without_hardware_address_is_only_a_name(tmp_path: Path) -> None:
    assert "host " not in render(
        tmp_path, {"dhcpd_fixed_hosts": [{**HOST, "hardware_ethernet": []}]}
    )


def test_host_without_address_is_known_and_dynamic(tmp_path: Path) -> None:
    conf = render(tmp_path, {"dhcpd_fixed_hosts": [{**HOST, "fixed_address": None}]})
    assert "hardware ethernet 02:00:00:00:00:01;" in conf
    assert "fixed-address" not in conf


def test_options_and_pxe_go_to_subnets_and_hosts(tmp_path: Path) -> None:
    more = {
        "next_server": "10.9.1.16",
        "filename": "pxelinux.0",
        "options": {"ntp-servers": ["10.9.1.1", "10.9.1.2"], "root-path": '"/srv/root"'},
        "extra": "use-host-decl-names on;\nmax-lease-time 999;",
    }
    conf = render(
        tmp_path,
        {
            "dhcpd_subnets": [SUBNET | more | {"default_lease_time": 120}],
            "dhcpd_fixed_hosts": [HOST | more],
            "dhcpd_options": {"time-offset": 3600},
            "dhcpd_extra": 'class "phones" { match if substring(hardware, 1, 3) = 02:00:01; }',
            "dhcpd_pool_extra": 'deny members of "phones";',
        },
    )
    for statement in [
        "next-server 10.9.1.16;", 'filename "pxelinux.0";', 'option root-path "/srv/root";',
        "option ntp-servers 10.9.1.1, 10.9.1.2;", "use-host-decl-names on;", "max-lease-time 999;",
    ]:  # fmt: skip
        assert conf.count(f"    {statement}") == 2, statement
    for statement in [
        "option time-offset 3600;",
        "class ",
        "deny members",
        "default-lease-time 120;",
    ]:
        assert conf.count(statement) == 1, statement


def test_null_is_as_good_as_nothing(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("next_server", "filename", "options", "extra", "max_lease_time"))
    written = render(
        tmp_path, {"dhcpd_subnets": [SUBNET | nothing], "dhcpd_fixed_hosts": [HOST | nothing]}
    )
    assert written == render(tmp_path, {})


@pytest.mark.parametrize(("seconds", "line"), [("1", "auto-partner-down 1;"), ("0", "")])
def test_number_may_be_text_as_the_command_line_gives_it(
    tmp_path: Path, seconds: str, line: str
) -> None:
    conf = render(tmp_path, {"dhcpd_failover_auto_partner_down": seconds})
    assert "".join(re.findall("auto-partner-down.*", conf)) == line


@pytest.mark.parametrize("role", ["primary", "secondary"])
@pytest.mark.parametrize("ranges", [[], [["10.9.1.120", "10.9.1.120"]]], ids=["none", "pinned"])
def test_network_of_fixed_hosts_alone_has_no_failover_peer(
    tmp_path: Path, role: str, ranges: list[list[str]]
) -> None:
    """A peer that no pool refers to is refused by dhcpd."""
    conf = render(
        tmp_path,
        {"dhcpd_failover_role": role, "dhcpd_subnets": [{**SUBNET, "ranges": ranges}]},
    )
    assert "failover peer" not in conf
    assert "host foobar {" in conf


def test_pool_in_a_subnets_own_text_keeps_the_failover_peer(tmp_path: Path) -> None:
    pool = 'pool { failover peer "dhcp-failover"; range 10.9.1.50 10.9.1.60; }'
    conf = render(tmp_path, {"dhcpd_subnets": [{"network": "10.9.1.0/24", "extra": pool}]})
    assert 'failover peer "dhcp-failover" {' in conf


def test_pools_with_rules_of_their_own(tmp_path: Path) -> None:
    pools = [
        {
            "ranges": [["10.9.1.10", "10.9.1.19"], ["10.9.1.115", "10.9.1.125"]],
            "allow": ['members of "phones"'],
            "options": {"time-offset": 3600},
            "default_lease_time": 120,
            "max_lease_time": 240,
            "extra": "one-lease-per-client on;",
        },
        {"ranges": [["10.9.1.120", "10.9.1.120"]]},
        {
            "ranges": [["10.9.1.30", "10.9.1.39"]],
            "deny": ['members of "phones"', "unknown-clients"],
        },
    ]
    subnet = {"network": "10.9.1.0/24", "ranges": [["10.9.1.130", "10.9.1.140"]], "pools": pools}
    conf = render(
        tmp_path,
        {
            "dhcpd_subnets": [subnet],
            "dhcpd_extra": 'class "phones" { match if substring(hardware, 1, 3) = 02:00:01; }',
        },
    )
    peer = 'pool { failover peer "dhcp-failover";'
    assert [" ".join(block.split()) for block in re.findall(r"pool \{[^}]*\}", conf)] == [
        f"{peer} range 10.9.1.130 10.9.1.140; }}",
        f"{peer} range 10.9.1.10 10.9.1.19; range 10.9.1.115 10.9.1.119;"
        ' range 10.9.1.121 10.9.1.125; allow members of "phones"; default-lease-time 120;'
        " max-lease-time 240; option time-offset 3600; one-lease-per-client on; }",
        f'{peer} range 10.9.1.30 10.9.1.39; deny members of "phones"; deny unknown-clients; }}',
    ]


def test_a_subnet_and_a_host_of_another_domain(tmp_path: Path) -> None:
    """Their clients get that domain and search it first."""
    lab = SUBNET | {"domain": "lab.example"}
    host = HOST | {"domain": "kiosk.example"}
    text = render(tmp_path, BASE | {"dhcpd_subnets": [lab], "dhcpd_fixed_hosts": [host]})
    subnet, blocks = text[text.index("subnet ") :].split("# Fixed hosts")
    assert 'option domain-name "lab.example";' in subnet
    assert 'option domain-search "lab.example", "office.example";' in subnet
    assert 'option domain-name "kiosk.example";' in blocks
    assert 'option domain-search "kiosk.example", "office.example";' in blocks


def test_several_addresses_of_a_host(tmp_path: Path) -> None:
    """One statement with all of them, and no range gives any of them out."""
    other = {"network": "10.9.2.0/24", "ranges": [["10.9.2.10", "10.9.2.20"]]}
    host = HOST | {"fixed_address": ["10.9.1.120", "10.9.2.12"]}
    text = render(tmp_path, BASE | {"dhcpd_subnets": [SUBNET, other], "dhcpd_fixed_hosts": [host]})
    assert "fixed-address 10.9.1.120, 10.9.2.12;" in text
    assert "range 10.9.2.10 10.9.2.11;" in text
    assert "range 10.9.2.13 10.9.2.20;" in text


def test_what_clients_of_pools_and_of_a_second_hardware_address_are_sent(tmp_path: Path) -> None:
    """A real dhcpd answers: each class from its own pool, a second address with the host's name."""
    pools = [
        {
            "ranges": [["10.9.1.50", "10.9.1.51"]],
            "allow": ['members of "phones"'],
            "options": {"time-offset": 7200},
        },
        {"ranges": [["10.9.1.60", "10.9.1.69"]], "deny": ['members of "phones"']},
    ]
    extra = """
        class "phones" { match if substring(hardware, 1, 2) = 06:aa; }
        use-host-decl-names on;
    """
    macs = ["02:00:00:00:00:01", "02:00:00:00:00:02"]
    conf = render(
        tmp_path,
        {
            "dhcpd_subnets": [{"network": "10.9.1.0/24", "pools": pools}],
            "dhcpd_extra": extra,
            "dhcpd_fixed_hosts": [{**HOST, "hardware_ethernet": macs}],
        },
    )
    asked = [*macs, *(f"06:aa:00:00:00:0{n}" for n in range(3)), "06:bb:00:00:00:01"]
    found = answers(
        conf, [{"subnet": "10.9.1.0/24", "hardware": mac} for mac in asked], tmp_path / "asked"
    )
    name = bytes("foobar", "ascii").hex()
    assert [(a["address"], a["options"].get("12")) for a in found[:2]] == [("10.9.1.120", name)] * 2
    # The third phone finds its pool empty, and gets nothing from the others'.
    assert {a.get("address") for a in found[2:5]} == {"10.9.1.50", "10.9.1.51", None}
    assert {a["options"].get("2") for a in found[2:5] if a} == {(7200).to_bytes(4).hex()}
    assert found[5]["address"].startswith("10.9.1.6")


def test_an_option_that_the_extra_text_defines_can_have_a_value(tmp_path: Path) -> None:
    """The file is read once, from its beginning."""
    conf = render(
        tmp_path,
        {
            "dhcpd_extra": "option rack code 224 = text;",
            "dhcpd_options": {"rack": '"7"'},
        },
    )
    assert 'option rack "7";' in conf
