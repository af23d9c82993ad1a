"""A fault of an inventory: one sentence, and how a value is shown in it."""

from __future__ import annotations

from dataclasses import dataclass

# Spaces that a word processor or a web page puts in place of the usual one.
_SPACES = "\u00a0\u2007\u2009\u202f"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in an inventory: where, what, and how to fix it."""

    where: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Return the one sentence that is printed."""
        return f"{self.where}: {self.problem}; {self.remedy}."


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found: faults, which prevent a deployment, and notes, which do not."""

    faults: list[Fault]
    notes: list[Fault]


#: The reason why an encrypted value cannot be evaluated.
ENCRYPTED = "it is encrypted"


def remedy_for(reason: object) -> str:
    """Return the remedy for a value that cannot be evaluated."""
    if reason == ENCRYPTED:
        return "give the vault password, with --ask-vault-pass or --vault-password-file"
    return "fix its template"


def show(value: object) -> str:
    """Show a value as the inventory has it, without letting it break the line or fill it."""
    if value is None or isinstance(value, bool):
        return {None: "empty", True: "true", False: "false"}[value]
    text = value if isinstance(value, str) else repr(value)
    text = printable(text)
    return (text if len(text) <= 80 else f"{text[:80]}…") or "''"


def printable(text: object) -> str:
    """Return a text as one line. A space that looks like one, but is another, has its number."""
    return "".join(
        char if char.isprintable() else f"<U+{ord(char):04X}>" if char in _SPACES else "?"
        for char in str(text)
    )
