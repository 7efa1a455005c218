"""`python -m serve bench`: how fast a running server answers, as those who wait for it see it.

    first token     from the request to the first piece of its answer, the wait for a slot included
    between tokens  from one piece to the next; a piece is one token, unless its character is not whole yet
    answer          from the request to its end

Prompts have exactly as many tokens as asked for, begin each differently, so that no cache has read them before, and
answers do not end early. One request before them is not counted: it may have to load the model. Who wants figures for
`slipway cost` takes `slipway bench`.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from typing import Any

import click
from tqdm import tqdm  # type: ignore[import-untyped]

from serve.cli.client import Server
from serve.cli.models import choose
from serve.cli.show import duration, table
from serve.cli.stream import Counted, Said, pieces
from serve.errors import SetupError

Clock = Callable[[], float]
TEXT = "The lighthouse keeper wrote down every ship that came into the harbour: its name, its load, the wind it had. "


@dataclass(frozen=True, slots=True)
class Run:
    """One answer: seconds from its request to each of its pieces and to its end, tokens as the server counts them."""

    pieces_s: tuple[float, ...]
    end_s: float
    num_prompt: int
    num_written: int


@dataclass(frozen=True, slots=True)
class Times:
    """Of many: the middle one, the one that 95 of 100 do not exceed, and the longest."""

    p50_s: float
    p95_s: float
    max_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured."""

    num_requests: int
    num_failed: int
    concurrency: int
    duration_s: float
    first_token: Times
    between_tokens: Times
    answer: Times
    prompt_tokens: int
    written_tokens: int
    prompt_tokens_per_s: float
    written_tokens_per_s: float
    requests_per_s: float


def run(options: argparse.Namespace, server: Server) -> int:
    """Measure and tell. 1 when some requests failed."""
    model = choose(server, options.model)
    prompts = Prompts(server, model, options.prompt_tokens)
    ask(server, _body(model, prompts.next(), options.max_tokens))

    def one() -> Run:
        return ask(server, _body(model, prompts.next(), options.max_tokens))

    began = time.perf_counter()
    runs, errors = measure(one, options.requests, options.concurrency)
    taken = time.perf_counter() - began
    if not runs:
        raise SetupError(f"all {len(errors)} requests failed, the first so: {errors[0]}")
    result = summary(runs, len(errors), options.concurrency, taken)
    if options.json:
        click.echo(json.dumps({"url": server.url, "model": model} | asdict(result), indent=2))
    else:
        click.echo(shown(model, result))
    for error in sorted(set(errors)):
        click.echo(f"serve: {errors.count(error)} of {options.requests} requests failed: {error}", err=True)
    return 1 if errors else 0


class Prompts:
    """Prompts of so many tokens, as tokens: real ones of this model, in an order of their own each time."""

    def __init__(self, server: Server, model: str, num_tokens: int, seed: int = 0) -> None:
        found = server.ask("POST", "/tokenize", {"model": model, "content": TEXT})["tokens"]
        self._tokens = (found * (num_tokens // len(found) + 1))[:num_tokens]
        self._random = random.Random(seed)  # noqa: S311  (so that two measurements ask the same)

    def next(self) -> list[int]:
        """Another one."""
        return self._random.sample(self._tokens, len(self._tokens))


def _body(model: str, prompt: list[int], max_tokens: int) -> dict[str, Any]:
    stream = {"stream": True, "stream_options": {"include_usage": True}}
    return {"model": model, "prompt": prompt, "max_tokens": max_tokens, "ignore_eos": True, **stream}


def ask(server: Server, body: dict[str, Any], clock: Clock = time.perf_counter) -> Run:
    """One answer."""
    began = clock()
    times: list[float] = []
    counted = None
    with server.stream("/v1/completions", body) as lines:
        for piece in pieces(lines):
            match piece:
                case Said():
                    times.append(clock() - began)
                case Counted():
                    counted = piece
    if counted is None or not times:
        raise SetupError("an answer had no tokens, or they were not counted")
    return Run(tuple(times), clock() - began, counted.num_prompt, counted.num_written)


def measure(one: Callable[[], Run], num_requests: int, concurrency: int) -> tuple[list[Run], list[str]]:
    """So many, so many at a time: those that went well, and the words of the others."""
    runs: list[Run] = []
    errors: list[str] = []
    with ThreadPoolExecutor(concurrency) as pool:
        asked = [pool.submit(one) for _ in range(num_requests)]
        try:
            for each in tqdm(as_completed(asked), total=num_requests, unit="req", leave=False, disable=None):
                try:
                    runs.append(each.result())
                except SetupError as error:
                    errors.append(str(error))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return runs, errors


def summary(runs: Sequence[Run], num_failed: int, concurrency: int, duration_s: float) -> Result:
    """All runs as one value."""
    gaps = [later - sooner for run in runs for sooner, later in zip(run.pieces_s, run.pieces_s[1:], strict=False)]
    num_prompt, num_written = sum(run.num_prompt for run in runs), sum(run.num_written for run in runs)
    return Result(
        num_requests=len(runs) + num_failed,
        num_failed=num_failed,
        concurrency=concurrency,
        duration_s=duration_s,
        first_token=times([run.pieces_s[0] for run in runs]),
        between_tokens=times(gaps or [0.0]),
        answer=times([run.end_s for run in runs]),
        prompt_tokens=num_prompt,
        written_tokens=num_written,
        prompt_tokens_per_s=num_prompt / duration_s,
        written_tokens_per_s=num_written / duration_s,
        requests_per_s=len(runs) / duration_s,
    )


def times(values: Sequence[float]) -> Times:
    """The nearest that was really measured: nothing is made up between two of them."""
    ordered = sorted(values)

    def rank(percent: int) -> float:
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]

    return Times(rank(50), rank(95), ordered[-1])


def shown(model: str, result: Result) -> str:
    """For a person."""
    named = {"first token": result.first_token, "between tokens": result.between_tokens, "answer": result.answer}
    rows = [(name, *map(duration, (each.p50_s, each.p95_s, each.max_s))) for name, each in named.items()]
    good = result.num_requests - result.num_failed
    return "\n".join(
        (
            f"{model}: {good} requests, {result.concurrency} at a time, in {duration(result.duration_s)}",
            "",
            table(("", "p50", "p95", "max"), rows, right=frozenset({"p50", "p95", "max"})),
            "",
            f"{result.written_tokens_per_s:.1f} tokens written a second ({result.written_tokens})",
            f"{result.prompt_tokens_per_s:.1f} tokens read a second ({result.prompt_tokens})",
            f"{result.requests_per_s:.2f} requests a second",
        )
    )
