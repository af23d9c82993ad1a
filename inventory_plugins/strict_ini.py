"""Inventory plugin: Ansible's own for INI, but a file with a fault ends the run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.errors import (  # type: ignore[import-untyped]  # has no types
    AnsibleParserError,
    ExitCode,
)
from ansible.plugins.inventory.ini import (  # type: ignore[import-untyped]  # has no types
    InventoryModule as IniInventory,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from controller import inventory_files
from controller.inventory_sources import may_be_ini

DOCUMENTATION = """
name: strict_ini
short_description: INI inventory files, refused at their first fault
description:
  - Reads what P(ansible.builtin.ini#inventory) reads.
  - For a file that it cannot read, that plugin has a message without a line number. This one
    prints a sentence with the line, and ends the run.
"""

EXAMPLES = """
# ansible.cfg
# [inventory]
# enable_plugins = strict_yaml, strict_ini
"""


class InventoryModule(IniInventory):  # type: ignore[misc]  # has no types
    """What Ansible looks for in this file."""

    NAME = "strict_ini"

    def verify_file(self, path: str) -> bool:
        """Return whether to try a file: not one in YAML, nor a script, whose own error counts."""
        return bool(super().verify_file(path)) and may_be_ini(Path(path))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Read a file into the inventory, or print what is wrong with it and end the run."""
        try:
            super().parse(inventory, loader, path, cache)
        except AnsibleParserError as exc:
            reason = str(exc.__cause__ or exc)
            fault = inventory_files.ini_fault(Path(path), self._line, reason)
            text = "\n".join([inventory_files.TITLE, str(fault)])
            self.display.display(text, color="red", stderr=True)
            raise SystemExit(int(ExitCode.PARSER_ERROR)) from exc

    def _parse(self, lines: list[str]) -> None:
        try:
            super()._parse(lines)
        finally:
            # Ansible does not keep it.
            self._line = self._origin.line_num
