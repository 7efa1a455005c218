"""What a Load, or a change of what was loaded, means for the engine. In the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from serve.engine.engine import Engine, Limits
from serve.engine.errors import EngineError, LoadError, RefusedError
from serve.engine.slots import SlotAction, SlotOrder, Slots
from serve.engine.state import StateStore
from serve.engine.types import (
    AdapterFile,
    Event,
    Failed,
    FailureKind,
    LoadOptions,
)
from serve.messages import Adapted, AddAdapter, Change, DropAdapter, Load, Reply, SlotActed, SlotOrdered


def load_options(load: Load) -> LoadOptions:
    """For the backend."""
    return LoadOptions(
        path=Path(load.path),
        num_slots=load.num_slots,
        sequence_tokens=load.context_tokens,
        step_tokens=load.step_tokens,
        num_threads=load.num_threads,
        adapters=tuple(AdapterFile(each.name, Path(each.path)) for each in load.adapters),
        gpu_layers=load.gpu_layers,
    )


def state_store(load: Load, fingerprint: Callable[[], str]) -> StateStore | None:
    """Where KV state is kept, if it is."""
    if load.state_dir is None:
        return None
    return StateStore(Path(load.state_dir), fingerprint(), load.state_max_bytes)


def limits(load: Load) -> Limits:
    """For the engine."""
    return Limits(
        num_slots=load.num_slots,
        sequence_tokens=load.context_tokens,
        kv_tokens=load.num_slots * load.context_tokens,
        step_tokens=load.step_tokens,
        max_waiting=load.max_waiting,
        mixed_tokens=load.mixed_tokens,
        num_draft_tokens=load.num_draft_tokens,
    )


def carry_out(engine: Engine, slots: Slots, change: Change) -> tuple[Reply | None, list[Event]]:
    """The reply, if it could be done, and what became of requests. A failure is an event of the change itself."""
    try:
        match change:
            case AddAdapter():
                events = engine.add_adapter(AdapterFile(change.adapter.name, Path(change.adapter.path)))
                return Adapted(change.id), events
            case DropAdapter():
                return Adapted(change.id), engine.remove_adapter(change.name)
            case SlotOrdered():
                order = SlotOrder(change.slot, SlotAction(change.action), Path(change.path))
                done = engine.act_on_slot(slots, order)
                return SlotActed(change.id, done.num_tokens, done.num_bytes, done.took_s), []
    except EngineError as error:
        return None, [Failed(change.id, _kind(error), str(error))]


def _kind(error: EngineError) -> FailureKind:
    if isinstance(error, RefusedError):
        return error.kind
    return FailureKind.UNSUPPORTED if isinstance(error, LoadError) else FailureKind.BROKEN
