"""A file of a repository -> an entry and a lock line: asks the hub, reads the header, chooses what holds it, writes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.catalog.load import LOCK, MODELS, load_catalog
from infra.catalog.types import Catalog, Geometry, HubSource, Model, Profile, Size, Weights
from infra.errors import CatalogError
from infra.fit.nearest import nearest, shelf
from infra.fit.proof import Fit, explain, prove
from infra.gguf.geometry import geometry_of
from infra.gguf.header import read_header
from infra.gguf.types import Header
from slipway.models import entry
from slipway.models.choose import choose_profile
from slipway.models.entry import LockLine, NewModel
from slipway.models.hub import Hub, HubError, RemoteFile
from slipway.models.show import sizes_of

USUAL_CONTEXT: Final = 4096
REPO: Final = re.compile(r"[\w.-]+/[\w.-]+")
UNSAID: Final = "Nobody has said it yet."


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command was told; None where it is to be found out."""

    repo: str
    file: str
    revision: str = "main"
    id: str | None = None
    profile: str | None = None
    num_slots: int = 2
    context_tokens: int | None = None
    title: str | None = None
    audience: str | None = None
    tier: str = "standard"


@dataclass(frozen=True, slots=True)
class Added:
    """What was written, and the proof that it fits."""

    id: str
    text: str
    fit: Fit
    commit: str | None


def add(wish: Wish, hub: Hub, folder: Path) -> Added:
    """Nothing is written unless all of it can be: the entry fits, its id is free, its file is known to the byte."""
    if not REPO.fullmatch(wish.repo):
        raise CatalogError([f"{wish.repo!r} is not allowed; allowed: owner/name"])
    catalog = load_catalog(folder)
    model_id = wish.id or entry.id_from(wish.file)
    _check_free(model_id, catalog)
    remote = hub.find(wish.repo, wish.file, wish.revision)
    line = _lock_line(wish.repo, wish.file, wish.revision, remote)
    header = read_header(hub.reader(remote), remote.num_bytes)
    size = _size(wish, remote, geometry_of(header))
    profile = profile_of(wish.profile, size, catalog)
    fit = prove(size, profile)
    if not fit.does_fit:
        instead = ", or ".join(each.text for each in nearest(size, profile, shelf(catalog))) or "nothing here"
        raise CatalogError([f"{model_id} {explain(fit)}; fits: {instead}"])
    text = entry.model_text(_new(wish, model_id, size, profile, header), size.geometry)
    models = entry.with_model((folder / MODELS).read_text(encoding="utf-8"), text)
    lock = entry.with_locks((folder / LOCK).read_text(encoding="utf-8"), [line])
    entry.save(folder, models, lock)
    return Added(model_id, text, fit, remote.commit)


def lock(ids: Iterable[str], hub: Hub, folder: Path) -> list[tuple[str, bool]]:
    """Ask the hub anew what the files of these models are (of all, where none is named), and which have changed."""
    models = entry.raw_models(folder)
    wanted = list(ids) or list(models)
    if unknown := [each for each in wanted if each not in models]:
        raise CatalogError([f"{each}: there is no such model; allowed: {', '.join(models)}" for each in unknown])
    before = (folder / LOCK).read_text(encoding="utf-8")
    lines = {
        f"{repo}/{file}": _lock_line(repo, file, revision, hub.find(repo, file, revision))
        for model_id in wanted
        for repo, file, revision in models[model_id]
    }
    old = entry.lock_lines(before)
    text = entry.without_sizes((folder / MODELS).read_text(encoding="utf-8"), lines)
    entry.save(folder, text, entry.with_locks(before, lines.values()))
    return [(key, old.get(key) != line) for key, line in lines.items()]


def not_pinned(catalog: Catalog) -> list[str]:
    """Files that a repository could change: no sum, which a download would be checked against."""
    return [
        f"{model.id}.{name}: {size.weights.file} is not locked: run `slipway models lock {model.id}`"
        for model in catalog.models.values()
        for name, size in sizes_of(model)
        if size.weights.sha256 is None
    ]


def _check_free(model_id: str, catalog: Catalog) -> None:
    taken = {name: model.id for model in catalog.models.values() for name in (model.id, *model.aliases)}
    if model_id in taken:
        raise CatalogError([f"{model_id}: is there already ({taken[model_id]}); allowed: another --id"])


def _lock_line(repo: str, file: str, revision: str, remote: RemoteFile) -> LockLine:
    if remote.sha256 is None:
        raise HubError(f"{remote.url}: the hub names no SHA-256 of it, which only files in its large storage have")
    return LockLine(f"{repo}/{Path(file).name}", revision, remote.commit, remote.sha256, remote.num_bytes)


def _size(wish: Wish, remote: RemoteFile, of: Geometry) -> Size:
    trained = of.trained_context_tokens
    context = wish.context_tokens or min(USUAL_CONTEXT, trained)
    if context > trained:
        raise CatalogError(
            [f"--context: {context} is above what the model was trained for; allowed: {trained} or less"]
        )
    weights = Weights(HubSource(wish.repo, wish.revision), wish.file, remote.num_bytes, remote.sha256)
    return Size(weights, wish.profile or "", wish.num_slots, context, of)


def profile_of(name: str | None, size: Size, catalog: Catalog) -> Profile:
    """The one of that name; the smallest that holds the model, where none is named."""
    if name is None:
        return choose_profile(size, catalog.profiles.values())
    if name not in catalog.profiles:
        raise CatalogError([f"--profile: {name!r} is not allowed; allowed: {', '.join(catalog.profiles)}"])
    return catalog.profiles[name]


def _new(wish: Wish, model_id: str, size: Size, profile: Profile, header: Header) -> NewModel:
    def said(key: str) -> str | None:
        found = header.metadata.get(key)
        return found if isinstance(found, str) and found.strip() else None

    return NewModel(
        id=model_id,
        title=wish.title or said("general.name") or wish.file.removesuffix(".gguf"),
        licence=said("general.license.name") or said("general.license") or UNSAID,
        note=f"Added from the header of {wish.file}; nobody has tried it here yet.",
        audience=wish.audience or UNSAID,
        tier=wish.tier,
        repo=wish.repo,
        revision=wish.revision,
        file=wish.file,
        profile=profile.name,
        num_slots=size.num_slots,
        context_tokens=size.context_tokens,
    )


def find_model(catalog: Catalog, name: str) -> Model:
    """By id or alias."""
    for model in catalog.models.values():
        if name in (model.id, *model.aliases):
            return model
    raise CatalogError([f"{name}: there is no such model; allowed: {', '.join(catalog.models)}"])
