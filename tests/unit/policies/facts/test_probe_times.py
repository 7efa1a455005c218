"""How long a startup probe waits."""

from __future__ import annotations

from typing import Any

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts.probe_times import startup_budget_s


@pytest.mark.parametrize(
    ("probe", "seconds"),
    [
        (None, None),
        ({}, 30),
        ({"initialDelaySeconds": 5, "periodSeconds": 2, "failureThreshold": 10}, 25),
        ({"failureThreshold": UNKNOWN}, UNKNOWN),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_the_budget_is_delay_and_all_failures(probe: Any, seconds: Any) -> None:
    """With the defaults of the API."""
    view = Object({"kind": "Pod", "startupProbe": probe}).view(Trace())
    found = startup_budget_s(view)
    assert found is seconds or found == seconds
