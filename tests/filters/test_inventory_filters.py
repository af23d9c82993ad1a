"""The filters that make the site of an inventory, run by the real ansible-playbook.

inventory/hosts.yml  --fixed_hosts-->  table  --checked_site-->  sentences with file and line
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible._internal._datatag._tags import Origin  # type: ignore[import-untyped]  # no types

from inventory import FilterModule

ROOT = Path(__file__).parents[2]

INVENTORY = """\
fixed_hosts:
  vars:
    net: 10.1.1
  hosts:
    printer: { fixed_address: 10.1.1.20, hardware_ethernet: "02-00-5E-10-00-0A", aliases: lp }
    foobar:
      fixed_address: "{{ net }}.15"
      hardware_ethernet: ["02:00:5e:10:00:02", "02:00:5E:10:00:03"]
      aliases: [www, web]
      other_variable: [1]
    bad: { fixed_address: 10.1.1.999, hardware_ethernet: 10:20:30:40:50:59 }
    typo: { fixed_adress: 10.1.1.21, hardware_ethernet: "02:00:5e:10:00:05" }
    camera: { hardware_ethernet: "02:00:5e:10:00:04", fixed_address: }
  children:
    thin_clients:
      vars:
        next_server: 10.1.1.16
        options: { root-path: "10.1.1.16:/srv", time-servers: [10.1.1.5] }
      hosts:
        thin: { fixed_address: 10.1.1.22, hardware_ethernet: "02:00:5e:10:00:06" }
"""

PLAYBOOK = """\
- name: Try the filters
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Gather the table
      ansible.builtin.set_fact:
        table: "{{ groups['fixed_hosts'] | fixed_hosts(hostvars, ['net', 'other_variable']) }}"
    - name: Write what the filters return
      ansible.builtin.copy:
        dest: "{{ playbook_dir }}/out.json"
        mode: "0600"
        content: "{{ {'table': table, 'faults': faults} | to_json }}"
      vars:
        faults: "{{ (site | combine({'fixed_hosts': table}) | checked_site(true)).faults }}"
        site:
          domain: office.internal
          reverse_zones: "{{ ['10.1.1.0/24', 'nonsense', 7] | reverse_zones }}"
          name_servers: [{ name: ns1, address: 10.1.1.3 }]
          subnets: [{ network: 10.1.1.0/24, ranges: [[10.1.1.100, 10.1.1.255]] }]
          servers: [draco, taurus]
          lease_ttl: 0
"""


def play(folder: Path, inventory: str, playbook: str) -> str:
    """Run a playbook with the project's filters; return what it printed."""
    (folder / "hosts.yml").write_text(inventory)
    (folder / "play.yml").write_text(playbook)
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "hosts.yml", "play.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        # Ansible's own reader of YAML, whatever ansible.cfg make exports: strict_yaml refuses an
        # empty value before the filters see it.
        env={
            **os.environ,
            "ANSIBLE_FILTER_PLUGINS": str(ROOT / "filter_plugins"),
            "ANSIBLE_INVENTORY_ENABLED": "yaml",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run the playbook once for all cases."""
    folder = tmp_path_factory.mktemp("inventory")
    play(folder, INVENTORY, PLAYBOOK)
    return json.loads((folder / "out.json").read_text())


def test_the_table_is_sorted_and_normal(output: Any) -> None:
    """Text or list, upper case or hyphens, templates and group variables: one form."""
    table = {row["name"]: row for row in output["table"]}
    assert list(table) == ["bad", "camera", "foobar", "printer", "thin", "typo"]
    assert table["printer"] == {
        "name": "printer",
        "fixed_address": "10.1.1.20",
        "hardware_ethernet": ["02:00:5e:10:00:0a"],
        "aliases": ["lp"],
        "where": "hosts.yml:5",
    }
    assert table["foobar"] == {
        "name": "foobar",
        "fixed_address": "10.1.1.15",
        "hardware_ethernet": ["02:00:5e:10:00:02", "02:00:5e:10:00:03"],
        "aliases": ["www", "web"],
        "where": "hosts.yml:7",
    }
    assert table["camera"]["fixed_address"] is None
    assert table["camera"]["aliases"] == []
    assert table["thin"]["next_server"] == "10.1.1.16"
    assert table["thin"]["options"] == {"root-path": "10.1.1.16:/srv", "time-servers": ["10.1.1.5"]}


def test_faults_name_the_line_to_fix(output: Any) -> None:
    """Of hosts and of what stands in other files; nothing else is wrong here."""
    mac = 10 * 60**5 + 20 * 60**4 + 30 * 60**3 + 40 * 60**2 + 50 * 60 + 59
    assert [sentence.partition(";")[0] for sentence in output["faults"]] == [
        "Site (play.yml:21): site_lease_ttl is 0",
        "Subnet 10.1.1.0/24 (play.yml:19): the range 10.1.1.100 to 10.1.1.255 includes the network "
        "or broadcast address of 10.1.1.0/24",
        "Host bad (hosts.yml:11): the address 10.1.1.999 is not an IPv4 address",
        f"Host bad (hosts.yml:11): the MAC address {mac} is read as a number",
        "Host typo (hosts.yml:12): the key fixed_adress is unknown",
    ]


def test_plain_data() -> None:
    """No subclass that knows templates is left, which other code could stumble over."""

    class Tagged(str):
        """What Ansible's values are like."""

        __slots__ = ()

    hostvars = {
        "h": {
            "fixed_address": Tagged("10.1.1.7"),
            "hardware_ethernet": Tagged("02:00:00:00:00:01"),
            "aliases": (Tagged("a"),),
            "options": {Tagged("x"): [Tagged("y"), 1, True, None]},
        }
    }
    table = FilterModule().filters()["fixed_hosts"]([Tagged("h")], hostvars)

    def kinds(value: object) -> set[type]:
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(inner, str) or not hasattr(inner, "__iter__"):
            return {type(value)}
        keys = value if isinstance(value, dict) else ()
        return {type(value)}.union(*map(kinds, inner), *map(kinds, keys))

    assert kinds(table) <= {str, list, dict, int, bool, type(None)}


def test_the_variables_of_a_host_are_gathered_once() -> None:
    """That is what costs: a third of a millisecond a host, and nothing else here comes near."""
    asked: Counter[str] = Counter()

    class Hostvars(dict[str, Any]):
        """Count how often each host is read."""

        def __getitem__(self, host: str) -> Any:
            asked[host] += 1
            return super().__getitem__(host)

    hosts = [f"h{number}" for number in range(50)]
    hostvars = Hostvars((host, {"fixed_address": "10.1.1.7"}) for host in hosts)
    assert len(FilterModule().filters()["fixed_hosts"](hosts, hostvars)) == 50
    assert set(asked.values()) == {1}


def test_what_a_playbook_is_given_is_no_unknown_variable() -> None:
    """`-e dhcpd_leases=FILE` bears the name of a role, and so does nothing else of its own."""
    unknown = FilterModule().filters()["unknown_variables"]
    given = {"dhcpd_leases": "a", "kea_leases": "b", "dnsmasq_leases": "c", "dhcpd_leasez": "d"}
    rows = unknown({"all": ["localhost"]}, {"localhost": given})
    assert [row["name"] for row in rows] == ["dhcpd_leasez"]


def test_the_table_as_text_is_the_same_table() -> None:
    """With what only a template can be, and what JSON would change is left as it is."""
    filters = FilterModule().filters()
    hostvars = {"b": {"fixed_address": "10.1.1.7"}, "a": {"options": {"x": [1, True, None, "é"]}}}
    rows = filters["fixed_hosts"](["b", "a"], hostvars)
    text = filters["fixed_hosts"](["b", "a"], hostvars, as_text=True)
    assert json.loads(text) == rows
    site = {"domain": "office.internal", "fixed_hosts": rows}
    expected = filters["checked_site"](site, keep_faults=True)
    assert filters["checked_site"](site | {"fixed_hosts": text}, keep_faults=True) == expected
    assert [row["name"] for row in expected["fixed_hosts"]] == ["a", "b"]
    hostvars["a"] = {"options": {5: "x"}}
    rows = filters["fixed_hosts"](["b", "a"], hostvars)
    assert filters["fixed_hosts"](["b", "a"], hostvars, as_text=True) == rows


def test_only_what_may_be_a_template_is_worked_out() -> None:
    """To have Ansible look into every value of thousands of hosts takes seconds."""

    class Hostvars(dict[str, Any]):
        """Have values as they are written, and as Ansible works them out."""

        def raw_get(self, _host: str) -> Any:
            return {
                "fixed_address": "{{ net }}.7",
                "aliases": ["a", "b"],
                "options": {"x": "{{ y }}"},
            }

        def __getitem__(self, host: str) -> Any:
            return {"fixed_address": "10.1.1.7", "options": {"x": "z"}}

    (row,) = FilterModule().filters()["fixed_hosts"](["h"], Hostvars())
    assert row["fixed_address"] == "10.1.1.7"
    assert row["aliases"] == ["a", "b"]
    assert row["options"] == {"x": "z"}


@pytest.mark.parametrize("role", ["dhcpd", "kea"])
def test_what_the_project_sets_for_both_dhcp_servers_is_not_noted(role: str) -> None:
    """Whatever else is set of the role that does not run is, with its line."""
    path = ROOT / f"inventory/group_vars/dhcp_servers/{role}.yml"
    wired = [name for name in yaml.safe_load(path.read_text()) if not name.startswith("__")]
    other = {"dhcpd": "dhcpd_failover_split", "kea": "kea_port"}[role]
    file = Origin(path=str(path), line_num=9)
    variables = {file.tag(name): 1 for name in [*wired, other, "site_mclt"]}
    rows = FilterModule().filters()["idle_variables"](
        {"dhcp_servers": ["draco"]}, {"localhost": {}, "draco": variables}, role
    )
    where = f"inventory/group_vars/dhcp_servers/{role}.yml:9"
    assert rows == [{"name": other, "role": role, "where": where}]
    one_run = {"draco": {other: 1}, "localhost": {}}
    assert FilterModule().filters()["idle_variables"]({"g": ["draco"]}, one_run, role) == []
