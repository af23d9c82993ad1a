"""docs/variables.md: the roles' variables as tables, from their argument_specs.

`python -m controller.variables_doc` writes it.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from controller import role_specs

DOCUMENT = Path(__file__).resolve().parent.parent / "docs/variables.md"
_HEAD = """\
# The roles' variables

Made by `make docs` from each role's meta/argument_specs.yml. inventory/group_vars wires
the site's settings to them; what is not wired can be set there too.

"""


def document() -> str:
    """Return the document: a table for each role."""
    return _HEAD + "\n".join(table(role) for role in role_specs.roles())


def table(role: str) -> str:
    """Return a role's variables as a table in Markdown, under its heading."""
    rows = [
        f"## {role}",
        "",
        "| variable | type | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, spec in role_specs.options(role).items():
        default = "required" if spec.get("required") else f"`{_yaml(spec.get('default'))}`"
        meaning = " ".join(str(spec["description"]).split()).replace("|", "\\|")
        rows.append(f"| `{name}` | {spec['type']} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def _yaml(value: object) -> str:
    """Write a value as one would in YAML, on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("\n").removesuffix("\n...").strip()


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
