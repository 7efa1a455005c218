"""The engine without HTTP: against what the backend can do at all (llama-batched-bench), and what Python costs.

Each side is a process of its own, begun anew in each round: it loads, decodes at one width, prints, ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.engine.lab import Lab
from bench.engine.models import GEMMA, RANDOM
from bench.engine.pairing import ratio
from bench.engine.report import Row, at_least, at_most
from bench.engine.servers import NICENESS

CASES = ((GEMMA, 16), (RANDOM["medium"], 32))
NUM_PROMPT = 32
NUM_GENERATED = 24
SLOT_TOKENS = 512
TARGET, PYTHON_TARGET = at_least(0.97), at_most(0.03)
CHILD = Path(__file__).with_name("in_process_child.py")
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Ran:
    """What our engine's process printed."""

    tokens_per_s: float
    python_share: float
    sample_share: float


def measure(lab: Lab) -> Iterator[Row]:
    """For each model at its width a row for the speed and one for Python's share of a step."""
    for model, num in CASES:
        yield from _rows(lab, model, num)


def _rows(lab: Lab, model: str, num: int) -> Iterator[Row]:
    file, what = lab.model(model), f"in process, {model}, {num} at once"
    rounds = lab.take_turns(what, [lambda _: ours(lab, file, num), lambda _: theirs(lab, file, num)])
    mine: list[Ran] = [ran for ran, _ in rounds if isinstance(ran, Ran)]
    peers: list[float] = [rate for _, rate in rounds if isinstance(rate, float)]
    pairs = [(ran.tokens_per_s, rate) for ran, rate in zip(mine, peers, strict=True)]
    yield Row(what, "tok/s", "llama-batched-bench", ratio(pairs), TARGET)
    shares = [(ran.python_share * 100, 100.0) for ran in mine]
    yield Row(f"{what}, Python's share", "%", "of a step", ratio(shares), PYTHON_TARGET)
    sampling = [(ran.sample_share * 100, 100.0) for ran in mine]
    yield Row(f"{what}, sampling's share (in C)", "%", "of a step", ratio(sampling))


def ours(lab: Lab, model: Path, num: int) -> Ran | float:
    """Our engine's decode rate, greedy."""
    options = {
        "model": str(model), "num": num, "num_threads": lab.num_threads,
        "num_prompt": NUM_PROMPT, "num_generated": NUM_GENERATED, "slot_tokens": SLOT_TOKENS,
    }  # fmt: skip
    path = {"PYTHONPATH": f"{lab.image}:{lab.peers.python_path}"}
    found = json.loads(_last_line([sys.executable, str(CHILD), json.dumps(options)], path))
    return Ran(found["tokens_per_s"], found["python_share"], found["sample_share"])


def theirs(lab: Lab, model: Path, num: int) -> Ran | float:
    """llama-batched-bench's: the same batches without sampling, text or clients."""
    argv = [
        str(lab.peers.batched_bench), "--model", str(model), "--ctx-size", str(num * SLOT_TOKENS),
        "--threads", str(lab.num_threads), "--threads-batch", str(lab.num_threads),
        "-npp", str(NUM_PROMPT), "-ntg", str(NUM_GENERATED), "-npl", str(num), "--output-format", "jsonl",
    ]  # fmt: skip
    return batched_rate(_output(argv, {}))


def batched_rate(output: str) -> float:
    """The decode rate in llama-batched-bench's output, which has other lines, too."""
    lines = [line for line in output.splitlines() if line.startswith("{") and "speed_tg" in line]
    if len(lines) != 1:
        raise ValueError(f"llama-batched-bench printed {len(lines)} results, one was asked for: {output[-500:]}")
    return float(json.loads(lines[0])["speed_tg"])


def _last_line(argv: Sequence[str], environ: dict[str, str]) -> str:
    return _output(argv, environ).splitlines()[-1]


def _output(argv: Sequence[str], environ: dict[str, str]) -> str:
    argv = ["nice", "-n", str(NICENESS), *argv]
    environ = {"PATH": os.environ["PATH"], **environ}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{argv[3]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
