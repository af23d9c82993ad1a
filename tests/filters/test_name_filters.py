"""The filters that merge: the same answer and bytes as the command line on the servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types

from names import FilterModule

ROOT = Path(__file__).parents[2]
OFFICE = ROOT / "tests/golden/input/office"
EXPECTED = (ROOT / "tests/golden/expected/office.data").read_text()
SITE = json.loads((OFFICE / "site.json").read_text())
NOW = int((OFFICE / "now").read_text())
LEASES = {
    server: b64encode((OFFICE / f"{server}.leases").read_bytes()).decode()
    for server in ("draco", "taurus")
}

filters = FilterModule().filters()

PLAYBOOK = """\
- name: Make zone data on the controller
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Read the lease files as from a server
      ansible.builtin.slurp:
        src: "{{ office }}/{{ item | join }}"
      loop: "{{ ['draco', 'taurus'] | product(['.leases', '.2']) }}"
      register: files
      failed_when: false
    - name: Write the zone data
      ansible.builtin.copy:
        dest: "{{ out }}/data"
        mode: "0600"
        content: "{{ files.results | lease_logs
          | zone_data(lookup('ansible.builtin.file', office ~ '/site.json') | from_json, now) }}"
"""


def test_zone_data_is_what_the_command_line_prints() -> None:
    """Byte for byte."""
    assert filters["zone_data"](LEASES, SITE, NOW) == EXPECTED
    assert filters["zone_data"](dict(reversed(LEASES.items())), SITE, str(NOW)) == EXPECTED


def test_zone_data_by_way_of_a_playbook(tmp_path: Path) -> None:
    """Through slurp, templates and a copy, with a hostname that looks like a template."""
    for name in ("draco.leases", "taurus.leases", "site.json"):
        (tmp_path / name).write_bytes((OFFICE / name).read_bytes())
    leases = tmp_path / "draco.leases"
    hostile = b'lease 10.1.1.110 {\n  binding state active;\n  ends never;\n  client-hostname "'
    hostile += b"{{ lookup('pipe', 'id') }}\";\n  hardware ethernet 02:00:00:00:00:99;\n}\n"
    hostile += b'lease 10.1.1.111 {\n  binding state active;\n  client-hostname "\xff\xfe";\n}\n'
    leases.write_bytes(hostile + leases.read_bytes())
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    done = subprocess.run(
        [
            Path(sys.executable).parent / "ansible-playbook",
            "play.yml",
            *("-e", json.dumps({"office": str(tmp_path), "out": str(tmp_path), "now": NOW})),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ANSIBLE_FILTER_PLUGINS": str(ROOT / "filter_plugins")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [*EXPECTED.splitlines(), "=lookuppipe-id.office.internal:10.1.1.110:60"]
    # The hyphens are the spaces inside the braces; those at its ends go.
    assert (tmp_path / "data").read_text().splitlines() == sorted(lines)


def test_the_parts_of_a_log_stay_in_order_and_what_could_not_be_read_is_left_out() -> None:
    """A memory of another server's log is a log of its own."""
    parts = [("taurus", ".2", "b2xk"), ("draco", ".2", None), ("draco", "", "YQ==")]
    parts += [("taurus", "", "bmV3"), ("scorpio", "", None)]
    reads = [
        {"item": [server, part], **({"failed": True} if text is None else {"content": text})}
        for server, part, text in parts
    ]
    memories = [
        {"item": {"server": "taurus", "address": "10.1.1.6"}, "content": "bWVtb3J5"},
        {"item": {"server": "scorpio", "address": "10.1.1.7"}, "unreachable": True},
    ]
    assert filters["lease_logs"](reads, memories) == {
        "taurus": ["b2xk", "bmV3"],
        "draco": ["YQ=="],
        "taurus~": ["bWVtb3J5"],
    }


def test_merge_names() -> None:
    """Plain rows, sorted by name; `never` as text."""
    rows = {row["label"]: row for row in filters["merge_names"](LEASES, SITE, NOW)}
    assert list(rows) == sorted(rows)
    assert rows["newname"] == {
        "label": "newname",
        "domain": "office.internal",
        "address": "10.1.1.100",
        "source": "lease",
        "alias": False,
        "server": "taurus",
        "starts": 1795426800,
        "until": 1795430400,
        "hardware": "02:00:5e:10:01:00",
    }
    assert rows["forever-and-a-day"]["until"] == "never"
    assert rows["www"]["alias"] is True
    json.dumps(rows)


def test_what_a_server_has_lost_counts_after_every_log() -> None:
    """As on a server; the name is that server's."""
    block = b'lease 10.1.1.120 { ends never; client-hostname "%s"; }\n'
    lost, own = (b64encode(block % name).decode() for name in (b"lost", b"own"))
    for leases, label, server in (
        ({"draco~": lost}, "lost", "draco"),
        ({"draco~": lost, "taurus": own}, "own", "taurus"),
    ):
        rows = filters["merge_names"](leases, SITE, NOW)
        found = {row["label"]: row["server"] for row in rows if row["source"] == "lease"}
        assert found == {label: server}


@pytest.mark.parametrize("name", ["zone_data", "merge_names"])
def test_a_site_with_faults_is_an_error_with_all_of_them(name: str) -> None:
    """The whole list, and the cause behind it."""
    with pytest.raises(AnsibleFilterError) as error:
        filters[name](LEASES, {**SITE, "lease_ttl": 0, "domain": "-"}, NOW)
    assert "lease_ttl is 0" in str(error.value)
    assert "the domain - is not a DNS name" in str(error.value)
    assert error.value.__cause__ is not None


@pytest.mark.parametrize(
    ("leases", "now", "message"),
    [
        ("draco", NOW, "not a mapping"),
        ({"draco": "no base64!"}, NOW, "The leases of draco are not base64"),
        ({"draco": None}, NOW, "The leases of draco are not base64"),
        (LEASES, "today", "now is 'today'"),
        (LEASES, None, "now is None"),
    ],
)
def test_what_a_playbook_can_get_wrong(leases: Any, now: object, message: str) -> None:
    """Ansible's own error, which names the thing."""
    with pytest.raises(AnsibleFilterError, match=message):
        filters["zone_data"](leases, SITE, now)
