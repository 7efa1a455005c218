"""Slots: the numbers by which clients of llama.cpp's server know what their requests left behind.

There a slot is a place where one request runs. Here it is only a name, for requests run wherever there is room: a slot
holds what the last request of its number left, until another one takes the number, or others need the memory. A request
that names its slot goes on with what that holds and with nothing else, as there; one that names none has the number of
its sequence id, and looks everywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from serve.engine.backend import Backend
from serve.engine.cache import KvCache
from serve.engine.errors import RefusedError, StateError
from serve.engine.leftovers import Kept
from serve.engine.sequence import Sequence, slot_of
from serve.engine.slot_file import place, read_seal, seal
from serve.engine.state import PARTIAL, PLAIN
from serve.engine.types import FailureKind


class SlotAction(StrEnum):
    """What can be done with a slot."""

    SAVE = "save"
    RESTORE = "restore"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class SlotOrder:
    """Do it with this one; `path` is the file, where the action has one."""

    slot: int
    action: SlotAction
    path: Path = Path()


@dataclass(frozen=True, slots=True)
class SlotDone:
    """So many tokens were saved, restored or erased, and that is how large the file is."""

    num_tokens: int
    num_bytes: int = 0
    took_s: float = 0.0


class Slots:
    """Carries out orders between two steps: streams wait as long as the disk takes."""

    def __init__(self, fingerprint: Callable[[], str], clock: Callable[[], float] = time.perf_counter) -> None:
        self._fingerprint = fingerprint
        self._clock = clock

    def act(self, order: SlotOrder, cache: KvCache, backend: Backend, sequences: Iterable[Sequence]) -> SlotDone:
        """RefusedError: not now, or not with this file. StateError: it can't be written."""
        started = self._clock()
        if any(each.is_running and slot_of(each, cache.num_slots) == order.slot for each in sequences):
            raise RefusedError(FailureKind.CONFLICT, f"slot {order.slot} is at work: ask again when it has ended")
        holder = cache.holder(order.slot)
        match order.action:
            case SlotAction.SAVE:
                num_tokens, num_bytes = self._save(order, holder, backend)
            case SlotAction.RESTORE:
                num_tokens, num_bytes = self._restore(order, holder, cache, backend)
            case SlotAction.ERASE:
                num_tokens, num_bytes = _erase(holder, cache), 0
        return SlotDone(num_tokens, num_bytes, self._clock() - started)

    def _save(self, order: SlotOrder, holder: Kept | None, backend: Backend) -> tuple[int, int]:
        if holder is None:
            raise RefusedError(FailureKind.CONFLICT, f"slot {order.slot} holds nothing that could be saved")
        if holder.kind != PLAIN:
            text = f"slot {order.slot} was computed with an adapter: a file could not say with which"
            raise RefusedError(FailureKind.UNSUPPORTED, text)
        # Of the model, too: several may save at once. What a killed one left, the next one of that name takes over.
        partial = order.path.with_name(f".{order.path.name}.{self._fingerprint()}{PARTIAL}")
        try:
            backend.save(holder.seq, partial, tuple(memoryview(holder.tokens).cast("i")))
            num_bytes = seal(partial, holder.num_tokens, self._fingerprint())
            place(partial, order.path)
        except OSError as error:
            raise StateError(f"{order.path.name} can't be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return holder.num_tokens, num_bytes

    def _restore(self, order: SlotOrder, holder: Kept | None, cache: KvCache, backend: Backend) -> tuple[int, int]:
        """Nothing is given up before it is known that this is a file of ours."""
        try:
            num_tokens = read_seal(order.path, self._fingerprint())
            num_bytes = order.path.stat().st_size
        except OSError as error:
            raise RefusedError(FailureKind.BAD_STATE, f"{order.path.name} can't be read: {error.strerror}") from error
        except StateError as error:
            raise RefusedError(FailureKind.BAD_STATE, str(error)) from error
        _erase(holder, cache)
        seq = cache.reserve_kept(PLAIN, num_tokens)
        if seq is None:
            raise RefusedError(FailureKind.CONFLICT, f"{num_tokens} tokens have no room beside what runs: ask again")
        try:
            tokens = backend.load(seq, order.path, num_tokens)
        except StateError as error:
            cache.drop(seq)
            raise RefusedError(FailureKind.BAD_STATE, str(error)) from error
        if not cache.fill_kept(seq, tokens):
            raise RefusedError(FailureKind.BAD_STATE, f"{order.path.name} holds no tokens")
        cache.give_slot(seq, order.slot)
        return len(tokens), num_bytes


def _erase(holder: Kept | None, cache: KvCache) -> int:
    """What others left who began alike stays."""
    if holder is None:
        return 0
    cache.drop(holder.seq)
    return holder.num_tokens
