"""Each role's argument_specs against its defaults, and docs/variables.md against both."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import (  # type: ignore[import-untyped]  # has no types
    ArgumentSpecValidator,
)

from controller.role_specs import options, roles
from controller.variables_doc import DOCUMENT, table

ROLES = Path(__file__).resolve().parents[2] / "roles"


@pytest.mark.parametrize("role", roles())
def test_specs_and_defaults_name_the_same_variables(role: str) -> None:
    defaults = yaml.safe_load((ROLES / role / "defaults/main.yml").read_text())
    specs = options(role)
    assert set(defaults) == {name for name, spec in specs.items() if not spec.get("required")}
    for name, value in defaults.items():
        computed = isinstance(value, str) and "{{" in value
        assert computed or specs[name].get("default") == value, f"{name}: the two defaults differ."


@pytest.mark.parametrize("role", roles())
def test_every_default_has_a_comment_above_it(role: str) -> None:
    commented = False
    for line in (ROLES / role / "defaults/main.yml").read_text().splitlines():
        if line.startswith("#"):
            commented = True
        elif not line.strip():
            commented = False
        elif re.match(r"\w+:", line):
            assert commented, f"{role}: write what {line.split(':')[0]} is."


@pytest.mark.parametrize("role", roles())
def test_document_holds_the_tables(role: str) -> None:
    assert table(role) in DOCUMENT.read_text(), "Run `make docs`."


def example(role: str) -> dict[str, Any]:
    """Read the variables of the example in a role's README, a playbook of one play."""
    text = (ROLES / role / "README.md").read_text()
    text = text.partition("\n## Example\n")[2].partition("\n## ")[0]
    fenced = re.search(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    block = fenced[1] if fenced else "".join(re.findall(r"^    .*\n", text, re.MULTILINE))
    (play,) = yaml.safe_load(block)
    (applied,) = play["roles"]
    assert applied["role"] == role
    return {**play.get("vars", {}), **applied.get("vars", {})}


@pytest.mark.parametrize("role", roles())
def test_the_example_of_the_readme_is_valid(role: str) -> None:
    """By Ansible's own check: what is required is there, and nothing is misspelt or mistyped."""
    found = ArgumentSpecValidator(options(role)).validate(example(role))
    assert found.error_messages == []
