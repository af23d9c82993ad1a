"""What `bench_latency` is made of: a network, a DHCP client, and three name services."""
