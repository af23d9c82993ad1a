"""Compute what dhcpd makes of the three lease times of a scope.

Source: dhcpd.conf(5), "default-lease-time", "min-lease-time" and "max-lease-time".
"""

from __future__ import annotations

from collections.abc import Mapping

from .defaults import DHCPD_DEFAULT_LEASE_TIME, DHCPD_MAX_LEASE_TIME, DHCPD_MIN_LEASE_TIME

KEYS = ("default_lease_time", "min_lease_time", "max_lease_time")
"""The keys of settings; their values are seconds."""


def applied(times: Mapping[str, int]) -> dict[str, int]:
    """Return all three in seconds, as dhcpd applies those that are set.

    What is not set has dhcpd's own value. dhcpd keeps the default between minimum and maximum; of
    these two the minimum prevails.
    """
    most = times.get("max_lease_time", DHCPD_MAX_LEASE_TIME)
    least = times.get("min_lease_time", min(DHCPD_MIN_LEASE_TIME, most))
    most = max(least, most)
    default = times.get("default_lease_time", DHCPD_DEFAULT_LEASE_TIME)
    return dict(zip(KEYS, (max(least, min(default, most)), least, most), strict=True))
