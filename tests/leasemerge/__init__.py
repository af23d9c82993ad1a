"""Tests of the package leasemerge, a file a module."""
