"""Two hundred requests of all kinds on the real llama.cpp, cancelled at random: nothing ends twice, nothing is left."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serve.engine.engine import Engine, Limits
from serve.engine.types import (
    Accepted,
    Adapter,
    AdapterFile,
    Delta,
    Embedded,
    Event,
    Failed,
    Finished,
    Grammar,
    LoadOptions,
    PromptScores,
    Request,
    Sampling,
    Task,
)
from tests.helpers import tiny_archs
from tests.helpers.llama import make_importable
from tests.helpers.tiny_archs import ARCHS, Arch

if TYPE_CHECKING:
    from serve.engine.llama.backend import Llama

pytestmark = pytest.mark.engine

SLOTS, ROOM, STEP, NUM = 4, 256, 64, 200
GRAMMARS = ('root ::= [0-9]+ "."', 'root ::= "a"', "root ::= [", 'root ::= ("a" | "aa")* "b"')


def load(path: Path, *adapters: AdapterFile) -> Llama:
    """With a few slots."""
    make_importable()
    from serve.engine.llama.backend import Llama

    return Llama(LoadOptions(path, SLOTS, ROOM, STEP, num_threads=1, adapters=adapters))


def any_request(number: int, chance: random.Random, adapters: tuple[str, ...]) -> Request:
    """Of any kind; some can't be served."""
    stem = [each % 256 for each in range(chance.choice([0, 17, 40, 90]))]
    prompt = (*stem, *(chance.randrange(256) for _ in range(chance.randrange(1, 40))))
    if chance.random() < 0.05:
        prompt = (*prompt, 10**6)
    sampling = Sampling(
        temperature=chance.choice([0.0, 1.0]),
        repeat_penalty=chance.choice([1.0, 1.3]),
        dry_multiplier=chance.choice([0.0, 0.0, 1.0]),
        mirostat=chance.choice([0, 0, 2]),
        seed=number,
    )
    name = chance.choice(adapters) if adapters and chance.random() < 0.3 else None
    return Request(
        number,
        prompt,
        chance.choice([0, 1, 5, 20, 60, None]),
        sampling,
        stop=chance.choice([(), ("a",), ("xyz", "\n")]),
        ignore_eos=chance.random() < 0.5,
        task=Task.EMBED if chance.random() < 0.15 else Task.GENERATE,
        num_choices=chance.choice([1, 1, 2, 5]),
        num_logprobs=chance.choice([None, None, 0, 3]),
        scores_prompt=chance.random() < 0.1,
        grammar=_any_grammar(chance) if chance.random() < 0.2 else None,
        show_special=chance.random() < 0.3,
        adapters=(Adapter(name, chance.choice([0.5, 1.0])),) if name else (),
        priority=chance.randrange(3),
        num_draft_tokens=chance.choice([None, 0, 5]),
    )


def _any_grammar(chance: random.Random) -> Grammar:
    return Grammar(chance.choice(GRAMMARS), chance.choice([(), ("e", "0")]))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("arch", ARCHS)
def test_a_storm_of_requests_leaves_nothing_behind(arch: Arch, seed: int, tmp_path: Path) -> None:
    """Each request that was taken ends once, unless it is cancelled; then nobody chooses, and memory can be emptied."""
    adapters: tuple[AdapterFile, ...] = ()
    if arch == "llama":
        adapters = (AdapterFile("twist", tiny_archs.write_adapter(tmp_path / "twist.gguf")),)
    chance = random.Random(seed)
    with load(tiny_archs.write(tmp_path / "tiny.gguf", arch), *adapters) as llama:
        engine = Engine(llama, Limits(SLOTS, ROOM, SLOTS * ROOM, STEP, max_waiting=60, num_draft_tokens=3))
        events, cancelled = storm(engine, chance, tuple(each.name for each in adapters))
        taken = {event.id for event in events if isinstance(event, Accepted)}
        ends = Counter(event.id for event in events if is_last(event))
        assert set(ends) | cancelled >= taken
        assert all(num == 1 for num in ends.values())
        assert len(taken - cancelled) > NUM // 5
        assert len(llama._choosers) == 0
        assert llama._stuck == set()
        engine._cache.drop_kept()
        assert engine.stats().kv_tokens_reserved == 0
        assert all(not llama.memory.can_fork(seq, 1) for seq in range(llama.num_ids))


def storm(engine: Engine, chance: random.Random, adapters: tuple[str, ...]) -> tuple[list[Event], set[int]]:
    """Everything that was said, and who was cancelled before it ended."""
    events: list[Event] = []
    cancelled: set[int] = set()
    for number in range(NUM):
        events.append(engine.submit(any_request(number, chance, adapters)))
        for _ in range(chance.choice([0, 1, 3, 6, 12])):
            events += engine.step()
            assert engine.stats().kv_tokens_reserved <= SLOTS * ROOM
        if chance.random() < 0.3:
            victim = chance.randrange(max(0, number - 10), number + 1)
            engine.cancel(victim)
            if not any(is_last(event) and event.id == victim for event in events):
                cancelled.add(victim)
    while not engine.is_idle:
        events += engine.step()
    for event in events:
        assert isinstance(event, Accepted | Delta | Embedded | Failed | Finished | PromptScores)
    return events, cancelled


def is_last(event: Event) -> bool:
    """Nothing more is said of its request."""
    return isinstance(event, Failed | Embedded) or (isinstance(event, Finished) and event.is_last)
