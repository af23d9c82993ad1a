"""What the inventory check knows of the site's variables, against the inventory."""

from __future__ import annotations

from pathlib import Path

import yaml

from controller.inventory_variables import DERIVED

DERIVED_YML = Path(__file__).parents[2] / "inventory/group_vars/all/derived.yml"


def test_every_variable_that_is_derived_is_known() -> None:
    """Otherwise the check would report it as a variable of the user's that has no effect."""
    names = {name for name in yaml.safe_load(DERIVED_YML.read_text()) if name.startswith("site_")}
    assert names | {"site_gathered"} == set(DERIVED)
