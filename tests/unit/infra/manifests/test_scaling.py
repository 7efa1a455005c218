"""Plans of autoscalers as objects, and what the cost report reads in them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import weeks
from infra.cost.hours import bounds_at
from infra.cost.scalers import scalers
from infra.cost.types import Resources, Shape, Workload
from infra.manifests.scaling import autoscalers
from infra.plan import Plan
from infra.settings.group import DAYS
from kube.objects import Object, Stack
from tests.unit.infra.plan.stacks import BURST, GPU, KEDA, config, one, plan

ADAPTER: dict[str, Any] = {"scaling": {"metrics": "adapter"}}
DAY = {"days": "weekdays", "start": "08:00", "end": "18:00", "min_replicas": 3, "time_zone": "Europe/Berlin"}


def objects(found: Plan) -> list[dict[str, Any]]:
    """Of all models."""
    return [each for model in found.models for each in autoscalers(found, model)]


def only(*groups: dict[str, Any]) -> dict[str, Any]:
    """The spec of the autoscaler of a model with one tier."""
    (found,) = objects(plan(*groups))
    return dict(found["spec"])


def test_an_hpa_measures_the_servers_own_container() -> None:
    """As much as a replica may use, less what arrives while the next one loads; sidecars don't count."""
    spec = only(one("legal"))
    (metric,) = spec["metrics"]
    assert metric["type"] == "ContainerResource"
    assert metric["containerResource"] == {
        "name": "cpu",
        "container": "serve",
        "target": {"type": "AverageValue", "averageValue": "3200m"},
    }


def test_an_hpa_of_gpus_counts_requests_where_an_adapter_tells_them() -> None:
    """Those that run and those that wait."""
    spec = only(ADAPTER, one(GPU, profile="gpu24-20g", num_slots=2))
    assert [(each["type"], each["pods"]["metric"]["name"]) for each in spec["metrics"]] == [
        ("Pods", "model_running_requests"),
        ("Pods", "queue_depth"),
    ]
    assert {each["pods"]["target"]["averageValue"] for each in spec["metrics"]} == {"1600m"}


def test_it_grows_at_once_and_shrinks_by_one_a_minute() -> None:
    """With either engine alike."""
    behavior = only(one("legal"))["behavior"]
    assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert {each["type"]: each["value"] for each in behavior["scaleUp"]["policies"]} == {"Pods": 2, "Percent": 100}
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 600
    assert behavior["scaleDown"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 60}]
    keda = only(KEDA, one("legal"))
    assert keda["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == behavior


def test_keda_asks_for_a_total_and_takes_a_missing_answer_for_a_fault() -> None:
    """Else a wrong label would be no load, in silence."""
    spec = only(KEDA, one("legal", schedule=[]))
    (trigger,) = spec["triggers"]
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
    assert trigger["metadata"]["ignoreNullValues"] == "false"
    assert trigger["metadata"]["threshold"] == "3.2"
    assert spec["fallback"]["behavior"] == "currentReplicasIfHigher"
    assert spec["fallback"]["replicas"] == spec["minReplicaCount"]


def test_hours_are_triggers_beside_the_load() -> None:
    """A clock raises the least number; between its hours the load alone decides. It never asks for 0."""
    spec = only(KEDA, one("legal", min_replicas=1, max_replicas=5, schedule=[DAY]))
    assert [each["type"] for each in spec["triggers"]] == ["prometheus", "cron"]
    assert spec["triggers"][1]["metadata"] == {
        "timezone": "Europe/Berlin",
        "start": "0 8 * * 1-5",
        "end": "0 18 * * 1-5",
        "desiredReplicas": "3",
    }
    names = [each["name"] for each in spec["triggers"]]
    assert len(set(names)) == len(names)


def test_keda_measures_processors_with_a_trigger_of_its_own() -> None:
    """There, no answer of Prometheus can be missing, and KEDA refuses a fallback."""
    spec = only(KEDA, one("legal", signal="cpu", schedule=[]))
    assert spec["triggers"] == [
        {"type": "cpu", "metricType": "AverageValue", "metadata": {"value": "3200m", "containerName": "serve"}}
    ]
    assert "fallback" not in spec
    assert spec["minReplicaCount"] > 0


def test_only_what_comes_down_to_none_has_a_pause_before_that() -> None:
    """KEDA warns of settings that have no effect."""
    base, burst = (each["spec"] for each in objects(plan(KEDA, BURST, one("legal", schedule=[]))))
    assert not {"pollingInterval", "cooldownPeriod"} & base.keys()
    assert (burst["minReplicaCount"], burst["cooldownPeriod"]) == (0, 600)


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_no_workload_has_two_autoscalers(stack: str) -> None:
    """Nor one of each kind."""
    for engine in ("hpa", "keda"):
        groups = [{"scaling": {"engine": engine, "time_zone": "UTC"}}, BURST]
        models: dict[str, Any] = {} if engine == "keda" or stack == "staging" else {"models": {"legal": {}, GPU: {}}}
        found = objects(plan(*groups, models, stack=stack))
        kinds = {each["kind"] for each in found}
        targets = [each["spec"]["scaleTargetRef"]["name"] for each in found]
        assert kinds == {"hpa": {"HorizontalPodAutoscaler"}, "keda": {"ScaledObject"}}[engine]
        assert sorted(targets) == sorted(each["metadata"]["name"] for each in found)
        assert len(set(targets)) == len(targets)


hours = st.lists(
    st.builds(
        lambda days, start, end, least: {
            "days": sorted(days, key=DAYS.index),
            "start": f"{start:02}:00",
            "end": f"{end:02}:00",
            "min_replicas": least,
        },
        st.sets(st.sampled_from(DAYS), min_size=1),
        st.integers(0, 23),
        st.integers(0, 23),
        st.integers(1, 6),
    ),
    max_size=3,
)


@settings(deadline=None, max_examples=50)
@given(hours, st.integers(1, 4), st.booleans(), st.integers(0, 167))
def test_the_cost_report_reads_the_hours_that_the_schedule_says(
    schedule: list[dict[str, Any]], least: int, bursts: bool, hour: int
) -> None:
    """Of all tiers together, in whole hours: what is paid for is what is planned."""
    groups = [KEDA, BURST if bursts else {}, one("legal", min_replicas=least, max_replicas=6, schedule=schedule)]
    found = plan(*groups)
    read = scalers(Stack(tuple(Object(each) for each in objects(found))), "UTC")
    shape = Shape(Resources(), {}, {})
    counted = [
        bounds_at(Workload("Deployment", "slipway", name, shape, each.least, each.most, schedule=each.schedule), hour)
        for (_, _, name), each in read.items()
    ]
    assert not [problem for each in read.values() for problem in each.problems]
    (chosen,) = config(*groups).models
    assert sum(each.least for each in counted) == weeks.week_of(chosen.windows, least).at(hour * 60)
    assert sum(each.most for each in counted) == 6
