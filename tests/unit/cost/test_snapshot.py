"""Previews, states, manifests and plans, read as what they are."""

import json
from typing import Any

import pytest
import yaml

from infra.cost.errors import SnapshotError
from infra.cost.report import Gate
from infra.cost.snapshot import Snapshot, of_plan, of_text
from kube.marks import SECRET_TEXT, UNKNOWN_MARK
from tests.unit.cost.manifests import workload
from tests.unit.infra.recorder import stack_plan

APP = {"apiVersion": "apps/v1", **workload(replicas=2)}


def resource(inputs: dict[str, Any], kind: str = "kubernetes:apps/v1:Deployment", **more: Any) -> dict[str, Any]:
    """As Pulumi's states have it."""
    return {"urn": f"urn:pulumi:prod::slipway::{kind}::app", "type": kind, "custom": True, "inputs": inputs, **more}


def preview(*steps: dict[str, Any], **more: Any) -> str:
    """The text of one that is whole."""
    summary: dict[str, int] = {}
    for step in steps:
        summary[step["op"]] = summary.get(step["op"], 0) + 1
    return json.dumps({"steps": list(steps), "duration": 1, "changeSummary": summary, **more})


def replicas(snapshot: Snapshot) -> tuple[int | None, int]:
    """Before and after, all workloads together."""
    before, after = snapshot.demands()
    return (None if before is None else sum(each.max_replicas for each in before.workloads),
            sum(each.max_replicas for each in after.workloads))  # fmt: skip


def test_a_preview_is_read_before_and_after() -> None:
    """2 replicas, then 5."""
    step = {
        "op": "update",
        "oldState": resource(APP),
        "newState": resource({**APP, "spec": {**APP["spec"], "replicas": 5}}),
    }
    found = of_text(preview(step), "preview.json")
    assert replicas(found) == (2, 5)
    assert found.checks == ()


def test_a_first_preview_has_nothing_before() -> None:
    """Nothing is deployed."""
    assert replicas(of_text(preview({"op": "create", "newState": resource(APP)}), "p")) == (None, 2)


def test_a_stack_that_is_taken_down_costs_nothing_after() -> None:
    """All steps delete."""
    found = of_text(preview({"op": "delete", "oldState": resource(APP)}), "p")
    assert replicas(found) == (2, 0)


def test_a_preview_that_failed_is_told_and_what_it_has_is_read() -> None:
    """The exit status says it, too."""
    diagnostics = [{"severity": "error", "message": "no such image"}]
    found = of_text(preview({"op": "create", "newState": resource(APP)}, diagnostics=diagnostics), "p")
    assert replicas(found) == (None, 2)
    assert [(check.gate, check.message) for check in found.checks] == [(Gate.CRITICAL, "it failed: no such image")]


def test_a_state_is_what_is_there() -> None:
    """As `pulumi stack export` prints it; what is soon deleted is not."""
    gone = resource({**APP, "metadata": {"name": "gone"}}, delete=True)
    text = json.dumps({"version": 3, "deployment": {"resources": [resource(APP), gone]}})
    assert replicas(of_text(text, "state.json")) == (None, 2)


def test_manifests_are_what_is_there() -> None:
    """YAML with several documents, or JSON."""
    assert replicas(of_text(yaml.safe_dump_all([APP, {**APP, "kind": "StatefulSet"}]), "app.yaml")) == (None, 4)
    assert replicas(of_text(json.dumps(APP), "app.json")) == (None, 2)


def test_a_plan_needs_no_pulumi() -> None:
    """Seven models of the stack prod: 5 + 8 + 4 + 5 + 6 + 8 + 10 replicas at most; and its backup."""
    before, after = of_plan(stack_plan("prod")).demands()
    assert before is None
    assert sum(each.max_replicas for each in after.workloads) == 46
    assert len(after.volumes) == 8
    assert len(after.jobs) == 8


def test_unknowns_and_secrets_are_named() -> None:
    """A preview can't know the one and must not show the other."""
    for mark, reason in (
        (UNKNOWN_MARK, "not known before the update"),
        (SECRET_TEXT, "is a secret, which is not read"),
    ):
        hidden = {**APP, "spec": {**APP["spec"], "replicas": mark}}
        _, after = of_text(preview({"op": "create", "newState": resource(hidden)}), "p").demands()
        assert [(each.id, each.reason) for each in after.unpriced] == [("Deployment slipway/app spec.replicas", reason)]


def test_other_providers_and_helm_releases_are_among_what_is_not_priced() -> None:
    """Counted, named, and wrong for the total."""
    steps = [
        {"op": "create", "newState": resource({}, "aws:rds/instance:Instance")},
        {"op": "create", "newState": resource({"name": "redis", "namespace": "x"}, "kubernetes:helm.sh/v3:Release")},
    ]
    _, after = of_text(preview(*steps), "p").demands()
    assert [each.id for each in after.unpriced] == ["1 resource of aws", "Release x/redis"]
    assert all(each.is_total_wrong for each in after.unpriced)


def test_what_is_no_object_is_a_warning() -> None:
    """A kustomization beside a Deployment."""
    other = {"apiVersion": "kustomize.config.k8s.io/v1", "kind": "Kustomization", "metadata": {"name": "x"}}
    found = of_text(yaml.safe_dump_all([APP, other]), "all.yaml")
    assert len(found.warnings) == 1
    assert "not priced: a kustomization" in found.warnings[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (preview({"op": "create", "newState": resource(APP)})[:-40], "ends in the middle: was the preview cancelled?"),
        (
            '{"sequence":0,"timestamp":1,"preludeEvent":{}}\n{"sequence":1,"timestamp":1}',
            "PULUMI_ENABLE_STREAMING_JSON_PREVIEW",
        ),
        ("", "no Kubernetes object"),
        ("just text", "no Kubernetes object"),
        ("a: [", "not YAML"),
        ('{"kind": "Pod", "kind": "Pod"}', "twice"),
    ],
)
def test_what_can_not_be_read_says_why(text: str, says: str) -> None:
    """With its name."""
    with pytest.raises(SnapshotError) as error:
        of_text(text, "source.json")
    assert says in str(error.value)
    assert "source.json" in str(error.value)
