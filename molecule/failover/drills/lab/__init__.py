"""The lab as the drills see it: what can be done to it, and whether all is healthy.

    left                                 right
      draco ----- probe-left               taurus ----- probe-right
      dhcpd or Kea (primary)               dhcpd or Kea (secondary)
      leasemerge, tinydns                  leasemerge, tinydns
      dnscache                             scorpio: dnscache
         |                                    |
    =====+====== one podman bridge ===========+=====
                        |
                      relay ----- probe-far

The names are the inventory's, and so is who has what. A network that is cut in two is really two
bridges, with a cable between them.

A drill calls the methods of one class, `Lab`. They are in modules by what they are about: commands,
network (cables and switches), machines (and their daemons), deployment, clients, health; servers
has who is there.
"""

from .deployment import Deployment
from .health import Health
from .machines import Machines


class Lab(Machines, Deployment, Health):
    """The running lab."""
