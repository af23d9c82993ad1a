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

PROJECT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.parent.parent for path in PROJECT.glob("roles/*/meta/argument_specs.yml"))
DOCUMENT = PROJECT / "docs/variables.md"


def options(role: Path) -> dict[str, Any]:
    """Read the options of a role's main entry point."""
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text())
    result: dict[str, Any] = specs["argument_specs"]["main"]["options"]
    return result


def table(role: Path) -> str:
    """Write a role's variables as the table that docs/variables.md holds."""
    rows = [
        f"## {role.name}",
        "",
        "| variable | type | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, spec in options(role).items():
        default = "required" if spec.get("required") else f"`{yaml_text(spec.get('default'))}`"
        meaning = " ".join(str(spec["description"]).split()).replace("|", "\\|")
        rows.append(f"| `{name}` | {spec['type']} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def yaml_text(value: object) -> str:
    """Write a value as one would in YAML, on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...").strip()


@pytest.mark.parametrize("role", ROLES, ids=lambda role: str(role.name))
def test_specs_and_defaults_name_the_same_variables(role: Path) -> None:
    defaults = yaml.safe_load((role / "defaults/main.yml").read_text())
    specs = options(role)
    assert set(defaults) == {name for name, spec in specs.items() if not spec.get("required")}
    for name, value in defaults.items():
        computed = isinstance(value, str) and "{{" in value
        assert computed or specs[name].get("default") == value, f"{name}: the two defaults differ."


@pytest.mark.parametrize("role", ROLES, ids=lambda role: str(role.name))
def test_every_default_has_a_comment_above_it(role: Path) -> None:
    commented = False
    for line in (role / "defaults/main.yml").read_text().splitlines():
        if line.startswith("#"):
            commented = True
        elif not line.strip():
            commented = False
        elif re.match(r"\w+:", line):
            assert commented, f"{role.name}: write what {line.split(':')[0]} is."


@pytest.mark.parametrize("role", ROLES, ids=lambda role: str(role.name))
def test_document_holds_the_tables(role: Path) -> None:
    assert table(role) in DOCUMENT.read_text(), "Run `make docs`."


def example(role: Path) -> dict[str, Any]:
    """Read the variables of the example in a role's README, a playbook of one play."""
    text = (role / "README.md").read_text().partition("\n## Example\n")[2].partition("\n## ")[0]
    fenced = re.search(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    block = fenced[1] if fenced else "".join(re.findall(r"^    .*\n", text, re.MULTILINE))
    (play,) = yaml.safe_load(block)
    (applied,) = play["roles"]
    assert applied["role"] == role.name
    return {**play.get("vars", {}), **applied.get("vars", {})}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: str(role.name))
def test_the_example_of_the_readme_is_valid(role: Path) -> None:
    """By Ansible's own check: what is required is there, and nothing is misspelt or mistyped."""
    found = ArgumentSpecValidator(options(role)).validate(example(role))
    assert found.error_messages == []


def write_document() -> None:
    """Write docs/variables.md again."""
    head = (
        "# The roles' variables\n\n"
        "Made by `make docs` from each role's meta/argument_specs.yml. inventory/group_vars wires\n"
        "the site's settings to them; what is not wired can be set there too.\n\n"
    )
    DOCUMENT.write_text(head + "\n".join(table(role) for role in ROLES))


if __name__ == "__main__":
    write_document()
