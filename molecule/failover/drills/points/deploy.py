"""A deployment is wrong, or does not finish."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import Any

from ..catalogue import drill
from ..engine import Run
from ..lab.commands import eventually, output_of
from ..lab.deployment import signal_group
from ..steps import SITE, new_name


@drill("deploy/bad-dhcp-configuration", address=5, lookup=2)
def bad_conf(run: Run) -> None:
    """Refused by the DHCP server's own check, a configuration never reaches it: site.yml stops."""
    refused(run, "-e", json.dumps({"site_options": {"no-such-option": 1}}))


@drill("deploy/bad-zone-data", address=5, lookup=2)
def bad_zone(run: Run) -> None:
    """Refused by leasemerge, a site never reaches it; put there by hand, it is not taken."""
    lab = run.lab
    site = json.dumps({"domain": "not..a..name", "servers": []})
    refused(run, "-e", json.dumps({"lease_merge_site": site}))
    server = lab.name_servers[0]
    lab.shell(server, f"echo '{{' >{SITE}")
    new_name(run, "despite-it", 10)
    lab.deploy("--limit", server.name)


@drill("deploy/faulty-inventory", address=5, lookup=2)
def faulty_inventory(run: Run) -> None:
    """Faults of an inventory stop site.yml before it touches a machine."""

    def twice(_: str, content: Any) -> Any:
        if hosts := (content or {}).get("fixed_hosts", {}).get("hosts"):
            hosts["one-too-many"] = {"fixed_address": run.lab.primary.address}
        return content

    output = refused(run, inventory=run.lab.inventory(twice))
    run.expect("The inventory has faults" in output, "the faults were not reported")


def refused(run: Run, *args: str, **kwargs: Any) -> str:
    """Run site.yml, which must fail and leave every daemon as it was; return what it printed."""
    lab = run.lab

    def standing() -> list[str]:
        units = f"{lab.dhcp['unit']} tinydns leasemerge dnscache"
        files = f"{lab.dhcp['conf']} /etc/leasemerge/site.json /etc/dnscache/make-root"
        script = f"systemctl show -p MainPID --value {units}; cksum {files} 2>/dev/null || true"
        return [lab.shell(server, script) for server in lab.servers]

    before = standing()
    status, output = lab.playbook("playbooks/site.yml", *args, **kwargs)
    run.expect(status != 0, "site.yml took it")
    run.expect(standing() == before, "a daemon was restarted or its configuration changed")
    return output


@drill("deploy/ansible-killed", address=6, lookup=3)
def ansible_killed(run: Run) -> None:
    """Killed before the new configuration is read, Ansible completes that at the next run."""
    lab, name = run.lab, run.lab.dhcp["name"]
    handler = {"dhcpd": "Restart dhcpd", "kea": "Reload Kea"}[name]
    longer = json.dumps({"site_default_lease_time": 1 + lab.lease_time})
    change = ("--tags", name, "-e", longer)
    process = lab.start_playbook("playbooks/site.yml", *change)
    eventually(lambda: "" if handler in output_of(process) else f"there is no '{handler}' yet", 120)
    signal_group(process, signal.SIGKILL)
    process.wait()
    run.watch.served(clients=2)
    lab.deploy(*change)
    for server in lab.pair:
        started = "systemctl show -p ActiveEnterTimestamp --value --timestamp us+utc"
        newer = {
            "dhcpd": f'find {lab.dhcp["conf"]} -newermt "$({started} {lab.dhcp["unit"]})"',
            "kea": f"find {lab.dhcp['conf']} -newer /run/kea/read",
        }
        older = lab.shell(server, newer[name])
        run.expect(not older, f"{name} on {server.name} runs with an older configuration")
    again = lab.deploy(*change)
    changed = [line for line in again.splitlines() if re.search(r"changed=[1-9]", line)]
    run.expect(not changed, f"the run after changed something: {changed}")
    # Clients renew between the restarts: after four within half a lease, dhcpd would treat valid
    # leases as ended (docs/drills.md, "Leases shorter than 130 s").
    time.sleep(lab.lease_time / 2)
    lab.deploy("--tags", name)
