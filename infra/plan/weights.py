"""How the weights of a model come to its pods: which file, on which volume, filled by what, within which time."""

from dataclasses import dataclass
from typing import Literal

from infra import names, units
from infra.catalog.types import Catalog, HubSource, PypiSource, Weights
from infra.plan.speeds import COPY_BYTES_S, PULL_BYTES_S, START_S
from infra.plan.storage import Claim, plan_claim
from infra.stack import ModelConfig, StackConfig

Delivery = Literal["own", "shared", "image", "ephemeral"]
PVC_HEADROOM = 1.2  # file system overhead, and room for what a download keeps beside the file
ALIGNMENT = 64 * units.MI


@dataclass(frozen=True, slots=True)
class WeightsPlan:
    """The weights of one model; `hash` changes when the file would.

    Attributes:
        delivery: own: a claim of its own, filled by a Job. shared: one claim for all models of the stack, filled by a
            Job each. image: a read-only volume of the reference `image`. ephemeral: an emptyDir that an init container
            fills at each start.
        claim: the volume; None without one. With `shared` it is one of the stack's (`Plan.claims`).
        volume_bytes: what the file takes on its volume, with what comes beside it.
    """

    source: PypiSource | HubSource
    file: str
    file_bytes: int
    sha256: str | None
    hash: str
    volume_bytes: int
    job_deadline_s: int
    delivery: Delivery
    claim: Claim | None
    image: str | None = None


def plan_weights(config: StackConfig, chosen: ModelConfig, weights: Weights) -> WeightsPlan:
    """Today every model has a claim of its own."""
    source = weights.source
    match source:
        case PypiSource():
            origin, speed = ("pypi", source.package, source.version), COPY_BYTES_S
        case HubSource():
            origin, speed = ("hub", source.repo, source.revision), PULL_BYTES_S
    num_bytes = volume_bytes(weights)
    digest = names.short_hash(*origin, weights.file, weights.sha256 or "")
    return WeightsPlan(
        source=source,
        file=weights.file,
        file_bytes=weights.file_bytes,
        sha256=weights.sha256,
        hash=digest,
        volume_bytes=num_bytes,
        job_deadline_s=START_S + weights.file_bytes // speed + 300,
        delivery="own",
        claim=plan_claim(config, names.weights_object(chosen.id, digest), "weights", num_bytes, chosen.id),
        image=chosen.weights_image,
    )


def volume_bytes(weights: Weights) -> int:
    """What to ask of a volume for them."""
    return units.round_up(round(weights.file_bytes * PVC_HEADROOM), ALIGNMENT)


def known_volumes(catalog: Catalog) -> list[int]:
    """The cache of every model in the catalog, at its larger size."""
    sizes = [(model.full, model.small) for model in catalog.models.values()]
    return [max(volume_bytes(size.weights) for size in pair) for pair in sizes]
