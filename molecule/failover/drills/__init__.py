"""The drills: every failure that the network is built for, inflicted on the lab's real servers."""
