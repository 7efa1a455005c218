"""What models on GPUs need of the image beside ggml's kernels: code for their GPU, and sometimes cuBLAS.

A stack that lacks either is refused before anything is built; what only takes long is told.
"""

from collections.abc import Iterator, Sequence

from infra import cuda
from infra.catalog.types import Catalog, Profile
from infra.plan.model import ModelPlan, chosen_profile
from infra.stack import ImageConfig, StackConfig

PLATFORM = "linux/amd64"
"""What the CUDA image is built for: its compiler would take days in an emulator."""


def refusals(config: StackConfig, catalog: Catalog, models: Sequence[ModelPlan]) -> Iterator[str]:
    """What would be paid for and never start, with what would."""
    on_gpus = [model for model in models if model.server.variant == "cuda"]
    if not on_gpus:
        return
    if config.image.cuda_ref is None and PLATFORM not in config.image.platforms:
        yield (
            f"slipway:image.platforms: the image for GPUs is built for {PLATFORM} alone, and "
            f"{', '.join(model.id for model in on_gpus)} need it; allowed: {PLATFORM}, too, or slipway:image.cuda_ref"
        )
    yield from _without_code(config, catalog, on_gpus)
    yield from _without_cublas(config.image, on_gpus)


def _without_code(config: StackConfig, catalog: Catalog, on_gpus: Sequence[ModelPlan]) -> Iterator[str]:
    """By profile: a pod may land on any of its GPUs."""
    compiled = [cuda.parse(each) for each in config.image.cuda_architectures]
    chosen = {each.id: chosen_profile(config, each, catalog) for each in config.models}
    profiles: dict[str, Profile] = {chosen[model.id].name: chosen[model.id] for model in on_gpus}
    for name, profile in profiles.items():
        if strangers := cuda.strangers(profile.gpu_products, compiled):
            ids = ", ".join(model.id for model in on_gpus if chosen[model.id].name == name)
            more = cuda.missing(strangers.values())
            helps = f"{', '.join(map(str, more))}, too, or another profile" if more else "another profile"
            yield (
                f"slipway:image.cuda_architectures: {', '.join(config.image.cuda_architectures)} don't run on all GPUs "
                f"of {name} ({ids}): {', '.join(map(_with_capability, strangers, strangers.values()))}; "
                f"allowed: {helps}"
            )


def _with_capability(product: str, compute: int) -> str:
    known = f"compute capability {compute // 10}.{compute % 10}" if compute else "no CUDA at all"
    return f"{product} has {known}"


def _without_cublas(image: ImageConfig, on_gpus: Sequence[ModelPlan]) -> Iterator[str]:
    if image.cublas != "forward":
        return
    for model in on_gpus:
        if reason := model.server.needs_cublas:
            yield (
                f"slipway:image.cublas: 'forward' brings no cuBLAS, which {model.id} needs on a GPU: {reason}; "
                "allowed: 'inside', 'volume' (from Kubernetes 1.35 on), or a cpu-* profile for it"
            )


def notices(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    """How long a first build takes; what is named and not used."""
    on_gpus = [model.id for model in models if model.server.variant == "cuda"]
    if on_gpus and config.image.cuda_ref is None:
        num = len(config.image.cuda_architectures)
        yield (
            f"the first build of the image for GPUs ({', '.join(on_gpus)}) compiles for about "
            f"{20 * num} minutes on two cores, {num} architectures; slipway:image.cuda_ref takes one that CI has built"
        )
    if config.image.cuda_ref is not None and not on_gpus:
        yield "slipway:image.cuda_ref: no model of the stack is on a GPU, so nothing uses it"
