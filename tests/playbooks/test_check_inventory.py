"""An inventory with faults goes no further than the playbook that every deployment begins with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]


def check(inventory: Path, *arguments: str) -> tuple[int, str]:
    """Run the playbook twice in a row, as site.yml and its parts do; return status and output."""
    command = Path(sys.executable).with_name("ansible-playbook")
    playbook = PROJECT / "playbooks/check-inventory.yml"
    done = subprocess.run(
        [command, "-i", inventory, playbook, playbook, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Copy the example inventory, to be spoilt."""
    return Path(shutil.copytree(PROJECT / "inventory", tmp_path / "inventory"))


def test_1_the_example_has_no_fault(inventory: Path) -> None:
    """What is delivered can be deployed."""
    status, output = check(inventory)
    assert status == 0, output
    assert "warns" not in output, output


def test_2_a_file_that_is_not_yaml_stops_everything(inventory: Path) -> None:
    """The sentence alone is printed, with line and column; Ansible's own commands stop as well."""
    path = inventory / "fixed_hosts.yml"
    lines = path.read_text().count("\n")
    path.write_text(path.read_text() + "    one: { fixed_address: 10.1.1.99\n")
    sentence = (
        f"{path}:{lines + 1}:10: the brace {{ is not closed, or a comma or a quotation mark is "
        "missing after it; add what is missing."
    )
    title = "The inventory has faults. Nothing was touched. Fix these and run again:"
    status, output = check(inventory)
    assert status != 0
    assert output.splitlines() == [title, sentence]
    adhoc = subprocess.run(
        [Path(sys.executable).with_name("ansible"), "-i", inventory, "localhost", "-m", "ping"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert adhoc.returncode != 0
    assert adhoc.stderr.splitlines() == [title, sentence]


def test_3_another_source_that_cannot_be_read_stops_the_run(inventory: Path) -> None:
    """Ansible would go on without it."""
    (inventory / "more").write_text("[fixed_hosts\n")
    status, output = check(inventory)
    assert status != 0
    title, sentence = output.splitlines()
    assert title == "The inventory has faults. Nothing was touched. Fix these and run again:"
    assert sentence.startswith(f"{inventory}/more:1: ")
    assert sentence.endswith("write [GROUP], and under it a line for each host: NAME KEY=VALUE.")


def test_4_what_dhcpd_refuses_is_named_by_its_line(inventory: Path) -> None:
    """Two options that no check of ours knows: the host and the site, once for the two servers."""
    path, site = inventory / "fixed_hosts.yml", inventory / "group_vars/all/site.yml"
    lines = path.read_text().splitlines()
    lines.append(
        '    odd: { hardware_ethernet: "02:00:5e:10:00:99", options: { ntp-server: 10.1.1.5 } }'
    )
    path.write_text("\n".join([*lines, ""]))
    site.write_text(site.read_text().replace("site_options: {}", "site_options: { root-path: /a }"))
    status, output = check(inventory)
    assert status != 0, output
    sentence = (
        f"Host odd ({path}:{len(lines)}): dhcpd refuses option ntp-server 10.1.1.5; "
        "(unknown option dhcp.ntp-server); correct it."
    )
    assert output.count(sentence) == 1, output
    place = site.read_text()[: site.read_text().index("site_options")].count("\n") + 1
    sentence = f"Site ({site}:{place}): dhcpd refuses option root-path /a; (expecting string)"
    assert output.count(sentence) == 1, output
    assert output.count("PLAY [") == 2, output


def test_4a_a_line_that_dhcpd_cuts_inside_a_letter_is_a_sentence(inventory: Path) -> None:
    """Ansible would refuse dhcpd's output; and what dhcpd warns of elsewhere is not hidden."""
    site = inventory / "group_vars/all/site.yml"
    old = "  - network: 10.1.2.0/24\n"
    text = site.read_text().replace(old, f"{old}    shared_network: büro\n")
    site.write_text(text)
    status, output = check(inventory)
    assert status != 0, output
    place = text[: text.index(old)].count("\n") + 1
    sentence = (
        f"Subnet 10.1.2.0/24 ({site}:{place}): dhcpd refuses shared-network büro (expecting left "
        "brace; ü is not ASCII); correct it."
    )
    assert output.count(sentence) == 1, output
    assert "UTF8" not in output, output


def test_4b_what_dhcpd_warns_of_is_a_note(inventory: Path) -> None:
    """Once for the two servers, and the run goes on."""
    site = inventory / "group_vars/all/site.yml"
    extra = "site_extra: 'subnet 10.1.1.0 netmask 255.255.255.0 { }'"
    site.write_text(site.read_text().replace('site_extra: ""', extra))
    status, output = check(inventory)
    assert status == 0, output
    assert output.count("dhcpd warns: subnet 10.1.1.0/24 overlaps subnet 10.1.1.0/24.") == 1, output


def test_4c_what_kea_refuses_is_named_by_its_line(inventory: Path) -> None:
    """As for dhcpd: what no check of ours knows, once for the two servers."""
    hosts, site = inventory / "fixed_hosts.yml", inventory / "group_vars/all/site.yml"
    lines = hosts.read_text().splitlines()
    lines.append('    odd: { hardware_ethernet: "02:00:5e:10:00:99", next_server: nowhere }')
    hosts.write_text("\n".join([*lines, ""]))
    text = site.read_text().replace("site_dhcp_server: dhcpd", "site_dhcp_server: kea")
    text = text.replace("site_options: {}", "site_options: { ntp-servers: foo }")
    text += "kea_extra:\n  valid-lifetime: 1h\n"
    site.write_text(text)
    status, output = check(inventory)
    assert status != 0, output
    place = text[: text.index("site_options")].count("\n") + 1
    for sentence in (
        f"Site ({site}:{place}): Kea refuses option ntp-servers foo (Failed to convert string to "
        "address 'foo'); correct it.",
        f"Variable kea_extra ({site}:{text.count(chr(10))}): Kea refuses valid-lifetime: 1h "
        "(syntax error, unexpected constant string, expecting integer); correct it.",
        f"Host odd ({hosts}:{len(lines)}): Kea refuses next_server: nowhere (it is neither an "
        "address nor the name of a fixed host that has one); correct it.",
    ):
        assert output.count(sentence) == 1, output
    assert output.count("PLAY [") == 2, output


def test_4d_what_only_the_second_server_has_is_listed(inventory: Path) -> None:
    """A role's variable may differ from server to server."""
    (inventory / "host_vars").mkdir()
    (inventory / "host_vars/taurus.yml").write_text("dhcpd_pool_extra: deny nonsense;\n")
    status, output = check(inventory)
    assert status != 0, output
    assert "dhcpd refuses deny nonsense;" in output, output


def test_5_a_fault_stops_the_run(inventory: Path) -> None:
    """Its sentence is printed once, and no later play begins."""
    path = inventory / "fixed_hosts.yml"
    table = yaml.safe_load(path.read_text())
    hosts = table["fixed_hosts"]["hosts"]
    hosts["one-too-many"] = next(h for h in hosts.values() if "fixed_address" in h)
    path.write_text(yaml.safe_dump(table))
    status, output = check(inventory)
    assert status != 0, output
    assert "The inventory has faults" in output, output
    assert output.count("the address 10.1.1.1 is already that of host one-too-many") == 1, output
    assert f"Host router ({path}:" in output, output
    assert output.count("PLAY [") == 1, output


def test_6_a_variable_of_the_command_line_does_not_replace_the_site(inventory: Path) -> None:
    """It would win over what the playbook gathers."""
    status, output = check(inventory, "-e", "site=main")
    assert status != 0, output
    sentence = "site is set with -e and overrides the site that the inventory makes. Nothing was"
    assert sentence in " ".join(output.split()), output
    assert "has no attribute" not in output, output


def test_7_a_site_that_nothing_makes_is_a_sentence(inventory: Path) -> None:
    """The file is gone, or beside another inventory."""
    (inventory / "group_vars/all/derived.yml").unlink()
    status, output = check(inventory)
    assert status != 0, output
    text = " ".join(output.split())
    assert "The inventory has no site_definition. Nothing was touched. Restore group_vars/" in text
    assert "is undefined" not in output, output
