"""Read dnsmasq's lease times: 45m, 1h, 2d, infinite, or seconds."""

from __future__ import annotations

import re

from .defaults import DHCPD_MIN_LEASE_TIME
from .source import SourceError

TIME = re.compile(r"([0-9]{1,9})([smhdw]?)|infinite|deprecated", re.IGNORECASE)
DEFAULT = 3600
"""dnsmasq's own, for a range without one."""
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_FOR_EVER = 2**32 - 1


def lease_times(text: str) -> dict[str, int]:
    """Turn dnsmasq's one lease time into dhcpd's two; `infinite` is all ones (dhcpd.conf(5))."""
    match = TIME.fullmatch(text)
    if match is None:
        raise SourceError(f"{text} is not a lease time.")
    unit = (match[2] or "").lower()
    seconds = min(int(match[1]) * _UNITS[unit], _FOR_EVER) if match[1] else _FOR_EVER
    seconds = max(seconds, 120)  # dnsmasq's minimum
    least = {"min_lease_time": seconds} if seconds < DHCPD_MIN_LEASE_TIME else {}
    return {"default_lease_time": seconds, "max_lease_time": seconds, **least}
