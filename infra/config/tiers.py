"""`models.<id>`: spot, the warm pool and how a GPU is shared, as far as they depend on each other."""

from collections.abc import Iterator

from infra.catalog.types import Catalog, Model
from infra.config import schedules
from infra.config.cluster import MIG_PROFILE
from infra.settings import Settings
from infra.settings.models import ModelSettings

LEAST_DRA = (1, 34)
"""Kubernetes from which on claims for devices are there unasked."""


def check(model_id: str, settings: Settings, model: ModelSettings, catalog: Catalog, most: int) -> Iterator[str]:
    """Nothing that would change nothing, and nothing that can't be."""
    key = f"slipway:models.{model_id}"
    yield from _check_spot(key, model_id, settings, model, most)
    yield from _check_warm(key, settings, model, catalog.models[model_id])
    yield from _check_sharing(key, settings, model, _num_gpus(model_id, settings, model, catalog))


def _check_spot(key: str, model_id: str, settings: Settings, model: ModelSettings, most: int) -> Iterator[str]:
    floor = model.on_demand_floor
    if floor is not None and floor > most:
        yield f"{key}.on_demand_floor: {floor} is above max_replicas; allowed: 0 to {most}"
    if (model.spot or settings.spot.use) == "none":
        if floor is not None and floor <= most:
            yield f"{key}.on_demand_floor: needs spot: burst; allowed here: no such key"
    elif f"{model_id}-burst" in settings.models:
        yield f"{key}.spot: 'burst' needs the name {model_id}-burst, which another model has; allowed: none"


def _check_warm(key: str, settings: Settings, model: ModelSettings, entry: Model) -> Iterator[str]:
    """Only a query can be added to: what an HPA or KEDA measures of processors is what it is."""
    is_own = model.keep_warm is not None
    warm = model.keep_warm if is_own else settings.scaling.keep_warm
    if not warm:
        return
    where = f"{key}.keep_warm" if is_own else f"{key} (slipway:scaling.keep_warm)"
    signal = model.signal if model.signal not in (None, "auto") else settings.scaling.signal
    hours = schedules.resolve(settings, model, entry)
    if settings.scaling.engine == "keda" and signal == "cpu":
        yield f"{where}: {warm} needs the signal queue; allowed with cpu: 0"
    elif is_own and settings.scaling.engine != "keda":
        yield f"{where}: {warm} needs slipway:scaling.engine keda; allowed here: 0"
    elif 0 in (*(window.least for window in hours), model.min_replicas):
        yield f"{where}: {warm} is more than the 0 replicas of its quiet hours; allowed: 0"


def _check_sharing(key: str, settings: Settings, model: ModelSettings, num_gpus: int | None) -> Iterator[str]:
    mode, where = model.gpu_sharing or settings.gpu.sharing, f"{key}.gpu_sharing"
    if num_gpus is None or mode == "none":
        return
    if num_gpus == 0:
        if model.gpu_sharing is not None:
            yield f"{where}: {mode!r} for a model without a GPU; allowed: none"
        return
    if mode != "dra" and num_gpus > 1:
        yield f"{where}: {mode!r} gives a part of one GPU, and the profile has {num_gpus}; allowed: none, dra"
    if mode == "mig" and not MIG_PROFILE.fullmatch(settings.gpu.mig_profile) and settings.gpu.sharing != "mig":
        yield f"slipway:gpu.mig_profile: {settings.gpu.mig_profile!r} is not allowed; allowed with mig: such as 1g.10gb"
    major, _, minor = settings.cluster.version.partition(".")
    if mode == "dra" and (int(major), int(minor)) < LEAST_DRA:
        yield (
            f"{where}: 'dra' needs Kubernetes 1.{LEAST_DRA[1]}; allowed with slipway:cluster.version "
            f'"{settings.cluster.version}": none, time-slicing, mps, mig'
        )


def _num_gpus(model_id: str, settings: Settings, model: ModelSettings, catalog: Catalog) -> int | None:
    """None for a profile that there is not, which is told elsewhere."""
    entry = catalog.models[model_id]
    size = entry.small if settings.size == "small" else entry.full
    profile = catalog.profiles.get(model.profile or size.profile)
    return None if profile is None else profile.num_gpus
