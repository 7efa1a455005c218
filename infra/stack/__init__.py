"""What a stack file says once it is checked and resolved: plain values that everything downstream takes. Pure.

One class per subject, as in settings/; `StackConfig` holds them. Here nothing is `auto` any more, and None says what it
means where it stands. A key that a whole stack and a model can set is resolved to the model's.
"""

from infra.stack.around import (
    BackupConfig,
    EdgeConfig,
    HealthMonitorConfig,
    MonitoringConfig,
    SecretsConfig,
    SidecarsConfig,
    StorageConfig,
    TlsConfig,
    TunnelConfig,
)
from infra.stack.models import Forecast, GpuSharing, ModelConfig, PriorityConfig, QuotaConfig, ScalingConfig, Window
from infra.stack.places import IMAGE_VOLUMES, AiCoreConfig, ClusterConfig, DockerConfig, ImageConfig, NodePool
from infra.stack.whole import StackConfig

__all__ = [
    "IMAGE_VOLUMES",
    "AiCoreConfig",
    "BackupConfig",
    "ClusterConfig",
    "DockerConfig",
    "EdgeConfig",
    "Forecast",
    "GpuSharing",
    "HealthMonitorConfig",
    "ImageConfig",
    "ModelConfig",
    "MonitoringConfig",
    "NodePool",
    "PriorityConfig",
    "QuotaConfig",
    "ScalingConfig",
    "SecretsConfig",
    "SidecarsConfig",
    "StackConfig",
    "StorageConfig",
    "TlsConfig",
    "TunnelConfig",
    "Window",
]
