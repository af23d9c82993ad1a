"""The drills: every failure that the network is built for, done to the lab's real servers."""
