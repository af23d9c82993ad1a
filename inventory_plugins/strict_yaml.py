"""Inventory plugin: Ansible's own for YAML, but a file with a fault ends the run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, ClassVar

from ansible import constants, context  # type: ignore[import-untyped]  # has no types
from ansible.errors import ExitCode  # type: ignore[import-untyped]  # has no types
from ansible.plugins.inventory.yaml import (  # type: ignore[import-untyped]  # has no types
    InventoryModule as YamlInventory,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller import inventory_files
from leasemerge.faults import Fault

DOCUMENTATION = """
name: strict_yaml
short_description: YAML inventory files, refused with all their syntax faults
description:
  - Reads what P(ansible.builtin.yaml#inventory) reads.
  - That plugin warns of a file or an entry that it does not understand, and goes on without the
    hosts in it. This one lists all such places, with line and column, also in group_vars and
    host_vars beside the file, and ends the run.
options:
  yaml_extensions:
    description: Extensions of the files that are read.
    type: list
    elements: string
    default: [.yaml, .yml, .json]
"""

EXAMPLES = """
# ansible.cfg
# [inventory]
# enable_plugins = strict_yaml
"""


class _Reader:
    """A file loader that returns what it has read, not a copy of it.

    With 5,000 hosts copying takes longer than reading, and nobody else has the original.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def load_from_file(self, path: str, **options: Any) -> Any:
        return self._loader.load_from_file(path, **options, unsafe=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class InventoryModule(YamlInventory):  # type: ignore[misc]  # has no types
    """What Ansible looks for in this file."""

    NAME = "strict_yaml"
    # Sources without faults: a folder is checked once, not for each file in it.
    _checked: ClassVar[set[Path]] = set()

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Read a file into the inventory, or list the faults of its source and end the run."""
        source = _source(Path(path))
        if source not in self._checked:
            self._refuse(inventory_files.check(source))
            self._checked.add(source)
        try:
            super().parse(inventory, _Reader(loader), path, cache)
        except Exception as exc:
            fault = inventory_files.unreadable(Path(path), exc)
            self._refuse([fault] if fault else [])
            raise

    def _refuse(self, faults: list[Fault]) -> None:
        """List faults and end the run, if there are any."""
        if faults:
            text = "\n".join([inventory_files.TITLE, *map(str, faults)])
            self.display.display(text, color="red", stderr=True)
            # An exception would be shown as a warning, with those of the plugins that try the file
            # next, and finally as a file that no plugin could read.
            raise SystemExit(int(ExitCode.PARSER_ERROR))


def _source(path: Path) -> Path:
    """Return the folder that was given as the inventory, or the file itself."""
    named = context.CLIARGS.get("inventory") or constants.DEFAULT_HOST_LIST
    folders = {Path(source).absolute() for source in named}
    return next((folder for folder in path.absolute().parents if folder in folders), path)
