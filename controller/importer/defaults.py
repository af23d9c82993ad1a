"""List what applies where a source sets nothing: dhcpd's own values, and the model inventory's.

Lease times are in seconds.
"""

from __future__ import annotations

DHCPD_DEFAULT_LEASE_TIME = 43200
"""dhcpd.conf(5), "default-lease-time"."""

DHCPD_MAX_LEASE_TIME = 86400
"""dhcpd.conf(5), "max-lease-time"."""

DHCPD_MIN_LEASE_TIME = 300
"""dhcpd.conf(5), "min-lease-time": "the minimum of 300 seconds or max-lease-time"."""

# inventory/group_vars/all/site.yml; tests/importer/test_defaults.py compares them.

SITE_MAX_LEASE_TIME = 86400
SITE_MIN_LEASE_TIME = 300
SITE_MCLT = 600
SITE_RESERVED_NAMES = ("wpad", "isatap", "localhost")
