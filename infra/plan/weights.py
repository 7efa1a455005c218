"""How the weights of a model come to its pods: which file, on which volume, filled by what, within which time.

    own         claim of the model  <- Job                 one copy a model; the default
    shared      claim of the stack  <- a Job each          file names carry hashes: what is there is not fetched again
    image       OCI image volume                           pulled and kept by the node, nothing to fill
    ephemeral   emptyDir            <- init container      fetched at every start, gone with the pod

A claim that is ReadOnlyMany can't be filled: a second one is, as ReadWriteOnce, and the storage driver clones it.
"""

from dataclasses import dataclass, replace
from typing import Literal

from infra import names, units
from infra.catalog.types import Catalog, HubSource, PypiSource, Weights
from infra.errors import PlanError
from infra.plan.speeds import COPY_BYTES_S, PULL_BYTES_S
from infra.plan.storage import AccessMode, Claim, weights_mode
from infra.rollout import solve_job_deadline
from infra.stack import ModelConfig, StackConfig

Delivery = Literal["own", "shared", "image", "ephemeral"]
PVC_HEADROOM = 1.2  # file system overhead, and room for what a download keeps beside the file
ALIGNMENT = 64 * units.MI
NUM_SHARED_GENERATIONS = 2  # new weights come while the old ones still serve


@dataclass(frozen=True, slots=True)
class WeightsPlan:
    """The weights of one model; `hash` changes when the file would.

    Attributes:
        file: its name at the source.
        stored: its name in the folder of models; where several models share one, it begins with the hash.
        volume_bytes: what the file takes on its volume, with what comes beside it.
        job_deadline_s: for one attempt to fetch it.
        claim: what pods mount; None without one. With `shared` it is one of the stack's (`Plan.claims`).
        filled: what the Job fills, under the name of the Job: `claim`, or what it is a clone of.
        image: for `image`, a reference by digest; None where the stack packs the weights itself.
        start_s: what a pod takes for its weights before its server starts.
    """

    source: PypiSource | HubSource
    file: str
    file_bytes: int
    sha256: str | None
    hash: str
    volume_bytes: int
    job_deadline_s: int
    delivery: Delivery
    stored: str
    claim: Claim | None = None
    filled: Claim | None = None
    image: str | None = None
    start_s: int = 0

    @property
    def own_claims(self) -> tuple[Claim, ...]:
        """The model's alone, what is filled first."""
        found = (self.filled, self.claim) if self.filled != self.claim else (self.claim,)
        return tuple(claim for claim in found if claim is not None and claim.model is not None)


def delivery_of(chosen: ModelConfig) -> Delivery:
    """`auto` is a claim of its own: it works in every cluster, and a change of another model never touches it."""
    match chosen.delivery:
        case "shared" | "image" | "ephemeral" as named:
            return named
        case _:
            return "own"


def plan_weights(
    config: StackConfig, chosen: ModelConfig, weights: Weights, num_pods: int, shared: Claim | None = None
) -> WeightsPlan:
    """`num_pods` may want them at once; `shared` is the claim of all models that share one."""
    speed = COPY_BYTES_S if isinstance(weights.source, PypiSource) else PULL_BYTES_S
    digest = _digest(weights)
    base = WeightsPlan(
        source=weights.source,
        file=weights.file,
        file_bytes=weights.file_bytes,
        sha256=weights.sha256,
        hash=digest,
        volume_bytes=volume_bytes(weights),
        job_deadline_s=solve_job_deadline(weights.file_bytes, speed),
        delivery=delivery_of(chosen),
        stored=weights.file,
    )
    match base.delivery:
        case "shared":
            return replace(base, stored=f"{digest}-{weights.file}", claim=shared, filled=shared)
        case "image":
            return replace(base, image=chosen.weights_image, start_s=weights.file_bytes // COPY_BYTES_S)
        case "ephemeral":
            return replace(base, start_s=base.job_deadline_s)
        case _:
            return _with_own_claim(config, chosen.id, base, weights_mode(config, num_pods))


def _with_own_claim(config: StackConfig, model_id: str, base: WeightsPlan, mode: AccessMode) -> WeightsPlan:
    """Class and mode of a claim never change: what would change them is a new claim beside the old one."""
    storage_class = config.storage.weights_class
    name = names.weights_object(model_id, names.short_hash(base.hash, storage_class, mode))
    claim = Claim(name, "weights", storage_class, mode, base.volume_bytes, model=model_id)
    if mode != "ReadOnlyMany":
        return replace(base, claim=claim, filled=claim)
    source = replace(claim, name=f"{name}-fill", access_mode="ReadWriteOnce")
    return replace(base, claim=replace(claim, copy_of=source.name), filled=source)


def plan_shared(config: StackConfig, catalog: Catalog) -> Claim | None:
    """The cache of all models that share one; None where none does. Its name tells class and mode, which stay."""
    sharing = [_size(config, chosen, catalog) for chosen in config.models if delivery_of(chosen) == "shared"]
    if not sharing:
        return None
    mode = weights_mode(config, num_pods=2)  # always of several models, or of one with a rollout
    need = sum({_digest(weights): volume_bytes(weights) for weights in sharing}.values())
    asked = config.storage.cache_bytes
    if asked is not None and asked < need:
        raise PlanError(
            [
                f"slipway:storage.cache_size: {units.format_bytes(asked)} is too small for the models that share it; "
                f"allowed: {units.format_bytes(units.round_up(need, units.GI))} or more, or 'derived'"
            ]
        )
    return Claim(
        name=f"{names.PROJECT}-weights-{names.short_hash(config.storage.weights_class, mode)}",
        use="cache",
        storage_class=config.storage.weights_class,
        access_mode=mode,
        num_bytes=asked or units.round_up(NUM_SHARED_GENERATIONS * need, units.GI),
        protect=config.storage.protect,
    )


def _size(config: StackConfig, chosen: ModelConfig, catalog: Catalog) -> Weights:
    model = catalog.models[chosen.id]
    return (model.small if config.size == "small" else model.full).weights


def _digest(weights: Weights) -> str:
    match weights.source:
        case PypiSource(package, version):
            origin = ("pypi", package, version)
        case HubSource(repo, revision):
            origin = ("hub", repo, revision)
    return names.short_hash(*origin, weights.file, weights.sha256 or "")


def volume_bytes(weights: Weights) -> int:
    """What to ask of a volume for them."""
    return units.round_up(round(weights.file_bytes * PVC_HEADROOM), ALIGNMENT)


def known_volumes(config: StackConfig, catalog: Catalog) -> list[int]:
    """The caches of every model in the catalog, at its larger size; two of each where one is cloned from the other."""
    sizes = [(model.full, model.small) for model in catalog.models.values()]
    found = [max(volume_bytes(size.weights) for size in pair) for pair in sizes]
    return found * 2 if config.storage.access_mode == "ReadOnlyMany" else found
