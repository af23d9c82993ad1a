"""Tests of the merge, its hostnames and its zone data; they share the examples."""
