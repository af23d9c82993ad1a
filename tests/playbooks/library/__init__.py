"""Tests of the modules of the playbooks."""
