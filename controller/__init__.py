"""What runs on the controller alone: the importer, the report, and what filters call."""

import sys
from pathlib import Path

# The package leasemerge, found by path: it is installed on the servers alone.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "roles/lease_merge/files"))
