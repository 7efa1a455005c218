"""Which models are loaded next, and which go for them. Who is waited for comes first, then what has the priority.

Models that are wanted from the start load a few at a time, so that the first one serves soon. They take no other's
place: only a request, or an order, does.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from serve.errors import NoRoomError
from serve.supervision.keeper import Keeper
from serve.supervision.lifecycle import State
from serve.supervision.loading import GPU_CONTEXT_BYTES, GPU_WORKER_BYTES, guess_bytes, guess_gpu_bytes
from serve.supervision.residency import Budget, NoRoom, Resident, Room, Wanted, make_room

log = logging.getLogger(__name__)

MAX_PRELOADS = 2  # at a time


def next_loads(keepers: Sequence[Keeper], budget: Budget, *, is_guess: bool = False) -> list[Keeper]:
    """Those that are to be launched now. Tells others to go, and refuses who has no chance.

    A budget that nobody set `is_guess`, too: it can't know that a limit has room for pages that can be read again. So
    it divides memory among models, and refuses none that is alone. GPUs say what they have: beyond that all is refused.
    """
    has_gpu = budget.gpu_bytes is not None
    chosen: list[Keeper] = []
    waiting = [k for k in keepers if k.wish.is_on and k.state is State.READY_ON_DISK]
    num_loading = sum(k.state is State.LOADING for k in keepers)
    for keeper in sorted(waiting, key=_turn):
        is_urgent = keeper.wish.num_waiting > 0
        if not (is_urgent or keeper.life.num_failures) and num_loading >= MAX_PRELOADS:
            continue
        loaded = [k for k in keepers if k.life.is_resident or k in chosen]
        residents = [_resident(k, is_chosen=k in chosen, has_gpu=has_gpu) for k in loaded]
        wanted = _wanted(keeper, is_guess=is_guess, has_gpu=has_gpu)
        match make_room(residents, budget, wanted, may_evict=is_urgent):
            case NoRoom() as no_room:
                keeper.refuse(NoRoomError(f"model {keeper.entry.id!r} can't be loaded: {no_room}", retry_after_s=5))
            case Room(evict, fits_now):
                _evict((k for k in keepers if k.entry.id in evict), keeper)
                if fits_now:
                    chosen.append(keeper)
                    num_loading += 1
    return chosen


def _turn(keeper: Keeper) -> tuple[bool, bool, int]:
    return not keeper.wish.num_waiting, not keeper.life.num_failures, -keeper.entry.load_priority


def _evict(keepers: Iterable[Keeper], wanted: Keeper) -> None:
    for keeper in keepers:
        if keeper.is_serving:
            log.info("model %s makes room for %s", keeper.entry.id, wanted.entry.id)
            keeper.unload(f"it made room for {wanted.entry.id}")


def _wanted(keeper: Keeper, *, is_guess: bool = False, has_gpu: bool = False) -> Wanted:
    """As configured or measured, or guessed, which is not good enough to refuse a model that is alone."""
    entry, size = keeper.entry, keeper.seen.size_bytes
    known = max(keeper.most_bytes, entry.memory_bytes or 0)
    if not has_gpu or entry.gpu_layers == 0:
        return Wanted(entry.id, known or guess_bytes(entry, size), 0 if is_guess else known or size)
    guess, least = guess_gpu_bytes(entry, size)
    info = keeper.status().info
    if info is not None and info.gpu_bytes:
        guess = least = info.gpu_bytes + GPU_CONTEXT_BYTES
    host = known or (GPU_WORKER_BYTES if entry.gpu_layers is None else guess_bytes(entry, size))
    return Wanted(entry.id, host, 0 if is_guess else known, guess, least)


def _resident(keeper: Keeper, *, is_chosen: bool, has_gpu: bool = False) -> Resident:
    wanted = _wanted(keeper, has_gpu=has_gpu)
    return Resident(
        id=keeper.entry.id,
        num_bytes=wanted.num_bytes,
        priority=keeper.entry.load_priority,
        idle_s=keeper.wish.idle_s,
        load_s=keeper.load_s,
        is_busy=is_chosen or keeper.is_busy,
        is_pinned=keeper.wish.is_pinned,
        is_leaving=keeper.state is State.DRAINING,
        gpu_bytes=wanted.gpu_bytes,
    )
