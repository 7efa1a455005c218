"""Settings as they were written -> StackConfig, or one error with all that is wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from infra import names
from infra.catalog.types import Catalog
from infra.config import cluster, edge, image, models, outputs, scaling, secrets, sidecars, storage
from infra.endpoints import Endpoints
from infra.errors import ConfigError
from infra.forecast import table as forecast_table
from infra.problems import describe
from infra.settings import Settings
from infra.stack import Forecast, StackConfig

PREFIX = f"{names.PROJECT}:"


def parse(
    stack: str, raw: Mapping[str, Any], catalog: Catalog, endpoints: Endpoints, kinds: Mapping[str, str] | None = None
) -> StackConfig:
    """Check the settings and resolve what they leave to the cluster; `kinds` is of `kinds_of()`."""
    try:
        settings = Settings.model_validate(dict(raw))
    except ValidationError as error:
        raise ConfigError(describe(error, Settings, _key)) from None
    forecasts = forecast_table.load(stack) if settings.scaling.forecast.enabled else {}
    if problems := list(_check(stack, settings, catalog, endpoints, forecasts)):
        raise ConfigError(problems)
    found = _resolve(stack, settings, catalog, endpoints, forecasts)
    return replace(found, storage=replace(found.storage, kinds=dict(kinds or {})))


def kinds_of(cost: object) -> dict[str, str]:
    """What storage classes are, of `slipway:cost`, which checks itself: here, what is no text says nothing."""
    kinds = cost.get("storage_kinds") if isinstance(cost, Mapping) else None
    found = kinds.items() if isinstance(kinds, Mapping) else ()
    return {str(name): kind for name, kind in found if isinstance(kind, str)}


def _key(location: tuple[int | str, ...]) -> str:
    return PREFIX + ".".join(map(str, location))


def _check(
    stack: str, settings: Settings, catalog: Catalog, endpoints: Endpoints, forecasts: Mapping[str, Forecast]
) -> Iterator[str]:
    yield from models.check(settings, catalog, forecasts)
    if settings.namespace == "default" or settings.namespace.startswith("kube-"):
        yield f"slipway:namespace: {settings.namespace!r} is not allowed; allowed: a namespace of its own"
    yield from storage.check(settings, endpoints)
    yield from cluster.check(settings)
    yield from image.check(settings)
    yield from edge.check(settings)
    yield from scaling.check(stack, settings, forecasts)
    yield from secrets.check(settings)
    yield from outputs.check(settings)
    yield from sidecars.check(settings)


def _resolve(
    stack: str, settings: Settings, catalog: Catalog, endpoints: Endpoints, forecasts: Mapping[str, Forecast]
) -> StackConfig:
    return StackConfig(
        stack=stack,
        owner=settings.owner,
        cost_centre=settings.cost_centre,
        target=settings.target,
        namespace=settings.namespace,
        cluster=cluster.resolve(settings, endpoints),
        image=image.resolve(settings, endpoints),
        size=settings.size,
        models=models.resolve(settings, catalog, forecasts),
        scaling=scaling.resolve(settings),
        spot_grace_s=settings.spot.grace_s,
        priority=scaling.resolve_priority(settings),
        storage=storage.resolve(settings),
        edge=edge.resolve(settings, endpoints),
        secrets=secrets.resolve(stack, settings),
        monitoring=edge.resolve_monitoring(settings),
        backup=storage.resolve_backup(settings),
        quota=scaling.resolve_quota(settings),
        docker=outputs.resolve_docker(settings),
        aicore=outputs.resolve_aicore(settings),
        sidecars=sidecars.resolve(settings),
    )
