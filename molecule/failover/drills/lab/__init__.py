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

Names and roles are the inventory's. A network that is cut in two really consists of two bridges
with a cable between them.

A drill calls the methods of one class, `Lab`. They are in modules by subject: commands, network
(cables and switches), machines (and their daemons), deployment, clients, health; servers lists
the servers.
"""

from .deployment import Deployment
from .health import Health
from .machines import Machines


class Lab(Machines, Deployment, Health):
    """The running lab."""
