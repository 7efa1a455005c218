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
    """One loop for all tests of this process."""
    config.stash[LOOP] = asyncio.new_event_loop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Whatever ran before; earlier than every fixture."""
    asyncio.set_event_loop(item.config.stash[LOOP])


def pytest_unconfigure(config: pytest.Config) -> None:
    """After the last test."""
    asyncio.set_event_loop(None)
    config.stash[LOOP].close()
