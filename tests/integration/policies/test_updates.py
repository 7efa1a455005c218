"""The pack in a real `pulumi up`, on a real API server: what a preview could not know is decided there."""

from __future__ import annotations

import pytest

from tests.integration.policies.project import Project

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

UNKNOWN = """
first = k8s.core.v1.ConfigMap("first", metadata={"name": "first"})
late = first.id.apply(lambda known: VALUE)
k8s.core.v1.Pod("late", metadata={"name": "late"}, spec={"containers": [
    {"name": "c", "image": "registry.example.com/a:1", "securityContext": {"readOnlyRootFilesystem": late}}]})
"""
ONE_RULE = {"levels": {"all": "disabled", "read-only-root-fs": "mandatory"}}


@pytest.mark.parametrize("value", ["False", "True"])
def test_what_a_preview_can_not_know_is_told_there_and_decided_in_the_update(live_project: Project, value: str) -> None:
    """A bad value stops the update before the object is made; a good one passes."""
    live_project.configure(ONE_RULE)
    live_project.register({}, head=UNKNOWN.replace("VALUE", value))
    answer = live_project.ask("preview")
    assert answer.status == 0, answer.text
    assert answer.rules("advisory") == {"read-only-root-fs"}
    assert (
        "spec.containers[0].securityContext.readOnlyRootFilesystem: must be true (unknown: decided at up)"
        in answer.text
    )

    answer = live_project.ask("up", "--yes", "--skip-preview")
    assert (answer.status == 0) == (value == "True"), answer.text
    assert answer.rules("mandatory") == (set() if value == "True" else {"read-only-root-fs"})
    assert ("late" in live_project.resources()) == (value == "True")
    assert "first" in live_project.resources()
    live_project.pulumi("destroy", "--yes", "--skip-preview")


def test_a_stack_rule_judges_what_was_asked_for_not_what_the_cluster_made_of_it(live_project: Project) -> None:
    """The API server gives a Deployment `replicas: 1`, which nobody has written: no fight with its autoscaler."""
    labels = {"app": "a"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": "registry.example.com/a:1"}]},
            },
        },
    }
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "a", "namespace": "default"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"},
            "minReplicas": 2,
            "maxReplicas": 3,
        },
    }
    live_project.configure({"levels": {"all": "disabled", "hpa-valid": "mandatory"}})
    live_project.register({"deployment": deployment, "autoscaler": autoscaler})
    answer = live_project.ask("up", "--yes", "--skip-preview")
    assert (answer.status, answer.told) == (0, frozenset()), answer.text
    made = live_project.resources()["deployment"]
    assert "replicas" not in made["inputs"]["spec"]
    assert made["outputs"]["spec"]["replicas"] in (1, 2)  # 2 where the autoscaler was quicker than the update
    live_project.pulumi("destroy", "--yes", "--skip-preview")
