"""Tests of serve.engine.cache: what is kept, given up, handed on and moved, to the token."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from serve.engine.cache import KvCache
from serve.engine.sequence import Chunk, Sequence
from serve.engine.types import Request, Task
from tests.helpers.fake_backend import WINDOW, FakeMemory, Kind


class Scene:
    """A cache and its memory, and sequences that compute all of their tokens at once."""

    def __init__(
        self, kind: Kind = "full", *, num_slots: int = 3, num_ids: int = 6, kv_tokens: int = 200, copies: bool = False
    ) -> None:
        self.memory = FakeMemory(kind, num_ids, copies=copies)
        self.cache = KvCache(num_slots=num_slots, kv_tokens=kv_tokens, memory=self.memory, num_ids=num_ids)
        self.running: list[Sequence] = []

    def start(
        self, prompt: range | tuple[int, ...], max_tokens: int = 0, *, shares: bool = True, **changes: Any
    ) -> Sequence | None:
        """Place it, with what it can share."""
        sequence = Sequence(replace(Request(1, tuple(prompt)), **changes), 0, max_tokens, 0.0)
        source = self.cache.find_source(sequence, self.running) if shares else None
        if (source is None or not self.cache.share(sequence, source)) and not self.cache.place(sequence):
            return None
        self.running.append(sequence)
        return sequence

    def compute(self, sequence: Sequence) -> None:
        """All that is known of it."""
        start, tokens = sequence.num_computed, tuple(sequence.tokens)
        self.memory.add(Chunk(sequence.seq, start, tokens[start:], 0))
        sequence.num_computed = len(tokens)

    def serve(self, prompt: range | tuple[int, ...], *, keep: bool = True, **changes: Any) -> int:
        """From the beginning to the end; returns how much of it was there."""
        sequence = self.start(prompt, **changes)
        assert sequence is not None
        self.compute(sequence)
        self.end(sequence, keep=keep)
        return sequence.num_cached

    def end(self, sequence: Sequence, *, keep: bool = True) -> None:
        """It ends."""
        self.running.remove(sequence)
        self.cache.release(sequence, keep=keep)

    @property
    def sizes(self) -> list[int]:
        """Of what is kept."""
        return sorted(kept.num_tokens for kept in self.cache.kept())


# ---- keeping ----


@pytest.mark.parametrize(("size", "keep", "kept"), [(16, True, [16]), (15, True, [15]), (40, False, [])])
def test_what_is_worth_it_is_kept(size: int, keep: bool, kept: list[int]) -> None:
    """What is short only as a spare, nothing of a sequence that failed; what is not kept is free."""
    scene = Scene()
    scene.serve(range(size), keep=keep)
    assert scene.sizes == kept
    assert all(one.is_spare == (size < 16) for one in scene.cache.kept())
    assert scene.cache.num_reserved_tokens == scene.cache.num_kept_tokens == sum(kept)
    assert len(scene.memory.tokens) == len(kept)


def test_vectors_leave_nothing() -> None:
    """Nobody shares what they computed."""
    scene = Scene()
    scene.serve(range(40), task=Task.EMBED)
    assert scene.sizes == []


def test_only_what_was_computed_is_kept() -> None:
    """The room for tokens that never came is free."""
    scene = Scene()
    sequence = scene.start(range(20), 100)
    assert sequence is not None
    assert (scene.cache.num_reserved_tokens, scene.cache.num_kept_tokens) == (120, 0)
    scene.compute(sequence)
    scene.end(sequence)
    assert (scene.cache.num_reserved_tokens, scene.cache.num_kept_tokens) == (20, 20)
    assert scene.cache.num_free_tokens == 180


@pytest.mark.parametrize(("kind", "sizes"), [("full", [40]), ("window", [20, 30, 40]), ("exact", [20, 30, 40])])
def test_what_another_says_too_is_not_kept_twice(kind: Kind, sizes: list[int]) -> None:
    """Where any beginning can be used, the longest one says all; else each end is a place of its own, once."""
    scene = Scene(kind, num_slots=4)
    others = [scene.start(range(size), shares=False) for size in (30, 20, 40, 40)]
    for sequence in others:
        assert sequence is not None
        scene.compute(sequence)
    for sequence in others:
        assert sequence is not None
        scene.end(sequence)
    assert scene.sizes == sizes
    assert len(scene.memory.tokens) == len(sizes)


# ---- spares ----


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize(("kind", "can_go_back"), [("full", True), ("window", True), ("exact", False)])
def test_short_prompts_that_come_again_go_on_in_place(kind: Kind, can_go_back: bool, copies: bool) -> None:
    """Each in one of its own, without a copy; where memory can't go back by a token, from the beginning."""
    scene = Scene(kind, copies=copies)
    for num_cached in (0, 8 if can_go_back else 0):
        running = [scene.start(range(9)) for _ in range(3)]
        assert [each and each.num_cached for each in running] == [num_cached] * 3
        for each in running:
            assert each is not None
            scene.compute(each)
            scene.end(each)
        assert scene.sizes == ([9, 9, 9] if can_go_back else [9])


@pytest.mark.parametrize("kind", ["full", "window", "exact"])
def test_a_short_prompt_that_goes_on_needs_its_new_tokens_only(kind: Kind) -> None:
    """Where the memory ends, every kind can go on; what is short is never copied, so the next one begins anew."""
    scene = Scene(kind)
    scene.serve(range(9))
    first, second = scene.start(range(12), 3), scene.start(range(12), 3)
    assert first is not None
    assert second is not None
    assert (first.seq, first.num_cached, second.num_cached) == (0, 9, 0)
    assert scene.cache.num_reserved_tokens == 30


@pytest.mark.parametrize(("prompt", "num_cached"), [((0, 1, 2, 3, 50), 4), ((0, 1, 2, 50), 0), ((0,), 0)])
def test_a_spare_is_not_lost_for_a_few_tokens(prompt: tuple[int, ...], num_cached: int) -> None:
    """Half of it is worth it; who has less in common leaves it to who comes with the same again."""
    scene = Scene()
    scene.serve(range(8))
    assert scene.serve(prompt) == num_cached


def test_where_ids_have_cells_of_their_own_the_same_is_kept_as_often_as_it_came() -> None:
    """A copy costs more than room that nobody needs; who comes again takes the spare, and the one of worth stays."""
    scene = Scene(copies=True)
    running = [scene.start(range(30), shares=False) for _ in range(3)]
    for each in running:
        assert each is not None
        scene.compute(each)
        scene.end(each)
    assert [one.is_spare for one in scene.cache.kept()] == [False, True, True]
    again = [scene.start(range(30)) for _ in range(2)]
    assert [each and (each.seq, each.num_cached) for each in again] == [(1, 29), (2, 29)]
    for each in again:
        assert each is not None
        scene.compute(each)
        scene.end(each)
    assert scene.serve(range(40)) == 30
    assert sorted((one.num_tokens, one.is_spare) for one in scene.cache.kept()) == [(30, True), (30, True), (40, False)]


def test_the_id_of_a_spare_is_as_good_as_free_where_ids_have_cells_of_their_own() -> None:
    """Rows of neighbours are computed together; where that does not matter, the spare stays while there is room."""
    for copies, seq in ((True, 0), (False, 1)):
        scene = Scene(copies=copies)
        scene.serve(range(9))
        sequence = scene.start(range(100, 120))
        assert sequence is not None
        assert sequence.seq == seq


def test_a_spare_does_not_move() -> None:
    """It goes when somebody moves to its place, though there be a free one."""
    scene = Scene(num_ids=6)
    scene.serve(range(9))
    sequence = scene.start(range(100, 130))
    assert sequence is not None
    scene.compute(sequence)
    scene.cache.move(sequence, 0)
    assert (scene.sizes, scene.memory.tokens) == ([], {0: [*range(100, 130)]})


# ---- giving up ----


def test_spares_go_first_and_do_not_count() -> None:
    """However often they were of use; the clock of those that are worth something stands still."""
    scene = Scene(kv_tokens=60)
    scene.serve(range(1000, 1020))
    for _ in range(5):
        scene.serve(range(9))
    assert scene.sizes == [9, 20]
    assert scene.start(range(2000, 2040)) is not None
    assert (scene.sizes, scene.cache.num_evicted) == ([20], 0)


def test_the_least_valuable_goes_first_and_only_as_much_as_is_needed() -> None:
    """All alike, the one that was kept first on the eviction clock... what was used is worth more than what was not."""
    scene = Scene(kv_tokens=100)
    for begin in (0, 1000, 2000):
        scene.serve(range(begin, begin + 30))
    assert scene.serve((*range(1000, 1030), 7)) == 30  # goes on where the second one ended, and takes its place
    assert scene.sizes == [30, 30, 31]
    assert scene.serve(range(3000, 3030)) == 0
    assert scene.cache.num_evicted == 1
    assert scene.serve((*range(1000, 1030), 8)) == 30


def test_what_is_of_use_stays_longer_than_what_is_not_but_not_for_ever() -> None:
    """Its uses count, on a clock that rises with each eviction: a favourite of long ago goes in the end."""
    scene = Scene(kv_tokens=100)
    for last in range(4):
        assert scene.serve(range(30)) == (29 if last else 0)
    uses = []
    for number in range(1, 30):
        scene.serve(range(1000 * number, 1000 * number + 30))
        uses.append(any(kept.tokens[:4] == bytes(4) for kept in scene.cache.kept()))
    assert uses[0] is True
    assert uses[-1] is False
    assert uses.count(True) > 2


def test_nothing_is_given_up_when_it_would_not_be_enough() -> None:
    """Who runs keeps all that it may need."""
    scene = Scene(kv_tokens=100)
    scene.serve(range(30))
    assert scene.start(range(1000, 1050), 10) is not None
    assert scene.start(range(2000, 2040), 1) is None
    assert (scene.sizes, scene.cache.num_evicted) == ([30], 0)
    assert scene.start(range(2000, 2040)) is not None
    assert (scene.sizes, scene.cache.num_evicted) == ([], 1)


def test_an_id_is_given_up_too() -> None:
    """There may be tokens enough, but no id."""
    scene = Scene(num_ids=3)
    for begin in (0, 1000, 2000, 3000):
        scene.serve(range(begin, begin + 20))
    assert (scene.sizes, scene.cache.num_evicted) == ([20, 20, 20], 1)


def test_who_needs_a_kept_beginning_does_not_push_it_out() -> None:
    """Another one goes; with no room beside it, it is taken over, and what it said beyond is lost."""
    scene = Scene(kv_tokens=100)
    scene.serve(range(40))
    scene.serve(range(1000, 1040))
    sequence = scene.start((*range(30), 9), 20)  # beside its source: 51 tokens, of which 30 are shared
    assert sequence is not None
    assert (sequence.num_cached, scene.sizes, scene.cache.num_evicted) == (30, [40], 1)
    scene.end(sequence, keep=False)
    sequence = scene.start((*range(30), 9), 60)
    assert sequence is not None
    assert (sequence.num_cached, scene.sizes) == (30, [])
    assert scene.memory.tokens[sequence.seq] == [*range(30)]
    assert scene.cache.num_reserved_tokens == 91


def test_who_takes_a_kept_one_over_does_not_push_it_out_either() -> None:
    """Though it be the least valuable: another one goes."""
    scene = Scene(kv_tokens=100)
    scene.serve(range(30))
    for _ in range(4):
        scene.serve(range(1000, 1030))
    sequence = scene.start((*range(30), 9), 50)
    assert sequence is not None
    assert (sequence.num_cached, scene.sizes, scene.cache.num_evicted) == (30, [], 1)
    assert scene.cache.num_reserved_tokens == 81


def test_room_that_may_have_come_changes_the_version() -> None:
    """Who found no room tries again only then."""
    scene = Scene()
    sequence = scene.start(range(20))
    assert sequence is not None
    before = scene.cache.version
    assert scene.start(range(100, 120)) is not None
    assert scene.cache.version == before
    scene.compute(sequence)
    scene.end(sequence)
    assert scene.cache.version > before
    before = scene.cache.version
    scene.cache.drop_kept()
    assert scene.cache.version > before


# ---- windows ----


@pytest.mark.parametrize(("more", "is_shared"), [(0, True), (1, False)])
def test_tokens_shared_within_a_window_are_bounded(more: int, is_shared: bool) -> None:
    """llama.cpp gives a window's cells back only when their last holder is gone: so many as idle ids leave room for."""
    scene = Scene("window", num_ids=6, kv_tokens=1000)
    num_shared = WINDOW * 4 + more  # two of six ids are in use
    first = scene.start(range(num_shared))
    assert first is not None
    scene.compute(first)
    assert scene.start((*range(num_shared), 1)) is not None
    assert scene.cache.num_reserved_tokens == num_shared + (1 if is_shared else num_shared + 1)


def test_what_is_kept_goes_when_a_window_has_no_room_for_what_is_shared() -> None:
    """What shares with nobody any more holds a window, and no more."""
    scene = Scene("window", num_ids=6, kv_tokens=1000)
    prompt = range(WINDOW * 3)
    scene.serve(prompt)
    for last in (1, 2, 3):
        assert scene.serve((*prompt, last)) == WINDOW * 3
    assert scene.sizes == [WINDOW * 3, WINDOW * 3 + 1]
    assert scene.cache.num_evicted == 2


# ---- copies ----


@pytest.mark.parametrize("copies", [False, True])
def test_a_copy_of_what_runs_costs_what_it_must(copies: bool) -> None:
    """Nothing where cells are shared, all of it where each id has its own; without room there is none."""
    for kv_tokens, made in ((200, True), (40, not copies)):
        memory = FakeMemory("exact", 6, copies=copies)
        cache = KvCache(num_slots=3, kv_tokens=kv_tokens, memory=memory, num_ids=6)
        sequence = Sequence(Request(1, tuple(range(30))), 0, 0, 0.0)
        assert cache.place(sequence)
        memory.add(Chunk(sequence.seq, 0, tuple(range(30)), 0))
        sequence.num_computed = 30
        cache.freeze(sequence)
        assert cache.num_kept == int(made)
        assert cache.num_reserved_tokens == (60 if copies and made else 30)


# ---- moving ----


def test_a_move_takes_everything_along_and_spares_who_is_kept_there() -> None:
    """The kept one moves to the highest free id, so that no later move has to move it again; without one it goes."""
    scene = Scene(num_ids=6)
    scene.serve(range(20))  # id 0
    sequence = scene.start(range(100, 130), 5)
    assert sequence is not None
    assert sequence.seq == 1
    scene.compute(sequence)
    scene.cache.move(sequence, 0)
    assert sequence.seq == 0
    assert [kept.seq for kept in scene.cache.kept()] == [5]
    assert scene.memory.tokens == {0: [*range(100, 130)], 5: [*range(20)]}
    assert scene.cache.num_reserved_tokens == 55
    assert scene.serve((*range(20), 1)) == 20


def test_a_move_onto_a_kept_one_without_a_free_id_forgets_it() -> None:
    """Who runs goes first."""
    scene = Scene(num_slots=2, num_ids=2)
    scene.serve(range(20))
    sequence = scene.start(range(100, 130))
    assert sequence is not None
    scene.compute(sequence)
    scene.cache.move(sequence, 0)
    assert scene.memory.tokens == {0: [*range(100, 130)]}
    assert (scene.cache.num_kept, scene.cache.num_reserved_tokens) == (0, 30)


@pytest.mark.parametrize(("slots", "tokens", "ids"), [(0, 10, 1), (1, 0, 1), (3, 10, 2)])
def test_sizes_that_make_no_sense_are_refused(slots: int, tokens: int, ids: int) -> None:
    """With all three numbers."""
    with pytest.raises(ValueError, match=f"num_slots is {slots}, kv_tokens {tokens} and num_ids {ids}: "):
        KvCache(num_slots=slots, kv_tokens=tokens, memory=FakeMemory("full", 3), num_ids=ids)
