"""What the importer reads and what it writes, verified by the real dhcpd and inventory check."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
sys.path.insert(0, str(PROJECT))

from controller.importer import __main__ as importer  # noqa: E402  (found only by the line above)
from controller.importer import dhcpd, dhcpd_syntax  # noqa: E402
from controller.importer.check import refusals  # noqa: E402
from tests.importer.sources import CASES, options  # noqa: E402
from tests.support import deployed  # noqa: E402

PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"


def dhcpd_test(path: Path) -> None:
    """Have dhcpd check a file."""
    leases = path.parent / "leases"
    leases.touch()
    run = subprocess.run(
        ["/usr/sbin/dhcpd", "-4", "-t", "-cf", path, "-lf", leases],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"dhcpd refuses {path.name}:\n{run.stderr}"


def ansible(*arguments: str | Path) -> str:
    """Run a playbook from the project, with a role that renders what the role dhcpd would."""
    run = subprocess.run(
        [PLAYBOOK, *arguments],
        cwd=PROJECT,
        env={**os.environ, "ANSIBLE_ROLES_PATH": f"{HERE}/render/roles:{PROJECT}/roles"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"ansible-playbook failed:\n{run.stdout}\n{run.stderr}"
    return run.stdout


def render(inventory: Path, out: Path) -> None:
    """Check an inventory and write both servers' dhcpd.conf and the zone data into `out`."""
    out.mkdir()
    ansible("-i", inventory, HERE / "render/render-dhcpd.yml", "-e", f"out={out}")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out a configuration as its server has it: with its includes where it has them."""
    folder = tmp_path_factory.mktemp("original")
    shutil.copytree(HERE / "golden/dhcpd-tinydns/input", folder, dirs_exist_ok=True)
    text = (folder / "dhcpd.conf").read_text()
    (folder / "gone.conf").touch()
    (folder / "dhcpd.conf").write_text(text.replace("/etc/dhcp/", f"{folder}/"))
    return folder


@pytest.fixture(scope="module")
def imported(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have the playbook make an inventory of it."""
    into = tmp_path_factory.mktemp("imported") / "inventory"
    output = ansible(
        "playbooks/import-inventory.yml",
        "-e",
        f"dhcpd_conf={original}/dhcpd.conf",
        "-e",
        f"tinydns_data={original}/data",
        "-e",
        f"into={into}",
    )
    assert "Faults of the result: fix these before the first deployment (0)" in output
    return into


@pytest.fixture(scope="module")
def rendered(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write what that inventory would put on the servers."""
    out = tmp_path_factory.mktemp("rendered") / "out"
    render(imported, out)
    return out


def test_the_playbook_takes_several_files_of_a_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files behind a comma, two as a list, all as they are called where one stands."""
    pair = HERE / "golden/pair-agrees/input"
    folder = tmp_path / "old network"
    shutil.copytree(pair, folder)
    (folder / "data").write_text(".mill.example:10.4.0.11:ns1\n=loom.mill.example:10.4.0.20\n")
    (folder / "data.more").write_text("=vat.mill.example:10.4.0.21\n")
    monkeypatch.setenv("PWD", str(folder))
    lists = {"dhcpd_conf": "dhcpd.conf, dhcpd2.conf", "tinydns_data": ["data", "data.more"]}
    extra = json.dumps({**lists, "into": "../inventory"})
    output = ansible("playbooks/import-inventory.yml", "-e", extra)
    assert "Disagreements: dhcpd, the zone data or one of them with itself (0)" in output
    hosts = yaml.safe_load((tmp_path / "inventory/fixed_hosts.yml").read_text())["fixed_hosts"]
    assert hosts["hosts"].keys() >= {"loom", "badge-reader", "vat"}


def test_dhcpd_accepts_the_original(original: Path) -> None:
    """The golden input is no fantasy: the real dhcpd takes it."""
    # thin1's address is a name, which only the network it is from can resolve.
    printers = original / "hosts/printers.conf"
    printers.write_text(printers.read_text().replace("thin1.corp.example.com", "192.168.10.41"))
    dhcpd_test(original / "dhcpd.conf")


@pytest.mark.parametrize("name", ["secondary", "single-server"])
def test_dhcpd_accepts_other_originals(name: str, tmp_path: Path) -> None:
    """Without what belongs to DHCPv6, which another dhcpd reads."""
    text = (HERE / "golden" / name / "input/dhcpd.conf").read_text()
    (tmp_path / "dhcpd.conf").write_text(re.sub(r"subnet6.*", "", text))
    dhcpd_test(tmp_path / "dhcpd.conf")


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_dhcpd_accepts_the_import(rendered: Path, role: str) -> None:
    """Both servers' dhcpd.conf, made by the role's template from the imported inventory."""
    dhcpd_test(rendered / f"{role}.conf")


@pytest.mark.parametrize("case", CASES)
def test_dhcpd_accepts_every_import(case: str, tmp_path: Path) -> None:
    """Nothing is wrong but the servers that import.txt asks for, and dhcpd takes the rest."""
    into = tmp_path / "inventory"
    assert importer.main([*options(HERE / "golden" / case / "input"), "--into", str(into)]) == 0
    remarks = (into / "import.txt").read_text()
    for fault in deployed.faults(into):
        group = re.search(r"the group (\w+) is empty", fault)
        assert group, f"a fault of the result: {fault}"
        assert f"The files do not say which machines are {group[1]}; add them there." in remarks
    for role, text in deployed.dhcpd_conf(into).items():
        (tmp_path / f"{role}.conf").write_text(text)
        dhcpd_test(tmp_path / f"{role}.conf")


@pytest.fixture
def of_kea(tmp_path: Path) -> Path:
    """Make an inventory of which Kea is to serve the network."""
    model = tmp_path / "of-kea"
    shutil.copytree(PROJECT / "inventory", model)
    site = model / "group_vars/all/site.yml"
    text = site.read_text()
    site.write_text(text.replace("site_dhcp_server: dhcpd", "site_dhcp_server: kea"))
    assert site.read_text() != text
    return model


def test_what_kea_cannot_take_is_named(of_kea: Path, tmp_path: Path) -> None:
    """Every text of dhcpd.conf is a fault with its place, every setting of dhcpd alone a remark."""
    conf = tmp_path / "dhcpd.conf"
    conf.write_text("""
not authoritative; option domain-search "a.example", "b.example"; dhcp-cache-threshold 25;
ping-timeout 3; option domain-name "a.example"; log-facility local7;
subnet 10.9.0.0 netmask 255.255.255.0 { pool { range 10.9.0.50 10.9.0.60; deny unknown-clients; } }
subnet 10.9.1.0 netmask 255.255.255.0 { ignore bootp; }
host one { hardware ethernet 02:00:00:00:00:01; fixed-address 10.9.0.5; always-broadcast on; }
""")
    into = tmp_path / "inventory"
    arguments = ["--dhcpd-conf", str(conf), "--into", str(into), "--model", str(of_kea)]
    assert importer.main([*arguments, "--no-check"]) == 0
    kea = (into / "group_vars/dhcp_servers/kea.yml").read_text()
    known = yaml.safe_load(kea.replace("{{", "").replace("}}", ""))
    assert known["kea_domain_search"] == ["a.example", "b.example"]
    assert known["kea_cache_threshold"] == 0.25
    assert known["kea_extra"] == {"authoritative": False}
    remarks = (into / "import.txt").read_text()
    assert "dhcpd_pool_extra: deny unknown-clients;: Kea has no such setting" in remarks
    assert "dhcpd_ping_timeout_ms: 3000: Kea has no such setting" in remarks
    texts = [fault for fault in deployed.faults(into) if "is dhcpd.conf syntax" in fault]
    places = [fault.partition(" (")[0] for fault in texts]
    assert places == ["Site", "Subnet 10.9.1.0/24", "Host one"]


def test_from_kea_to_kea_nothing_is_text(of_kea: Path, tmp_path: Path) -> None:
    """Kea sends hosts their names by itself, as the old one did."""
    into = tmp_path / "inventory"
    conf = HERE / "golden/kea-own-names/input/kea.json"
    arguments = ["--kea-conf", str(conf), "--into", str(into), "--model", str(of_kea)]
    assert importer.main([*arguments, "--no-check"]) == 0
    assert "use-host-decl-names" not in (into / "group_vars/all/site.yml").read_text()
    assert "use-host-decl-names" not in (into / "import.txt").read_text()


def test_what_dhcpd_refuses_is_named_with_its_line(tmp_path: Path) -> None:
    """An option that dhcpd does not have, in an included file, and one fault of no line."""
    (tmp_path / "more.conf").write_text('\n# include "none";\noption no-such 1;\n')
    conf = tmp_path / "dhcpd.conf"
    conf.write_text('option x-y 1; include "/etc/dhcp/more.conf"; include "/etc/more.conf";\n')
    unknown = "dhcpd refuses this file: unknown option dhcp"
    assert refusals(conf) == [
        (f"{conf}:1", f"{unknown}.x-y."),
        (f"{tmp_path}/more.conf:3", f"{unknown}.no-such."),
    ]
    conf.write_text(
        'failover peer "x" { primary; address 10.9.0.1; peer address 10.9.0.2; mclt 60; split 128; '
        "port 647; peer port 647; }\nsubnet 10.9.0.0 netmask 255.255.255.0 { }\n"
    )
    ((where, sentence),) = refusals(conf)
    assert where == f"{conf}:1"
    assert "Failover peer, x, has no referring pools" in sentence
    conf.write_text('include "/etc/dhcp/gone.conf"; option x-y 1;\n')
    assert not refusals(conf), "the reader lists what is not here, and the rest may be its fault"


def test_every_host_keeps_its_address(original: Path, rendered: Path) -> None:
    """Read the new dhcpd.conf as the old one: each MAC address is still given what it was."""

    def given(path: Path) -> dict[str, set[str]]:
        table: dict[str, set[str]] = {}
        for host in dhcpd.read(path).hosts:
            for mac in host.hardware:
                table.setdefault(mac, set()).update(host.addresses)
        return table

    before, after = given(original / "dhcpd.conf"), given(rendered / "primary.conf")
    # The zone data names an address for it, which dhcpd now assigns: listed as a disagreement.
    before["00:11:22:33:44:16"] = {"192.168.10.70"}
    before["00:11:22:33:44:01"] = {"192.168.10.41"}
    # Its first declaration counts, as in the real dhcpd.
    before["00:11:22:33:44:12"].remove("192.168.10.52")
    assert after == before


def test_every_dynamic_address_is_still_given(original: Path, rendered: Path) -> None:
    """The ranges are those of before without the addresses of fixed hosts."""

    def dynamic(path: Path) -> set[int]:
        pools = [pool for subnet in dhcpd.read(path).subnets for pool in subnet.pools]
        return {
            number
            for pool in pools
            for first, last in pool.ranges
            for number in range(_number(first), _number(last) + 1)
        }

    lost = dynamic(original / "dhcpd.conf") - dynamic(rendered / "primary.conf")
    assert lost == {_number(a) for a in ("192.168.10.110", "192.168.10.120", "10.20.1.77")}
    assert not dynamic(rendered / "primary.conf") - dynamic(original / "dhcpd.conf")


SERVERS_WITHOUT_FLOATING = """
dhcp_servers:
  hosts:
    draco: { failover_role: primary }
    taurus: { failover_role: secondary }
tinydns_servers:
  hosts:
    draco: { alias_name: ns1, alias_address: 10.1.1.3 }
    taurus: { alias_name: ns2, alias_address: 10.1.1.4 }
dnscache_servers:
  hosts:
    draco:
    scorpio:
"""


def test_the_projects_own_inventory_comes_back(tmp_path: Path) -> None:
    """Render the inventory, import what was rendered: the same table of fixed hosts.

    Without what no rendered file shows: which addresses float, and who stands by for them.
    """
    own = tmp_path / "own"
    shutil.copytree(PROJECT / "inventory", own)
    (own / "servers.yml").write_text(SERVERS_WITHOUT_FLOATING)
    render(own, tmp_path / "out")
    into = tmp_path / "inventory"
    arguments = ["--dhcpd-conf", str(tmp_path / "out/primary.conf")]
    arguments += ["--tinydns-data", str(tmp_path / "out/data"), "--into", str(into)]
    assert importer.main(arguments) == 0

    def table(folder: Path) -> dict[str, dict[str, object]]:
        hosts = yaml.safe_load((folder / "fixed_hosts.yml").read_text())["fixed_hosts"]["hosts"]
        for host in hosts.values():
            host["aliases"] = sorted(host.get("aliases", []))
        return dict(hosts)

    assert table(into) == table(own)
    assert _servers(into) == _servers(own)
    assert _site(into) == _site(own)
    assert (
        "Disagreements: dhcpd, the zone data or one of them with itself (0)"
        in (into / "import.txt").read_text()
    )


def _servers(folder: Path) -> object:
    return yaml.safe_load((folder / "servers.yml").read_text())


def _site(folder: Path) -> object:
    """Read the site; its ranges are written around fixed hosts, which no file shows afterwards."""
    site = yaml.safe_load((folder / "group_vars/all/site.yml").read_text())
    for subnet in site["site_subnets"]:
        subnet["ranges"] = bool(subnet.get("ranges"))
    return site


def _number(address: str) -> int:
    first, second, third, fourth = map(int, address.split("."))
    return ((first * 256 + second) * 256 + third) * 256 + fourth


def test_a_string_that_spans_lines_is_kept_as_it_is(tmp_path: Path) -> None:
    """Text that has no place in the inventory is indented; a string in it is a value."""
    (tmp_path / "dhcpd.conf").write_text(
        'class "a" {\n  if known {\n log(info, "one\n \\" two");\n}\n}\n'
    )
    [statement], _ = dhcpd_syntax.parse(tmp_path / "dhcpd.conf")
    assert 'log(info, "one\n \\" two");' in statement.render()
    assert "\n    if known {\n        log" in statement.render()
