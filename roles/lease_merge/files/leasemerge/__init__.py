"""Names from the leases of an ISC dhcpd failover pair and a table of fixed hosts.

Standard library only. Nothing in here reads a clock: `now` is always an argument.
"""

__version__ = "1.0"
"""As in CHANGELOG.md."""
