"""What the watcher of a Kea pair logs. The rest of kea-pair is for the lab's tests and drills."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).parents[2] / "roles/kea/files/usr/local/sbin/kea-pair"


@pytest.fixture(scope="module")
def kea_pair() -> ModuleType:
    """Import the program, whose name is no module's."""
    loader = SourceFileLoader("kea_pair", str(PROGRAM))
    spec = spec_from_loader("kea_pair", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_a_peer_that_is_away_for_long_is_logged_twice(kea_pair: ModuleType) -> None:
    """One slow answer is nothing; an absence has a line when it is noticed and one at its end."""
    lines, misses = [], 0
    away = "Connection refused"
    for reason in ["", away, "", *[away] * 1000, "", ""]:
        misses, line = kea_pair.counted(misses, reason)
        lines.append(line)
    assert [line for line in lines if line] == [
        "The peer does not answer: Connection refused.",
        "The peer answers again.",
    ]
    assert lines.index("The peer answers again.") == 1003
