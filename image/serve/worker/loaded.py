"""What a Load, or a change of what was loaded, means for the engine. In the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from serve.engine.engine import Engine, Limits
from serve.engine.state import StateStore
from serve.engine.types import AdapterFile, Event, LoadOptions
from serve.messages import AddAdapter, Change, Load


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


def adapt(engine: Engine, change: Change) -> list[Event]:
    """Load or unload an adapter; what becomes of those who used it. LoadError: it can't be loaded."""
    if isinstance(change, AddAdapter):
        return engine.add_adapter(AdapterFile(change.adapter.name, Path(change.adapter.path)))
    return engine.remove_adapter(change.name)
