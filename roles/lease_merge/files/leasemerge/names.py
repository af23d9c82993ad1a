"""What the merge returns: the names that are published, and the leases without one.

Times are Unix seconds, None where absent, NEVER for `never`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from .labels import Cause

Key = tuple[str, str]
"""What identifies a name: the label and the domain that it is unique in."""


@dataclass(frozen=True, slots=True)
class Name:
    """One address of one published host name."""

    label: str
    domain: str
    address: str
    source: Literal["fixed", "lease"]
    alias: bool = False
    """Whether it is a second name of its address: the PTR points to another."""
    server: str | None = None
    """The server whose client it is: the one that received its hostname."""
    starts: int | None = None
    until: int | None = None
    """When the lease ends; None for a fixed host's name."""
    hardware: str | None = None

    @property
    def key(self) -> Key:
        """The label and its domain."""
        return (self.label, self.domain)


@dataclass(frozen=True, slots=True)
class Loser:
    """A live lease whose hostname is not published, and why."""

    address: str
    kind: Literal["conflict", "refused", "fixed"]
    """Lost to another lease (rule 6), no label (rule 7), or a fixed host's (rule 4)."""
    reason: str
    hostname: str | None = None
    hardware: str | None = None
    cause: Cause | None = None
    """The kind of reason, if it was refused."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the merge publishes at one time: names by label and domain, losers by address."""

    names: tuple[Name, ...]
    losers: tuple[Loser, ...]
    next_expiry: int | None
    """When the next live lease ends, in Unix seconds: until then time alone changes nothing."""


class Counts(NamedTuple):
    """How many there are, for a status line."""

    live: int
    names: int
    conflicts: int
    refused: int
    handovers: int
    """How often a name went from one live client to another since the merge began (rule 6)."""


class Holder(NamedTuple):
    """The client that has an address, and the name that is published for it, if one is."""

    hardware: str | None
    hostname: str | None
    name: str | None
    server: str | None
    starts: int | None
    until: int
