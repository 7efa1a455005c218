"""`models`: each model's own settings, else those of the stack, else the catalog's."""

from collections.abc import Iterator

from infra.catalog.types import Catalog, Model
from infra.config import cluster
from infra.settings import AUTO, Settings
from infra.settings.group import DAY_MINUTES
from infra.settings.models import ModelSettings, WindowSettings
from infra.stack import ModelConfig, Window


def check(settings: Settings, catalog: Catalog) -> Iterator[str]:
    """Models that exist, with bounds in order."""
    for model_id, model in settings.models.items():
        key = f"slipway:models.{model_id}"
        entry = catalog.models.get(model_id)
        if entry is None:
            yield f"{key}: there is no such model; allowed: {', '.join(catalog.models)}"
            continue
        if model.profile is not None and model.profile not in catalog.profiles:
            yield f"{key}.profile: {model.profile!r} is not allowed; allowed: {', '.join(catalog.profiles)}"
        yield from _check_replicas(key, settings, model, entry)
        yield from _check_windows(key, settings, model, entry)
        if model.weights_image is not None and (model.weights or settings.storage.delivery) != "image":
            yield f"{key}.weights_image: needs weights: image; allowed here: no such key"


def _check_replicas(key: str, settings: Settings, model: ModelSettings, entry: Model) -> Iterator[str]:
    least, most = _bounds(settings, model, entry)
    if least > most:
        yield f"{key}.min_replicas: {least} is above max_replicas; allowed: 1 to {most}"
    if least == 0 and settings.scaling.engine != "keda":
        yield f"{key}.min_replicas: 0 needs slipway:scaling.engine keda; allowed here: 1 or more"
    floor = model.on_demand_floor
    if floor is not None and floor > most:
        yield f"{key}.on_demand_floor: {floor} is above max_replicas; allowed: 0 to {most}"


def _check_windows(key: str, settings: Settings, model: ModelSettings, entry: Model) -> Iterator[str]:
    _, most = _bounds(settings, model, entry)
    for index, window in enumerate(model.schedule or ()):
        here = f"{key}.schedule.{index}"
        if window.start == window.end:
            yield f"{here}.end: is the start; allowed: another time, or a window for each part of the day"
        if window.min_replicas > (most if window.max_replicas is None else window.max_replicas):
            yield f"{here}.min_replicas: {window.min_replicas} is above max_replicas; allowed: 0 to {most}"
        if window.max_replicas is not None and window.max_replicas > most:
            yield f"{here}.max_replicas: {window.max_replicas} is above the model's; allowed: 0 to {most}"
    if model.schedule and settings.scaling.engine != "keda":
        yield f"{key}.schedule: needs slipway:scaling.engine keda; allowed here: []"


def resolve(settings: Settings, catalog: Catalog) -> tuple[ModelConfig, ...]:
    """In the order of their ids."""
    return tuple(
        _resolve(settings, model_id, model, catalog.models[model_id])
        for model_id, model in sorted(settings.models.items())
    )


def _resolve(settings: Settings, model_id: str, model: ModelSettings, entry: Model) -> ModelConfig:
    least, most = _bounds(settings, model, entry)
    keep_warm = settings.scaling.keep_warm if model.keep_warm is None else model.keep_warm
    return ModelConfig(
        id=model_id,
        min_replicas=least,
        max_replicas=most,
        profile=model.profile,
        num_slots=model.num_slots,
        context_tokens=model.context_tokens,
        tier=model.tier,
        windows=_windows(settings, model, entry),
        spot=model.spot or settings.spot.use,
        floor=model.on_demand_floor,
        signal=model.signal if model.signal not in (None, AUTO) else settings.scaling.signal,
        keep_warm=min(keep_warm, most),
        delivery=model.weights or settings.storage.delivery,
        weights_image=model.weights_image,
        sharing=cluster.resolve_sharing(settings, model.gpu_sharing),
    )


def _bounds(settings: Settings, model: ModelSettings, entry: Model) -> tuple[int, int]:
    """The most follows a least that is named above it, where nobody named the most."""
    scaling = settings.scaling
    least = _first(model.min_replicas, scaling.min_replicas, entry.replicas.least)
    named = _first(model.max_replicas, scaling.max_replicas, None)
    found = max(entry.replicas.most, least or 0) if named is None else named
    return least or 0, found


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _windows(settings: Settings, model: ModelSettings, entry: Model) -> tuple[Window, ...]:
    """The catalog's are for whoever can keep them: an HPA knows no clock."""
    zone = settings.scaling.time_zone
    if model.schedule is not None:
        return tuple(_window(each, zone) for each in model.schedule)
    if settings.scaling.engine != "keda":
        return ()
    return tuple(Window(each.days, _minute(each.start), _minute(each.end), zone, each.least) for each in entry.schedule)


def _window(window: WindowSettings, zone: str) -> Window:
    return Window(
        days=window.days,
        start_minute=window.start,
        end_minute=window.end,
        time_zone=window.time_zone or zone,
        least=window.min_replicas,
        most=window.max_replicas,
    )


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return (int(hours) * 60 + int(minutes)) % DAY_MINUTES
