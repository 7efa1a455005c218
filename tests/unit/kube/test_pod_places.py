"""Where pods are: in kinds of Kubernetes, in kinds of others, and nowhere in what only looks like one."""

from typing import Any

import pytest

from kube.objects import Object
from kube.pod_places import Place, places
from kube.unknown import UNKNOWN
from kube.view import Trace

SPEC: dict[str, Any] = {"containers": [{"name": "a", "image": "b"}]}
TEMPLATE = {"spec": SPEC}


def found(data: dict[str, Any], group: str = "example.com", kind: str = "Own") -> list[str]:
    """The paths of the specs of the pods in an object of a kind that nobody knows."""
    return [pod.spec.path for pod in Object({"apiVersion": f"{group}/v1", "kind": kind, **data}).pods(Trace())]


@pytest.mark.parametrize("group", ["", "apps", "batch", "extensions"])
def test_a_kind_of_kubernetes_has_its_pods_where_it_says(group: str) -> None:
    """Whatever else it holds, and be there nothing at all."""
    assert places(group, "Job", {"spec": {"other": TEMPLATE}}) == (Place(("spec", "template")),)
    assert places(group, "Pod", {}) == (Place(()),)


def test_another_groups_kind_of_the_same_name_is_searched() -> None:
    """Volcano's Job has many templates, none of them where that of Kubernetes is."""
    tasks = {"spec": {"tasks": [{"template": TEMPLATE}, {"template": TEMPLATE}]}}
    assert found(tasks, "batch.volcano.sh", "Job") == ["spec.tasks[0].template.spec", "spec.tasks[1].template.spec"]


def test_a_deployment_of_openshift_is_one() -> None:
    """Also without containers; other kinds and other groups are searched."""
    assert found({}, "apps.openshift.io", "DeploymentConfig") == ["spec.template.spec"]
    assert found({}, "apps.openshift.io", "Own") == []
    assert found({}, "example.com", "DeploymentConfig") == []


def test_a_spec_with_containers_is_found_where_it_is() -> None:
    """Whether the containers are known, not known, or none."""
    for containers in ([{"name": "a"}], [UNKNOWN], UNKNOWN, []):
        assert found({"spec": {"a": [{"template": {"spec": {"containers": containers}}}]}}) == [
            "spec.a[0].template.spec"
        ]
    assert found({"spec": SPEC}) == ["spec"]


@pytest.mark.parametrize("containers", [None, {}, "a", ["a"], [{}, "a"]])
def test_what_has_no_list_of_containers_is_no_pod(containers: Any) -> None:
    """Text and mappings by that name are something else."""
    assert found({"spec": {"containers": containers}, "a": {"containers": containers}}) == []


def test_a_template_whose_spec_is_not_known_is_one() -> None:
    """It would be missed if it were looked for again only when all is known; other unknown specs may be anything."""
    assert found({"spec": {"podTemplate": {"spec": UNKNOWN}}}) == ["spec.podTemplate.spec"]
    assert found({"spec": {"template": {"spec": None}}}) == []
    assert found({"spec": UNKNOWN}) == []
    assert found({"spec": {"a": {"spec": UNKNOWN}}}) == []


def test_a_pod_spec_by_another_name_is_found_by_its_images() -> None:
    """As in KServe's predictors and the workers of its LLMInferenceService."""
    assert found({"spec": {"predictor": SPEC, "worker": {"containers": [{"name": "a"}, {"image": "b"}]}}}) == [
        "spec.predictor",
        "spec.worker",
    ]
    assert found({"spec": {"a": {"containers": [{"name": "a"}]}, "b": {"containers": UNKNOWN}}}) == []
    assert found({"spec": {"a": {"containers": [UNKNOWN]}}}) == []
    [pod] = Object({"apiVersion": "a.b/v1", "kind": "A", "spec": {"predictor": SPEC}}).pods(Trace())
    assert [each.path for each in pod.main_containers] == ["spec.predictor.containers[0]"]
    assert pod.labels == {}


@pytest.mark.parametrize("group", ["kyverno.io", "policies.kyverno.io", "templates.gatekeeper.sh"])
def test_a_pattern_of_pods_is_none(group: str) -> None:
    """Policies hold what pods are compared with. A group that only ends alike is another one."""
    assert found({"spec": {"pattern": TEMPLATE}}, group) == []
    assert found({"spec": {"pattern": TEMPLATE}}, f"not{group}".replace("not", "not-", 1).replace(".", "-")) != []
    assert found({"spec": {"pattern": TEMPLATE}}, "mykyverno.io") == ["spec.pattern.spec"]


def test_a_workflow_is_a_pod_whose_containers_are_in_its_templates() -> None:
    """What is said for its pods is in its spec. Scripts, sets, sidecars and templates inside of steps count."""
    templates = [
        {"container": {"image": "a"}, "sidecars": [{"image": "b"}], "initContainers": [{"image": "c"}]},
        {"script": {"image": "d", "source": "e"}, "container": "text"},
        {"containerSet": {"containers": [{"image": "e"}, {"name": "f"}]}},
        {"steps": [[{"inline": {"container": {"image": "g"}}}, {"arguments": {"container": {"name": "h"}}}]]},
    ]
    paths = [
        "templates[0].container",
        "templates[0].sidecars[0]",
        "templates[0].initContainers[0]",
        "templates[1].script",
        "templates[2].containerSet.containers[0]",
        "templates[3].steps[0][0].inline.container",
    ]
    for data, path in (
        ({"spec": {"templates": templates}}, "spec"),
        ({"spec": {"b": {"templates": templates}}}, "spec.b"),
    ):
        [pod] = Object({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", **data}).pods(Trace())
        assert pod.spec.path == path
        for containers in (pod.containers, pod.main_containers, pod.sized_containers):
            assert [each.path for each in containers] == [f"{path}.{each}" for each in paths]


def test_what_else_a_workflow_holds_is_found_too() -> None:
    """Its templates are told once, other templates on their own."""
    workflow = {"templates": [{"container": {"image": "a"}, "spec": SPEC}], "executor": SPEC}
    assert found({"spec": workflow}) == ["spec", "spec.executor"]
    assert found({"spec": {"templates": [TEMPLATE]}}) == ["spec.templates[0].spec"]
    assert found({"spec": {"templates": {"a": "b"}}, "templates": "c"}) == []
