"""The engine on real llama.cpp, on each kind of memory: what is shared, moved, guessed or restored says the same.

Every answer is compared with that of the same request alone on a fresh engine, token by token. Rows of a batch round
otherwise than one row does, so two tokens that were equally likely to within a thousandth may change places.
"""

from __future__ import annotations

import hashlib
import random
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serve.engine.engine import Engine, Limits
from serve.engine.errors import LoadError
from serve.engine.state import StateStore
from serve.engine.types import (
    Adapter,
    AdapterFile,
    Delta,
    Embedded,
    Event,
    Failed,
    FailureKind,
    Finished,
    Grammar,
    LoadOptions,
    Request,
    Sampling,
    Task,
    TokenScore,
)
from tests.helpers import tiny_archs
from tests.helpers.llama import make_importable
from tests.helpers.tiny_archs import ARCHS, Arch

if TYPE_CHECKING:
    from serve.engine.llama.backend import Llama

pytestmark = pytest.mark.engine

SLOTS, ROOM, STEP = 4, 256, 64
GREEDY = Sampling(temperature=0)
TIE = 1e-3  # of log-probability


@pytest.fixture(scope="module", params=ARCHS)
def llama(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """One loaded model of each kind."""
    arch: Arch = request.param
    with load(tiny_archs.write(tmp_path_factory.mktemp(arch) / "tiny.gguf", arch)) as loaded:
        yield loaded


def load(path: Path, *adapters: AdapterFile) -> Llama:
    """With a few slots."""
    make_importable()
    from serve.engine.llama.backend import Llama

    return Llama(LoadOptions(path, SLOTS, ROOM, STEP, num_threads=1, adapters=adapters))


def engine_of(llama: Llama, **limits: int) -> Engine:
    """A fresh one on the same model."""
    return Engine(llama, replace(Limits(SLOTS, ROOM, SLOTS * ROOM, STEP, max_waiting=100), **limits))


def run(engine: Engine, *requests: Request, every: int = 0) -> list[Event]:
    """All of them, one more after so many steps each; no event may be a failure."""
    events: list[Event] = []
    for request in requests:
        events.append(engine.submit(request))
        for _ in range(every):
            events += engine.step()
    while not engine.is_idle:
        events += engine.step()
    assert not [event for event in events if isinstance(event, Failed)]
    return events


def scores(events: list[Event]) -> dict[tuple[int, int], list[TokenScore]]:
    """The tokens of each choice, with how likely they were."""
    found: dict[tuple[int, int], list[TokenScore]] = defaultdict(list)
    for event in events:
        if isinstance(event, Delta):
            found[event.id, event.choice] += event.scores
    return found


def assert_same(llama: Llama, request: Request, said: list[TokenScore]) -> None:
    """As alone, except after a tie."""
    (alone,) = scores(run(engine_of(llama), replace(request, num_choices=1, num_draft_tokens=0))).values()
    for ours, theirs in zip(said, alone, strict=True):
        if ours.token != theirs.token:
            (first, second) = theirs.top[:2]
            assert abs(first[2] - second[2]) < TIE, (ours, theirs)
            return
        assert ours.logprob is not None
        assert theirs.logprob is not None
        assert abs(ours.logprob - theirs.logprob) < 0.05


def workload(seed: int, num: int) -> list[Request]:
    """Requests that begin alike in several ways, of several lengths."""
    chance = random.Random(seed)
    stems = [[chance.randrange(256) for _ in range(100)] for _ in range(3)]
    requests = []
    for number in range(num):
        stem = chance.choice(stems)[: chance.choice([0, 20, 40, 41, 70, 100])]
        tail = [chance.randrange(256) for _ in range(chance.randrange(1, 30))]
        requests.append(
            Request(
                number,
                (*stem, *tail),
                chance.randrange(4, 24),
                GREEDY,
                ignore_eos=True,
                num_logprobs=2,
                num_choices=chance.choice([1, 1, 1, 2]),
                num_draft_tokens=chance.choice([0, 4]),
            )
        )
    return requests


@pytest.mark.parametrize("every", [0, 3])
@pytest.mark.parametrize("seed", [1, 2])
def test_shared_beginnings_change_nothing(llama: Llama, seed: int, every: int) -> None:
    """A dozen requests that share beginnings with running and with ended ones say what each says alone."""
    requests, engine = workload(seed, 12), engine_of(llama)
    said = scores(run(engine, *requests, every=every))
    assert engine.stats().cached_prompt_tokens > 0
    for request in requests:
        for choice in range(request.num_choices):
            assert_same(llama, request, said[request.id, choice])


def test_a_repeated_prompt_is_hardly_computed_again(llama: Llama) -> None:
    """On every kind of memory: from the end of what was kept, or from a copy made where others branched off."""
    engine = engine_of(llama)
    chance = random.Random(4)
    stem = tuple(chance.randrange(256) for _ in range(120))
    cached = []
    for number in range(4):
        events = run(engine, Request(number, (*stem, number, 7, 8), 5, GREEDY, ignore_eos=True))
        cached += [event.num_cached_tokens for event in events if isinstance(event, Finished)]
    assert cached[0] == 0
    assert cached[-1] == len(stem)


def test_scattered_sequences_go_on_after_a_move(llama: Llama) -> None:
    """Every second one ends early; the others, moved together or not, say what they say alone."""
    engine = engine_of(llama)
    chance = random.Random(9)
    requests = [
        Request(n, tuple(chance.randrange(256) for _ in range(40)), 4 if n % 2 else 40, GREEDY, num_logprobs=2)
        for n in range(SLOTS)
    ]
    requests = [replace(request, ignore_eos=True) for request in requests]
    said = scores(run(engine, *requests))
    for request in requests:
        assert_same(llama, request, said[request.id, 0])


def test_state_on_disk_gives_the_same_answers(llama: Llama, tmp_path: Path) -> None:
    """Saved by one engine, restored by another: the prompt is there, and what follows is the same."""
    store = StateStore(tmp_path, llama.fingerprint(), 10**9)
    request = Request(1, tuple(range(60)), 12, GREEDY, ignore_eos=True, num_logprobs=2)
    first = engine_of(llama)
    run(first, request)
    follow_up = replace(request, id=2, prompt=(*range(60), *first._cache.kept()[0].tokens[240::4], 5))
    assert first.save_state(store) == 1
    second = engine_of(llama)
    assert second.restore_state(store) == 1
    events = run(second, follow_up)
    (end,) = [event for event in events if isinstance(event, Finished)]
    assert end.num_cached_tokens >= 60
    assert_same(llama, follow_up, scores(events)[2, 0])


def test_state_that_does_not_fit_or_is_none_leaves_memory_empty(llama: Llama, tmp_path: Path) -> None:
    """What has more tokens than there is room for stays on disk; what is no state at all does not."""
    store = StateStore(tmp_path, "model", 10**9)
    first = engine_of(llama)
    run(first, Request(1, tuple(range(60)), 12, GREEDY, ignore_eos=True))
    assert first.save_state(store) == 1
    (path,) = tmp_path.rglob("*.kv")
    small = engine_of(llama, kv_tokens=40, sequence_tokens=40)
    assert (small.restore_state(store), small.stats().num_kept) == (0, 0)
    assert path.exists()
    for size in (4, 200):
        damaged = path.read_bytes()[:size]
        path.write_bytes(damaged)
        path = path.rename(path.with_name(f"x-{hashlib.sha256(damaged).hexdigest()[:16]}.kv"))
        engine = engine_of(llama)
        assert (engine.restore_state(store), engine.stats().num_kept) == (0, 0)
        assert not path.exists()
        path = path.with_name("y")
        path.write_bytes(bytes(300))
    run(engine_of(llama), Request(1, tuple(range(60)), 2, GREEDY))


def test_a_vector_of_a_text_that_others_generate_beside(llama: Llama) -> None:
    """An embedding shares steps with generations and is the same as alone, and so are they."""
    text, other = tuple(range(50)), workload(3, 3)
    together = run(engine_of(llama), Request(99, text, task=Task.EMBED), *other)
    alone = run(engine_of(llama), Request(99, text, task=Task.EMBED))
    ours, theirs = (next(e for e in events if isinstance(e, Embedded)) for events in (together, alone))
    assert len(ours.vector) == 4 * tiny_archs.EMBEDDING
    for a, b in zip(floats(ours.vector), floats(theirs.vector), strict=True):
        assert abs(a - b) < 1e-2
    said = scores(together)
    for request in other:
        assert_same(llama, request, said[request.id, 0])


def floats(vector: bytes) -> tuple[float, ...]:
    """As numbers."""
    return struct.unpack(f"<{len(vector) // 4}f", vector)


def test_a_grammar_holds_token_by_token(llama: Llama) -> None:
    """Whatever the model would rather say; beside a free neighbour who is not disturbed."""
    digits = Request(1, tuple(range(30)), 20, Sampling(seed=3), grammar=Grammar('root ::= [0-9]{6} "."'))
    free = Request(2, tuple(range(30)), 10, GREEDY, num_logprobs=2, ignore_eos=True)
    events = run(engine_of(llama), digits, free)
    text = "".join(event.text for event in events if isinstance(event, Delta) and event.id == 1)
    assert len(text) == 7
    assert text[:6].isdigit()
    assert text[6] == "."
    assert_same(llama, free, scores(events)[2, 0])


def test_a_grammar_that_can_not_be_read_refuses_its_request_alone(llama: Llama) -> None:
    """It fails closed."""
    engine = engine_of(llama)
    engine.submit(Request(1, (1, 2, 3), 5, grammar=Grammar("root ::= [")))
    (failed,) = [event for event in engine.step() if isinstance(event, Failed)]
    assert failed.kind is FailureKind.BAD_GRAMMAR
    assert engine.is_idle


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """A model that only makes vectors."""
    with load(tiny_archs.write_encoder(tmp_path_factory.mktemp("bert") / "bert.gguf")) as loaded:
        yield loaded


def test_texts_of_an_encoder_share_steps_and_do_not_mix(encoder: Llama) -> None:
    """Many texts at once have the vectors that each has alone; asking it to generate is refused."""
    texts = [encoder.tokenize(word * 5) for word in ("ab cd ", "xyz ", "hello ", "q ")]
    requests = [Request(number, text, task=Task.EMBED) for number, text in enumerate(texts)]
    together = {e.id: e.vector for e in run(engine_of(encoder), *requests) if isinstance(e, Embedded)}
    for request in requests:
        (alone,) = [e for e in run(engine_of(encoder), request) if isinstance(e, Embedded)]
        for a, b in zip(floats(together[request.id]), floats(alone.vector), strict=True):
            assert abs(a - b) < 1e-4
    refused = engine_of(encoder).submit(Request(9, texts[0], 5))
    assert isinstance(refused, Failed)
    assert refused.kind is FailureKind.UNSUPPORTED


def test_an_encoder_whose_file_names_no_pooling_takes_the_mean(tmp_path: Path) -> None:
    """It has no memory to generate with: the same vectors as where the file says so."""
    vectors = []
    for tells_pooling in (True, False):
        path = tiny_archs.write_encoder(tmp_path / f"{tells_pooling}.gguf", tells_pooling=tells_pooling)
        with load(path) as encoder:
            assert not encoder.info().generates
            text = Request(1, encoder.tokenize("ab cd"), task=Task.EMBED)
            vectors += [event.vector for event in run(engine_of(encoder), text) if isinstance(event, Embedded)]
    assert len(vectors[0]) == 4 * tiny_archs.EMBEDDING
    assert vectors[0] == vectors[1]


def test_a_ranking_model_gives_one_score(tmp_path: Path) -> None:
    """The same for the same pair, another one for another."""
    with load(tiny_archs.write_encoder(tmp_path / "rank.gguf", ranks=True)) as ranker:
        assert ranker.info().ranks
        values = []
        for text in ("ab cd", "ab cd", "xyz hello"):
            (event,) = [
                e
                for e in run(engine_of(ranker), Request(1, ranker.tokenize(text), task=Task.EMBED))
                if isinstance(e, Embedded)
            ]
            values.append(floats(event.vector))
        assert [len(value) for value in values] == [1, 1, 1]
        assert values[0] == values[1] != values[2]


def test_adapters_change_the_answer_and_only_of_those_who_ask(tmp_path: Path) -> None:
    """From the start or added later; their KV tokens are nobody else's; one that goes takes its users along."""
    model = tiny_archs.write(tmp_path / "tiny.gguf", "llama")
    file = AdapterFile("twist", tiny_archs.write_adapter(tmp_path / "twist.gguf"))
    plain = Request(1, tuple(range(40)), 12, GREEDY, ignore_eos=True, num_logprobs=2)
    twisted = replace(plain, id=2, adapters=(Adapter("twist"),))
    with load(model, file) as llama:
        alone = {r.id: [s.token for s in scores(run(engine_of(llama), r))[r.id, 0]] for r in (plain, twisted)}
        assert alone[1] != alone[2]
        said = scores(run(engine_of(llama), plain, twisted, replace(plain, id=3), replace(twisted, id=4)))
        for number in (1, 2, 3, 4):
            assert [s.token for s in said[number, 0]] == alone[2 - number % 2]
    with load(model) as llama:
        engine = engine_of(llama)
        refused = engine.submit(twisted)
        assert isinstance(refused, Failed)
        assert refused.kind is FailureKind.UNSUPPORTED
        engine.add_adapter(file)
        assert [s.token for s in scores(run(engine, twisted))[2, 0]] == alone[2]
        engine.submit(twisted)
        engine.step()
        assert [event.id for event in engine.remove_adapter("twist")] == [2]
        assert engine.is_idle


def test_an_adapter_of_another_model_is_refused_with_its_name(tmp_path: Path) -> None:
    """The server goes on."""
    adapter = tiny_archs.write_adapter(tmp_path / "twist.gguf")
    model = tiny_archs.write(tmp_path / "mamba.gguf", "mamba")
    with load(model) as llama, pytest.raises(LoadError, match=r"twist\.gguf"):
        llama.add_adapter(AdapterFile("twist", adapter))
