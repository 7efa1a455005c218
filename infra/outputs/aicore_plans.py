"""Resource plans of SAP AI Core: what a replica gets there, and whether a model fits it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from infra import cuda, hardware
from infra.catalog.types import Catalog, Profile, Size
from infra.cuda import Architecture
from infra.fit.proof import explain, prove
from infra.outputs.images import is_packed
from infra.plan import ModelPlan, Plan
from infra.quota import Resources

FILE: Final = Path(__file__).parent.parent / "data" / "aicore_plans.yaml"
GB: Final = 10**9


@cache
def profiles() -> Mapping[str, Profile]:
    """All that are known, by name; each is a machine for one pod."""
    listed = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {
        name: Profile(
            name=name,
            cpu_m=each["cores"] * 1000,
            cpu_limit_m=each["cores"] * 1000,
            memory_bytes=each["memory_gb"] * GB,
            num_gpus=each.get("gpus", 0),
            gpu_memory_bytes=hardware.gpu_memory(each["gpu"]) if "gpu" in each else 0,
            gpu_products=(each["gpu"],) if "gpu" in each else (),
        )
        for name, each in listed.items()
    }


def within(asked: Resources, name: str) -> Resources:
    """What a model asks for, but no more than the plan has: else no node would take the pod."""
    found = profiles().get(name)
    if found is None:
        return asked
    return dataclasses.replace(
        asked,
        cpu_m=min(asked.cpu_m, found.cpu_m),
        cpu_limit_m=min(asked.cpu_limit_m, found.cpu_limit_m),
        memory_bytes=min(asked.memory_bytes, found.memory_bytes),
    )


def problems(plan: Plan, catalog: Catalog) -> Iterator[str]:
    """Models that can't run there as the stack sets them, each with what would do."""
    name = plan.aicore.resource_plan
    for model in plan.models:
        if is_packed(model) and not plan.aicore.baked:
            yield (
                f"slipway:aicore.weights: 'runtime' can't fetch {model.id}: its weights come in an image, and AI Core "
                "mounts none; allowed: 'baked'"
            )
        if model.server.mounts_cublas:
            yield (
                f"slipway:image.cublas: 'volume' can't be for {model.id}: AI Core mounts no image; allowed: 'inside'"
            )
        size = _size(model, catalog)
        found = profiles().get(name)
        if found is None:
            continue
        compiled = [cuda.parse(each) for each in plan.image.cuda_architectures]
        if reason := _misfit(model, size, found, compiled):
            fitting = [each.name for each in profiles().values() if _misfit(model, size, each, compiled) is None]
            allowed = f"allowed: {', '.join(fitting)}" if fitting else "no plan known here fits; allowed: leave it out"
            yield f"slipway:aicore.resource_plan: {model.id}: {reason}; {allowed}"


def _misfit(model: ModelPlan, size: Size, profile: Profile, compiled: Sequence[Architecture]) -> str | None:
    if model.resources.num_gpus > profile.num_gpus:
        return f"needs {model.resources.num_gpus} GPU, {profile.name} has {profile.num_gpus or 'none'}"
    if model.resources.num_gpus and cuda.strangers(profile.gpu_products, compiled):
        return f"the GPU of {profile.name}, {profile.gpu_products[0]}, runs none of {', '.join(map(str, compiled))}"
    used = profile if model.resources.num_gpus else dataclasses.replace(profile, num_gpus=0, gpu_memory_bytes=0)
    fit = prove(size, used)
    return None if fit.does_fit else explain(fit)


def _size(model: ModelPlan, catalog: Catalog) -> Size:
    """The catalog's, with the slots and the context that the stack chose."""
    entry = catalog.models[model.id]
    found = next(size for size in (entry.full, entry.small) if size.weights.file == model.weights.file)
    server = model.server
    return dataclasses.replace(found, num_slots=server.num_slots, context_tokens=server.context_tokens)
