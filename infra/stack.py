"""What a stack file says once it is checked and resolved: plain values that everything downstream takes. Pure.

One class per subject, as in settings/; `StackConfig` holds them. Here nothing is `auto` any more, and None says what it
means where it stands. A key that a whole stack and a model can set is resolved to the model's.
"""

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
class GpuSharing:
    """How a model gets its GPU. `mode`: none, time-slicing, mps, mig or dra."""

    mode: str = "none"
    replicas_per_gpu: int = 1
    mig_profile: str | None = None
    device_class: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of days with a least of their own. Minutes of the day; an end at or before the start is on the next day."""

    days: tuple[str, ...]
    start_minute: int
    end_minute: int
    time_zone: str
    least: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Requests, running and waiting, that each hour of the week from Monday 00:00 on is expected to have."""

    time_zone: str
    hours: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model that the stack serves. None means: as the catalog says.

    Attributes:
        spot: none, or burst: what is above `floor` prefers spot nodes.
        floor: replicas that are always on demand.
        signal: auto, cpu or queue: what scales it.
        keep_warm: replicas above what the load asks for.
        forecast: None where there is none, or it is not asked for.
        delivery: auto, own, shared, image or ephemeral: how weights come to the pods.
        weights_image: for `image`, a reference by digest; None where the catalog's source is packed by the stack.
        draft_tokens: that the server guesses at a time from what a text said before; 0: none.
        step_tokens: most tokens in one step of the engine; None: as many as the server's default.
    """

    id: str
    min_replicas: int
    max_replicas: int
    profile: str | None
    num_slots: int | None = None
    context_tokens: int | None = None
    tier: str | None = None
    windows: tuple[Window, ...] = ()
    spot: str = "none"
    floor: int | None = None
    signal: str = "auto"
    keep_warm: int = 0
    forecast: Forecast | None = None
    delivery: str = "auto"
    weights_image: str | None = None
    sharing: GpuSharing = GpuSharing()
    draft_tokens: int = 0
    step_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ScalingConfig:
    """`engine`: hpa or keda. `has_adapter`: HPAs can read metrics of pods. `ahead_s`: None without a forecast."""

    engine: str = "hpa"
    has_adapter: bool = False
    prometheus_url: str = ""
    busy_percent: int = 80
    quiet_s: int = 600
    ahead_s: int | None = None


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Classes by use. `access_mode` None: solved. `cache_bytes` None: derived. `protect`: data outlives a mistake.

    `kinds`: what the stack's own classes are, in the words of their provider: how fast they are follows from it.
    """

    weights_class: str
    data_class: str
    access_mode: str | None = None
    protect: bool = False
    cache_bytes: int | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """`issuer` None: the Secret is made by hand. Without any of it (None in EdgeConfig) there is no TLS."""

    secret: str
    issuer: str | None = None
    issuer_kind: str = "ClusterIssuer"


@dataclass(frozen=True, slots=True)
class EdgeConfig:
    """Each model has a name below `host`; where that is None, the one model is at `base_url`, with name `base_host`.

    A base URL with an address for a name means any host. Requests come from the CIDRs or from the namespace.
    `gateway` None: with kind gateway, the stack makes its own in its namespace.
    """

    kind: str
    class_name: str
    host: str | None
    base_url: str | None
    base_host: str | None
    source_cidrs: tuple[str, ...]
    from_namespace: str | None
    tls: TlsConfig | None
    gateway: str | None = None
    gateway_namespace: str | None = None
    affinity_s: int = 3600
    body_bytes: int = 32 * 2**20
    timeout_s: int = 3600


@dataclass(frozen=True, slots=True)
class SecretsConfig:
    """`source`: existing, plain or external. Values are nowhere in here."""

    source: str = "existing"
    use: tuple[str, ...] = ()
    store: str | None = None
    store_kind: str = "ClusterSecretStore"
    remote_prefix: str = ""
    refresh_s: int = 3600


@dataclass(frozen=True, slots=True)
class MonitoringConfig:
    """`operator`: the Prometheus operator is there, and selects by `labels`. `otlp_endpoint`: takes spans over HTTP."""

    namespace: str
    operator: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    interval_s: int = 30
    otlp_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class BackupConfig:
    """`target`: volume or s3; no backup at all is None in StackConfig."""

    target: str
    schedule: str
    time_zone: str
    keep: int
    what: tuple[str, ...]
    volume_bytes: int
    bucket: str | None = None
    endpoint: str | None = None
    region: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class TunnelConfig:
    """In the pods of `models`. `required`: a pod without a connection is not ready. `ref`: None where it is built."""

    secret: str
    models: tuple[str, ...]
    required: bool
    ref: str | None


@dataclass(frozen=True, slots=True)
class HealthMonitorConfig:
    """One of all models. `webhook_secret`: with the address that is told of changes; None: nobody is."""

    interval_s: int
    down_after: int
    up_after: int
    webhook_secret: str | None
    ref: str | None


@dataclass(frozen=True, slots=True)
class SidecarsConfig:
    """None is off."""

    tunnel: TunnelConfig | None = None
    health_monitor: HealthMonitorConfig | None = None


@dataclass(frozen=True, slots=True)
class QuotaConfig:
    """Upper bounds that the operator set; None means: derive it."""

    cpu_m: int | None
    memory_bytes: int | None
    num_gpus: int | None
    storage_bytes: int | None


@dataclass(frozen=True, slots=True)
class PriorityConfig:
    """Names of the priority classes begin with `prefix`; `create` False: somebody else makes them."""

    create: bool
    prefix: str


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


@dataclass(frozen=True, slots=True)
class StackConfig:
    """Everything a stack file says, checked and resolved. `spot_grace_s` None: as the provider's notice allows."""

    stack: str
    owner: str
    cost_centre: str
    target: str
    namespace: str
    cluster: ClusterConfig
    image: ImageConfig
    size: str
    models: tuple[ModelConfig, ...]
    scaling: ScalingConfig
    spot_grace_s: int | None
    priority: PriorityConfig
    storage: StorageConfig
    edge: EdgeConfig
    secrets: SecretsConfig
    monitoring: MonitoringConfig
    backup: BackupConfig | None
    quota: QuotaConfig
    docker: DockerConfig
    aicore: AiCoreConfig
    sidecars: SidecarsConfig = SidecarsConfig()
