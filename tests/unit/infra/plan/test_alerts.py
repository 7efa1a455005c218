"""What somebody is told of: by metrics that the server has, and about models that must be there."""

from typing import Any

import pytest

from infra.manifests.monitoring import monitors
from infra.plan.alerts import plan_alerts
from tests.unit.infra.plan.stacks import KEDA, one, plan
from tests.unit.infra.plan.test_queries import BY_PROMETHEUS, LABEL, NAME, exported

WATCHED: dict[str, Any] = {"monitoring": {"operator": True, "labels": {"team": "ai"}, "interval_s": 15}}


def test_every_metric_of_an_alert_is_one_of_the_server() -> None:
    """With the labels it is asked by: a wrong name would never wake anybody."""
    there = exported()
    found = plan_alerts("slipway", plan(WATCHED).models)
    assert {each.name for each in found} >= {"SlipwayModelDown", "SlipwayQueueLong", "SlipwayCacheFull"}
    for alert in found:
        names = NAME.findall(alert.expression)
        assert names, alert.name
        for name in names:
            assert set(LABEL.findall(alert.expression)) - BY_PROMETHEUS <= there[name], name


def test_a_model_that_may_be_gone_is_not_missed() -> None:
    """At night; one that always has a replica is, after the time that loading takes."""
    by_day = one(
        "legal", min_replicas=0, schedule=[{"days": "weekdays", "start": "08:00", "end": "18:00", "min_replicas": 1}]
    )
    absent, there = plan(WATCHED, KEDA, by_day), plan(WATCHED, KEDA, one("legal"))
    assert [each.model for each in plan_alerts("slipway", absent.models) if each.model] == []
    (down,) = [each for each in plan_alerts("slipway", there.models) if each.model]
    assert down.lasting_s >= there.models[0].probes.load_s
    assert down.expression.endswith("or vector(0)) < 1")


def test_the_operator_finds_both_objects_by_the_labels_of_the_stack() -> None:
    """And every alert says whose it is."""
    found = plan(WATCHED)
    monitor, rules = monitors(found)
    assert (monitor["kind"], rules["kind"]) == ("ServiceMonitor", "PrometheusRule")
    assert all(each["metadata"]["labels"]["team"] == "ai" for each in (monitor, rules))
    assert monitor["spec"]["endpoints"] == [{"port": "metrics", "path": "/metrics", "interval": "15s"}]
    (group,) = rules["spec"]["groups"]
    assert {rule["labels"]["owner"] for rule in group["rules"]} == {"platform"}
    assert {rule["labels"]["severity"] for rule in group["rules"]} == {"warning", "critical"}


@pytest.mark.parametrize("groups", [[], [{"monitoring": {"namespace": "observability"}}]])
def test_without_the_operator_there_is_nothing(groups: list[dict[str, Any]]) -> None:
    """Its kinds are not in the cluster then."""
    assert monitors(plan(*groups)) == []
