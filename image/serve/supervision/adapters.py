"""LoRA adapters that come and go while their model serves: the worker loads them, then requests may name them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from serve.errors import InvalidRequestError, NotFoundError
from serve.messages import AdapterPath, AddAdapter, DropAdapter
from serve.models import AdapterEntry, ModelEntry
from serve.supervision.supervisor import Supervisor

MAX_ADAPTERS = 64


async def load_adapter(
    supervisor: Supervisor, models_dir: Path, model: str | None, adapter: AdapterEntry
) -> ModelEntry:
    """One more, or another one under the same name; requests that used that one fail. A model that sleeps wakes."""
    entry = supervisor.models.find(model)
    path = await asyncio.to_thread(_file, models_dir, adapter.file)
    others = [each for each in entry.adapters if each.name != adapter.name]
    if len(others) >= MAX_ADAPTERS:
        raise InvalidRequestError(f"model {entry.id!r} has {len(others)} adapters: {MAX_ADAPTERS} are allowed")
    await supervisor.ask(entry.id, lambda id_: AddAdapter(id_, AdapterPath(adapter.name, str(path))))
    # What has changed meanwhile is not undone.
    entry = supervisor.models.find(entry.id)
    is_known = adapter.name in {each.name for each in entry.adapters}
    kept = tuple(adapter if each.name == adapter.name else each for each in entry.adapters)
    supervisor.set_adapters(entry, kept if is_known else (*kept, adapter))
    return supervisor.models.find(entry.id)


async def unload_adapter(supervisor: Supervisor, model: str | None, name: str) -> ModelEntry:
    """No request can name it from now on; those that use it fail. The numbers of those behind it change."""
    entry = supervisor.models.find(model)
    if name not in {each.name for each in entry.adapters}:
        known = ", ".join(each.name for each in entry.adapters) or "none"
        raise NotFoundError(f"model {entry.id!r} has no adapter {name!r}: it has {known}", param="name")
    supervisor.set_adapters(entry, tuple(each for each in entry.adapters if each.name != name))
    await supervisor.ask(entry.id, lambda id_: DropAdapter(id_, name))
    return supervisor.models.find(entry.id)


def _file(models_dir: Path, name: str) -> Path:
    """A regular file of that directory, also after links were followed."""
    path = models_dir / name
    try:
        whole = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise NotFoundError(f"there is no {name} in the models directory", param="file") from error
    if not whole.is_file() or not whole.is_relative_to(models_dir.resolve()):
        raise InvalidRequestError(f"{name} is not a file of the models directory", param="file")
    return path
