"""A model as text for models.yaml, and a file as a line of lock.yaml. Adds to files; what is there stays as it is."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from infra import names, whole_file
from infra.catalog.load import LOCK, MODELS, PROFILES, load_catalog, parse
from infra.catalog.schema import Models
from infra.catalog.types import Catalog, Geometry, Layers
from infra.errors import CatalogError

QUANTISATION: Final = re.compile(r"(?i)[-_.](i?q\d(_[a-z0-9]+)*|mxfp4|bf16|f16|f32|fp8|nvfp4)$")


@dataclass(frozen=True, slots=True)
class NewModel:
    """What an entry needs beside the geometry."""

    id: str
    title: str
    licence: str
    note: str
    audience: str
    tier: str
    repo: str
    revision: str
    file: str
    profile: str
    num_slots: int
    context_tokens: int


@dataclass(frozen=True, slots=True)
class LockLine:
    """What a file is to the byte."""

    key: str
    revision: str
    commit: str | None
    sha256: str
    file_bytes: int


def id_from(file: str) -> str:
    """`Qwen2.5-7B-Instruct-Q4_K_M.gguf` -> `qwen2-5-7b-instruct`: what may be a Service's name."""
    plain = QUANTISATION.sub("", file.removesuffix(".gguf")).lower()
    found = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    found = (f"m-{found}" if found[:1].isdigit() else found)[:40].rstrip("-")
    if not names.MODEL_ID.fullmatch(found):
        raise CatalogError([f"no id can be made of {file!r}: give one with --id"])
    return found


def model_text(new: NewModel, of: Geometry) -> str:
    """The entry as a person would write it."""
    lines = [
        f"{new.id}:",
        f"  title: {_quoted(new.title)}",
        f"  licence: {_quoted(new.licence)}",
        f"  note: {_quoted(new.note)}",
        f"  audience: {_quoted(new.audience)}",
        f"  tier: {new.tier}",
        "  full:",
        "    source:",
        f"      hub: {{repo: {new.repo}, revision: {_quoted(new.revision)}}}",
        f"      file: {new.file}",
        f"    profile: {new.profile}",
        f"    num_slots: {new.num_slots}",
        f"    context_tokens: {new.context_tokens}",
        "    geometry:",
        f"      architecture: {_quoted(of.architecture)}",
        f"      quantisation: {of.quantisation}",
        f"      parameters: {of.num_parameters}",
        "      layers:",
        *(f"        - {{{_layers(each)}}}" for each in of.layers),
        f"      heads: {of.num_heads}",
        f"      embedding: {of.num_embedding}",
        f"      feed_forward: {of.num_feed_forward}",
        f"      vocabulary: {of.num_vocabulary}",
        f"      trained_context: {of.trained_context_tokens}",
        f"      embedding_bytes: {of.embedding_bytes}",
    ]
    if of.is_tied:
        lines.append("      tied: true")
    if of.num_experts:
        lines.append(f"      experts: {{count: {of.num_experts}, used: {of.num_used_experts}}}")
    return "\n".join(lines) + "\n"


def _layers(each: Layers) -> str:
    parts: dict[str, int] = {"count": each.count}
    if each.num_kv_heads:
        parts["kv_heads"] = each.num_kv_heads
        same = each.key_size == each.value_size
        parts |= {"head": each.key_size} if same else {"key": each.key_size, "value": each.value_size}
    parts |= {"window": each.window_tokens} if each.window_tokens else {}
    parts |= {"state": each.state_bytes} if each.state_bytes else {}
    return ", ".join(f"{key}: {value}" for key, value in parts.items())


def _quoted(text: str) -> str:
    """A text that YAML reads back as itself, whatever stands in it."""
    clean = " ".join(text.split())
    try:
        is_plain = all(yaml.safe_load(each) == {"key": clean} for each in (f"key: {clean} # end", f"{{key: {clean}}}"))
    except yaml.YAMLError:
        is_plain = False
    return clean if is_plain else str(yaml.safe_dump(clean, default_style='"', allow_unicode=True, width=10**6)).strip()


def with_model(models: str, entry: str) -> str:
    """models.yaml with an entry at its end; comments and order stay."""
    return f"{models.rstrip()}\n\n{entry}" if models.strip() else entry


def without_sizes(models: str, keys: Iterable[str]) -> str:
    """models.yaml without the sizes of files that are locked now: they stand beside the file's name."""
    for file in {key.rsplit("/", 1)[1] for key in keys}:
        models = re.sub(rf"(?m)^( +file: {re.escape(file)} *\n) +file_bytes: .*\n", r"\1", models)
    return models


def with_locks(lock: str, lines: Iterable[LockLine]) -> str:
    """lock.yaml with some lines new or replaced, in the order of their keys; the comments at its top stay."""
    head = "".join(itertools.takewhile(lambda line: line.startswith("#"), lock.splitlines(keepends=True)))
    found = lock_lines(lock) | {line.key: line for line in lines}
    body = "".join(_lock_text(found[key]) for key in sorted(found))
    return f"{head}\n{body}" if head else body


def lock_lines(lock: str) -> dict[str, LockLine]:
    """What lock.yaml says."""
    return {key: _read_lock(key, value) for key, value in (yaml.safe_load(lock) or {}).items()}


def raw_models(folder: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Repository, file and revision of every hub source, by model: also of a catalog whose lock is not right yet."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for model_id, model in parse(Models, folder / MODELS).entries.items():
        sizes = [size.source for size in (model.full, model.small) if size is not None]
        found[model_id] = [(each.hub.repo, each.file, each.hub.revision) for each in sizes if each.hub]
    return found


def _read_lock(key: str, value: Mapping[str, Any]) -> LockLine:
    return LockLine(key, value["revision"], value["commit"], value["sha256"], value["file_bytes"])


def _lock_text(line: LockLine) -> str:
    commit = _quoted(line.commit) if line.commit else "null"
    return (
        f"{line.key}:\n"
        f"  revision: {_quoted(line.revision)}\n"
        f"  commit: {commit}\n"
        f"  sha256: {_quoted(line.sha256)}\n"
        f"  file_bytes: {line.file_bytes}\n"
    )


def save(folder: Path, models: str, lock: str) -> Catalog:
    """Both files, each whole or not at all, and only if the catalog can be read with them; CatalogError otherwise.

    The lock comes first: a line that no entry asks for yet does no harm, an entry without its line would.
    """
    with tempfile.TemporaryDirectory() as trial:
        shutil.copy(folder / PROFILES, trial)
        (Path(trial) / LOCK).write_text(lock, encoding="utf-8")
        (Path(trial) / MODELS).write_text(models, encoding="utf-8")
        catalog = load_catalog(Path(trial))
    whole_file.write(folder / LOCK, lock)
    whole_file.write(folder / MODELS, models)
    return catalog
