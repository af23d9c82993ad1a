"""The importer's copy of what the model inventory sets."""

from __future__ import annotations

import yaml

from controller.importer import defaults
from tests.importer.sources import PROJECT


def test_site_values_are_those_of_the_inventory() -> None:
    site = yaml.safe_load((PROJECT / "inventory/group_vars/all/site.yml").read_text())
    assert site["site_max_lease_time"] == defaults.SITE_MAX_LEASE_TIME
    assert site["site_min_lease_time"] == defaults.SITE_MIN_LEASE_TIME
    assert site["site_mclt"] == defaults.SITE_MCLT
    assert tuple(site["site_reserved_names"]) == defaults.SITE_RESERVED_NAMES
