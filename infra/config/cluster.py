"""`cluster` and `gpu`: which cluster, what its nodes are."""

import re
from collections.abc import Iterator

from infra import hardware
from infra.config.common import need_embedded, unless_none
from infra.endpoints import Endpoints
from infra.settings import AMBIENT, NONE, Settings, words
from infra.settings.cluster import NodePoolSettings
from infra.stack import ClusterConfig, GpuSharing, NodePool

STACK_NAME = re.compile(r"[\w.-]+(/[\w.-]+){2}")
MIG_PROFILE = re.compile(r"\d+g\.\d+gb(\.me)?")


def check(settings: Settings) -> Iterator[str]:
    """A cluster that can be found, and nodes whose size is known."""
    cluster = settings.cluster
    if cluster.kind == "stack" and not STACK_NAME.fullmatch(cluster.stack):
        yield f"slipway:cluster.stack: {cluster.stack!r} is not allowed; allowed: organisation/project/stack"
    if cluster.kind != "stack" and cluster.stack != NONE:
        yield "slipway:cluster.stack: needs slipway:cluster.kind stack; allowed here: 'none'"
    if cluster.kind == "kubeconfig" and settings.target == "kubernetes":
        yield from need_embedded(
            settings, {"cluster.kubeconfig": cluster.kubeconfig, "cluster.context": cluster.context}
        )
    for index, pool in enumerate(cluster.nodes):
        yield from _check_pool(f"slipway:cluster.nodes.{index}", pool)
    yield from _check_sharing(settings)


def _check_sharing(settings: Settings) -> Iterator[str]:
    """What a way of sharing needs, and nothing that only another way would act on."""
    gpu = settings.gpu
    ways = {gpu.sharing, *(model.gpu_sharing for model in settings.models.values())}
    if gpu.sharing == "mig" and not MIG_PROFILE.fullmatch(gpu.mig_profile):
        yield f"slipway:gpu.mig_profile: {gpu.mig_profile!r} is not allowed; allowed with sharing mig: such as 1g.10gb"
    for key, default, acting in (
        ("mig_profile", NONE, {"mig"}),
        ("device_class", words.DEVICE_CLASS, {"dra"}),
        ("replicas_per_gpu", words.REPLICAS_PER_GPU, {"time-slicing", "mps"}),
    ):
        value = getattr(gpu, key)
        if value != default and not ways & acting:
            needed = " or ".join(sorted(acting))
            yield f"slipway:gpu.{key}: {value!r} needs slipway:gpu.sharing {needed}; allowed here: {default!r}"


def _check_pool(key: str, pool: NodePoolSettings) -> Iterator[str]:
    has_size = pool.cpu is not None and pool.memory is not None
    if (pool.machine is None) != has_size:
        yield f"{key}: give either machine, or cpu and memory"
    if pool.machine is not None and pool.machine not in hardware.node_types():
        yield f"{key}.machine: {pool.machine!r} is not known; allowed: a machine of infra/data, or cpu and memory"
    if pool.machine is None and (pool.gpus > 0) != (pool.gpu is not None):
        yield f"{key}.gpu: gpus and gpu (their label nvidia.com/gpu.product) go together"


def resolve(settings: Settings, endpoints: Endpoints) -> ClusterConfig:
    """With the local cluster's own kubeconfig and context where it is the one."""
    cluster = settings.cluster
    embedded = cluster.kind == "embedded"
    named = None if cluster.kubeconfig == AMBIENT else cluster.kubeconfig
    major, _, minor = cluster.version.partition(".")
    return ClusterConfig(
        embedded=embedded,
        kubeconfig=endpoints.kubeconfig if embedded else named,
        context=endpoints.context if embedded else cluster.context,
        multi_node=cluster.topology != "single-node",
        multi_zone=cluster.topology == "multi-zone",
        provider=cluster.provider,
        version=(int(major), int(minor)),
        nodes=tuple(_pool(pool) for pool in cluster.nodes),
        spare_gpus=dict(cluster.spare_gpus),
        stack=cluster.stack if cluster.kind == "stack" else None,
        scheduler=unless_none(cluster.scheduler),
    )


def _pool(pool: NodePoolSettings) -> NodePool:
    return NodePool(
        name=pool.name,
        machine=pool.machine,
        cpu_m=pool.cpu,
        memory_bytes=pool.memory,
        num_gpus=pool.gpus,
        gpu_product=pool.gpu,
        max_nodes=pool.max_nodes,
        is_spot=pool.spot,
    )


def resolve_sharing(settings: Settings, own: str | None) -> GpuSharing:
    """How a model gets its GPU: as it says itself, or as the stack does."""
    gpu = settings.gpu
    match own or gpu.sharing:
        case "time-slicing" | "mps" as mode:
            return GpuSharing(mode, replicas_per_gpu=gpu.replicas_per_gpu)
        case "mig":
            return GpuSharing("mig", mig_profile=gpu.mig_profile)
        case "dra":
            return GpuSharing("dra", device_class=gpu.device_class)
        case _:
            return GpuSharing()
