"""What tests/fuzz/fuzz_hostnames.py once found stays fixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from leasemerge.zone import zone_data
from tests.support.examples import merged, site
from tests.support.hostile_hostnames import hostile_log, meant
from tests.support.tinydns import compile_data, needs_tinydns

FINDS = sorted((Path(__file__).parent.parent / "fuzz" / "finds").glob("*.hostnames"))


@needs_tinydns
@pytest.mark.parametrize("find", FINDS, ids=[path.stem for path in FINDS])
def test_former_find_is_compiled_as_meant(find: Path, tmp_path: Path) -> None:
    """One hostname a line, in hex: exactly what is meant is compiled."""
    blocks = hostile_log([bytes.fromhex(line) for line in find.read_text().splitlines()])
    records = compile_data(zone_data(merged(draco=blocks), site), tmp_path)
    assert sorted(records) == sorted(meant({"draco": blocks}))
