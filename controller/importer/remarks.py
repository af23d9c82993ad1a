"""Collect the sentences of import.txt, for the person who reviews the import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Section(Enum):
    """A part of import.txt; the value is its heading."""

    DISAGREEMENT = "Disagreements: dhcpd, the zone data or one of them with itself"
    LEFT_OUT = "Left out: the inventory has no place for these; decide on each"
    KEPT = "Kept as dhcpd.conf text (extra)"
    CHOSEN = "Chosen for you"
    FAULT = "Faults of the result: fix these before the first deployment"


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence of import.txt."""

    section: Section
    where: str
    """The file and line that it is about, or the name of what has none."""
    text: str


class Remarks(list[Remark]):
    """The sentences on one source, in their order."""

    def add(self, section: Section, where: str, text: str) -> None:
        """Add a sentence."""
        self.append(Remark(section, where, text))

    def left_out(self, where: str, what: str, why: str) -> None:
        """Note that something is left out, and why."""
        self.add(Section.LEFT_OUT, where, f"{what}: {why}.")
