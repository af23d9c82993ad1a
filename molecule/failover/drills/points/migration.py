"""The network is migrated to the other DHCP server, and back."""

from __future__ import annotations

from ..catalogue import drill
from ..engine import Run
from ..lab import Lab
from ..lab.clients import Held
from ..lab.commands import eventually


def has_both(lab: Lab) -> bool:
    """Return whether the lab's Debian has both: the role kea does not support Debian 12."""
    return bool(lab.facts["release"] == "trixie")


@drill("migration/there-and-back", address=6, lookup=2, needs=has_both)
def there_and_back(run: Run) -> None:
    """Clients that hold leases keep address and name, and new ones wait for seconds only."""
    lab = run.lab
    other = Lab({**lab.facts, "dhcp": lab.facts["dhcp_other"]})
    with lab.hold([f"migrates-{n}" for n in range(10)], on=lab.everywhere) as held:
        lab.bound(held, 10)
        for now in (other, lab):
            migrate(run, now, held)


def migrate(run: Run, now: Lab, held: Held) -> None:
    """Migrate to the DHCP server of `now`; its clients renew there and keep what they have."""
    name, since = now.dhcp["name"], run.watch.since
    run.watch.mark()
    addresses = {mac: lease["address"] for mac, lease in held.leases.items()}
    status, output = now.playbook("playbooks/migrate-dhcp.yml", "-e", f"site_dhcp_server={name}")
    run.expect(status == 0, f"migrate-dhcp.yml to {name} failed: {output[-1500:]}")
    held.read()
    before = {mac: lease["at"] for mac, lease in held.leases.items()}
    now.all_healthy(held, within=60)
    run.note(f"to {name}: no new client got an address for {run.watch.gaps().address:.1f} s")
    run.watch.since = since

    def waiting() -> str:
        held.read()
        left = [mac for mac, lease in held.leases.items() if lease["at"] == before[mac]]
        return f"{len(left)} clients have not renewed" if left else ""

    eventually(waiting, now.lease_time)
    moved = [mac for mac, lease in held.leases.items() if lease["address"] != addresses[mac]]
    run.expect(not moved, f"{len(moved)} of 10 clients have another address with {name}")
    now.all_healthy(held, within=30)
