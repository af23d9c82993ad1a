"""What a name server should answer, from the lines of its zone data."""

from __future__ import annotations

import pytest

from controller.overview.answers import answers_of


@pytest.mark.parametrize(
    "line",
    [b"+wrong.office.internal:192.0.2.1:60\n", b"+wrong.office.internal:192.0.2.1\n"],
)
def test_a_line_that_somebody_added_is_read_with_and_without_a_ttl(line: bytes) -> None:
    assert answers_of(line) == {("wrong.office.internal", "A"): ["192.0.2.1"]}


def test_a_line_that_cannot_be_read_hides_no_other() -> None:
    zone = b"+:::\n%in:10\n+right.office.internal:192.0.2.1:60\n"
    assert answers_of(zone) == {("right.office.internal", "A"): ["192.0.2.1"]}
