"""A fault, and how a value is shown in its sentence."""

from __future__ import annotations

import pytest

from leasemerge.faults import Fault, show


def test_a_fault_is_one_sentence() -> None:
    """Where, what, and what to do about it."""
    fault = Fault("Host pc", "its name is taken", "choose another")
    assert str(fault) == "Host pc: its name is taken; choose another."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "empty"),
        (True, "true"),
        (7, "7"),
        ("", "''"),
        ("a\nb\x1b[2J", "a?b?[2J"),
        ("x" * 81, "x" * 80 + "…"),
        (["a"], "['a']"),
    ],
)
def test_a_value_is_shown_on_one_line(value: object, shown: str) -> None:
    """As the inventory has it, and never long enough to hide the sentence around it."""
    assert show(value) == shown
