"""A real failover pair, captured, and what the merge makes of it."""
