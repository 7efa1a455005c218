"""What Prometheus reads, in a registry of its own. Labels are names of services, never addresses."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from health_monitor.check import Failure, Reason
from health_monitor.services import Service
from health_monitor.state import State

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
REASONS: tuple[Reason, ...] = ("timeout", "connection", "status")
RESULTS = ("sent", "failed", "dropped")


class Metrics:
    """All series of all services are there from the start, at 0: a rate needs a first value."""

    def __init__(self, services: tuple[Service, ...]) -> None:
        self.registry = registry = CollectorRegistry()
        of = ["service"]
        self._state = Gauge(
            "health_monitor_service_state", "1 for the state that it is in", [*of, "state"], registry=registry
        )
        self._seconds = Histogram(
            "health_monitor_check_seconds", "Time that checks take", of, buckets=SECONDS, registry=registry
        )
        self._failures = Counter(
            "health_monitor_check_failures", "Checks that failed", [*of, "reason"], registry=registry
        )
        self._success = Gauge(
            "health_monitor_last_success_timestamp_seconds", "Of the last check that went well; 0: none did", of,
            registry=registry,
        )  # fmt: skip
        self._changes = Counter("health_monitor_changes", "Changes of state", [*of, "to"], registry=registry)
        self._webhooks = Counter("health_monitor_webhooks", "Messages of changes", ["result"], registry=registry)
        for service in services:
            self._begin(service.name)
        for result in RESULTS:
            self._webhooks.labels(result)

    def _begin(self, name: str) -> None:
        self._set_state(name, State.UNKNOWN)
        self._seconds.labels(name)
        self._success.labels(name)
        for reason in REASONS:
            self._failures.labels(name, reason)
        for state in (State.UP, State.DOWN):
            self._changes.labels(name, state.value)

    def on_check(self, name: str, seconds: float, failure: Failure | None, at: float) -> None:
        """One check is done."""
        self._seconds.labels(name).observe(seconds)
        if failure is None:
            self._success.labels(name).set(at)
        else:
            self._failures.labels(name, failure.reason).inc()

    def on_change(self, name: str, state: State) -> None:
        """It is another now."""
        self._set_state(name, state)
        self._changes.labels(name, state.value).inc()

    def _set_state(self, name: str, state: State) -> None:
        for each in State:
            self._state.labels(name, each.value).set(each is state)

    def on_webhook(self, result: str) -> None:
        """What became of one message: sent, failed, dropped."""
        self._webhooks.labels(result).inc()

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)
