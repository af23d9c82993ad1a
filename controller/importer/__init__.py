"""Turn the files of an existing network into an inventory, and list where they disagree.

Runs on the controller, before there is anything to deploy: `python3 -m controller.importer`, or
playbooks/import-inventory.yml. Each reader turns one format into what `found` describes;
`reconcile` makes one table of it and reports what did not fit; `write` writes the inventory.
"""

import sys
from pathlib import Path

# The inventory's own rules for labels, MAC addresses and ranges: the ones the servers apply.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "roles/lease_merge/files"))
