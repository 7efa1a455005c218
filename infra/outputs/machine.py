"""One machine without Kubernetes, in words that Docker's own tools share: containers, volumes, one network. Pure.

There each model runs once: nothing scales, and every server has a port of its own, from `docker.port` on in the order
of the models. Weights come as in a cluster: a container fills a volume and ends, and the server mounts it read-only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from infra import names
from infra.manifests import cublas, fetch
from infra.manifests.delivery import IMAGE_FOLDER
from infra.manifests.secret_files import find
from infra.manifests.weights import NUM_RETRIES
from infra.outputs.images import CUBLAS, SERVE, References, is_packed, weights_name
from infra.plan import ModelPlan, Plan
from infra.quota import JOB_RESOURCES, Resources

TMP_BYTES: Final = 64 * 2**20
READY: Final = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{names.HTTP_PORT}/health/ready', timeout=5)"
HUB_TOKEN: Final = "hub-token"  # noqa: S105  a use of a Secret, not its value
API_KEYS: Final = "api-keys"


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume by name, or the image of a reference, at a folder of the container; `folder` of the image, None: all."""

    source: Any
    target: str
    read_only: bool
    is_image: bool = False
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Asked every second of these until it answers, then less often; it may fail for `start_s`."""

    command: Sequence[str]
    start_s: int
    start_interval_s: int
    interval_s: int = 5
    timeout_s: int = 6
    retries: int = 2


@dataclass(frozen=True, slots=True)
class Container:
    """All that runs as nobody, on a file system that can't be written but for /tmp and its volumes.

    Attributes:
        image: a reference by digest, or Pulumi's output of one.
        after: the container that must have done its work before; None: nothing.
        port: of the host; None: nothing is published.
        retries: how often it is tried again; None: it always runs.
        stop_s: what it gets to end.
        run_s: of one that ends: how long one attempt may take.
        secrets: uses of Secrets whose value it reads from a file.
    """

    name: str
    model: str
    image: Any
    arguments: tuple[str, ...]
    env: dict[str, str]
    resources: Resources
    mounts: tuple[Mount, ...]
    after: str | None = None
    port: int | None = None
    health: Health | None = None
    retries: int | None = None
    stop_s: int = 10
    run_s: int = 0
    secrets: tuple[str, ...] = field(default=())


def environment(model: ModelPlan) -> dict[str, str]:
    """The server's settings as everywhere, but for models.json: its text is a variable, since no file is mounted."""
    env = {key: value for key, value in model.server.env.items() if key != "SLIPWAY_MODELS_FILE"}
    return {**env, "SLIPWAY_GRACE_S": str(model.base.drain_s), "SLIPWAY_MODELS_JSON": models_text(model)}


def models_text(model: ModelPlan) -> str:
    """On one line, and without `{{`, which templates of other systems would take for theirs."""
    return json.dumps(json.loads(model.server.models_json), ensure_ascii=False).replace("{{", "{\\u007b")


def url_of(plan: Plan, model: ModelPlan) -> str:
    """Where a client on the machine finds the model."""
    return f"http://{plan.docker.bind}:{port_of(plan, model)}"


def port_of(plan: Plan, model: ModelPlan) -> int:
    """Of the host."""
    return plan.docker.port + [each.id for each in plan.models].index(model.id)


def containers(plan: Plan, references: References) -> list[Container]:
    """What fetches a model's weights and what serves it, model by model."""
    found: list[Container] = []
    for model in plan.models:
        fetched = _fetch(plan, model, references) if model.weights.delivery != "image" else None
        found += [fetched] if fetched else []
        found.append(_server(plan, model, references, fetched))
    return found


def volumes(plan: Plan) -> list[str]:
    """Names of all volumes; other weights are another one."""
    return [volume_name(model) for model in plan.models if model.weights.delivery != "image"]


def volume_name(model: ModelPlan) -> str:
    """Of the model's own volume: on one machine nothing is gained by sharing one."""
    return names.weights_object(model.id, model.weights.hash)


def _server(plan: Plan, model: ModelPlan, references: References, fetched: Container | None) -> Container:
    probes = model.probes
    return Container(
        name=model.id,
        model=model.id,
        image=references.server(model),
        arguments=(),
        env=environment(model),
        resources=model.resources,
        mounts=(_weights_mount(model, references), *_cublas_mounts(model, references)),
        after=fetched.name if fetched else None,
        port=port_of(plan, model),
        health=Health(("python3", "-c", READY), probes.period_s * probes.startup_failures, probes.period_s),
        stop_s=model.base.grace_s,
        secrets=(API_KEYS,) if find(plan, API_KEYS) else (),
    )


def _weights_mount(model: ModelPlan, references: References) -> Mount:
    if model.weights.delivery != "image":
        return Mount(volume_name(model), names.MODELS_DIR, read_only=True)
    image = _image_of(model, references)
    return Mount(image, names.MODELS_DIR, read_only=True, is_image=True, folder=IMAGE_FOLDER)


def _cublas_mounts(model: ModelPlan, references: References) -> list[Mount]:
    if not model.server.mounts_cublas:
        return []
    image = references.known[CUBLAS]
    return [Mount(image, names.CUBLAS_DIR, read_only=True, is_image=True, folder=cublas.FOLDER)]


def _image_of(model: ModelPlan, references: References) -> Any:
    return model.weights.image or references.known[weights_name(model)]


def _fetch(plan: Plan, model: ModelPlan, references: References) -> Container:
    mounts = [Mount(volume_name(model), names.MODELS_DIR, read_only=False)]
    if is_packed(model):
        mounts.append(Mount(references.known[weights_name(model)], names.SOURCE_DIR, read_only=True, is_image=True))
        downloads = False
    else:
        downloads = True
    has_token = downloads and find(plan, HUB_TOKEN) is not None
    return Container(
        name=f"{model.id}-weights",
        model=model.id,
        image=references.known[SERVE],
        arguments=tuple(fetch.arguments(model.weights)),
        env={"HF_HOME": "/tmp/huggingface"} if downloads else {},  # noqa: S108
        resources=JOB_RESOURCES,
        mounts=tuple(mounts),
        retries=NUM_RETRIES,
        run_s=model.weights.job_deadline_s,
        secrets=(HUB_TOKEN,) if has_token else (),
    )
