"""Names from the leases of an ISC dhcpd failover pair and a table of fixed hosts.

Standard library only. What decides reads no clock and no file: `now` is an argument there, and the
modules that touch the machine are apart (docs/design.md).
"""

__version__ = "1.0"
"""As in CHANGELOG.md."""
