"""Between which numbers of replicas what moves."""

from typing import Any

import pytest

from infra.cost.scalers import Scaler, scalers
from infra.cost.types import Window
from tests.unit.cost.manifests import manifest, stack

APP = ("Deployment", "slipway", "app")


def autoscaler(name: str = "hpa", kind: str = "Deployment", **spec: Any) -> dict[str, Any]:
    """A HorizontalPodAutoscaler of `app`."""
    return manifest("HorizontalPodAutoscaler", name, spec={"scaleTargetRef": {"kind": kind, "name": "app"}, **spec})


def scaled_object(*triggers: dict[str, Any], metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A ScaledObject of `app`."""
    spec = {"scaleTargetRef": {"name": "app"}, "triggers": list(triggers), **spec}
    return manifest("ScaledObject", "keda", metadata=metadata, spec=spec)


def cron(start: str, end: str, wanted: Any, **more: Any) -> dict[str, Any]:
    """A cron trigger."""
    return {"type": "cron", "metadata": {"start": start, "end": end, "desiredReplicas": wanted, **more}}


def scaler_of(*data: dict[str, Any], time_zone: str = "UTC") -> Scaler:
    """Of `app`."""
    return scalers(stack(*data), time_zone)[APP]


def bounds(scaler: Scaler) -> tuple[int, int]:
    """Least and most."""
    return scaler.least, scaler.most


@pytest.mark.parametrize(
    ("spec", "expected"),
    [({"minReplicas": 2, "maxReplicas": 5}, (2, 5)), ({"maxReplicas": 5}, (1, 5)),
     ({"minReplicas": 0, "maxReplicas": 3}, (0, 3)),
     ({"minReplicas": 4, "maxReplicas": 2}, (4, 4)), ({}, (1, 1)), ({"minReplicas": "x", "maxReplicas": 2}, (1, 2))],
)  # fmt: skip
def test_an_autoscaler_moves_between_its_bounds(spec: dict[str, Any], expected: tuple[int, int]) -> None:
    """At least one where it does not say."""
    assert bounds(scaler_of(autoscaler(**spec))) == expected


def test_keda_may_scale_to_nothing() -> None:
    """That is its default: 0 to 100."""
    assert bounds(scaler_of(scaled_object({"type": "prometheus"}))) == (0, 100)
    assert bounds(scaler_of(scaled_object({"type": "prometheus"}, minReplicaCount=2, maxReplicaCount=6))) == (2, 6)


def test_while_idle_keda_goes_below_its_least() -> None:
    """To `idleReplicaCount`."""
    found = scaler_of(scaled_object({"type": "prometheus"}, minReplicaCount=2, maxReplicaCount=6, idleReplicaCount=0))
    assert bounds(found) == (0, 6)


def test_a_paused_one_stays_where_it_is() -> None:
    """By annotation."""
    paused = {"annotations": {"autoscaling.keda.sh/paused-replicas": "3"}}
    assert bounds(scaler_of(scaled_object({"type": "prometheus"}, metadata=paused))) == (3, 3)


def test_a_cron_trigger_raises_the_least_while_it_is_on() -> None:
    """Beside another trigger, which may still add replicas."""
    found = scaler_of(
        scaled_object({"type": "prometheus"}, cron("0 8 * * 1-5", "0 20 * * 1-5", "2"), maxReplicaCount=6)
    )
    assert bounds(found) == (0, 6)
    assert found.schedule == tuple(Window(day * 24 + 8, day * 24 + 20, 2, 6) for day in range(5))


def test_with_cron_triggers_alone_nothing_goes_beyond_them() -> None:
    """Nothing else could: in the window exactly what it asks for, else the least."""
    found = scaler_of(scaled_object(cron("0 8 * * 1", "0 20 * * 1", 2), minReplicaCount=1, maxReplicaCount=6))
    assert bounds(found) == (1, 2)
    assert found.schedule == (Window(8, 20, 2, 2), Window(0, 168, 1, 1))


def test_a_triggers_hours_are_those_of_its_zone() -> None:
    """8:00 in Berlin is 7:00 in UTC; and 2:00 in New York where the week is New York's."""
    trigger = cron("0 8 * * 1", "0 20 * * 1", 2, timezone="Europe/Berlin")
    assert scaler_of(scaled_object(trigger)).schedule[0] == Window(7, 19, 2, 2)
    assert scaler_of(scaled_object(trigger), time_zone="America/New_York").schedule[0] == Window(2, 14, 2, 2)


@pytest.mark.parametrize(
    "trigger",
    [cron("0 8 1 * *", "0 20 * * *", 2), cron("0 8 * * *", "0 20 * * *", "many"), {"type": "cron"},
     cron("0 8 * * *", "0 20 * * *", 2, timezone="Mars/Olympus")],
)  # fmt: skip
def test_a_trigger_that_can_not_be_read_is_told(trigger: dict[str, Any]) -> None:
    """Its hours count as all others; the bounds hold."""
    found = scaler_of(scaled_object(trigger, maxReplicaCount=4))
    assert bounds(found) == (0, 4)
    assert found.schedule == ()
    assert [problem.id for problem in found.problems] == ["ScaledObject slipway/keda"]


def test_where_several_scale_one_workload_the_widest_bounds_hold() -> None:
    """And that is told: they fight."""
    found = scaler_of(autoscaler(minReplicas=2, maxReplicas=3), autoscaler("other", maxReplicas=8, minReplicas=4))
    assert bounds(found) == (2, 8)
    assert [problem.is_total_wrong for problem in found.problems] == [False]
    assert "hpa" in found.problems[0].reason
    assert "other" in found.problems[0].reason


def test_a_scaler_is_of_the_kind_that_it_names() -> None:
    """A StatefulSet of the same name is another workload."""
    assert list(scalers(stack(autoscaler(kind="StatefulSet", maxReplicas=2)), "UTC")) == [
        ("StatefulSet", "slipway", "app")
    ]
