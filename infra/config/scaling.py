"""`scaling`, `priority` and `quota`."""

from collections.abc import Iterator

from infra.settings import AUTO, Settings
from infra.stack import PriorityConfig, QuotaConfig, ScalingConfig


def check(settings: Settings) -> Iterator[str]:
    """Signals that the engine can read."""
    scaling = settings.scaling
    if scaling.forecast.enabled and scaling.engine != "keda":
        yield "slipway:scaling.forecast.enabled: true needs slipway:scaling.engine keda; allowed here: false"
    if scaling.engine == "hpa" and scaling.metrics == "none":
        asked: dict[str, str] = {"scaling.signal": scaling.signal}
        asked |= {f"models.{model_id}.signal": model.signal or AUTO for model_id, model in settings.models.items()}
        for key, signal in asked.items():
            if signal == "queue":
                yield f"slipway:{key}: 'queue' needs slipway:scaling.engine keda or .metrics adapter; allowed here: cpu"


def resolve(settings: Settings) -> ScalingConfig:
    """As it was written."""
    scaling = settings.scaling
    return ScalingConfig(
        engine=scaling.engine,
        has_adapter=scaling.metrics == "adapter",
        prometheus_url=scaling.prometheus_url,
        busy_percent=scaling.busy_percent,
        quiet_s=scaling.quiet_s,
        ahead_s=scaling.forecast.ahead_s if scaling.forecast.enabled else None,
    )


def resolve_priority(settings: Settings) -> PriorityConfig:
    """By the namespace's name, so that two stacks of a cluster don't fight over the same classes."""
    prefix = settings.priority.prefix
    return PriorityConfig(settings.priority.create, settings.namespace if prefix == AUTO else prefix)


def resolve_quota(settings: Settings) -> QuotaConfig:
    """None where it is derived."""
    quota = settings.quota
    return QuotaConfig(quota.cpu, quota.memory, quota.gpus, quota.storage)
