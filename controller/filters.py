"""Functions as Ansible filters."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError  # type: ignore[import-untyped]  # has no types


def filters(
    *functions: Callable[..., Any], sentences: tuple[type[Exception], ...] = ()
) -> dict[str, Callable[..., Any]]:
    """Return the functions by name; a caller's mistake becomes Ansible's own error.

    ``sentences`` are the exceptions whose text is a sentence for the user. To that of any other
    one the name of the filter is added.
    """
    return {function.__name__: _adapter(function, sentences) for function in functions}


def _adapter(
    function: Callable[..., Any], sentences: tuple[type[Exception], ...]
) -> Callable[..., Any]:
    @wraps(function)  # keeps the marker of @pass_context
    def adapter(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except sentences as exc:
            raise AnsibleFilterError(str(exc)) from exc
        except (KeyError, TypeError, ValueError) as exc:
            raise AnsibleFilterError(f"{function.__name__}: {exc}") from exc

    return adapter
