"""Action role_drift: work out on the controller what the module of this name compares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail  # type: ignore[import-untyped]  # has no types
from ansible.plugins.action import ActionBase  # type: ignore[import-untyped]  # has no types
from ansible.template import (  # type: ignore[import-untyped]  # has no types
    generate_ansible_template_vars,
    trust_as_template,
)


class ActionModule(ActionBase):  # type: ignore[misc]  # has no types
    """Give each file that has a ``src`` the checksum of its content, then ask the server."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns; raise AnsibleActionFail for a file that is not here."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        only: list[str] = []
        arguments["files"] = {
            name: [one for file in files for one in self._expected(file, task_vars or {}, only)]
            for name, files in arguments.get("files", {}).items()
        }
        result |= self._execute_module(
            "role_drift", {**arguments, "only": only}, task_vars=task_vars
        )
        return result

    def _expected(
        self, file: dict[str, Any], task_vars: dict[str, Any], only: list[str]
    ) -> Iterator[dict[str, Any]]:
        """Yield the file with its checksum; of a pattern each file that it matches."""
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
            text = self._render(file, task_vars)
            yield {**file, "sha256": hashlib.sha256(text.encode()).hexdigest()}
        else:
            path = Path(self._find_needle("files", file["src"]))
            yield {**file, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}

    def _render(self, file: dict[str, Any], task_vars: dict[str, Any]) -> str:
        """Return what the module template would write.

        Not by the lookup of that name: it copies every variable first, and with thousands of hosts
        that takes longer than the rest of the role.
        """
        source = self._find_needle("templates", file["src"])
        variables = task_vars | generate_ansible_template_vars(file["src"], source, file["path"])
        templar = self._templar.copy_with_new_env(
            searchpath=[str(Path(source).parent)], available_variables=variables
        )
        text = trust_as_template(self._loader.get_text_file_contents(source))
        rendered = templar.template(text, escape_backslashes=False)
        if not isinstance(rendered, str):
            raise AnsibleActionFail(f"role_drift: {file['src']} does not give a text; mend it.")
        return rendered
