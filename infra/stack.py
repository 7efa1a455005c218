"""What a stack file says once it is checked and resolved: plain values that everything downstream takes. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """`kubeconfig` is a path, or None for the usual places; `context` is always named."""

    embedded: bool
    kubeconfig: str | None
    context: str
    multi_node: bool
    multi_zone: bool


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """Where images go, how they are built, and how nodes log in; only the local cluster sets what is None elsewhere."""

    registry: str
    repository: str
    cpu_variants: str
    platforms: tuple[str, ...]
    builder: str | None
    base_image: str | None
    ca_file: str | None
    pull_secret: str | None


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model that the stack serves."""

    id: str
    min_replicas: int
    max_replicas: int
    profile: str | None


@dataclass(frozen=True, slots=True)
class IngressConfig:
    """Each model has a name below `host`; where that is None, the one model is at `base_url`, with name `base_host`.

    A base URL with an address for a name means any host. Requests come from the CIDRs or from the namespace.
    """

    class_name: str
    host: str | None
    base_url: str | None
    base_host: str | None
    source_cidrs: tuple[str, ...]
    from_namespace: str | None
    tls_secret: str | None


@dataclass(frozen=True, slots=True)
class QuotaConfig:
    """Upper bounds that the operator set; None means: derive it."""

    cpu_m: int | None
    memory_bytes: int | None
    num_gpus: int | None
    storage_bytes: int | None


@dataclass(frozen=True, slots=True)
class StackConfig:
    """Everything a stack file says, checked and resolved."""

    stack: str
    owner: str
    cost_centre: str
    namespace: str
    cluster: ClusterConfig
    image: ImageConfig
    size: str
    models: tuple[ModelConfig, ...]
    storage_class: str
    ingress: IngressConfig
    monitoring_namespace: str
    quota: QuotaConfig
