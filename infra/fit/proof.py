"""A model at one size on one profile -> Fit: what it needs on the GPU and on the host, term by term, and what is there.

On a GPU all layers lie on it, and on the host only what llama.cpp keeps there: the input embedding, the inputs of a
step and the logits. The weights pass through the host's page cache while they load, but the kernel takes clean pages of
a file back as soon as memory gets short, so a memory limit below the file does not end the pod; it only makes the next
start read the file again. So the limit must hold what can't be taken back, and `cached_bytes` says how much of the file
stays. (An engine that locks its memory would need all of it; ours does not.)

On a CPU every token reads all weights (of a mixture of experts, over time, too). Taking their pages back would mean to
read them from storage for each token, and some lie in another layout that is no file. So all of them count.

Several GPUs share the layers; each also has its own scratch memory, and the last one the output.
"""

from dataclasses import dataclass
from typing import Literal

from infra.catalog.types import Geometry, Profile, Size
from infra.fit.buffers import compute_bytes, input_bytes, output_bytes
from infra.fit.cache import cache_bytes
from infra.fit.engine import DEFAULT, Engine
from infra.fit.hardware import CUDA_BYTES, server_bytes, usable_gpu_bytes
from infra.units import GI

Place = Literal["gpu", "host"]


@dataclass(frozen=True, slots=True)
class Term:
    """What one thing takes. On the fullest of several GPUs."""

    place: Place
    name: str
    num_bytes: int


@dataclass(frozen=True, slots=True)
class Fit:
    """The proof. Usable is what is left of the hardware before the model comes."""

    profile: str
    terms: tuple[Term, ...]
    usable_gpu_bytes: int
    usable_host_bytes: int
    cached_bytes: int

    def needed(self, place: Place) -> int:
        """The sum of the terms."""
        return sum(term.num_bytes for term in self.terms if term.place == place)

    def spare(self, place: Place) -> int:
        """What is left; below zero where it does not fit."""
        return (self.usable_gpu_bytes if place == "gpu" else self.usable_host_bytes) - self.needed(place)

    @property
    def does_fit(self) -> bool:
        """On the GPU and on the host."""
        return self.spare("gpu") >= 0 and self.spare("host") >= 0


def prove(size: Size, profile: Profile, engine: Engine = DEFAULT) -> Fit:
    """Every term, whether it fits or not."""
    terms = _on_gpu(size, profile, engine) if profile.num_gpus else _on_cpu(size, profile, engine)
    usable = usable_gpu_bytes(profile.gpu_memory_bytes) if profile.num_gpus else 0
    held = sum(term.num_bytes for term in terms if term.place == "host")
    file_bytes = size.weights.file_bytes if profile.num_gpus else 0
    return Fit(
        profile=profile.name,
        terms=terms,
        usable_gpu_bytes=usable,
        usable_host_bytes=profile.memory_bytes,
        cached_bytes=max(min(profile.memory_bytes - held, file_bytes), 0),
    )


def _on_cpu(size: Size, profile: Profile, engine: Engine) -> tuple[Term, ...]:
    of, slots, context = size.geometry, size.num_slots, size.context_tokens
    return (
        Term("host", "weights", size.weights.file_bytes),
        Term("host", f"KV cache ({slots} x {context} tokens)", cache_bytes(of, slots, context, engine)),
        Term("host", "compute buffers", compute_bytes(of, slots, context, engine) + output_bytes(of, slots)),
        Term("host", "server", server_bytes(profile)),
    )


def _on_gpu(size: Size, profile: Profile, engine: Engine) -> tuple[Term, ...]:
    of, slots, context = size.geometry, size.num_slots, size.context_tokens
    cache = cache_bytes(of, slots, context, engine)
    buffers = input_bytes(of, slots, context, engine) + output_bytes(of, slots)
    return (
        Term("gpu", "weights", _gpu_weights(size, profile)),
        Term("gpu", f"KV cache ({slots} x {context} tokens)", _share(cache, of, profile.num_gpus)),
        Term("gpu", "compute buffers", compute_bytes(of, slots, context, engine)),
        Term("gpu", "CUDA", CUDA_BYTES),
        Term("host", "input embedding", of.embedding_bytes),
        Term("host", "buffers", buffers),
        Term("host", "server and CUDA", server_bytes(profile)),
    )


def _gpu_weights(size: Size, profile: Profile) -> int:
    """All but the input embedding, unless that is the output, too: then a copy of it lies on the GPU."""
    of = size.geometry
    output = min(of.embedding_bytes, size.weights.file_bytes)
    layers = size.weights.file_bytes - output * (1 if of.is_tied else 2)
    return _share(max(layers, 0), of, profile.num_gpus) + output


def _share(num_bytes: int, geometry: Geometry, num_gpus: int) -> int:
    """Of the GPU that has the most layers."""
    most = -(-geometry.num_layers // num_gpus)
    return -(-num_bytes * most // geometry.num_layers)


def explain(fit: Fit) -> str:
    """One sentence with the numbers: what is short, what is there, and what takes it."""
    place = _place(fit)
    parts = [f"{term.name} {gib(term.num_bytes)}" for term in fit.terms if term.place == place and term.num_bytes]
    usable, where = (fit.usable_gpu_bytes, "GPU") if place == "gpu" else (fit.usable_host_bytes, "memory")
    verb = "does not fit" if fit.spare(place) < 0 else "fits"
    return f"{verb} the {where} of {fit.profile}: {' + '.join(parts)} = {gib(fit.needed(place))} of {gib(usable)}"


def _place(fit: Fit) -> Place:
    """Where it is short; where it is not, the place that is dearer."""
    if fit.spare("gpu") < 0 or fit.spare("host") < 0:
        return "gpu" if fit.spare("gpu") < 0 else "host"
    return "gpu" if fit.usable_gpu_bytes else "host"


def gib(num_bytes: int) -> str:
    """To a hundredth of a GiB, which is as exact as the proof."""
    return f"{num_bytes / GI:.2f} GiB"
