"""Tests of the parser; the real dhcpd is their judge."""
