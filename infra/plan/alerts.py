"""What somebody must be told of: few rules, each of which says what is wrong for whoever asks a model.

A threshold is about requests, never about how busy hardware is: a model that works is busy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from infra.plan import queries
from infra.plan.model import ModelPlan

LEAST_DOWN_S: Final = 120
MANY_RESTARTS, RESTARTS_OVER = 3, "15m"
LONG_QUEUE: Final = 1.0
FULL_CACHE: Final = 0.95
LASTING_S: Final = 600


@dataclass(frozen=True, slots=True)
class Alert:
    """`expression` is true for `lasting_s` before anybody is told. `model` None: a label of the series tells it."""

    name: str
    severity: Literal["critical", "warning"]
    expression: str
    lasting_s: int
    summary: str
    model: str | None = None


def plan_alerts(namespace: str, models: Sequence[ModelPlan]) -> tuple[Alert, ...]:
    """Those of all models, then one for each model that must always have a replica."""
    return (*_of_all(namespace), *(_down(namespace, model) for model in models if model.least))


def _of_all(namespace: str) -> Iterator[Alert]:
    yield Alert(
        "SlipwayWorkerRestarts",
        "warning",
        f"{queries.restarts(namespace, RESTARTS_OVER)} > {MANY_RESTARTS}",
        0,
        f"Workers of {{{{ $labels.model }}}} were replaced more than {MANY_RESTARTS} times in {RESTARTS_OVER}",
    )
    yield Alert(
        "SlipwayQueueLong",
        "warning",
        f"{queries.waiting_by_slot(namespace)} > {LONG_QUEUE:g}",
        LASTING_S,
        "As many requests of {{ $labels.model }} wait as can run: it is at its most replicas, or they do not come",
    )
    yield Alert(
        "SlipwayCacheFull",
        "warning",
        f"{queries.kv_share(namespace)} > {FULL_CACHE:g}",
        LASTING_S,
        "Running requests of {{ $labels.model }} hold nearly all of its cache: others wait, though slots are free",
    )


def _down(namespace: str, model: ModelPlan) -> Alert:
    """A rollout that has to pause is no alert, unless it takes longer than loading."""
    return Alert(
        "SlipwayModelDown",
        "critical",
        f"{queries.serving(model.id, namespace)} < 1",
        max(model.probes.load_s, LEAST_DOWN_S),
        f"No replica of {model.id} serves",
        model.id,
    )
