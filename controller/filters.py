"""Functions as Ansible filters."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types


def filters(*functions: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions by name; a caller's mistake becomes Ansible's own error."""
    return {function.__name__: _adapter(function) for function in functions}


def _adapter(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # keeps the marker of @pass_context
    def adapter(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except (KeyError, TypeError, ValueError) as exc:
            raise AnsibleFilterError(f"{function.__name__}: {exc}") from exc

    return adapter
