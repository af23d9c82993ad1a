"""Tests of what runs on the controller, and that filters call."""
