"""How long a container may take to start before its startup probe gives up. Knows no rule.

Source: kubernetes.io "Configure Liveness, Readiness and Startup Probes": the defaults of the API.
"""

from __future__ import annotations

from typing import Any

from kube.view import View

_DELAY_S, _PERIOD_S, _FAILURES = 0, 10, 3


def startup_budget_s(container: View) -> Any:
    """Seconds; None without a startup probe, UNKNOWN where only `up` knows a part of it."""
    probe = container.at("startupProbe")
    if probe.data is None:
        return None
    period_s, failures = _or(probe, "periodSeconds", _PERIOD_S), _or(probe, "failureThreshold", _FAILURES)
    return _or(probe, "initialDelaySeconds", _DELAY_S) + period_s * failures


def _or(probe: View, field: str, default: int) -> Any:
    value = probe.number(field)
    return default if value is None else value
