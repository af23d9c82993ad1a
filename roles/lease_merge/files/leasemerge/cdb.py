"""Add single names to a file that `tinydns-data` compiled, and remove them.

`tinydns-data` rebuilds the file from every line, which takes longer the more lines there are, and
waits for the disk. Its result can be edited instead: cdb(5) finds an entry through one of 256 hash
tables, each twice as long as its entries need, so that there is room for more. The content is the
same as if the file had been compiled; a removed entry takes up room until the next compile.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .record_data import PTR, A, reverse_name, wire_name

_PAIR = struct.Struct("<II")
_TABLES = 256

Entry = tuple[bytes, bytes]
"""Key and data, as `tinydns-data` writes them."""

Write = tuple[int, bytes]
"""A position and the bytes that were written there."""


class DamageError(ValueError):
    """The file is not what `tinydns-data` writes, or not what was expected."""


def entries(line: bytes) -> Iterator[Entry]:
    """Yield the entries that a line of zone data stands for: `=` an A and a PTR, `+` an A.

    An entry's data is type, an equals sign for `every client`, TTL, no time stamp, and the type's
    own data (tinydns-data.c, rr_start). Raises ValueError: when it is not such a line.
    """
    kind, fields = line[:1], line[1:].strip().decode("ascii").split(":")
    if kind not in (b"=", b"+") or len(fields) != 3:
        raise ValueError(f"not a line of a name: {line!r}")
    name, address, ttl = wire_name(fields[0]), fields[1], int(fields[2])
    yield name, _head(A, ttl) + bytes(map(int, address.split(".")))
    if kind == b"=":
        yield wire_name(reverse_name(address)), _head(PTR, ttl) + name


def _head(kind: int, ttl: int) -> bytes:
    return struct.pack(">HcI8x", kind, b"=", ttl)


def _hash(key: bytes) -> int:
    value = 5381
    for byte in key:
        value = (value * 33 & 0xFFFFFFFF) ^ byte
    return value


class Cdb:
    """A compiled file in memory."""

    def __init__(self, image: bytes | bytearray) -> None:
        """Use what `tinydns-data` wrote; a bytearray is changed in place, as it may be large.

        Raises DamageError: when it is not a cdb.
        """
        if len(image) < _TABLES * _PAIR.size:
            raise DamageError("the compiled file is cut short")
        self.image = image if isinstance(image, bytearray) else bytearray(image)
        self._writes: list[Write] = []
        self._used: dict[int, int] = {}

    def take_writes(self) -> list[Write]:
        """Return what was written into the image since the last call, in order."""
        writes, self._writes = self._writes, []
        return writes

    def edit(self, old: bytes | None, new: bytes | None) -> None:
        """Replace a line of zone data with another; None stands for no line."""
        for key, data in entries(old) if old is not None else ():
            self.remove(key, data)
        for key, data in entries(new) if new is not None else ():
            self.add(key, data)

    def add(self, key: bytes, data: bytes) -> None:
        """Add an entry."""
        value = _hash(key)
        number = value % _TABLES
        start, length = self._table(number)
        used = self._count(number)
        if 4 * (used + 1) > 3 * length:
            start, length = self._grow(number)
        position = self._append(_PAIR.pack(len(key), len(data)) + key + data)
        for slot in self._slots(value, start, length):
            stored, place = _PAIR.unpack_from(self.image, slot)
            if place == 0 or stored % _TABLES != number:
                self._write(slot, value, position)
                self._used[number] += place == 0
                return

    def remove(self, key: bytes, data: bytes) -> None:
        """Remove an entry. Raises DamageError: when it is not there."""
        value = _hash(key)
        number = value % _TABLES
        entry = _PAIR.pack(len(key), len(data)) + key + data
        for slot in self._slots(value, *self._table(number)):
            stored, place = _PAIR.unpack_from(self.image, slot)
            if place == 0:
                break
            if stored == value and self.image[place : place + len(entry)] == entry:
                # The slot stays taken, so that entries placed after it are found, by a hash of
                # another table, so that no lookup matches it.
                self._write(slot, value ^ 1, place)
                return
        raise DamageError(f"no such record: {key!r}")

    def _table(self, number: int) -> tuple[int, int]:
        start, length = _PAIR.unpack_from(self.image, number * _PAIR.size)
        if start + length * _PAIR.size > len(self.image):
            raise DamageError("a hash table lies outside the compiled file")
        return start, length

    def _slots(self, value: int, start: int, length: int) -> Iterator[int]:
        first = (value >> 8) % length if length else 0
        for step in range(length):
            yield start + (first + step) % length * _PAIR.size

    def _count(self, number: int) -> int:
        if number not in self._used:
            start, length = self._table(number)
            places = self.image[start : start + length * _PAIR.size]
            self._used[number] = sum(place != 0 for _, place in _PAIR.iter_unpack(places))
        return self._used[number]

    def _grow(self, number: int) -> tuple[int, int]:
        """Rewrite a table at the end, with room for as many entries again."""
        start, length = self._table(number)
        old = bytes(self.image[start : start + length * _PAIR.size])
        live = [
            (value, place)
            for value, place in _PAIR.iter_unpack(old)
            if place and value % _TABLES == number
        ]
        length = 4 * len(live) + 8
        table = bytearray(length * _PAIR.size)
        for value, place in live:
            for slot in self._slots(value, 0, length):
                if _PAIR.unpack_from(table, slot)[1] == 0:
                    _PAIR.pack_into(table, slot, value, place)
                    break
        start = self._append(bytes(table))
        self._write(number * _PAIR.size, start, length)
        self._used[number] = len(live)
        return start, length

    def _append(self, data: bytes) -> int:
        position = len(self.image)
        self.image += data
        self._writes.append((position, data))
        return position

    def _write(self, position: int, first: int, second: int) -> None:
        data = _PAIR.pack(first, second)
        self.image[position : position + len(data)] = data
        self._writes.append((position, data))
