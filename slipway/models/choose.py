"""Geometry and file -> the smallest profile that holds it. Pure."""

from collections.abc import Iterable
from typing import Final

from infra.catalog.types import Geometry, Profile, Size
from infra.errors import PlanError
from infra.fit.proof import explain, prove

CPU_PARAMETERS: Final = 9 * 10**9
"""Beyond so many that a token passes, a CPU writes slower than people read."""


def choose_profile(size: Size, profiles: Iterable[Profile]) -> Profile:
    """Of the kind that the model wants, else of the other; PlanError where none holds it."""
    every = sorted(profiles, key=lambda each: (each.num_gpus * each.gpu_memory_bytes, each.memory_bytes, each.name))
    wants_gpu = parameters_in_use(size.geometry) > CPU_PARAMETERS
    fitting = [each for each in every if prove(size, each).does_fit]
    wanted = [each for each in fitting if (each.num_gpus > 0) == wants_gpu]
    if found := wanted or fitting:
        return found[0]
    raise PlanError([f"{size.weights.file} {explain(prove(size, every[-1]))}, and that is the largest profile"])


def parameters_in_use(of: Geometry) -> int:
    """That a token passes: of a mixture of experts, those in use and all the rest."""
    if not of.num_experts:
        return of.num_parameters
    experts = of.num_layers * of.num_experts * 3 * of.num_embedding * of.num_feed_forward
    return (
        of.num_parameters - min(experts, of.num_parameters) * (of.num_experts - of.num_used_experts) // of.num_experts
    )
