"""What all of pytest's part shares: a skipped test is no pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example takes is the machine's business: a busy one must not fail a test.
settings.register_profile("default", settings.get_profile("default"), deadline=None)
settings.load_profile("default")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Fail a run in which a test was skipped: `make setup` installs what each of them needs."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
