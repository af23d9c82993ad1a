"""Show a network as it is: what its servers report, compared with what they should.

Runs on the controller. `readings` holds what a playbook read from the servers, `network` turns it
into the report, `answers` compares what name servers answer. The names themselves are computed by
the package leasemerge, as on the servers.
"""

import sys
from pathlib import Path

# The package leasemerge, which every module here computes with.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "roles/lease_merge/files"))
