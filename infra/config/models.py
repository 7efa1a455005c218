"""`models`: each model's own settings, else those of the stack, else the catalog's."""

from collections.abc import Iterator, Mapping

from infra.catalog.types import Catalog, HubSource, Model
from infra.config import cluster, schedules, tiers
from infra.config.image import BY_DIGEST
from infra.settings import AUTO, Settings
from infra.settings.models import ModelSettings
from infra.stack import IMAGE_VOLUMES, Forecast, ModelConfig

SERVERS_OWN = ("messages", "tools", "add_generation_prompt", "bos_token", "eos_token")
"""Variables of chat templates that no model's entry may set: a server would not start."""


def check(settings: Settings, catalog: Catalog, forecasts: Mapping[str, Forecast]) -> Iterator[str]:
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
        bounds = _bounds(settings, model, entry)
        yield from schedules.check(key, settings, model, entry, bounds, forecasts.get(model_id))
        yield from tiers.check(model_id, settings, model, catalog, bounds[1])
        yield from _check_delivery(key, settings, model, entry)
        for name in SERVERS_OWN:
            if name in (model.chat_template_kwargs or {}):
                yield f"{key}.chat_template_kwargs: {name!r} is the server's own; allowed: other variables"


def _check_replicas(key: str, settings: Settings, model: ModelSettings, entry: Model) -> Iterator[str]:
    least, most = _bounds(settings, model, entry)
    if least > most:
        yield f"{key}.min_replicas: {least} is above max_replicas; allowed: 1 to {most}"
    if least == 0 and settings.scaling.engine != "keda":
        yield f"{key}.min_replicas: 0 needs slipway:scaling.engine keda; allowed here: 1 or more"


def _check_delivery(key: str, settings: Settings, model: ModelSettings, entry: Model) -> Iterator[str]:
    """An image volume needs an image, by digest, and nodes that can mount it."""
    delivery, image = model.weights or settings.storage.delivery, model.weights_image
    if delivery != "image":
        if image is not None:
            yield f"{key}.weights_image: needs weights: image; allowed here: no such key"
        return
    if image is not None and not BY_DIGEST.fullmatch(image):
        yield f"{key}.weights_image: {image!r} is not allowed; allowed: a reference by digest, name@sha256:<64 digits>"
    source = (entry.small if settings.size == "small" else entry.full).weights.source
    if image is None and isinstance(source, HubSource):
        yield (
            f"{key}.weights: 'image' needs weights_image: only weights of a package are packed by the stack; allowed "
            "here: own, shared, ephemeral"
        )
    major, _, minor = settings.cluster.version.partition(".")
    if settings.cluster.kind != "embedded" and (int(major), int(minor)) < IMAGE_VOLUMES:
        yield (
            f"{key}.weights: 'image' needs nodes that mount images, as they do from 1.{IMAGE_VOLUMES[1]} on; "
            f'allowed with slipway:cluster.version "{settings.cluster.version}": own, shared, ephemeral'
        )


def resolve(settings: Settings, catalog: Catalog, forecasts: Mapping[str, Forecast]) -> tuple[ModelConfig, ...]:
    """In the order of their ids."""
    return tuple(
        _resolve(settings, model_id, model, catalog.models[model_id], forecasts.get(model_id))
        for model_id, model in sorted(settings.models.items())
    )


def _resolve(
    settings: Settings, model_id: str, model: ModelSettings, entry: Model, forecast: Forecast | None
) -> ModelConfig:
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
        windows=schedules.resolve(settings, model, entry),
        spot=model.spot or settings.spot.use,
        floor=model.on_demand_floor,
        signal=model.signal if model.signal not in (None, AUTO) else settings.scaling.signal,
        keep_warm=min(keep_warm, most),
        forecast=forecast,
        delivery=model.weights or settings.storage.delivery,
        weights_image=model.weights_image,
        sharing=cluster.resolve_sharing(settings, model.gpu_sharing),
        draft_tokens=model.draft_tokens or 0,
        step_tokens=model.step_tokens,
        chat_template_kwargs=model.chat_template_kwargs or {},
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
