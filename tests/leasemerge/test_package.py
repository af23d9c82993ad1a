"""Where a newcomer looks: the tests of a module are in its own file, and design.md lists it."""

from __future__ import annotations

from pathlib import Path

import pytest

import leasemerge

MODULES = sorted(
    path.stem for path in Path(leasemerge.__file__).parent.glob("*.py") if path.stem != "__init__"
)
DESIGN = Path(__file__).resolve().parents[2] / "docs/design.md"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_tests_and_its_line(module: str) -> None:
    assert Path(__file__).with_name(f"test_{module.strip('_')}.py").exists()
    listed = DESIGN.read_text().partition("## The package\n")[2].partition("\n### ")[0]
    assert f"{module}.py" in listed.split(), "docs/design.md, The package: add its line."
