"""ServingTemplates of SAP AI Core: one a model, on KServe, in two variants.

runtime   the server's image; weights are fetched to an emptyDir whenever a replica starts
baked     an image with the weights inside, made by the Dockerfile that is rendered beside the template

By SAP's guide, labels, annotations and spec of the template are texts in which AI Core replaces {{inputs...}}. The
image is such an input, so a new one needs a new configuration, not a new template. KServe makes a Knative service of
it: that takes one port, one container, and nothing of pods beyond the fields here, so no init container can fetch. Who
may ask is AI Core's to say: its gateway wants a token for every request, so keys of our own are not asked for as well.
"""

from __future__ import annotations

import json
from typing import Any, Final

from infra import names
from infra.manifests import fetch
from infra.manifests.objects import container_security
from infra.outputs.aicore_plans import within
from infra.outputs.images import References, is_packed, server_name, weights_name
from infra.outputs.machine import HUB_TOKEN, TMP_BYTES, environment
from infra.outputs.text import dump, header
from infra.plan import ModelPlan, Plan
from infra.quota import Resources
from infra.units import format_bytes, format_cpu

TARGET: Final = "aicore"
CONTAINER: Final = "kserve-container"
IMAGE_INPUT: Final = "image"
VERSION: Final = "1.0.0"
PERIOD_S: Final = 10
THEN_SERVE: Final = (
    "import os, subprocess, sys; serve = [sys.executable, '-m', 'serve']; "
    "code = subprocess.run([*serve, *sys.argv[1:]]).returncode; code and sys.exit(code); os.execv(serve[0], serve)"
)
"""The image has no shell. The server takes this process's place, so it hears when it has to end."""


def files(plan: Plan, references: References) -> dict[str, str]:
    """Name -> content."""
    top, found = header(TARGET, plan.stack), {}
    for model in plan.models:
        found[f"{model.id}.yaml"] = top + dump(template(plan, model, references))
        if plan.aicore.baked:
            found[f"{model.id}.Dockerfile"] = top + dockerfile(model, references)
    return found


def template(plan: Plan, model: ModelPlan, references: References) -> dict[str, Any]:
    """One model."""
    name = f"{plan.aicore.scenario}-{plan.stack}-{model.id}"
    image = references.known[model.id if plan.aicore.baked else server_name(model)]
    return {
        "apiVersion": "ai.sap.com/v1alpha1",
        "kind": "ServingTemplate",
        "metadata": {
            "name": name,
            "annotations": {
                "scenarios.ai.sap.com/description": f"Open-weight models of the stack {plan.stack}",
                "scenarios.ai.sap.com/name": plan.aicore.scenario,
                "executables.ai.sap.com/description": f"{model.id}: {model.weights.file}, over OpenAI's API",
                "executables.ai.sap.com/name": name,
            },
            "labels": {"scenarios.ai.sap.com/id": plan.aicore.scenario, "ai.sap.com/version": VERSION},
        },
        "spec": {
            "inputs": {"parameters": [{"name": IMAGE_INPUT, "type": "string", "default": image}], "artifacts": []},
            "template": {
                "apiVersion": "serving.kserve.io/v1beta1",
                "metadata": {
                    "annotations": dump(_autoscaling(plan)),
                    "labels": dump({"ai.sap.com/resourcePlan": plan.aicore.resource_plan}),
                },
                "spec": dump({"predictor": _predictor(plan, model)}),
            },
        },
    }


def _autoscaling(plan: Plan) -> dict[str, Any]:
    """By requests at once; none waits in front of a replica that could take it."""
    return {
        "autoscaling.knative.dev/metric": "concurrency",
        "autoscaling.knative.dev/target": plan.aicore.target,
        "autoscaling.knative.dev/targetBurstCapacity": 0,
    }


def _predictor(plan: Plan, model: ModelPlan) -> dict[str, Any]:
    secret = plan.aicore.pull_secret
    return {
        **({"imagePullSecrets": [{"name": secret}]} if secret else {}),
        "minReplicas": plan.aicore.min_replicas,
        "maxReplicas": plan.aicore.max_replicas,
        "timeout": plan.edge.timeout_s,
        "terminationGracePeriodSeconds": model.base.grace_s,
        "containers": [_container(plan, model)],
        "volumes": [{"name": name, "emptyDir": {"sizeLimit": size}} for name, size in _disks(plan, model).items()],
    }


def _disks(plan: Plan, model: ModelPlan) -> dict[str, str]:
    disks = {"tmp": format_bytes(TMP_BYTES)}
    return disks if plan.aicore.baked else {"models": format_bytes(model.weights.volume_bytes), **disks}


def _container(plan: Plan, model: ModelPlan) -> dict[str, Any]:
    start_s = 0 if plan.aicore.baked else model.weights.job_deadline_s
    failures = -(-(model.probes.period_s * model.probes.startup_failures + start_s) // PERIOD_S)
    mounts = {"tmp": "/tmp", **({} if plan.aicore.baked else {"models": names.MODELS_DIR})}  # noqa: S108
    found: dict[str, Any] = {"name": CONTAINER, "image": f"{{{{inputs.parameters.{IMAGE_INPUT}}}}}"}
    if not plan.aicore.baked:
        found["command"] = ["python3", "-c", THEN_SERVE, *fetch.arguments(model.weights)]
    return found | {
        "ports": [{"containerPort": names.HTTP_PORT, "protocol": "TCP"}],
        "env": [*({"name": key, "value": text} for key, text in _environment(plan, model).items()), *_token(plan)],
        "resources": _resources(within(model.resources, plan.aicore.resource_plan)),
        "startupProbe": _probe("startup", PERIOD_S, failures),
        "livenessProbe": _probe("live", 10, 6),
        "readinessProbe": _probe("ready", 5, 2),
        "securityContext": _security(),
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in mounts.items()],
    }


def _environment(plan: Plan, model: ModelPlan) -> dict[str, str]:
    env = environment(model)
    return env if plan.aicore.baked else {**env, "HF_HOME": "/tmp/huggingface"}  # noqa: S108


def _token(plan: Plan) -> list[dict[str, Any]]:
    """A generic secret of the resource group, by the name that it has in a cluster."""
    if plan.aicore.baked:
        return []
    return [
        {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": one.name, "key": one.key}}}
        for one in plan.secrets
        if one.use == HUB_TOKEN
    ]


def _resources(asked: Resources) -> dict[str, Any]:
    memory = {"memory": format_bytes(asked.memory_bytes)}
    gpus = {names.GPU: str(asked.num_gpus)} if asked.num_gpus else {}
    return {
        "requests": {"cpu": format_cpu(asked.cpu_m), **memory, **gpus},
        "limits": {"cpu": format_cpu(asked.cpu_limit_m), **memory, **gpus},
    }


def _probe(name: str, period_s: int, num_failures: int) -> dict[str, Any]:
    http = {"path": f"/health/{name}", "port": names.HTTP_PORT}
    return {"httpGet": http, "periodSeconds": period_s, "timeoutSeconds": 5, "failureThreshold": num_failures}


def _security() -> dict[str, Any]:
    """Of the container alone: a Knative service has no say about its pod."""
    nobody = {"runAsUser": names.NOBODY, "runAsGroup": names.NOBODY}
    return {**container_security(), **nobody, "seccompProfile": {"type": "RuntimeDefault"}}


def dockerfile(model: ModelPlan, references: References) -> str:
    """The server's image with the model in it. A token for the hub is a secret of the build, and not of the image."""
    base = f"FROM {references.server(model)}\n"
    weights = model.weights
    if is_packed(model):
        source = f"--from={references.known[weights_name(model)]} --chown={names.NOBODY}:{names.NOBODY}"
        return f"{base}COPY {source} /weights/{weights.file} {names.MODELS_DIR}/{weights.stored}\n"
    mounts = f"--mount=type=tmpfs,target=/tmp --mount=type=secret,id={HUB_TOKEN},env=HF_TOKEN,required=false"
    command = json.dumps(["python3", "-m", "serve", *fetch.arguments(weights)])  # the image has no shell
    return f"# syntax=docker/dockerfile:1.10\n{base}ARG HF_HOME=/tmp/huggingface\nRUN {mounts} {command}\n"
