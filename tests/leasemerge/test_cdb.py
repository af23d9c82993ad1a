"""Zone data that is changed name by name answers as if tinydns-data had compiled it."""

from __future__ import annotations

import struct
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leasemerge.cdb import Cdb, DamageError, entries

LINES = st.builds(
    lambda kind, name, octet, ttl: f"{kind}{name}.office.internal:10.1.{octet}.7:{ttl}\n".encode(),
    st.sampled_from("=+"),
    st.text("ab0-", min_size=1, max_size=3) | st.just("x" * 63),
    st.integers(0, 255),
    st.sampled_from([0, 60, 86400]),
)


def _compiled(directory: Path, lines: list[bytes]) -> bytes:
    (directory / "data").write_bytes(b"".join(lines))
    subprocess.run(["tinydns-data"], cwd=directory, check=True)
    return (directory / "data.cdb").read_bytes()


def _found(image: bytes) -> Counter[tuple[bytes, bytes]]:
    """Return every entry that a reader can find, by each table (cdb(5))."""
    found: Counter[tuple[bytes, bytes]] = Counter()
    for number in range(256):
        start, length = struct.unpack_from("<II", image, number * 8)
        for slot in range(length):
            value, place = struct.unpack_from("<II", image, start + slot * 8)
            if place and value % 256 == number:
                size, more = struct.unpack_from("<II", image, place)
                key = image[place + 8 : place + 8 + size]
                found[key, image[place + 8 + size : place + 8 + size + more]] += 1
                assert _reachable(image, key, value, place), "An entry is behind an empty slot."
    return found


def _reachable(image: bytes, key: bytes, value: int, place: int) -> bool:
    hashed = 5381
    for byte in key:
        hashed = ((hashed << 5) + hashed & 0xFFFFFFFF) ^ byte
    assert hashed == value, "An entry has another key's hash."
    start, length = struct.unpack_from("<II", image, value % 256 * 8)
    for step in range(length):
        slot = start + (value // 256 + step) % length * 8
        found = struct.unpack_from("<II", image, slot)[1]
        if found in (0, place):
            return bool(found)
    return False


@settings(max_examples=60)
@given(st.lists(st.lists(LINES, max_size=8), min_size=2, max_size=6))
def test_1_a_changed_file_has_the_entries_of_a_compiled_one(
    tmp_path_factory: pytest.TempPathFactory, states: list[list[bytes]]
) -> None:
    """From any zone data to any other, again and again."""
    directory = tmp_path_factory.mktemp("cdb")
    cdb = Cdb(_compiled(directory, states[0]))
    for before, after in pairwise(states):
        pairs = max(len(before), len(after))
        for number in range(pairs):
            old = before[number] if number < len(before) else None
            cdb.edit(old, after[number] if number < len(after) else None)
        assert _found(bytes(cdb.image)) == _found(_compiled(directory, after))


def test_2_tables_grow(tmp_path: Path) -> None:
    """From nothing to many names, and tinydns-get finds each."""
    zone = b"Zoffice.internal:ns1.office.internal:me.office.internal:7::::5:5\n"
    zone += b"&office.internal::ns1.office.internal:60\n"
    cdb = Cdb(_compiled(tmp_path, [zone]))
    lines = [f"=h{n}.office.internal:10.1.{n // 250}.{n % 250}:60\n".encode() for n in range(3000)]
    for line in lines:
        cdb.edit(None, line)
    for line in lines[:1500]:
        cdb.edit(line, line.replace(b":60", b":61"))
    (tmp_path / "data.cdb").write_bytes(cdb.image)
    for number in (0, 1499, 1500, 2999):
        answer = subprocess.run(
            ["tinydns-get", "a", f"h{number}.office.internal"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert f"{60 + (number < 1500)} A 10.1.{number // 250}.{number % 250}" in answer
    new = [line.replace(b":60", b":61") for line in lines[:1500]] + lines[1500:]
    assert _found(bytes(cdb.image)) == _found(_compiled(tmp_path, [zone, *new]))


def test_3_what_is_not_there_cannot_be_taken_out(tmp_path: Path) -> None:
    """And what is no compiled file is not taken for one."""
    cdb = Cdb(_compiled(tmp_path, []))
    with pytest.raises(DamageError):
        cdb.edit(b"=a.office.internal:10.1.1.1:60\n", None)
    with pytest.raises(DamageError):
        Cdb(b"short")
    with pytest.raises(DamageError):
        Cdb(b"\xff" * 2048).add(b"\1a\0", b"")


@pytest.mark.parametrize(
    "line", [b"Zoffice.internal:a:b\n", b"=a..b:10.1.1.1:60\n", b"=" + b"x" * 64 + b":10.1.1.1:60"]
)
def test_4_only_names_are_changed(line: bytes) -> None:
    """The zones themselves need a compile, and no label is longer than 63."""
    with pytest.raises(ValueError, match="not a"):
        list(entries(line))
