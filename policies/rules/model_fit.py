"""Whether a model fits the memory of its GPUs, by numbers that a manifest tells."""

from __future__ import annotations

from math import prod
from typing import Any

from infra.units import GI
from kube import digits, gpus, quantity
from kube.objects import Stack
from kube.view import View
from policies.facts import hardware, served_models
from policies.facts.engines import Server
from policies.facts.placement import Placement, gpu_memory, placement
from policies.rule import MANDATORY, Findings, stack_rule
from policies.settings import Settings

WORKING_BYTES = GI
"""What llama.cpp needs on each GPU beside weights and cache: the driver's context and the buffers of a step."""
SHARED = "nvidia.com/gpu.shared"
ALL_LAYERS = 99
"""What people write for `--n-gpu-layers` when they mean all; fewer leave a part of the model on the CPU."""


@stack_rule(
    why="A model that does not fit its GPUs crashes while it loads, again and again, on the dearest nodes there are.",
    source="Weights by name, bits and published shapes (data/models.yaml); no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4},
      containers: [{name: a, image: vllm/vllm-openai, args: [--model, meta-llama/Llama-3.1-70B-Instruct],
        resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4},
      containers: [{name: a, image: vllm/vllm-openai, args: [--model, meta-llama/Llama-3.1-8B-Instruct],
        resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
)
def model_fits_vram(stack: Stack, settings: Settings) -> Findings:
    """Weights and cache of each model are at most GPUs x memory x share of it that the engine may use.

    Weights come from the model's name (`70B`, `AWQ`, `Q4_K_M`; see `model_size.py`), the cache from the length that the
    engine is set up for and the model's published shape. GPUs are those among which the model is split. Their memory is
    the least that node selector and affinity allow. The share is the engine's own flag, else `gpu_memory_utilization`;
    llama.cpp takes what it needs, so for it all but 1 GiB counts.

    Not judged is what can't be derived: a name without a number, a GPU that is not named or stands for several sizes, a
    slice or a share of a GPU by count, a model of which a part is on the CPU or in other pods.
    """
    for pod in stack.pods:
        for container in pod.main_containers:
            held = gpus.requests(container)
            if held == 0:
                continue
            where = placement(pod)
            memory = _gpu_memory(container, where)
            if memory is None:
                continue
            for served in served_models.of_container(stack, pod, container):
                has, needed = _usable(served.server, held, memory, settings), served.weights_bytes
                if has is not None and needed is not None and has < needed + served.cache_bytes:
                    message = "must be enough GPUs for the model: its weights and cache do not fit their memory"
                    yield container.bad("resources.limits", message, held, where.raw)


def _gpu_memory(container: View, where: Placement) -> int | None:
    """Of one GPU. A slice names it itself; a share of a GPU has no size."""
    names = gpus.by_resource(container)
    slices = [size for name in names if (size := hardware.gpu_memory(name)) is not None]
    return None if SHARED in names else min(slices, default=gpu_memory(where))


def _is_elsewhere(server: Server) -> bool:
    """Whether a part of the model may be outside of these GPUs."""
    layers = server.value("gpu_layers")
    number = digits.whole(layers)
    is_on_gpus = layers == "all" or (number is not None and number >= ALL_LAYERS)
    return server.place("elsewhere") is not None or (server.has("gpu_layers") and not is_on_gpus)


def _usable(server: Server | None, held: Any, memory: int, settings: Settings) -> Any:
    """Bytes for the model: of all GPUs among which it is split. None where it can't be told, or is not known yet."""
    if server is not None and _is_elsewhere(server):
        return None
    if server is None or server.engine == "llama.cpp":
        return held * (memory - WORKING_BYTES)
    share = server.value("memory_share")
    parts = [server.value(setting) for setting in ("tensor_parallel", "pipeline_parallel")]
    factors = [settings.gpu_memory_utilization if share is None else share]
    factors += [part for part in parts if part is not None] or [held]
    numbers = [quantity.parse(str(factor)) for factor in factors]
    return None if None in numbers else prod(numbers) * memory
