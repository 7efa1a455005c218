"""What autoscalers ask Prometheus, against what the server tells it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from infra.manifests import scaling
from infra.plan import queries
from serve.engine.types import Stats
from serve.supervision.lifecycle import State
from serve.supervision.ports import Status
from serve.telemetry.metrics import Metrics
from tests.unit.infra.plan.stacks import BURST, KEDA, plan

NAME = re.compile(r"([a-z_]+)\{")
LABEL = re.compile(r'([a-z_]+)="')
SERVING = Status("legal", State.SERVING, "", 0, 0, 0.0, True, Stats(), None, 0)
BY_PROMETHEUS = {"namespace"}
"""Labels that a scrape adds."""


def exported() -> dict[str, set[str]]:
    """The metrics of a server with a model, by name, each with its labels."""
    text = Metrics(lambda: [SERVING]).text().decode()
    families = text_string_to_metric_families(text)
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_every_metric_in_a_query_is_one_of_the_server(stack: str) -> None:
    """With the labels it is asked by: a wrong name would be no load at all."""
    there = exported()
    for model in plan(KEDA, BURST, stack=stack).models:
        for tier in model.tiers:
            for query in [signal.query for signal in tier.scaling.signals if signal.query]:
                for name in NAME.findall(query):
                    assert set(LABEL.findall(query)) - BY_PROMETHEUS <= there[name], name
                assert NAME.findall(query)


def test_every_metric_of_pods_is_one_of_the_server() -> None:
    """For HPAs with an adapter."""
    adapter = {"scaling": {"signal": "queue", "metrics": "adapter"}}
    stack = plan(adapter)
    names = {
        metric["pods"]["metric"]["name"]
        for model in stack.models
        for scaler in scaling.autoscalers(stack, model)
        for metric in scaler["spec"]["metrics"]
    }
    assert names == {queries.RUNNING, queries.WAITING} <= set(exported())


@given(st.floats(-100, 100).map(lambda shift: round(shift, 2)), st.booleans())
def test_a_query_is_a_total_that_is_never_below_none(shift: float, may_be_none: bool) -> None:
    """An autoscaler divides it by the replicas; a share below 0 would be an error."""
    query = queries.demand("legal", "slipway", shift=shift, may_be_none=may_be_none)
    assert query.count("sum(") == 2
    assert query.startswith("clamp_min(") == (shift != 0)
    assert query.endswith(", 0)") == (shift != 0)
    assert ("or vector(0)" in query) == may_be_none
    assert query.count("(") == query.count(")")


def test_a_tier_asks_for_its_part_of_the_load() -> None:
    """The burst has what the base can't do."""
    asked = queries.requests("legal", "slipway")
    assert queries.demand("legal", "slipway", shift=-6.4, may_be_none=False) == f"clamp_min({asked} - 6.4, 0)"
    assert queries.demand("legal", "slipway", shift=3.2, may_be_none=True) == (
        f"clamp_min(({asked} or vector(0)) + 3.2, 0)"
    )
