"""One process of `in_process`: the engine alone, so many streams, one line of JSON. Run with the image on its path.

The rate is of the steps in which every stream only decoded: prompts are computed before the clock starts.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from serve.engine.engine import Engine, Limits
from serve.engine.llama.backend import Llama
from serve.engine.types import Delta, Event, Finished, LoadOptions, Request, Sampling, Stats
from serve.settings import Settings

MAX_WAITING = 64


@dataclass(frozen=True, slots=True)
class Options:
    """As `in_process` sends them."""

    model: str
    num: int
    num_threads: int
    num_prompt: int
    num_generated: int
    slot_tokens: int
    uses_gpus: bool = False


def main(options: Options) -> None:
    """Run and print."""
    step_tokens = Settings.model_fields["step_tokens"].default
    load = LoadOptions(
        path=Path(options.model),
        num_slots=options.num,
        sequence_tokens=options.slot_tokens,
        step_tokens=step_tokens,
        num_threads=options.num_threads,
        gpu_layers=None if options.uses_gpus else 0,
    )
    limits = Limits(
        num_slots=options.num,
        sequence_tokens=options.slot_tokens,
        kv_tokens=options.num * options.slot_tokens,
        step_tokens=step_tokens,
        max_waiting=MAX_WAITING,
    )
    with Llama(load) as llama:
        engine = Engine(llama, limits)
        for number in range(options.num):
            engine.submit(_request(number, options))
        _step_until_all_generate(engine, options.num)
        before, begin = engine.stats(), time.perf_counter()
        while not engine.is_idle:
            if any(isinstance(event, Finished) for event in engine.step()):
                break
        took_s, after = time.perf_counter() - begin, engine.stats()
    sys.stdout.write(json.dumps(_result(before, after, took_s)) + "\n")


def _request(number: int, options: Options) -> Request:
    prompt = tuple(300 + (37 * place + 101 * number) % 3000 for place in range(options.num_prompt))
    return Request(number, prompt, options.num_generated, Sampling(temperature=0), ignore_eos=True)


def _step_until_all_generate(engine: Engine, num: int) -> None:
    begun: set[int] = set()
    while len(begun) < num:
        events: list[Event] = engine.step()
        begun.update(event.id for event in events if isinstance(event, Delta))


def _result(before: Stats, after: Stats, took_s: float) -> dict[str, float]:
    def grown(name: str) -> float:
        return float(getattr(after, name) - getattr(before, name))

    step_s, sample_s = grown("step_s"), grown("sample_s")
    return {
        "tokens_per_s": grown("generated_tokens") / took_s,
        "python_share": (step_s - grown("decode_s") - sample_s) / step_s,
        "sample_share": sample_s / step_s,
    }


if __name__ == "__main__":
    main(Options(**json.loads(sys.argv[1])))
