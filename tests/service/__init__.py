"""The service as a process, with real lease files, pipes, ssh and tinydns-data."""
