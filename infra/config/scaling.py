"""`scaling`, `priority` and `quota`."""

from collections.abc import Iterator, Mapping
from typing import Final

from infra.forecast import table as forecast_table
from infra.settings import AUTO, Settings, words
from infra.stack import Forecast, PriorityConfig, QuotaConfig, ScalingConfig

LEAST_GRACE_S: Final = 20
"""A pause until nobody sends any more, a drain of a few seconds, and a margin before the kill."""
MOST_GRACE_S: Final = 3600


def check(stack: str, settings: Settings, forecasts: Mapping[str, Forecast]) -> Iterator[str]:
    """Signals that the engine can read, and priority classes that the cluster lets us name so."""
    scaling = settings.scaling
    if settings.priority.prefix.startswith("system"):
        prefix = settings.priority.prefix
        yield f"slipway:priority.prefix: {prefix!r} is the system's; allowed: 'auto', the namespace, or another"
    yield from _check_engine(stack, settings, forecasts)
    if settings.spot.grace_s is not None and not LEAST_GRACE_S <= settings.spot.grace_s <= MOST_GRACE_S:
        given = settings.spot.grace_s
        yield f"slipway:spot.grace_s: {given} is not allowed; allowed: {LEAST_GRACE_S} to {MOST_GRACE_S}, or 'derived'"
    if scaling.engine == "hpa" and scaling.metrics == "none":
        asked: dict[str, str] = {"scaling.signal": scaling.signal}
        asked |= {f"models.{model_id}.signal": model.signal or AUTO for model_id, model in settings.models.items()}
        for key, signal in asked.items():
            if signal == "queue":
                yield f"slipway:{key}: 'queue' needs slipway:scaling.engine keda or .metrics adapter; allowed here: cpu"


def _check_engine(stack: str, settings: Settings, forecasts: Mapping[str, Forecast]) -> Iterator[str]:
    """What only one of the engines acts on."""
    scaling = settings.scaling
    if scaling.engine == "keda":
        if scaling.metrics == "adapter":
            yield "slipway:scaling.metrics: 'adapter' is for HPAs; allowed with slipway:scaling.engine keda: none"
        if not scaling.prometheus_url.startswith(("http://", "https://")):
            yield f"slipway:scaling.prometheus_url: {scaling.prometheus_url!r} is not allowed; allowed: a URL"
        if scaling.forecast.enabled and not forecasts.keys() & settings.models.keys():
            where = forecast_table.path_of(stack).name
            yield (
                f"slipway:scaling.forecast.enabled: true needs infra/data/forecasts/{where} with a model of the stack; "
                "allowed: false, or a table that `slipway forecast fit` has made"
            )
        return
    if scaling.forecast.enabled:
        yield "slipway:scaling.forecast.enabled: true needs slipway:scaling.engine keda; allowed here: false"
    for key, default in (("prometheus_url", words.PROMETHEUS_URL), ("time_zone", words.TIME_ZONE), ("keep_warm", 0)):
        if (value := getattr(scaling, key)) != default:
            yield f"slipway:scaling.{key}: {value!r} needs slipway:scaling.engine keda; allowed here: {default!r}"


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
