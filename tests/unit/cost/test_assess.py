"""A snapshot as a report: the same for the command, the policy and the check of a pull request."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from infra.cost import assess, gate, settings_file, what_if
from infra.cost.money import Range, total
from infra.cost.report import Gate
from infra.cost.snapshot import Snapshot
from infra.cost.types import Unpriced
from infra.cost.what_if import WhatIf
from kube.objects import Object

DAY = datetime.date(2026, 8, 1)
COST: dict[str, Any] = {
    "provider": "aws",
    "region": "us-east-1",
    "control_plane": False,
    "pools": [{"name": "general", "types": ["m7i.xlarge"]}],
    "budgets": {"typical": 200},
}


def web(replicas: int) -> Object:
    """One m7i.xlarge for each replica: 147.17 a month."""
    containers = [{"name": "web", "image": "web", "resources": {"requests": {"cpu": "3"}}}]
    template = {"metadata": {"labels": {"slipway.dev/model": "web"}}, "spec": {"containers": containers}}
    metadata = {"name": "web", "namespace": "shop"}
    spec = {"replicas": replicas, "template": template}
    return Object({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})


def gpt_oss() -> tuple[Object, ...]:
    """A server with one GPU and 1 to 12 replicas."""
    resources = {"requests": {"cpu": "1", "memory": "8Gi"}, "limits": {"nvidia.com/gpu": "1"}}
    spec = {
        "containers": [{"name": "server", "image": "server", "resources": resources}],
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    }
    metadata = {"name": "gpt-oss", "namespace": "shop"}
    template = {"metadata": {"labels": {"slipway.dev/model": "gpt-oss"}}, "spec": spec}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gpt-oss"}
    bounds = {"minReplicas": 1, "maxReplicas": 12, "scaleTargetRef": target}
    own = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": bounds}
    return Object(own), Object(scaler)


def test_the_command_and_the_policy_agree() -> None:
    """The same budget, the same figures, to the cent."""
    for replicas in (1, 2):
        snapshot = Snapshot(None, (web(replicas),))
        report = assess.assess("prod", snapshot, settings_file.parse(COST), DAY)
        [budget] = report.budgets
        breaches = list(gate.breaches(snapshot.after, COST))
        assert (
            [each.is_known for each in breaches] == [True] * (budget.gate is Gate.EXCEEDED) == [True] * (replicas - 1)
        )
        assert all(f"{budget.actual_cents / 100:.2f} USD" in each.message for each in breaches)


def test_a_region_without_prices_is_told_as_a_whole() -> None:
    """Besides each machine that has none."""
    report = assess.assess("prod", Snapshot(None, (web(1),)), settings_file.parse({**COST, "region": "mars-1"}), DAY)
    assert [check.name for check in report.checks] == ["price book"]
    assert report.gate is not Gate.PASS


def test_the_parts_of_a_what_if_add_up_and_before_is_what_is_set() -> None:
    """1 replica: 147.17. 3 replicas, on spot: each option has its part, counted one after the other."""
    asked = what_if.parse(replicas=["web=3"], spot=["100"])
    report = assess.assess_what_if("prod", Snapshot(None, (web(1),)), settings_file.parse(COST), DAY, asked)
    assert report.before is not None
    assert report.before.cost == Range(14717, 14717, 14717)
    assert total([each.cost for each in report.changes]) == report.after.cost - report.before.cost
    assert [(each.subject, each.field, each.after) for each in report.changes] == [
        ("web", "replicas", "3 to 3"),
        ("all pools", "spot", "100%"),
    ]
    [row] = [row for row in report.models if row.name == "web"]
    assert row.before == Range(14717, 14717, 14717)


def test_the_parts_of_a_what_if_add_up_where_replicas_hang_on_the_gpu() -> None:
    """gpt-oss at 1,500 tokens/s: an L4 yields 606 (4.2 GB a token), so 2 of them on average; an H100 alone is enough.

    g6.xlarge costs 587.50 a month, and each part is counted with the replicas that the GPU of that step needs.
    """
    gpu = {"name": "gpu", "types": ["g6.xlarge"]}
    cost = {**COST, "pools": [gpu], "traffic": {"gpt-oss": {"peak_tokens_s": 1500}}}
    asked = what_if.parse(gpus=["gpt-oss=NVIDIA-H100-80GB-HBM3"], spot=["100"])
    report = assess.assess_what_if("prod", Snapshot(None, gpt_oss()), settings_file.parse(cost), DAY, asked)
    assert report.before is not None
    assert [(row.name, row.replicas[1]) for row in report.models if row.name == "gpt-oss"] == [("gpt-oss", 1)]
    assert report.before.cost.typical_cents > 58750
    assert total([each.cost for each in report.changes]) == report.after.cost - report.before.cost


def test_what_has_no_price_before_makes_the_difference_wrong() -> None:
    """A Helm release that goes: the total after is right, the change is not. One that stays is told once."""
    release = Unpriced("Release x/redis", "made by Helm")
    snapshot = Snapshot((web(1),), (web(1),), unpriced_before=(release,))
    for each, names in ((snapshot, ["before"]), (replace(snapshot, unpriced=(release,)), [])):
        report = assess.assess("prod", each, settings_file.parse(COST), DAY)
        assert [check.name for check in report.checks] == names
        assert report.gate is Gate.WARNING


def test_a_what_if_of_nothing_changes_nothing() -> None:
    """Nor does it look at what is deployed."""
    snapshot = replace(Snapshot((web(9),), (web(1),)))
    report = assess.assess_what_if("prod", snapshot, settings_file.parse(COST), DAY, WhatIf())
    assert report.before is not None
    assert report.after.cost == report.before.cost
    assert report.changes == ()
