"""What can't be: models that their hardware does not hold, and more pods than the stack's nodes have room for.

Each sentence has the numbers and the nearest thing that would do. A preview refuses the stack with all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from infra.catalog.types import Catalog, Profile, Size
from infra.fit.capacity import Ask, shortages
from infra.fit.check import misfits
from infra.fit.engine import DEFAULT, Engine
from infra.fit.nearest import Shelf, shelf
from infra.fit.nodes import pools_of
from infra.plan.model import ModelPlan, chosen_profile, chosen_size
from infra.plan.sharing import GpuShare
from infra.plan.tiers import Tier
from infra.quota import JOB_RESOURCES
from infra.stack import StackConfig

NODES = "slipway:cluster.nodes"


def refusals(config: StackConfig, catalog: Catalog, models: Sequence[ModelPlan], num_jobs: int) -> Iterator[str]:
    """Nothing where all fits. `num_jobs`: that may run at the same time."""
    chosen = {each.id: each for each in config.models}
    profiles = {model.id: chosen_profile(config, chosen[model.id], catalog) for model in models}
    offered = shelf(catalog)
    for model in models:
        yield from _misfit(model, chosen_size(config, chosen[model.id], catalog), profiles[model.id], offered)
    yield from _shortages(config, models, profiles, num_jobs)


def _misfit(model: ModelPlan, size: Size, profile: Profile, offered: Shelf) -> Iterator[str]:
    """As it is served: with the slots and the room that the stack gives it, on its share of a GPU."""
    served = replace(size, num_slots=model.server.num_slots, context_tokens=model.server.context_tokens)
    if model.gpu is not None and model.gpu.memory_bytes != profile.gpu_memory_bytes:
        profile, offered = (
            _shared(profile, model.gpu),
            replace(offered, profiles=tuple(_shared(each, model.gpu) for each in offered.profiles)),
        )
    yield from misfits([(f"slipway:models.{model.id}", served, profile)], offered, engine_of(model))


def _shared(profile: Profile, share: GpuShare) -> Profile:
    """With what a pod has of the GPU. A slice is as large on every GPU that has such slices."""
    memory = profile.gpu_memory_bytes // share.replicas_per_gpu if share.replicas_per_gpu > 1 else share.memory_bytes
    return replace(profile, gpu_memory_bytes=memory) if profile.num_gpus else profile


def engine_of(model: ModelPlan) -> Engine:
    """What the server's settings change of what llama.cpp asks for."""
    step_tokens = model.server.step_tokens
    return DEFAULT if step_tokens is None else replace(DEFAULT, step_tokens=step_tokens)


def _shortages(
    config: StackConfig, models: Sequence[ModelPlan], profiles: dict[str, Profile], num_jobs: int
) -> Iterator[str]:
    """All pods against all nodes, and those that must be on demand against nodes that are."""
    jobs = Ask("Jobs", num_jobs, JOB_RESOURCES.cpu_m, JOB_RESOURCES.memory_bytes)
    every = [ask for model in models for ask in _asks(model, model.tiers, profiles[model.id])]
    problems = list(shortages([*every, jobs], pools_of(config.cluster.nodes)))
    staying = [pool for pool in config.cluster.nodes if not pool.is_spot]
    if len(staying) < len(config.cluster.nodes):
        kept = {model.id: [tier for tier in model.tiers if not tier.is_spot] for model in models}
        if not staying and (pinned := [name for name, tiers in kept.items() if tiers]):
            problems.append(
                f"all of them are spot, and these have a floor on demand: {', '.join(pinned)}; allowed: a pool "
                "without spot, or models with spot: burst and on_demand_floor: 0"
            )
        floor = [ask for model in models for ask in _asks(model, kept[model.id], profiles[model.id])]
        told = set(problems)
        problems += [f"on demand: {each}" for each in shortages(floor, pools_of(staying)) if each not in told]
    for problem in problems:
        yield f"{NODES}: {problem}"


def _asks(model: ModelPlan, tiers: Sequence[Tier], profile: Profile) -> Iterator[Ask]:
    """Pods that share a GPU are asked for without it, and then the GPUs that they all need at least.

    Of slices nothing is known: how many a GPU is cut into is the nodes' own business.
    """
    peak = sum(tier.peak for tier in tiers)
    cpu_m, memory_bytes = profile.cpu_m, profile.memory_bytes
    if model.tunnel is not None:
        cpu_m, memory_bytes = cpu_m + model.tunnel.resources.cpu_m, memory_bytes + model.tunnel.resources.memory_bytes
    whole = Ask(model.id, peak, cpu_m, memory_bytes, profile.num_gpus, profile.gpu_products)
    share = model.gpu
    if share is None or share.mode in ("none", "dra"):
        yield whole
        return
    yield replace(whole, num_gpus=0, gpu_products=())
    if share.replicas_per_gpu > 1:
        yield Ask(model.id, peak * share.count // share.replicas_per_gpu, 0, 0, 1, profile.gpu_products)
