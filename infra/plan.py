"""(StackConfig, Catalog) -> Plan: what will run, as one value, before any object exists. Pure; never imports pulumi.

Everything downstream reads this value: manifests, the quota, later the fit proof, the cost report and the policies. So
they can't disagree with what is deployed. Numbers are derived here and nowhere else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from infra import names, units
from infra.catalog.types import Catalog, HubSource, Profile, PypiSource, Weights
from infra.quota import Demand, Limits, Quota, Resources, derive_limits, derive_quota
from infra.stack import ClusterConfig, ImageConfig, IngressConfig, ModelConfig, StackConfig

# How fast things go at worst, for time limits: a limit that is too short kills good pods, one too long hides bad ones.
READ_BYTES_S = 100 * 10**6  # weights from a network volume into memory
PULL_BYTES_S = 10 * 10**6  # a download from the hub
COPY_BYTES_S = 50 * 10**6  # from an image volume into the cache, with its checksum
START_S = 60  # pull the image, import, warm up
PROBE_PERIOD_S = 2
DRAIN_S = 60  # how long running requests may take to finish
ENDPOINT_SLEEP_S = 5  # until load balancers have heard that the pod leaves
PVC_HEADROOM = 1.2  # file system overhead, and room for what a download keeps beside the file
ZONE_LABEL, NODE_LABEL = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many pods: between the bounds, plus `surge` during a rollout, minus `unavailable`."""

    least: int
    most: int
    surge: int
    unavailable: int

    @property
    def peak(self) -> int:
        """The most pods that may exist at once."""
        return self.most + self.surge


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """How long a replica may take to load before it counts as failed."""

    period_s: int
    startup_failures: int
    progress_deadline_s: int


@dataclass(frozen=True, slots=True)
class WeightsPlan:
    """The cache volume of one model and the Job that fills it; `hash` changes when the file would."""

    source: PypiSource | HubSource
    file: str
    sha256: str | None
    hash: str
    volume_bytes: int
    job_deadline_s: int


@dataclass(frozen=True)
class ModelPlan:
    """One model as it will run."""

    id: str
    aliases: tuple[str, ...]
    chat_template: str | None
    stop: tuple[str, ...]
    sampling: Mapping[str, float]
    num_slots: int
    context_tokens: int
    weights: WeightsPlan
    resources: Resources
    replicas: Replicas
    probes: ProbePlan
    host: str | None

    @cached_property
    def models_json(self) -> str:
        """What the server reads: which file, under which names, with how much room."""
        entry = {
            "id": self.id,
            "file": self.weights.file,
            "sha256": self.weights.sha256,
            "num_slots": self.num_slots,
            "context_tokens": self.context_tokens,
            "chat_template": self.chat_template,
            "stop": list(self.stop),
            "sampling": dict(self.sampling),
            "aliases": list(self.aliases),
        }
        return json.dumps({"models": [entry]}, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell. A preview shows both kinds; `blocker` stops `pulumi up` before anything changes."""

    kind: Literal["warning", "blocker"]
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole stack."""

    stack: str
    labels: Mapping[str, str]
    namespace: str
    models: tuple[ModelPlan, ...]
    image: ImageConfig
    storage_class: str
    access_mode: str
    spread_over: tuple[str, ...]
    ingress: IngressConfig
    monitoring_namespace: str
    quota: Quota
    limits: Limits
    notices: tuple[Notice, ...]


def make_plan(config: StackConfig, catalog: Catalog) -> Plan:
    """Turn settings and catalog into a plan; models come in the order of their ids."""
    models = tuple(_plan_model(config, chosen, catalog) for chosen in sorted(config.models, key=lambda model: model.id))
    demands = [Demand(model.resources, model.replicas.peak, model.weights.volume_bytes) for model in models]
    return Plan(
        stack=config.stack,
        labels=names.ownership_labels(config.owner, config.stack, config.cost_centre),
        namespace=config.namespace,
        models=models,
        image=config.image,
        storage_class=config.storage_class,
        access_mode="ReadWriteMany" if config.cluster.multi_node else "ReadWriteOnce",
        spread_over=_spread_over(config.cluster),
        ingress=config.ingress,
        monitoring_namespace=config.monitoring_namespace,
        quota=derive_quota(demands, _known_volumes(catalog), config.quota),
        limits=derive_limits(demands),
        notices=_notices(models),
    )


def _spread_over(cluster: ClusterConfig) -> tuple[str, ...]:
    """Labels of nodes: no two replicas share what fails together, where there is a choice."""
    return (*([ZONE_LABEL] if cluster.multi_zone else []), *([NODE_LABEL] if cluster.multi_node else []))


def _plan_model(config: StackConfig, chosen: ModelConfig, catalog: Catalog) -> ModelPlan:
    model = catalog.models[chosen.id]
    size = model.small if config.size == "small" else model.full
    profile = catalog.profiles[chosen.profile or size.profile]
    return ModelPlan(
        id=model.id,
        aliases=model.aliases,
        chat_template=model.chat_template,
        stop=model.stop,
        sampling=model.sampling,
        num_slots=size.num_slots,
        context_tokens=size.context_tokens,
        weights=_plan_weights(size.weights),
        resources=_resources(profile),
        replicas=_plan_replicas(chosen, profile),
        probes=plan_probes(size.weights.file_bytes),
        host=f"{model.id}.{config.ingress.host}" if config.ingress.host else config.ingress.base_host,
    )


def _resources(profile: Profile) -> Resources:
    return Resources(
        profile.cpu_m, profile.cpu_limit_m, profile.memory_bytes, profile.num_gpus, profile.gpu_memory_bytes
    )


def _plan_replicas(chosen: ModelConfig, profile: Profile) -> Replicas:
    """A GPU that is free for a surge pod can't be presumed: there a rollout replaces pods one by one."""
    surge = 0 if profile.num_gpus else 1
    return Replicas(chosen.min_replicas, chosen.max_replicas, surge=surge, unavailable=1 - surge)


def _plan_weights(weights: Weights) -> WeightsPlan:
    source = weights.source
    match source:
        case PypiSource():
            origin, speed = ("pypi", source.package, source.version), COPY_BYTES_S
        case HubSource():
            origin, speed = ("hub", source.repo, source.revision), PULL_BYTES_S
    return WeightsPlan(
        source=source,
        file=weights.file,
        sha256=weights.sha256,
        hash=names.short_hash(*origin, weights.file, weights.sha256 or ""),
        volume_bytes=_volume_bytes(weights),
        job_deadline_s=START_S + weights.file_bytes // speed + 300,
    )


def _volume_bytes(weights: Weights) -> int:
    return units.round_up(round(weights.file_bytes * PVC_HEADROOM), 64 * units.MI)


def _known_volumes(catalog: Catalog) -> list[int]:
    """The cache of every model in the catalog, at its larger size."""
    sizes = [(model.full, model.small) for model in catalog.models.values()]
    return [max(_volume_bytes(size.weights) for size in pair) for pair in sizes]


def plan_probes(file_bytes: int) -> ProbePlan:
    """Twice the time that loading takes at worst; the rollout waits a little longer than the probe."""
    budget_s = 2 * (START_S + file_bytes // READ_BYTES_S)
    failures = -(-budget_s // PROBE_PERIOD_S)
    return ProbePlan(PROBE_PERIOD_S, failures, progress_deadline_s=failures * PROBE_PERIOD_S + START_S)


def _notices(models: tuple[ModelPlan, ...]) -> tuple[Notice, ...]:
    notices = []
    if unchecked := [model.id for model in models if model.weights.sha256 is None]:
        text = f"no sha256 in the catalog, so downloads are not checked against a known value: {', '.join(unchecked)}"
        notices.append(Notice("warning", text))
    if with_gpu := [model.id for model in models if model.resources.num_gpus]:
        text = (
            f"the image has no CUDA variant yet, a GPU would stand idle: {', '.join(with_gpu)}; "
            "set slipway:models.<model>.profile to a cpu-* profile, or leave the model out"
        )
        notices.append(Notice("blocker", text))
    return tuple(notices)
