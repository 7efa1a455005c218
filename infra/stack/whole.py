"""All of it."""

from dataclasses import dataclass, field

from infra.stack.around import BackupConfig, EdgeConfig, MonitoringConfig, SecretsConfig, SidecarsConfig, StorageConfig
from infra.stack.models import ModelConfig, PriorityConfig, QuotaConfig, ScalingConfig
from infra.stack.places import AiCoreConfig, ClusterConfig, DockerConfig, ImageConfig


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
    sidecars: SidecarsConfig = field(default_factory=SidecarsConfig)
