"""Turn the files of an existing network into an inventory, and list where they disagree.

Runs on the controller, before there is anything to deploy: `python3 -m controller.importer`, or
playbooks/import-inventory.yml. In the order of the work:

- A reader for each format makes of a file what `found` describes: dhcpd, kea, tinydns, dnsmasq.
  `openwrt` and `pihole` make lines of dnsmasq of theirs. A reader's modules have its name in
  front: `dhcpd_failover`, `kea_classes`, `dnsmasq_tags`. `options` and `dhcpd_text` write what
  has no key in the inventory as text of dhcpd.conf.
- `combine` puts several files of a kind together.
- `reconcile` makes one table of it: `resolve` decides what belongs to the site; `settle` makes
  fixed hosts of it (`machines`), names them (`host_names`), and shapes `subnets`, `servers` and
  the `zone`. `conflicts` has the sentences for what did not agree.
- `write` writes the inventory and import.txt; `check` asks the inventory check and dhcpd.

`leases` is a program of its own, for playbooks/import-leases.yml.
"""

import sys
from pathlib import Path

# The inventory's own rules for labels, MAC addresses and ranges: the ones the servers apply.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "roles/lease_merge/files"))
