"""The parts of `bench_latency`: a network, a DHCP client, and three name services."""
