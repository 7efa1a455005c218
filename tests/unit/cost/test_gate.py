"""Which budgets do not hold, and of which nobody knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.cost import gate
from infra.cost.errors import CostSettingsError
from infra.cost.gate import Breach
from kube.objects import Object
from kube.unknown import UNKNOWN

COST = {
    "provider": "aws",
    "region": "us-east-1",
    "control_plane": False,
    "pools": [{"name": "general", "types": ["m7i.xlarge"]}],
}


def web(name: str = "web", replicas: Any = 1, cpu: Any = "3") -> Object:
    """One m7i.xlarge for each replica: 147.17 a month."""
    containers = [{"name": "web", "image": "web", "resources": {"requests": {"cpu": cpu}}}]
    template = {"metadata": {"labels": {"slipway.dev/model": name}}, "spec": {"containers": containers}}
    metadata = {"name": name, "namespace": "shop"}
    spec = {"replicas": replicas, "template": template}
    return Object({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})


def found(*objects: Object, **budgets: Any) -> list[Breach]:
    """With these budgets."""
    return list(gate.breaches(objects, {**COST, "budgets": budgets}))


def test_a_budget_that_holds_is_silent() -> None:
    """147.17 of 148 dollars, though that is more than the 95 % at which the report warns."""
    assert found(web(), typical=148, high=148, per_model={"web": 148}) == []


def test_a_budget_that_does_not_hold_is_told_with_both_figures() -> None:
    """At the dearest workload."""
    [breach] = found(web("small"), web("large", 2), typical=441)
    assert breach.message == "budget stack, typical: 441.50 USD are more than 441.00"
    assert breach.is_known
    assert breach.target is not None
    assert breach.target.id == "shop/large"


def test_a_models_budget_is_told_at_the_model() -> None:
    """Even if another one is dearer."""
    [breach] = found(web("small"), web("large", 2), typical=9999, per_model={"small": 100, "large": 300})
    assert breach.message.startswith("budget small, typical: 147.17 USD")
    assert breach.target is not None
    assert breach.target.id == "shop/small"


@pytest.mark.parametrize(
    ("objects", "budgets", "said"),
    [
        ([web(replicas=UNKNOWN)], {"typical": 148}, "can't be judged"),
        ([web(replicas=UNKNOWN)], {"typical": 100}, "are more than"),
        ([web(cpu="300")], {"typical": 148}, "fit on no node"),
        ([web()], {"per_model": {"wbe": 148}}, "there is no such model"),
        ([web()], {"per_million_tokens": {"web": 1}}, "no throughput is known"),
    ],
)
def test_what_is_not_known_is_not_condemned(objects: list[Object], budgets: Any, said: str) -> None:
    """It is told as what it is."""
    [breach] = found(*objects, **budgets)
    assert said in breach.message
    assert not breach.is_known


def test_many_doubts_are_one_sentence() -> None:
    """The first of them, and how many more there are."""
    [breach] = found(web("a", UNKNOWN), web("b", UNKNOWN), web("c", UNKNOWN), typical=9999)
    assert breach.message.endswith(", and 2 more")


def test_a_machine_without_a_price_is_a_doubt() -> None:
    """Nothing is judged by half a sum."""
    raw = {**COST, "machines": {"own": {"cpu": "4", "memory": "16Gi"}}, "budgets": {"typical": 1}}
    [breach] = gate.breaches([web()], {**raw, "pools": [{"name": "general", "types": ["own"]}]})
    assert not breach.is_known


def test_a_stack_that_runs_nothing_has_no_target() -> None:
    """But its control plane may be too dear: 73 dollars."""
    empty = replace(web(), data={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    assert found(empty, typical=0) == []
    [breach] = gate.breaches([empty], {**COST, "control_plane": True, "budgets": {"typical": 72}})
    assert (breach.target, breach.is_known) == (None, True)


def test_wrong_settings_are_an_error() -> None:
    """The pack has refused them before."""
    with pytest.raises(CostSettingsError):
        list(gate.breaches([web()], {"provider": "mars"}))
