"""A short run of the importer's fuzzer, with the same damage every time."""

from __future__ import annotations

from pathlib import Path

from .fuzz_importer import find


def test_damaged_inputs_are_imported_or_refused(tmp_path: Path) -> None:
    """Two hundred damaged inputs are imported, or refused with a line."""
    finds = [found for seed in range(200) if (found := find(seed, tmp_path / "case"))]
    assert finds == []
