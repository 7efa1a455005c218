"""What to know of rollouts: for whom they are a pause, and who waits for whose spare GPU."""

from collections.abc import Iterator, Mapping, Sequence

from infra.catalog.types import Catalog
from infra.plan.model import ModelPlan, chosen_profile
from infra.stack import StackConfig


def rollout_notices(config: StackConfig, catalog: Catalog, models: Sequence[ModelPlan]) -> Iterator[str]:
    """Sentences."""
    profiles = {chosen.id: chosen_profile(config, chosen, catalog).name for chosen in config.models}
    yield from _pauses(models)
    yield from _queues(config.cluster.spare_gpus, profiles, models)
    for name in sorted(config.cluster.spare_gpus.keys() - set(profiles.values())):
        yield f"slipway:cluster.spare_gpus.{name}: no model of the stack has this profile, so nobody uses them"


def _pauses(models: Sequence[ModelPlan]) -> Iterator[str]:
    """By reason: what helps depends on it. A burst that pauses leaves its base."""
    by_reason: dict[str, list[str]] = {}
    for model in models:
        if model.base.rollout.pauses:
            by_reason.setdefault(model.base.rollout.reason, []).append(model.id)
    for reason, ids in by_reason.items():
        helps = "slipway:cluster.spare_gpus.<profile>" if "GPU" in reason else "slipway:storage.access_mode auto"
        yield (
            f"a rollout pauses {', '.join(ids)} for as long as loading takes, for there is one replica and {reason}; "
            f"set min_replicas to 2, or {helps}"
        )


def _queues(spare: Mapping[str, int], profiles: Mapping[str, str], models: Sequence[ModelPlan]) -> Iterator[str]:
    """Each alone has room for its surge; together they may have to wait for each other, and do."""
    for name, count in sorted(spare.items()):
        group = [model for model in models if profiles[model.id] == name and model.gpu]
        wanted = sum(
            tier.rollout.surge * (model.gpu.count if model.gpu else 0) for model in group for tier in model.tiers
        )
        places = count * max((model.gpu.replicas_per_gpu for model in group if model.gpu), default=1)
        if wanted > places:
            yield (
                f"{count} spare GPUs of {name} are for {', '.join(model.id for model in group)}, which want {wanted} "
                "when all are updated at once: then some wait for others"
            )
