"""One model spec, every output: what runs is the same wherever it runs. A table over all stacks and models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import yaml

from infra import names
from infra.manifests.objects import Manifest
from infra.outputs import aicore, compose, kubernetes
from infra.outputs.aicore_plans import within
from infra.plan import ModelPlan, Plan
from infra.units import parse_bytes, parse_cpu
from tests.unit.infra.outputs.samples import PAIRS, references
from tests.unit.infra.recorder import kubernetes_objects, record, stack_plan

CLUSTER = ("up", "yaml")
OUTPUTS = (*CLUSTER, "aicore", "compose")
AS_A_FILE = "SLIPWAY_MODELS_FILE"
AS_TEXT = "SLIPWAY_MODELS_JSON"


@dataclass(frozen=True)
class Spec:
    """What an output says of a model, in one vocabulary."""

    image: str
    env: Mapping[str, str]
    models: Any
    cpu: tuple[int, int]
    memory: tuple[int, int]
    num_gpus: int
    ports: frozenset[int]
    probes: Mapping[str, str]
    startup_s: int
    grace_s: int
    least_replicas: int
    most_replicas: int
    folder_is_writable: bool
    fetch: tuple[str, ...]


@cache
def cluster_objects(stack: str, output: str) -> tuple[Manifest, ...]:
    """Of `pulumi up`, or of the files."""
    if output == "up":
        return tuple(kubernetes_objects(record(stack_plan(stack))))
    plan = stack_plan(stack)
    return tuple(yaml.safe_load(text) for text in kubernetes.files(plan, references(plan)).values())


@cache
def compose_services(stack: str) -> dict[str, Any]:
    """Of the file, as Compose reads it."""
    plan = stack_plan(stack)
    found = yaml.safe_load(compose.files(plan, references(plan))["compose.yaml"].replace("$$", "$"))
    return dict(found["services"])


@cache
def spec(output: str, stack: str, model_id: str) -> Spec:
    """Read back from what the output writes, never from what it was made of."""
    plan = stack_plan(stack)
    model = next(each for each in plan.models if each.id == model_id)
    match output:
        case "aicore":
            return of_aicore(plan, model)
        case "compose":
            return of_compose(plan, model)
        case _:
            return of_cluster(cluster_objects(stack, output), model)


def of_cluster(objects: tuple[Manifest, ...], model: ModelPlan) -> Spec:
    """Of Deployment, ConfigMap, autoscalers and Job."""
    found = {(each["kind"], each["metadata"]["name"]): each for each in objects}
    pod = found["Deployment", model.id]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    [config] = [each["configMap"]["name"] for each in pod["volumes"] if each["name"] == "config"]
    scalers = [
        each["spec"]
        for (kind, name), each in found.items()
        if kind in ("HorizontalPodAutoscaler", "ScaledObject") and name in (model.id, f"{model.id}-burst")
    ]
    [mount] = [each for each in container["volumeMounts"] if each["mountPath"] == names.MODELS_DIR]
    jobs = [each for (kind, _), each in found.items() if kind == "Job" and _is_of(each, model)]
    return Spec(
        image=container["image"],
        env={each["name"]: each["value"] for each in container["env"]},
        models=json.loads(found["ConfigMap", config]["data"]["models.json"]),
        **_sizes(container),
        ports=frozenset(each["containerPort"] for each in container["ports"]),
        probes=_probes(container),
        startup_s=_startup_s(container),
        grace_s=pod["terminationGracePeriodSeconds"],
        least_replicas=sum(each.get("minReplicas", each.get("minReplicaCount", 0)) for each in scalers),
        most_replicas=sum(each.get("maxReplicas", each.get("maxReplicaCount", 0)) for each in scalers),
        folder_is_writable=not mount["readOnly"],
        fetch=tuple(jobs[0]["spec"]["template"]["spec"]["containers"][0]["args"]),
    )


def of_aicore(plan: Plan, model: ModelPlan) -> Spec:
    """Of the texts in a template."""
    found = yaml.safe_load(aicore.files(plan, references(plan))[f"{model.id}.yaml"])
    predictor = yaml.safe_load(found["spec"]["template"]["spec"])["predictor"]
    [container] = predictor["containers"]
    env = {each["name"]: each["value"] for each in container["env"]}
    return Spec(
        image=found["spec"]["inputs"]["parameters"][0]["default"],
        env=env,
        models=json.loads(env[AS_TEXT]),
        **_sizes(container),
        ports=frozenset(each["containerPort"] for each in container["ports"]),
        probes=_probes(container),
        startup_s=_startup_s(container),
        grace_s=predictor["terminationGracePeriodSeconds"],
        least_replicas=predictor["minReplicas"],
        most_replicas=predictor["maxReplicas"],
        folder_is_writable=True,
        fetch=tuple(container["command"][3:]),
    )


def of_compose(plan: Plan, model: ModelPlan) -> Spec:
    """Of the service and the one that fetches before it."""
    services = compose_services(plan.stack)
    service, resources = services[model.id], services[model.id]["deploy"]["resources"]
    asked, limits = resources["reservations"], resources["limits"]
    return Spec(
        image=service["image"],
        env=service["environment"],
        models=json.loads(service["environment"][AS_TEXT]),
        cpu=(parse_cpu(asked["cpus"]), parse_cpu(limits["cpus"])),
        memory=(int(asked["memory"].removesuffix("b")), int(limits["memory"].removesuffix("b"))),
        num_gpus=sum(each["count"] for each in asked.get("devices", [])),
        ports=frozenset(each["target"] for each in service["ports"]),
        probes={"ready": service["healthcheck"]["test"][3].split("8000")[1].split("'")[0]},
        startup_s=int(service["healthcheck"]["start_period"].removesuffix("s")),
        grace_s=int(service["stop_grace_period"].removesuffix("s")),
        least_replicas=1,
        most_replicas=1,
        folder_is_writable=not service["volumes"][0]["read_only"],
        fetch=tuple(services[f"{model.id}-weights"]["command"]),
    )


def _is_of(each: Manifest, model: ModelPlan) -> bool:
    return bool(each["metadata"]["labels"].get(names.MODEL_LABEL) == model.id)


def _sizes(container: Manifest) -> dict[str, Any]:
    asked, limits = container["resources"]["requests"], container["resources"]["limits"]
    return {
        "cpu": (parse_cpu(asked["cpu"]), parse_cpu(limits["cpu"])),
        "memory": (parse_bytes(asked["memory"]), parse_bytes(limits["memory"])),
        "num_gpus": int(limits.get(names.GPU, 0)),
    }


def _probes(container: Manifest) -> dict[str, str]:
    kinds = {"startup": "startupProbe", "live": "livenessProbe", "ready": "readinessProbe"}
    return {name: container[kind]["httpGet"]["path"] for name, kind in kinds.items()}


def _startup_s(container: Manifest) -> int:
    probe = container["startupProbe"]
    return int(probe["periodSeconds"] * probe["failureThreshold"])


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(("stack", "model_id"), PAIRS)
def test_every_output_runs_the_model_that_is_planned(stack: str, model_id: str, output: str) -> None:
    """Image, settings, models.json, sizes, ports, probes, times and the command that fetches."""
    plan = stack_plan(stack)
    model = next(each for each in plan.models if each.id == model_id)
    found = spec(output, stack, model_id)
    is_cluster = output in CLUSTER

    assert found.image == references(plan).known["serve-cuda" if model.gpu else "serve"]
    assert found.models == json.loads(model.server.models_json)
    wanted = {**model.server.env, "SLIPWAY_GRACE_S": str(model.base.drain_s)}
    ours = {key: value for key, value in found.env.items() if key.startswith("SLIPWAY_") and key != AS_TEXT}
    assert ours == {key: value for key, value in wanted.items() if is_cluster or key != AS_A_FILE}
    asked = within(model.resources, plan.aicore.resource_plan) if output == "aicore" else model.resources
    assert found.cpu == (asked.cpu_m, asked.cpu_limit_m)
    assert found.memory == (asked.memory_bytes, asked.memory_bytes)
    assert found.num_gpus == model.resources.num_gpus
    assert names.HTTP_PORT in found.ports
    assert (names.METRICS_PORT in found.ports) == is_cluster  # elsewhere only one port may be told, or is published
    assert found.probes.items() <= {name: f"/health/{name}" for name in ("startup", "live", "ready")}.items()
    startup_s = model.probes.period_s * model.probes.startup_failures
    assert found.startup_s >= startup_s if output == "aicore" else found.startup_s == startup_s
    assert found.grace_s == model.base.grace_s
    assert found.folder_is_writable == (output == "aicore")  # there one container fetches and serves


@pytest.mark.parametrize(("stack", "model_id"), PAIRS)
def test_replicas_are_within_the_bounds_of_whoever_scales(stack: str, model_id: str) -> None:
    """Those of the model in a cluster, those of AI Core there, and one on one machine."""
    plan = stack_plan(stack)
    model = next(each for each in plan.models if each.id == model_id)
    bounds = {name: spec(name, stack, model_id) for name in OUTPUTS}
    found = {name: (each.least_replicas, each.most_replicas) for name, each in bounds.items()}
    assert found["up"] == found["yaml"] == (model.least, model.most)
    assert found["aicore"] == (plan.aicore.min_replicas, plan.aicore.max_replicas)
    assert found["compose"] == (1, 1)


@pytest.mark.parametrize(("stack", "model_id"), PAIRS)
def test_weights_are_fetched_by_the_same_words(stack: str, model_id: str) -> None:
    """Repository, revision, file, checksum and folder."""
    assert len({spec(output, stack, model_id).fetch for output in OUTPUTS}) == 1


@pytest.mark.parametrize(("stack", "model_id"), PAIRS)
def test_files_say_what_the_program_does(stack: str, model_id: str) -> None:
    """In a cluster nothing at all may differ."""
    assert spec("up", stack, model_id) == spec("yaml", stack, model_id)
