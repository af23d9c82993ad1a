"""The drills, one module per point.

Each drill has a sentence about what should happen, the steps to make it happen, and the longest gap
in seconds that clients may notice: in ``address`` no new client gets an address, in ``lookup`` a
lookup is pending or fails. Both follow from the daemons' and the C library's own timers;
docs/drills.md explains how.
"""

from importlib import import_module

#: In the order in which they are run. Importing a point adds its drills to the catalogue.
POINTS = (
    "names",
    "dhcpd",
    "link",
    "tinydns",
    "dnscache",
    "leasemerge",
    "floating",
    "machine",
    "disk",
    "clock",
    "deploy",
    "migration",
    "clients",
)

for _point in POINTS:
    import_module(f".{_point}", __name__)
