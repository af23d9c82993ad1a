"""What several tests share: examples, oracles, and hostile input."""
