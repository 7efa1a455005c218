"""What to know of scaling, spot nodes and shared GPUs: what is less than one may think, and what must be there."""

from collections.abc import Iterator, Sequence

from infra.plan import spot
from infra.plan.model import ModelPlan
from infra.plan.sharing import NOT_APART
from infra.plan.tiers import Tier, floor_of
from infra.stack import StackConfig


def tier_notices(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    """Sentences."""
    yield from _signals(config, models)
    yield from _bursts(config, models)
    yield from _graces(config, models)
    yield from _shares(models)
    if config.cluster.scheduler is not None:
        name = config.cluster.scheduler
        yield f"all model pods wait for a scheduler called {name}: without one in the cluster they stay pending"


def _signals(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    if by_cpu := [model.id for model in models if model.gpu and _kinds(model) == {"cpu"}]:
        yield (
            f"scaled by CPU, which says little about a GPU: {', '.join(by_cpu)}; set slipway:scaling.engine keda, or "
            "slipway:scaling.metrics adapter where the cluster has one"
        )
    asks = config.scaling.engine == "keda" and any("queue" in _kinds(model) for model in models)
    if asks and not config.monitoring.operator:
        yield (
            f"KEDA asks {config.scaling.prometheus_url} how many requests there are, and nothing of this stack makes "
            "it scrape them; set slipway:monitoring.operator true, or scrape port 9090 of the models' Services with "
            "the label `namespace`"
        )
    unknown = [chosen.id for chosen in config.models if chosen.forecast is None]
    if unknown and config.scaling.ahead_s is not None:
        yield f"the forecast has no table of: {', '.join(sorted(unknown))}"


def _bursts(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    wished = {chosen.id: floor_of(chosen) for chosen in config.models if chosen.spot == "burst"}
    if none := [model.id for model in models if wished.get(model.id) and not _burst(model)]:
        yield f"nothing is on spot, the floor is all there is: {', '.join(none)}; set a lower on_demand_floor"
    if kept := [model.id for model in models if wished.get(model.id) and _keeps_one(model, wished[model.id])]:
        yield (
            "a replica more than min_replicas is always there, on spot, for an autoscaler can't do with none: "
            f"{', '.join(kept)}; with slipway:scaling.engine keda and the signal queue it comes when it is needed"
        )


def _keeps_one(model: ModelPlan, floor: int) -> bool:
    """Whether a burst has a replica which only its autoscaler asks for."""
    burst = _burst(model)
    return burst is not None and burst.replicas.least == 1 and model.base.replicas.least <= floor


def _graces(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    notice_s = spot.grace_s(config.cluster.provider)
    asked_s, provider = config.spot_grace_s or 0, config.cluster.provider
    if any(_burst(model) for model in models) and asked_s > notice_s:
        yield (
            f"slipway:spot.grace_s is {asked_s}, and provider {provider} leaves {notice_s} s unless its nodes are set "
            "up for more: what still runs then is cut off"
        )


def _shares(models: Sequence[ModelPlan]) -> Iterator[str]:
    for mode, text in NOT_APART.items():
        if sharing := [model.id for model in models if model.gpu and model.gpu.mode == mode]:
            yield f"GPUs by {mode} ({', '.join(sharing)}): {text}"


def _kinds(model: ModelPlan) -> set[str]:
    return {signal.kind for tier in model.tiers for signal in tier.scaling.signals}


def _burst(model: ModelPlan) -> Tier | None:
    return next((tier for tier in model.tiers if tier.is_spot), None)
