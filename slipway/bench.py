"""`slipway bench`: how many tokens a running replica yields, as entries that `slipway cost --throughput` reads.

Asks a server that speaks OpenAI's API for chat completions as streams: one alone, then as many as it has slots at once.
Measure one replica, with no other traffic; a gateway in between would measure others, too.

    read     prompt tokens / seconds until the first token, of the one alone
    alone    written tokens after the first / seconds from the first token to the last
    together the same for all slots at once, from the first token of any to the last of all

What the fields of an entry mean is said at the top of infra/cost/data/throughput.yaml.
"""

from __future__ import annotations

import datetime
import json
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import typer

from infra import whole_file
from infra.cost import throughput_file
from infra.cost.throughput_file import Entry
from infra.errors import SlipwayError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Clock = Callable[[], float]

BAD_INPUT = 64
TIMEOUT_S = 600.0
WORDS = "Tell the story of a harbour town through the eyes of its lighthouse keeper, in as much detail as you can. "
LUMP = 4
"""Tokens that may come as one piece, on average; more of them would look faster than they are."""
PROMPT_REPEATS = 12
"""Some 300 tokens to read: long enough that reading them takes a time that can be measured."""


class BenchError(SlipwayError):
    """The server does not answer, or not as OpenAI's API does."""

    heading = "Nothing could be measured"


@dataclass(frozen=True, slots=True)
class Run:
    """One answer: seconds on one clock, tokens as the server counts them."""

    started: float
    first: float
    last: float
    prompt_tokens: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Speeds:
    """Tokens a second."""

    read: Fraction
    alone: Fraction
    together: Fraction


@app.command()
def bench(
    url: Annotated[str, typer.Argument(help="Of the API, such as http://127.0.0.1:8000/v1")],
    model: Annotated[str, typer.Option(help="Its id in the catalog, under which it is served")],
    hardware: Annotated[
        str, typer.Option(help="A GPU's label nvidia.com/gpu.product, or a CPU profile of the catalog")
    ],
    quantisation: Annotated[str, typer.Option(help="Such as Q4_K_M")],
    context_tokens: Annotated[int, typer.Option(help="Of the model as it is served", min=1)],
    slots: Annotated[int, typer.Option(help="Conversations that it serves at once", min=1, max=512)],
    count: Annotated[str, typer.Option(help="Of GPUs, or of cores")] = "1",
    tokens: Annotated[int, typer.Option(help="To be written in each answer", min=8, max=4096)] = 128,
    engine: Annotated[str, typer.Option(help="What serves it")] = "llama.cpp",
    output: Annotated[Path | None, typer.Option(help="Add the entry to this file")] = None,
) -> None:
    """Measure what one replica yields, for `slipway cost --throughput`."""
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
            found = measure(lambda: ask(client, model, tokens), slots)
        day = datetime.datetime.now(tz=datetime.UTC).date()
        source = f"slipway bench at {urlsplit(url).hostname}"
        entry = Entry(model, hardware, Fraction(count), engine, quantisation, context_tokens, slots, found.alone,
                      "measured", source, day, found.together, found.read)  # fmt: skip
        save(entry, output)
    except (SlipwayError, httpx.HTTPError, OSError, ValueError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None


def measure(one: Callable[[], Run], slots: int) -> Speeds:
    """Warm up, one alone, all at once."""
    one()
    alone = one()
    with ThreadPoolExecutor(slots) as pool:
        runs = [future.result() for future in [pool.submit(one) for _ in range(slots)]]
    return speeds(alone, runs)


def speeds(alone: Run, together: Sequence[Run]) -> Speeds:
    """BenchError where an answer is too short to tell."""
    if alone.tokens < 2 or any(run.tokens < 2 for run in together):
        raise BenchError(["an answer has fewer than two tokens: nothing can be told from it"])
    span = max(run.last for run in together) - min(run.first for run in together)
    written = sum(run.tokens - 1 for run in together)
    return Speeds(
        read=_rate(alone.prompt_tokens, alone.first - alone.started),
        alone=_rate(alone.tokens - 1, alone.last - alone.first),
        together=_rate(written, span),
    )


def ask(client: httpx.Client, model: str, tokens: int, clock: Clock = time.perf_counter) -> Run:
    """One streamed answer. Its prompt is like no other, so that no cache has read it before."""
    started = clock()
    body = {
        "model": model,
        "messages": [{"role": "user", "content": f"{secrets.token_hex(8)} {WORDS * PROMPT_REPEATS}"}],
        "max_tokens": tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    times: list[float] = []
    usage = None
    with client.stream("POST", "chat/completions", json=body) as answer:
        if answer.status_code != httpx.codes.OK:
            answer.read()
            raise BenchError([f"{answer.url}: {answer.status_code}: {answer.text[:200]}"])
        for line in answer.iter_lines():
            data = line.removeprefix("data:").strip()
            if not line.startswith("data:") or data == "[DONE]":
                continue
            chunk = json.loads(data)
            usage = chunk.get("usage") or usage
            if any((choice.get("delta") or {}).get("content") for choice in chunk.get("choices", ())):
                times.append(clock())
    if usage is None or not times:
        raise BenchError(["the server streams no tokens, or does not count them (stream_options.include_usage)"])
    if len(times) * LUMP < usage["completion_tokens"]:
        raise BenchError(
            [f"{usage['completion_tokens']} tokens came in {len(times)} pieces: their speed can't be told"]
        )
    return Run(started, times[0], times[-1], usage["prompt_tokens"], usage["completion_tokens"])


def save(entry: Entry, output: Path | None) -> None:
    """The file with the entry in place of an older one of the same case; standard output where none is named."""
    if output is None:
        sys.stdout.write(throughput_file.text([entry]))
        return
    kept = throughput_file.parse(output.read_text(encoding="utf-8"), output.name).entries if output.exists() else ()
    others = [each for each in kept if each.case != entry.case]
    whole_file.write(output, throughput_file.text([*others, entry]))


def _rate(tokens: int, seconds: float) -> Fraction:
    if seconds <= 0 or tokens <= 0:
        raise BenchError(["the answer took no time that can be measured: let it write more tokens (--tokens)"])
    return round(Fraction(tokens) / Fraction(seconds), 2)
