"""What a worker is told to load, and what it may take. Pure."""

from __future__ import annotations

import json

from serve.messages import AdapterPath, Load
from serve.models import ModelEntry
from serve.supervision.ports import Options

# Python, llama.cpp and its compute buffers, before any weights.
WORKER_BYTES = 96 * 1024 * 1024
# With a model on GPUs: CUDA's own pages, and the buffers through which weights go there. On the GPU: CUDA's context.
GPU_WORKER_BYTES = 768 * 1024 * 1024
GPU_CONTEXT_BYTES = 512 * 1024 * 1024
# The table of embeddings stays in the machine's memory: of a file so much at least goes to the GPU.
_GPU_SHARE = 0.85
# So many tokens of KV take about as much as the weights: by their shapes, some 14,000 to 40,000 for models of 0.3 to 8
# billion parameters in 4 bits. Only a guess for the first load: the worker's real size is measured after it.
_TOKENS_PER_WEIGHT = 30_000


def load_message(entry: ModelEntry, options: Options) -> Load:
    """The first message to a worker."""
    return Load(
        model=entry.id,
        path=str(options.models_dir / entry.file),
        num_slots=entry.num_slots,
        context_tokens=entry.context_tokens,
        step_tokens=max(options.step_tokens, entry.num_slots + 1),
        max_waiting=options.max_waiting,
        num_threads=options.num_threads,
        chat_template=entry.chat_template,
        mixed_tokens=max(options.mixed_tokens or options.step_tokens, entry.num_slots + 1),
        num_draft_tokens=entry.draft_tokens,
        adapters=tuple(AdapterPath(each.name, str(options.models_dir / each.file)) for each in entry.adapters),
        state_dir=None if options.state_dir is None else str(options.state_dir),
        state_max_bytes=options.state_max_bytes,
        template_kwargs_json=json.dumps(entry.chat_template_kwargs),
        gpu_layers=entry.gpu_layers if options.gpu_bytes is not None else 0,
    )


def guess_bytes(entry: ModelEntry, size_bytes: int) -> int:
    """What its worker will take, of the size of its weights."""
    share = entry.num_slots * entry.context_tokens / _TOKENS_PER_WEIGHT
    return WORKER_BYTES + int(size_bytes * (1 + share))


def guess_gpu_bytes(entry: ModelEntry, size_bytes: int) -> tuple[int, int]:
    """What it will take of GPUs' memory, and the least that is enough to try. Who chose some layers knows better."""
    if entry.gpu_layers is not None:
        return 0, 0
    share = entry.num_slots * entry.context_tokens / _TOKENS_PER_WEIGHT
    return GPU_CONTEXT_BYTES + int(size_bytes * (1 + share)), int(size_bytes * _GPU_SHARE)
