"""Rule 7: a client's hostname is hostile until proven a label."""

from __future__ import annotations

from .site import Site

# RFC 1035 section 2.3.4.
_LABEL_MAX = 63

_KEPT = "abcdefghijklmnopqrstuvwxyz0123456789-"
# Only ASCII has a lower case here: a character outside it is dropped, never turned into a letter
# of somebody else's name (U+212A, the Kelvin sign, is `k` to str.lower).
_TABLE = {ord(char): char for char in _KEPT}
_TABLE |= {ord(char.upper()): char for char in _KEPT}
_TABLE |= {ord(" "): "-", ord("_"): "-"}


class Refused(ValueError):
    """A hostname cannot be published; the message is the reason, the end of a sentence."""


def label(hostname: str, site: Site) -> str:
    """Make a DNS label (lower case, LDH, 1 to 63 characters) of the hostname a client sent.

    Raise Refused where nothing is left of it, or where the label belongs to somebody.
    """
    text = _label(hostname)
    if not text:
        raise Refused("nothing of it can stand in a DNS label")
    if text in site.owners:
        raise Refused(f"{text} is {site.owners[text]}")
    return text


def _label(hostname: str) -> str:
    kept = "".join(_TABLE.get(ord(char), "") for char in hostname.partition(".")[0])
    # The cut at 63 can lay a hyphen bare at the new end.
    return kept.strip("-")[:_LABEL_MAX].rstrip("-")
