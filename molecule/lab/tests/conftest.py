"""What the lab's tests share: the inventory's description, and testinfra's hosts.

The lab draws itself from the inventory (molecule/lab/show.yml writes lab.json from it), and so does
every expectation here: nothing in these tests names a host or an address.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import testinfra  # type: ignore[import-untyped]  # has no types
from testinfra.host import Host  # type: ignore[import-untyped]  # has no types

PROJECT = Path(__file__).resolve().parents[3]
LAB = json.loads((PROJECT / ".lab/lab.json").read_text())
SITE = LAB["site"]
DOMAIN = SITE["domain"]

sys.path.insert(0, str(PROJECT / "roles/lease_merge/files"))
from leasemerge.site import Site  # noqa: E402  # the package lies in its role

#: The same inventory, for what follows from it: the domain of a host or a client, the records.
NETWORK = Site.without_check(SITE)

DHCP_SERVERS = [row["name"] for row in SITE["dhcp_servers"]]
NAME_SERVERS = [row["name"] for row in SITE["tinydns_servers"]]
CACHES = [row["name"] for row in SITE["dnscache_servers"]]
#: The resolvers that clients receive, and each server's floating addresses with their daemons.
RESOLVERS = LAB["resolvers"]
FLOATING = LAB["floating"]

#: Which DHCP server it is: its name, unit, lease file.
DHCP = LAB["dhcp"]
DHCP_UNITS = [DHCP["unit"], *["kea-watch.service"] * (DHCP["name"] == "kea")]

#: Every daemon of every server, by its unit.
UNITS = sorted(
    [(server, unit) for server in DHCP_SERVERS for unit in DHCP_UNITS]
    + [(server, "leasemerge") for server in NAME_SERVERS]
    + [(server, unit) for server in FLOATING for unit in ("floating-address", "keepalived")]
    + [(server, row["unit"]) for server, rows in FLOATING.items() for row in rows]
    + [(server, f"dnscache@{LAB['addresses'][server]}.service") for server in CACHES]
)
#: The second tinydns on each address.
SPARES = [
    (server, row["unit"].replace("@", "-spare@"))
    for server, rows in FLOATING.items()
    for row in rows
    if row["unit"].startswith("tinydns@")
]


def machine(name: str) -> Host:
    """Find a machine of the lab by its name in the inventory."""
    return testinfra.get_host(f"podman://{LAB['prefix']}-{name}")


def client(name: str) -> Host:
    """Find a DHCP client of the lab."""
    return machine(f"client-{name}")


def dig(server: str, *question: str) -> list[str]:
    """Query a name server from its own network; the answers, sorted. No answer fails the test."""
    result = machine("root").run(f"dig +short +tries=3 +time=1 @{server} {' '.join(question)}")
    assert result.rc == 0, f"{server} does not answer {question}: {result.stdout}"
    return sorted(result.stdout.split("\n")[:-1])


def eventually(check: Callable[[], Any], seconds: float = 20) -> Any:
    """Repeat a check until it holds and return its result; in the end, fail as it does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Print the journal of the unit that a failed test was about."""
    outcome = yield
    report = outcome.get_result()
    parameters = getattr(item, "callspec", None)
    if report.when == "call" and report.failed and parameters and "unit" in parameters.params:
        server, unit = parameters.params["server"], parameters.params["unit"]
        journal = machine(server).run("journalctl -n 30 --no-pager -u %s", unit).stdout
        report.sections.append((f"journal of {unit} on {server}", journal))
