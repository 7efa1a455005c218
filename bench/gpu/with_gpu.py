"""What only a machine with a GPU can prove: layers on it, the same answers, speed, memory, and cuBLAS or its lack."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from gguf import GGMLQuantizationType

from bench.engine.in_process import CHILD, NUM_GENERATED, NUM_PROMPT, SLOT_TOKENS, batched_rate
from bench.engine.servers import Server
from bench.gpu.lab import IMAGE, Lab, ask, complete
from bench.gpu.report import Check
from serve.gpu.types import Device
from serve.telemetry.gpu import open_nvml

PRESET, WIDE = "medium", 32
LEAST_ON_GPU, LEAST_RATIO, MOST_APART = 0.9, 0.9, 0.1
LEFT_BYTES = 64 * 2**20
MOST_TOKENS = 4_194_304
"""Of a slot: 256 of them have no room on any GPU."""
NOWHERE = "/nowhere/cublas"
_TIMEOUT_S = 300.0


def checks(lab: Lab, devices: tuple[Device, ...]) -> Iterator[Check]:
    """One after the other."""
    names = "; ".join(f"{each.name} ({each.compute[0]}.{each.compute[1]})" for each in devices)
    yield Check("GPUs", bool(devices), names, {"free_bytes": sum(each.free_bytes for each in devices)})
    quantised = lab.model(PRESET, GGMLQuantizationType.Q8_0)
    yield from _offload(lab, quantised)
    yield _same_answers(lab, quantised)
    for width in (1, 16, WIDE):
        yield _speed(lab, quantised, width)
    yield from _cublas(lab)
    yield _too_large(lab, quantised)


def _offload(lab: Lab, model: Path) -> Iterator[Check]:
    """All layers are there, without cuBLAS; and what was taken is given back."""
    before, size = _used_bytes(), model.stat().st_size
    environ = {"SLIPWAY_CUBLAS": NOWHERE}
    with lab.serving(model, environ, gpu="required") as server:
        status, text = complete(server)
        taken, counted = _used_bytes() - before, _metric(server, "model_gpu_memory_bytes")
    yield Check(
        "offload, quantised, no cuBLAS",
        status == 200 and counted >= LEAST_ON_GPU * size,
        f"{status}; {counted / 2**20:.0f} MiB of a file of {size / 2**20:.0f} MiB and its KV cache are on the GPU"
        + ("" if status == 200 else f"; {text[:300]}"),
        {"gpu_bytes": counted, "nvml_bytes": taken, "file_bytes": size},
    )
    time.sleep(1.0)  # the driver takes a moment
    left = _used_bytes() - before
    yield Check("memory", left <= LEFT_BYTES, f"{taken / 2**20:.0f} MiB taken by NVML, {left / 2**20:.0f} left after")


def _same_answers(lab: Lab, model: Path) -> Check:
    """The prompt's logprobs on GPU and CPU: kernels differ, numbers hardly do."""
    wanted = {"echo": True, "logprobs": 1, "max_tokens": 1}
    told: list[list[float]] = []
    for gpu in ("required", "off"):
        with lab.serving(model, gpu=gpu) as server:
            status, text = complete(server, **wanted)
            if status != 200:
                return Check("same answers", holds=False, seen=f"{gpu}: {status}, {text[:300]}")
            values = json.loads(text)["choices"][0]["logprobs"]["token_logprobs"]
            told.append([value for value in values[:-1] if value is not None])
    apart = max((abs(one - other) for one, other in zip(*told, strict=True)), default=float("inf"))
    return Check("same answers", apart <= MOST_APART, f"logprobs are {apart:.4f} apart at most", {"apart": apart})


def _speed(lab: Lab, model: Path, width: int) -> Check:
    """Our engine's decode rate beside llama-batched-bench's, with the same libraries."""
    name = f"speed, {width} at once"
    if lab.bench is None:
        return Check(name, holds=False, seen="llama-batched-bench was not given (--peers)")
    options = {
        "model": str(model), "num": width, "num_threads": lab.num_threads, "num_prompt": NUM_PROMPT,
        "num_generated": NUM_GENERATED * 8, "slot_tokens": SLOT_TOKENS, "uses_gpus": True,
    }  # fmt: skip
    path = {"PYTHONPATH": f"{IMAGE}:{lab.llama}"}
    ours = json.loads(_output([sys.executable, str(CHILD), json.dumps(options)], path).splitlines()[-1])["tokens_per_s"]
    argv = [
        str(lab.bench), "--model", str(model), "--ctx-size", str(width * SLOT_TOKENS), "-ngl", "99", "-fa", "on",
        "-npp", str(NUM_PROMPT), "-ntg", str(NUM_GENERATED * 8), "-npl", str(width), "--output-format", "jsonl",
    ]  # fmt: skip
    theirs = batched_rate(_output(argv, {}))
    ratio = ours / theirs
    seen = f"{ours:.0f} tok/s, llama-batched-bench {theirs:.0f}: {ratio:.2f} x"
    return Check(name, ratio >= LEAST_RATIO, seen, {"ours": ours, "theirs": theirs, "ratio": ratio})


def _cublas(lab: Lab) -> Iterator[Check]:
    """A model in F16: refused at its load without cuBLAS, in one line; served with it."""
    model = lab.model("tiny", GGMLQuantizationType.F16)
    with lab.serving(model, {"SLIPWAY_CUBLAS": NOWHERE}, gpu="required") as server:
        status, text = complete(server)
        alive, _ = ask(server, "GET", "/health/live")
    named = "SLIPWAY_CUBLAS" in text and "F16" in text
    yield Check("F16, no cuBLAS", status == 503 and named and alive == 200, f"{status}: {text[:400]}")
    if lab.cublas is None:
        yield Check("F16, cuBLAS", holds=False, seen="no cuBLAS was given (--cublas)")
        return
    with lab.serving(model, {"SLIPWAY_CUBLAS": str(lab.cublas)}, gpu="required") as server:
        status, text = complete(server)
    yield Check("F16, cuBLAS", status == 200, f"{status}" if status == 200 else f"{status}: {text[:400]}")


def _too_large(lab: Lab, model: Path) -> Check:
    """A model with a context that no GPU has room for: refused with the numbers, or by llama.cpp in one line."""
    name = "GPU too small"
    with lab.serving(model, gpu="required", num_slots=256, slot_tokens=MOST_TOKENS) as server:
        status, text = complete(server)
    return Check(name, status == 503 and ("can't be loaded" in text or "did not" in text), f"{status}: {text[:300]}")


def _used_bytes() -> int:
    """On all GPUs, by all processes: nobody else should compute there meanwhile."""
    return sum(gpu.used_bytes or 0 for gpu in open_nvml()())


def _metric(server: Server, name: str) -> float:
    _, text = ask(server, "GET", "/metrics")
    found = re.search(rf'^{name}{{model="bench"}} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _output(argv: list[str], environ: dict[str, str]) -> str:
    environ = {"PATH": "/usr/bin:/bin", **environ}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(argv[0]).name} ended with {done.returncode}: {done.stderr[-1000:]}")
    return done.stdout
