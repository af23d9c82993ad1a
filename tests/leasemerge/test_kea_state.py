"""The state of a pair of Kea servers, as the role's watch writes it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from leasemerge import kea_state


def test_the_state_of_the_pair_is_what_the_watch_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pair"
    monkeypatch.setattr(kea_state, "_PAIR", path)
    assert kea_state.pair_state() == {}
    path.write_text("partner-down unavailable\n")
    assert kea_state.pair_state() == {"kea": ("partner-down", "unavailable")}
    path.write_text("not of two words\n")
    assert kea_state.pair_state() == {}
    path.write_text("hot-standby hot-standby\n")
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert kea_state.pair_state() == {}, "The watch is dead."
