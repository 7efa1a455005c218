"""The CustomResourceDefinitions of crds.yaml, read once out of their projects' pinned Go modules into the cache.

What is kept has no descriptions: they are four fifths of the text, and nothing is judged by them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from tools import cache
from tools.errors import ToolError
from tools.settings import Settings
from tools.toolchain import go_module
from tools.toolchain.go_module import GoModule
from tools.toolchain.programs import ensure_go

Crd = dict[str, Any]
DATA: Final = Path(__file__).with_name("crds.yaml")
FORMAT: Final = 1
"""Of what is kept: another one is another folder."""
_LITERAL: Final = frozenset({"default", "enum", "example", "x-kubernetes-validations"})
"""Of a schema: values and rules, not schemas; a `description` in them is no description of ours."""
_BY_NAME: Final = frozenset({"properties", "patternProperties", "definitions"})
"""Of a schema: names of somebody else's choice -> schemas."""


def folder(cache_dir: Path) -> Path:
    """Where they are kept; its name carries all that decides their content."""
    return cache_dir / "toolchain" / f"crds-{key()}"


def key() -> str:
    """Changes with the modules, their files and what is kept of them."""
    return hashlib.sha256(f"{FORMAT}\n".encode() + DATA.read_bytes()).hexdigest()[:16]


def is_done(settings: Settings) -> bool:
    """Whether nothing has to be downloaded."""
    return folder(settings.cache_dir).is_dir()


def ensure(settings: Settings, update: Callable[[str], None]) -> list[Crd]:
    """All of them; downloads what is missing."""
    kept = folder(settings.cache_dir)
    if not kept.is_dir():
        settings.cache_dir.mkdir(parents=True, exist_ok=True)
        with cache.hold(settings.cache_dir):
            if not kept.is_dir():
                _fill(kept, ensure_go(update), update)
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(kept.glob("*.json"))]


def _fill(kept: Path, go: Path, update: Callable[[str], None]) -> None:
    partial = kept.with_name(f"{kept.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for entry in yaml.safe_load(DATA.read_text(encoding="utf-8")):
        module = GoModule(entry["module"], entry["version"], entry["checksum"])
        update(f"{module.path} {module.version}")
        for text in go_module.file_texts(module, entry["files"], go):
            for crd in parse(text, module.path):
                name = crd["metadata"]["name"]
                (partial / f"{name}.json").write_text(json.dumps(crd, separators=(",", ":")), encoding="utf-8")
    partial.rename(kept)


def parse(text: str, source: str) -> Iterable[Crd]:
    """The definitions in a file, without what is only for readers and without what only a server writes."""
    for found in yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if not found:
            continue
        if found.get("kind") != "CustomResourceDefinition":
            raise ToolError(f"{source}: a {found.get('kind')} where a CustomResourceDefinition was expected")
        versions = [
            {**version, "schema": {"openAPIV3Schema": plain(version["schema"]["openAPIV3Schema"])}}
            for version in found["spec"]["versions"]
        ]
        yield {
            "apiVersion": found["apiVersion"],
            "kind": found["kind"],
            "metadata": {key: found["metadata"][key] for key in ("name", "annotations") if key in found["metadata"]},
            "spec": {**found["spec"], "versions": versions},
        }


def plain(schema: Any) -> Any:
    """A schema without its descriptions; properties that are called so stay."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _below(key, value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str))
    }


def _below(key: str, value: Any) -> Any:
    if key in _LITERAL:
        return value
    if key in _BY_NAME:
        return {name: plain(each) for name, each in value.items()}
    return plain(value)
