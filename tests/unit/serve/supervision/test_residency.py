"""Tests of serve.supervision.residency."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from serve.supervision.residency import Budget, NoRoom, Resident, Room, Wanted, make_room

sizes = st.integers(0, 100)
residents = st.lists(
    st.builds(
        Resident,
        id=st.uuids().map(str),
        num_bytes=sizes,
        priority=st.integers(-2, 2),
        idle_s=st.floats(0, 1000),
        load_s=st.floats(0, 100),
        is_busy=st.booleans(),
        is_pinned=st.booleans(),
        is_leaving=st.booleans(),
        gpu_bytes=st.just(0) | sizes,
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)
wanteds = st.builds(
    lambda least, more, least_gpu, more_gpu: Wanted("w", least + more, least, least_gpu + more_gpu, least_gpu),
    *(sizes, sizes),
    *(st.just(0) | sizes, st.just(0) | sizes),
)
budgets = st.builds(Budget, st.integers(0, 300), st.none() | st.integers(0, 300))


def fits(kept: list[Resident], budget: Budget, wanted: Wanted) -> bool:
    """As the promise is told: a guess does not count for a model that is alone, in memory or on the GPUs."""
    needed = wanted.num_bytes if kept else wanted.least_bytes
    if budget.num_bytes is not None and needed + sum(each.num_bytes for each in kept) > budget.num_bytes:
        return False
    needed = wanted.gpu_bytes if any(each.gpu_bytes for each in kept) else wanted.least_gpu_bytes
    return budget.gpu_bytes is None or needed + sum(each.gpu_bytes for each in kept) <= budget.gpu_bytes


@given(residents, budgets, wanteds, st.booleans())
def test_room_is_made_exactly_when_it_can_be(
    models: list[Resident], budget: Budget, wanted: Wanted, may_evict: bool
) -> None:
    """What stays fits with the new one; nobody goes in vain; and a refusal is right: nothing else could go."""
    answer = make_room(models, budget, wanted, may_evict=may_evict)
    staying = [each for each in models if not each.is_leaving]
    if isinstance(answer, NoRoom):
        stuck = [each for each in staying if not (may_evict and each.can_go)]
        assert not fits(stuck, budget, wanted)
        assert answer.held_bytes == sum(each.gpu_bytes if answer.is_gpu else each.num_bytes for each in stuck)
        assert answer.wanted_bytes + answer.held_bytes > answer.budget_bytes
        return
    kept = [each for each in staying if each.id not in answer.evict]
    assert fits(kept, budget, wanted)
    assert all(not each.is_busy and not each.is_pinned for each in models if each.id in answer.evict)
    for back in (each for each in staying if each.id in answer.evict):
        assert not fits([*kept, back], budget, wanted)
    assert answer.fits_now == fits(models, budget, wanted)
    assert not (answer.fits_now and answer.evict)


@given(residents, wanteds)
def test_without_a_budget_there_is_always_room(models: list[Resident], wanted: Wanted) -> None:
    """Whoever sets none wants none."""
    assert make_room(models, Budget(None), wanted) == Room()


def test_the_least_valuable_goes() -> None:
    """Priority counts first; then what it would cost to have it back, and how long nobody asked."""
    base = Resident("a", 40, idle_s=100.0, load_s=10.0)
    wanted = Wanted("w", 40, 40)

    def gone(*others: Resident) -> tuple[str, ...]:
        answer = make_room([base, *others], Budget(100), wanted)
        assert isinstance(answer, Room)
        return answer.evict

    assert gone(replace(base, id="b", priority=-1, idle_s=0)) == ("b",)
    assert gone(replace(base, id="b", idle_s=200.0)) == ("b",)
    assert gone(replace(base, id="b", load_s=1.0)) == ("b",)
    assert gone(replace(base, id="b", idle_s=0.0)) == ("a",)


def test_one_that_goes_first_but_does_not_help_stays() -> None:
    """A small one is worth nothing to somebody large."""
    models = [Resident("small", 5, idle_s=900.0), Resident("large", 60, load_s=9.0)]
    assert make_room(models, Budget(70), Wanted("w", 65, 65)) == Room(("large",), fits_now=False)


def test_a_refusal_tells_the_numbers() -> None:
    """And who holds them."""
    models = [Resident("busy", 60, is_busy=True), Resident("idle", 30)]
    answer = make_room(models, Budget(100), Wanted("w", 50, 50))
    wanted = "it needs 50 bytes of the 100 that all models may take"
    assert str(answer) == f"{wanted}, and busy, which can't go for it, have 60"
    assert (
        str(make_room([], Budget(100), Wanted("w", 500, 200)))
        == "it needs 200 bytes of the 100 that all models may take"
    )


def test_a_guess_does_not_keep_out_a_model_that_is_alone() -> None:
    """Only its weights must fit: what it takes beyond them is measured later."""
    assert make_room([], Budget(100), Wanted("w", 140, 90)) == Room()
    assert isinstance(make_room([Resident("b", 1, is_busy=True)], Budget(100), Wanted("w", 140, 90)), NoRoom)


def test_a_gpu_that_is_too_small_is_said_with_numbers() -> None:
    """The machine's memory may be empty: that does not help."""
    wanted = Wanted("w", 10, 10, gpu_bytes=90, least_gpu_bytes=80)
    budget = Budget(1000, gpu_bytes=70)
    assert str(make_room([], budget, wanted)) == ("it needs 80 bytes of the 70 of GPU memory that all models may take")
    busy = [Resident("on the cpu", 10, is_busy=True), Resident("on the gpu", 10, is_busy=True, gpu_bytes=20)]
    assert str(make_room(busy, Budget(1000, gpu_bytes=100), wanted)) == (
        "it needs 90 bytes of the 100 of GPU memory that all models may take, and on the gpu, which can't go for it, "
        "have 20"
    )


def test_only_models_on_the_gpu_go_for_its_memory() -> None:
    """Those that the CPU computes have none of it."""
    models = [Resident("cpu", 10), Resident("gpu", 10, load_s=50, gpu_bytes=60)]
    assert make_room(models, Budget(1000, gpu_bytes=100), Wanted("w", 10, 10, 50, 50)) == Room(("gpu",), fits_now=False)
