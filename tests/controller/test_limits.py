"""The limits of the roles' variables, in the inventory check and in each role's preflight."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller import limits, role_specs

ROLES = Path(__file__).parents[2] / "roles"
WITH_LIMITS = sorted(path.parent.parent.name for path in ROLES.glob("*/meta/limits.yml"))


@pytest.mark.parametrize("role", WITH_LIMITS)
def test_limits_are_of_variables_that_the_role_has(role: str) -> None:
    names = {name for name in role_specs.specs() if name.startswith(f"{role}_")}
    for name, limit in limits.limits(role).items():
        assert {name, *limits.others(limit)} <= names, f"{role} has no such variable."


@pytest.mark.parametrize("role", WITH_LIMITS)
def test_the_role_itself_validates_its_limits(role: str) -> None:
    """A playbook of one's own may use a role without the inventory check."""
    assert f"'{role}' | beyond_limits" in (ROLES / role / "tasks/preflight.yml").read_text()


def test_a_value_beyond_its_limit_is_a_sentence() -> None:
    values = {"dhcpd_failover_port": 70000, "dhcpd_failover_split": "256"}
    assert limits.beyond("dhcpd", values.get) == [
        "Variable dhcpd_failover_port: it is 70000; write a number from 1 to 65535."
    ]
