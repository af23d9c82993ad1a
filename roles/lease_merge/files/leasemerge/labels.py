"""Rule 7: a client's hostname is hostile until proven a label."""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase
from typing import Literal

from .site import Site

# RFC 1035 section 2.3.4.
_LABEL_MAX = 63

# Only ASCII is lowercased: str.lower would turn a character outside it into a letter of somebody
# else's name (U+212A, the Kelvin sign, becomes `k`).
_REPLACED = str.maketrans(ascii_uppercase + " _", ascii_lowercase + "--")
_DROPPED = re.compile(r"[^a-z0-9-]+")


Cause = Literal["no_label", "reserved", "taken"]
"""Nothing is left of the hostname, or its label is reserved, or the inventory has given it away."""


class HostnameError(ValueError):
    """A hostname cannot be published; the message is the reason, the end of a sentence."""

    def __init__(self, message: str, cause: Cause) -> None:
        """Keep the kind of reason, too."""
        super().__init__(message)
        self.cause = cause


def label(hostname: str, site: Site, domain: str | None = None) -> str:
    """Turn the hostname a client sent into a DNS label (lower case, LDH, 1 to 63 characters).

    It must be unique in `domain`, by default the site's own. Raises HostnameError: when nothing is
    left of it, or when the label belongs to somebody there.
    """
    text = hostname.partition(".")[0].translate(_REPLACED)
    # The cut at 63 can leave a hyphen at the new end.
    text = _DROPPED.sub("", text).strip("-")[:_LABEL_MAX].rstrip("-")
    if not text:
        raise HostnameError("nothing in the hostname can be used in a DNS label", "no_label")
    owner = site.owner(text, domain or site.domain)
    if owner is not None:
        cause: Cause = "reserved" if text in site.reserved_names else "taken"
        raise HostnameError(f"{text} is {owner}", cause)
    return text
