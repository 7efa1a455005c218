"""What a preview tells beside its objects: what to know, and what `pulumi up` will refuse."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from infra import names
from infra.catalog.types import Catalog
from infra.plan import gpu_image
from infra.plan.edge_notices import edge_notices
from infra.plan.model import ModelPlan
from infra.plan.rollout_notices import rollout_notices
from infra.plan.secret_notices import secret_notices
from infra.plan.sidecars import sidecar_notices
from infra.plan.storage_notices import storage_notices
from infra.plan.tier_notices import tier_notices
from infra.stack import StackConfig


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell. A preview shows both kinds; `blocker` stops `pulumi up` before anything changes."""

    kind: Literal["warning", "blocker"]
    text: str


def plan_notices(config: StackConfig, catalog: Catalog, models: Sequence[ModelPlan]) -> tuple[Notice, ...]:
    """All of them, warnings first."""
    texts = (
        *rollout_notices(config, catalog, models),
        *tier_notices(config, models),
        *storage_notices(config, models),
        *edge_notices(config, models),
        *secret_notices(config, models),
        *gpu_image.notices(config, models),
        *sidecar_notices(config, models),
    )
    known = (Notice("warning", text) for text in texts)
    found = (*_unchecked(config, models), *known)
    return tuple(sorted(found, key=lambda each: each.kind == "blocker"))


def _unchecked(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[Notice]:
    """A rehearsal may; what people rely on must be the file that somebody has tried."""
    if unchecked := [model.id for model in models if model.weights.sha256 is None]:
        text = f"no sha256 in the catalog, so downloads are not checked against a known value: {', '.join(unchecked)}"
        is_refused = names.is_production(config.stack)
        lock = "; `slipway models lock` writes it into infra/catalog/lock.yaml" if is_refused else ""
        yield Notice("blocker" if is_refused else "warning", text + lock)
