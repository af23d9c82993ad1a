"""The drills, a module a point.

Each drill is what should happen in a sentence, how to make it happen, and the longest gap in
seconds that clients may notice: ``address`` for which no new client gets an address, ``lookup`` for
which a lookup may take or fail. Both follow from the daemons' and the C library's own timers;
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
