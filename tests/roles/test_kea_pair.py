"""What the watch over a Kea pair logs. The rest of kea-pair is for the lab's tests and drills."""

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
    """One slow answer is nothing; a silence has a line when it is noticed and one at its end."""
    lines, misses = [], 0
    for is_silent in [False, True, False, *[True] * 1000, False, False]:
        misses, line = kea_pair.counted(misses, is_silent)
        lines.append(line)
    assert [line for line in lines if line] == [
        "The peer is silent: from now on Kea's connections to it are ended.",
        "The peer is no longer silent.",
    ]
    assert lines.index("The peer is no longer silent.") == 1003
