"""What runs on the controller alone: the importer, the report, and what filters call.

- The site: `checked_site` checks what `inventory_hosts`, `servers` and `inventory_variables` find.
- The files of an inventory: `inventory_sources` knows which are read, `inventory_files` finds their
  faults; `yaml_files` reads them.
- The roles' variables: `role_specs`, `limits`, `server_variables`, `role_variables`,
  `pair_variables`; `variables_doc` writes docs/variables.md.
- The daemons' configuration: `dhcpd_conf`, `kea_config`, `dnscache_conf`; what the daemons say of
  it: `dhcpd_output`, `dhcpd_check`, `kea_check`, `refusals`.
- The network as it is deployed: `deployed`, `removal`, `pins`, `server_units`, `key_exchange`.
- Ansible's values: `plain`, `origins`, `unresolved`; functions as filters: `filters`.
"""

import sys
from pathlib import Path

# The package leasemerge, found by path: it is installed on the servers alone.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "roles/lease_merge/files"))
