"""What a stack file says of hours, signals, spot, warm pools and shared GPUs: what does not fit is refused."""

import copy
from typing import Any

import pytest

from infra import endpoints
from infra.catalog.load import load_catalog
from infra.config import parse
from infra.errors import ConfigError
from infra.stack import ModelConfig, StackConfig
from tests.unit.infra.recorder import raw_settings

CATALOG = load_catalog()
KEDA: dict[str, Any] = {"scaling": {"engine": "keda"}}
DAY = {"days": "weekdays", "start": "08:00", "end": "18:00", "min_replicas": 2}


def settings(*groups: dict[str, Any]) -> dict[str, Any]:
    """Those of staging, with others on top; it names no model, so what is named here is all."""
    found = copy.deepcopy(raw_settings("staging"))
    for group in groups:
        for key, value in group.items():
            found[key] = {**found.get(key, {}), **value} if isinstance(value, dict) else value
    return found


def legal(**keys: Any) -> dict[str, Any]:
    """One model instead of all."""
    return {"models": {"legal": keys}}


def parsed(*groups: dict[str, Any]) -> StackConfig:
    """The configuration that they make."""
    return parse("test", settings(*groups), CATALOG, endpoints.without_cluster())


def model(*groups: dict[str, Any]) -> ModelConfig:
    """Its only model."""
    (found,) = parsed(*groups).models
    return found


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([legal(min_replicas=0)], "slipway:models.legal.min_replicas: 0 needs slipway:scaling.engine keda"),
        ([legal(schedule=[DAY])], "slipway:models.legal.schedule: needs slipway:scaling.engine keda"),
        ([legal(signal="queue")], "slipway:models.legal.signal: 'queue' needs slipway:scaling.engine keda or .metrics"),
        ([{"scaling": {"signal": "queue"}}], "slipway:scaling.signal: 'queue' needs slipway:scaling.engine keda or"),
        ([{"scaling": {"keep_warm": 1}}], "slipway:scaling.keep_warm: 1 needs slipway:scaling.engine keda"),
        ([legal(keep_warm=1)], "slipway:models.legal.keep_warm: 1 needs slipway:scaling.engine keda; allowed here: 0"),
        (
            [{"scaling": {"time_zone": "Asia/Tokyo"}}],
            "slipway:scaling.time_zone: 'Asia/Tokyo' needs slipway:scaling.eng",
        ),
        (
            [{"scaling": {"prometheus_url": "http://p"}}],
            "slipway:scaling.prometheus_url: 'http://p' needs slipway:scal",
        ),
        ([{"scaling": {"forecast": {"enabled": True}}}], "forecast.enabled: true needs slipway:scaling.engine keda"),
        ([{"scaling": {"quiet_s": 7200}}], "slipway:scaling.quiet_s: 7200 is not allowed; allowed: 3600 or less"),
        ([KEDA, {"scaling": {"metrics": "adapter"}}], "slipway:scaling.metrics: 'adapter' is for HPAs"),
        (
            [KEDA, {"scaling": {"prometheus_url": "prometheus"}}],
            "prometheus_url: 'prometheus' is not allowed; allowed: a",
        ),
        (
            [KEDA, {"scaling": {"forecast": {"enabled": True}}}],
            "needs infra/data/forecasts/test.yaml with a model of the",
        ),
        ([KEDA, legal(min_replicas=0, schedule=[])], "legal.min_replicas: 0 at all hours, and nothing in front of the"),
        ([KEDA, legal(schedule=[{**DAY, "min_replicas": 9}])], "schedule.0.min_replicas: 9 is above max_replicas"),
        (
            [KEDA, legal(schedule=[DAY, {**DAY, "time_zone": "Asia/Tokyo"}])],
            "schedule.1.time_zone: 'Asia/Tokyo' beside 'UTC'; allowed: one for all of a model",
        ),
        (
            [KEDA, legal(schedule=[{**DAY, "days": "daily", "start": "02:30", "time_zone": "Europe/Berlin"}])],
            "schedule: sun 02:30 does not exist in Europe/Berlin on the day on which clocks go forward; allowed: "
            "before sun 02:00, or from sun 03:00 on",
        ),
        ([KEDA, legal(keep_warm=1, signal="cpu")], "legal.keep_warm: 1 needs the signal queue; allowed with cpu: 0"),
        (
            [KEDA, legal(keep_warm=1, min_replicas=0, schedule=[DAY])],
            "legal.keep_warm: 1 is more than the 0 replicas of its quiet hours; allowed: 0",
        ),
        ([legal(on_demand_floor=1)], "slipway:models.legal.on_demand_floor: needs spot: burst; allowed here: no such"),
        ([legal(spot="burst", on_demand_floor=3)], "on_demand_floor: 3 is above max_replicas; allowed: 0 to 2"),
        ([{"spot": {"use": "burst", "grace_s": 5}}], "slipway:spot.grace_s: 5 is not allowed; allowed: 20 to 3600"),
        ([{"gpu": {"mig_profile": "1g.10gb"}}], "slipway:gpu.mig_profile: '1g.10gb' needs slipway:gpu.sharing mig"),
        ([{"gpu": {"device_class": "large"}}], "slipway:gpu.device_class: 'large' needs slipway:gpu.sharing dra"),
        ([{"gpu": {"replicas_per_gpu": 4}}], "replicas_per_gpu: 4 needs slipway:gpu.sharing mps or time-slicing"),
        (
            [legal(gpu_sharing="mps")],
            "slipway:models.legal.gpu_sharing: 'mps' for a model without a GPU; allowed: none",
        ),
        (
            [{"models": {"legal": {"profile": "gpu24-20g", "gpu_sharing": "mig"}}}],
            "slipway:gpu.mig_profile: 'none' is not allowed; allowed with mig: such as 1g.10gb",
        ),
        (
            [{"models": {"legal": {"profile": "gpu24-20g", "gpu_sharing": "dra"}}}],
            "slipway:models.legal.gpu_sharing: 'dra' needs Kubernetes 1.34; allowed with",
        ),
    ],
)
def test_what_does_not_fit_is_refused_alone_and_with_what_is_allowed(
    groups: list[dict[str, Any]], expected: str
) -> None:
    """One sentence, for one mistake."""
    with pytest.raises(ConfigError) as caught:
        parsed(*groups)
    (problem,) = caught.value.problems
    assert expected in problem


def test_a_schedule_of_the_catalog_is_for_an_engine_with_a_clock() -> None:
    """An HPA would ignore it, so it is not even planned."""
    assert all(each.windows == () for each in parsed().models)
    assert any(each.windows for each in parsed(KEDA).models)
    assert {zone.time_zone for each in parsed(KEDA).models for zone in each.windows} == {"UTC"}


def test_hours_of_the_stack_file_replace_those_of_the_catalog() -> None:
    """An empty list means none."""
    assert model(KEDA, legal()).windows
    assert model(KEDA, legal(schedule=[])).windows == ()


def test_a_whole_day_is_from_midnight_to_midnight() -> None:
    """An end at the start is on the next day, as in the catalog."""
    whole = {"days": "weekend", "start": "00:00", "end": "00:00", "min_replicas": 1}
    (found,) = model(KEDA, legal(schedule=[whole])).windows
    assert (found.days, found.start_minute, found.end_minute) == (("sat", "sun"), 0, 0)


def test_zero_replicas_need_hours_that_have_some() -> None:
    """Such as working hours; then nights and weekends have none."""
    assert model(KEDA, legal(min_replicas=0, schedule=[DAY])).min_replicas == 0
