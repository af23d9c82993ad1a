"""A role's comparison with the desired state only skips steps: each step works without it.

So a playbook may import one step alone, as pin-hosts.yml does with configure.yml. And whoever reads
a task sees what it deploys: it loops over the desired state, and skips what is in place.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
GATED = sorted(path.parents[1] for path in ROLES.glob("*/tasks/compare.yml"))


@pytest.mark.parametrize("role", GATED, ids=lambda role: str(role.name))
def test_only_the_gates_use_the_comparison(role: Path) -> None:
    result = f"__{role.name}_drift"
    for folder in ("tasks", "handlers", "vars", "templates"):
        for path in sorted(p for p in (role / folder).rglob("*") if p.is_file()):
            if folder == "tasks" and path.name in ("main.yml", "compare.yml"):
                continue
            for statement in re.split(r"\n\s*- name: ", path.read_text()):
                assert result not in statement or f"{result} is not defined" in statement, (
                    f"{path} needs the comparison; loop over the desired state instead."
                )


@pytest.mark.parametrize("path", sorted(ROLES.glob("*/tasks/*.yml")), ids=lambda p: p.parts[-3:][0])
def test_no_task_loops_over_what_differs(path: Path) -> None:
    for task in yaml.safe_load(path.read_text()):
        loop = str(task.get("loop", ""))
        assert not re.search(r"_(differing|drift)\b", loop), (
            f"{path}: '{task['name']}' loops over {loop}; loop over the desired state, "
            "and skip what is in place by `when: item.path in … .paths`."
        )
