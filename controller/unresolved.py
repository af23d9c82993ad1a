"""Values in the inventory whose template cannot be resolved: why, and where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import getitem
from typing import Any

from ansible.errors import AnsibleError  # type: ignore[import-untyped]  # has no types
from jinja2.exceptions import UndefinedError

from controller.origins import place
from leasemerge.faults import ENCRYPTED

#: What Ansible raises when a value is used that it could not resolve.
ERRORS = (AnsibleError, UndefinedError)


def reason(exc: Exception) -> str:
    """Return why a template cannot be resolved, without what Ansible adds around it."""
    if "A vault exception marker was tripped" in str(exc):
        return ENCRYPTED
    text = " ".join(str(exc).rpartition("tripped: ")[2].split()).rstrip(".")
    return f"there is no {text}" if text.startswith("hostvars[") else text


def find(take: Callable[[], object]) -> Iterator[dict[str, Any]]:
    """Yield ``reason`` and ``where`` (None if it is unknown) of each faulty template in a value.

    `take` fetches the value from its container: Ansible resolves each item as it is fetched, so
    that every faulty one is found, not only the first.
    """
    try:
        value = take()
        if isinstance(value, Mapping):
            keys = list(value)
        elif isinstance(value, (list, tuple)):
            keys = list(range(len(value)))
        else:
            keys = []
            # A value that could not be resolved raises when it is used, not when it is passed on.
            str(value)
    except ERRORS as exc:
        # Private, but nothing else knows the template's line.
        template = getattr(getattr(exc, "source", None), "_marker_template_source", None)
        yield {"reason": reason(exc), "where": place([template])}
        return
    for key in keys:
        for row in find(partial(getitem, value, key)):
            yield {**row, "where": row["where"] or place([key])}


def is_unresolved(value: object) -> bool:
    """Return whether it is what site_setting returns for a template that cannot be resolved."""
    return isinstance(value, Mapping) and value.keys() == {"unresolved"}
