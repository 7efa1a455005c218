"""What a preview tells beside its objects: what to know, and what `pulumi up` will refuse."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from infra.plan.model import ModelPlan
from infra.plan.tier_notices import tier_notices
from infra.stack import StackConfig


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell. A preview shows both kinds; `blocker` stops `pulumi up` before anything changes."""

    kind: Literal["warning", "blocker"]
    text: str


def plan_notices(config: StackConfig, models: Sequence[ModelPlan]) -> tuple[Notice, ...]:
    """All of them, warnings first."""
    known = (Notice("warning", text) for text in tier_notices(config, models))
    return (*_unchecked(models), *known, *_idle_gpus(models))


def _unchecked(models: Sequence[ModelPlan]) -> Iterator[Notice]:
    if unchecked := [model.id for model in models if model.weights.sha256 is None]:
        text = f"no sha256 in the catalog, so downloads are not checked against a known value: {', '.join(unchecked)}"
        yield Notice("warning", text)


def _idle_gpus(models: Sequence[ModelPlan]) -> Iterator[Notice]:
    if with_gpu := [model.id for model in models if model.resources.num_gpus]:
        text = (
            f"the image has no CUDA variant yet, a GPU would stand idle: {', '.join(with_gpu)}; "
            "set slipway:models.<model>.profile to a cpu-* profile, or leave the model out"
        )
        yield Notice("blocker", text)
