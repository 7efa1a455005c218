"""Where a stack runs: its cluster or machine, AI Core, and the images that nodes pull."""

from collections.abc import Mapping
from dataclasses import dataclass, field

IMAGE_VOLUMES = (1, 35)
"""The Kubernetes from which on every node mounts images as volumes, if its runtime can: containerd 2.1, CRI-O 1.31."""


@dataclass(frozen=True, slots=True)
class NodePool:
    """Nodes that there may be at most. `machine` is a name in infra/data; else the sizes are given."""

    name: str
    machine: str | None
    cpu_m: int | None
    memory_bytes: int | None
    num_gpus: int
    gpu_product: str | None
    max_nodes: int
    is_spot: bool


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """`kubeconfig` is a path, or None for the usual places; `context` is named unless `stack` says it.

    Attributes:
        provider: aws, gcp, azure or other: decides which labels nodes have.
        version: the oldest Kubernetes that must do; what is newer is not used.
        nodes: empty: not told, so only the quota bounds what may run.
        spare_gpus: by profile, GPUs that are free for a rollout's surge.
        stack: organisation/project/stack whose outputs tell the cluster.
        scheduler: whose pods are ours; None: the cluster's default one.
    """

    embedded: bool
    kubeconfig: str | None
    context: str
    multi_node: bool
    multi_zone: bool
    provider: str = "other"
    version: tuple[int, int] = (1, 33)
    nodes: tuple[NodePool, ...] = ()
    spare_gpus: Mapping[str, int] = field(default_factory=dict)
    stack: str | None = None
    scheduler: str | None = None


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """Where images go, how they are built, and how nodes log in; only the local cluster sets what is None elsewhere.

    Attributes:
        ref: the server's image by digest, where it is pushed already; None where the stack builds it.
        cuda_ref: the same of the one for GPUs.
        cuda_architectures: what that is, or was, compiled for, as infra/cuda.py reads it.
        cublas: forward (it has none), inside, or volume (mounted into the pods of models that need it).
    """

    registry: str
    repository: str
    cpu_variants: str
    platforms: tuple[str, ...]
    builder: str | None
    base_image: str | None
    ca_file: str | None
    pull_secret: str | None
    ref: str | None = None
    cuda_ref: str | None = None
    cuda_architectures: tuple[str, ...] = ()
    cublas: str = "forward"


@dataclass(frozen=True, slots=True)
class DockerConfig:
    """The machine of a stack without Kubernetes; `host` None: as the environment says."""

    host: str | None
    network: str
    port: int
    bind: str


@dataclass(frozen=True, slots=True)
class AiCoreConfig:
    """What a ServingTemplate of SAP AI Core says beside the model; `baked`: the weights are in the image."""

    resource_plan: str
    target: int
    min_replicas: int
    max_replicas: int
    pull_secret: str | None
    scenario: str
    baked: bool
