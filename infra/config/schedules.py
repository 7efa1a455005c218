"""`models.<id>.schedule`: hours with a least number of their own, from the stack file, the catalog or a forecast."""

from collections.abc import Iterator

from infra import weeks
from infra.catalog.types import Model
from infra.settings import Settings
from infra.settings.group import DAY_MINUTES
from infra.settings.models import ModelSettings, WindowSettings
from infra.stack import Forecast, Window

Bounds = tuple[int, int]


def check(
    key: str, settings: Settings, model: ModelSettings, entry: Model, bounds: Bounds, forecast: Forecast | None
) -> Iterator[str]:
    """Hours that a clock can keep, and replicas at some hour at least."""
    least, most = bounds
    for index, window in enumerate(model.schedule or ()):
        if (own := window.min_replicas) > most:
            yield f"{key}.schedule.{index}.min_replicas: {own} is above max_replicas; allowed: 0 to {most}"
    if settings.scaling.engine != "keda":
        if model.schedule:
            yield f"{key}.schedule: needs slipway:scaling.engine keda; allowed here: []"
        return
    windows = resolve(settings, model, entry)
    zones = [each.time_zone for each in windows]
    yield from _check_zones(key, zones, forecast)
    if len(set(zones)) <= 1:
        yield from _check_week(key, windows, least)


def _check_zones(key: str, zones: list[str], forecast: Forecast | None) -> Iterator[str]:
    """Crons of two zones can't say together when neither of two windows is."""
    for index, zone in enumerate(zones):
        if zone != zones[0]:
            yield f"{key}.schedule.{index}.time_zone: {zone!r} beside {zones[0]!r}; allowed: one for all of a model"
    if forecast is not None and zones and forecast.time_zone != zones[0]:
        yield (
            f"{key}.schedule: its time zone is {zones[0]}, that of the forecast {forecast.time_zone}; allowed: one for "
            "both (`slipway forecast fit --time-zone`)"
        )


def _check_week(key: str, windows: tuple[Window, ...], least: int) -> Iterator[str]:
    week = weeks.week_of(windows, least)
    if week.highest == 0:
        yield (
            f"{key}.min_replicas: 0 at all hours, and nothing in front of the model would wake it; allowed: 1 or more, "
            "or a schedule of the hours that have some"
        )
    for start, first, end in weeks.missing(week, windows[0].time_zone) if windows else ():
        yield (
            f"{key}.schedule: {weeks.name(start)} does not exist in {windows[0].time_zone} on the day on which clocks "
            f"go forward; allowed: before {weeks.name(first)}, or from {weeks.name(end)} on"
        )


def resolve(settings: Settings, model: ModelSettings, entry: Model) -> tuple[Window, ...]:
    """The catalog's are for whoever can keep them: an HPA knows no clock."""
    zone = settings.scaling.time_zone
    if model.schedule is not None:
        return tuple(_window(each, zone) for each in model.schedule)
    if settings.scaling.engine != "keda":
        return ()
    return tuple(Window(each.days, _minute(each.start), _minute(each.end), zone, each.least) for each in entry.schedule)


def _window(window: WindowSettings, zone: str) -> Window:
    return Window(window.days, window.start, window.end, window.time_zone or zone, window.min_replicas)


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return (int(hours) * 60 + int(minutes)) % DAY_MINUTES
