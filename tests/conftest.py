"""What holds for all tests: none fails because the machine is busy, or because of the test before it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

LOOP = pytest.StashKey[asyncio.AbstractEventLoop]()
"""Pulumi's mocks want a current event loop; `asyncio.run()` leaves none behind."""


def pytest_configure(config: pytest.Config) -> None:
    """One loop for all tests of this process, to its end."""
    config.stash[LOOP] = asyncio.new_event_loop()
    asyncio.set_event_loop(config.stash[LOOP])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where the test before has left none; earlier than every fixture."""
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(item.config.stash[LOOP])
