"""What models need around them: storage, ways in, secrets, monitoring, backups, sidecars."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
