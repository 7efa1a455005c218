"""A whole stack file."""

from typing import Literal

from pydantic import Field

from infra.fields import Label, Text
from infra.settings import words
from infra.settings.cluster import ClusterSettings, GpuSettings
from infra.settings.edge import EdgeSettings, MonitoringSettings
from infra.settings.group import Group
from infra.settings.image import ImageSettings
from infra.settings.models import ModelSettings
from infra.settings.outputs import AiCoreSettings, DockerSettings
from infra.settings.scaling import PrioritySettings, QuotaSettings, ScalingSettings, SpotSettings
from infra.settings.secrets import SecretSettings
from infra.settings.sidecars import SidecarSettings
from infra.settings.storage import BackupSettings, StorageSettings


def _all_models() -> dict[str, ModelSettings]:
    return {name: ModelSettings() for name in words.MODELS}


class Settings(Group):
    """Every key may be left out. `pulumi config` writes a group as a whole, so each has its defaults beside it."""

    owner: Label = words.OWNER
    cost_centre: Label = words.COST_CENTRE
    target: Literal["kubernetes", "docker"] = words.TARGET
    cluster: ClusterSettings = ClusterSettings()
    gpu: GpuSettings = GpuSettings()
    namespace: Label = words.NAMESPACE
    image: ImageSettings = ImageSettings()
    size: Literal["full", "small"] = words.SIZE
    models: dict[Text, ModelSettings] = Field(min_length=1, default_factory=_all_models)
    scaling: ScalingSettings = ScalingSettings()
    spot: SpotSettings = SpotSettings()
    priority: PrioritySettings = PrioritySettings()
    storage: StorageSettings = StorageSettings()
    edge: EdgeSettings = EdgeSettings()
    secrets: SecretSettings = SecretSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    backup: BackupSettings = BackupSettings()
    sidecars: SidecarSettings = SidecarSettings()
    quota: QuotaSettings = QuotaSettings()
    docker: DockerSettings = DockerSettings()
    aicore: AiCoreSettings = AiCoreSettings()
