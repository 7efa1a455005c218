"""Keys of `scaling`, `spot` and `quota`: how many replicas, on which kind of nodes, and at most how much of all."""

from typing import Annotated, Literal

from pydantic import Field

from infra.fields import Label, Text
from infra.settings import words
from infra.settings.group import DerivedBytes, DerivedCount, DerivedCpu, Group, Percent, Replicas, Seconds, TimeZone
from infra.settings.models import Signal, Spot


class ForecastSettings(Group):
    """Scaling ahead of load: by a table of the hours of the week that `slipway forecast fit` makes of past weeks."""

    enabled: bool = False
    ahead_s: Seconds = words.FORECAST_AHEAD_S


class ScalingSettings(Group):
    """Who scales and by what; the bounds are for models that name none of their own."""

    engine: Literal["hpa", "keda"] = words.ENGINE
    signal: Signal = words.SIGNAL
    metrics: Literal["none", "adapter"] = "none"
    prometheus_url: Text = words.PROMETHEUS_URL
    time_zone: TimeZone = words.TIME_ZONE
    busy_percent: Percent = words.BUSY_PERCENT
    quiet_s: Annotated[int, Field(ge=1, le=3600)] = words.QUIET_S
    min_replicas: Replicas | None = None
    max_replicas: Annotated[int, Field(ge=1, le=1000)] | None = None
    keep_warm: Annotated[int, Field(ge=0, le=100)] = words.KEEP_WARM
    forecast: ForecastSettings = ForecastSettings()


class SpotSettings(Group):
    """Whether what is above a model's floor may run on nodes that the provider takes back."""

    use: Spot = words.SPOT
    grace_s: DerivedCount = None


class QuotaSettings(Group):
    """Upper bounds of the namespace; None is `derived`."""

    cpu: DerivedCpu = None
    memory: DerivedBytes = None
    gpus: DerivedCount = None
    storage: DerivedBytes = None


class PrioritySettings(Group):
    """Priority classes belong to the whole cluster: with `create: false` somebody else makes them."""

    create: bool = True
    prefix: Label = words.AUTO
