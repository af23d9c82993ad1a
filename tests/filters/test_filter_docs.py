"""What `ansible-doc -t filter` shows of the project's filters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "filter_plugins"


def test_every_filter_is_documented() -> None:
    """With an example that uses it and what it returns; and nothing else is documented."""
    modules = [import_module(path.stem) for path in sorted(PLUGINS.glob("*.py"))]
    filters = {name for module in modules for name in module.FilterModule().filters()}
    assert {path.stem for path in PLUGINS.glob("*.yml")} == filters
    shown = subprocess.run(
        [Path(sys.executable).parent / "ansible-doc", "-t", "filter", "--json", *sorted(filters)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ANSIBLE_FILTER_PLUGINS": str(PLUGINS)},
    )
    assert shown.returncode == 0, shown.stderr
    documents = json.loads(shown.stdout)
    assert set(documents) == filters
    for name, parts in documents.items():
        assert parts["doc"]["name"] == name
        assert parts["doc"]["short_description"], name
        assert parts["doc"]["options"]["_input"]["description"], name
        assert f"| {name}" in parts["examples"], f"{name} has no example"
        assert parts["return"]["_value"]["description"], name
