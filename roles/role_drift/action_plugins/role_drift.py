"""Action role_drift: add the checksum of each file of the role, then run the module on the host."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase  # type: ignore[import-untyped]  # has no types
from ansible.plugins.loader import lookup_loader  # type: ignore[import-untyped]  # has no types


class ActionModule(ActionBase):  # type: ignore[misc]  # has no types
    """Compute on the controller what the content of each file should be."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns. Raises AnsibleError: when a file is not in the role."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        only: list[str] = [*arguments.get("only", [])]
        arguments["files"] = {
            name: [one for file in files for one in self._desired(file, task_vars or {}, only)]
            for name, files in arguments.get("files", {}).items()
        }
        result |= self._execute_module(
            "role_drift", {**arguments, "only": only}, task_vars=task_vars
        )
        return result

    def _desired(
        self, file: dict[str, Any], task_vars: dict[str, Any], only: list[str]
    ) -> Iterator[dict[str, Any]]:
        """Yield the file with its checksum; for a pattern, each file that it matches."""
        if "src" not in file:
            yield file
        elif "*" in file["src"]:
            folder, _, pattern = file["src"].rpartition("/")
            only.append(f"{file['path']}/{pattern}")
            for path in sorted(Path(self._find_needle("files", folder)).glob(pattern)):
                yield {
                    **file,
                    "src": f"{folder}/{path.name}",
                    "path": f"{file['path']}/{path.name}",
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                }
        elif file["src"].endswith(".j2"):
            text = self._render(file["src"], task_vars)
            yield {**file, "sha256": hashlib.sha256(text.encode()).hexdigest()}
        else:
            path = Path(self._find_needle("files", file["src"]))
            yield {**file, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}

    def _render(self, src: str, task_vars: dict[str, Any]) -> str:
        """Return what the module template would write."""
        lookup = lookup_loader.get(
            "ansible.builtin.template", loader=self._loader, templar=self._templar
        )
        path = self._find_needle("templates", src)
        text: str
        [text] = lookup.run([path], variables=_Variables(task_vars))
        return text


class _Variables(dict[str, Any]):
    """A host's variables, of which ``deepcopy`` makes only a shallow copy.

    The lookup copies all variables before it adds its own. With thousands of hosts a deep copy
    takes longer than the rest of the role, and a template does not change what it reads.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return dict(self)
