"""Imports inside image/ point one way; a wall that nobody checks does not stand for long."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

IMAGE = Path(__file__).parents[3] / "image"


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where they point"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importing(*modules: str) -> set[str]:
    """The files of image/ that import one of these."""
    return {
        str(path.relative_to(IMAGE))
        for path in IMAGE.rglob("*.py")
        for name in imports(path)
        if any(name == module or name.startswith(f"{module}.") for module in modules)
    }


def test_one_file_imports_llama_cpp() -> None:
    """A new llama.cpp is one file's business. It is imported by name, past the package's own heavy beginning."""
    assert importing("llama_cpp") == set()
    naming = {path for path in IMAGE.rglob("*.py") if 'find_spec("llama_cpp")' in path.read_text(encoding="utf-8")}
    # The other one only looks where its libraries are: what CPU they were made for.
    assert {str(path.relative_to(IMAGE)) for path in naming} == {"serve/engine/llama/library.py", "serve/cpu.py"}


def test_the_engine_imports_only_itself_and_the_standard_library() -> None:
    """No HTTP, no metrics, no settings, no processes."""
    for path in (IMAGE / "serve/engine").rglob("*.py"):
        ours = {name for name in imports(path) if name.startswith("serve.")}
        assert all(name.startswith("serve.engine.") for name in ours), path
    engine = importing("fastapi", "pydantic", "starlette", "prometheus_client", "asyncio", "os")
    # Only what writes files needs the operating system, to be sure that they are on the disk.
    writers = {"serve/engine/state.py", "serve/engine/slot_file.py"}
    assert {name for name in engine if name.startswith("serve/engine/")} == writers


PURE = {
    "histogram": set[str](),
    "types": {"histogram"},
    "errors": {"types"},
    "prefix": set[str](),
    "cells": set[str](),
    "cublas": set[str](),
    "text": set[str](),
    "trigger": set[str](),
    "sequence": {"drafts", "types"},
    "timing": {"histogram", "sequence", "types"},
    "memory": set[str](),
    "leftovers": {"memory", "prefix"},
    "source": {"leftovers", "memory", "prefix", "sequence"},
    "shares": {"sequence", "types"},
    "line": {"sequence", "types"},
    "drafts": set[str](),
    "cache": {"cells", "leftovers", "memory", "sequence", "source"},
    "scheduler": {"cache", "errors", "line", "sequence", "shares", "source", "types"},
}


@pytest.mark.parametrize("part", PURE)
def test_the_pure_parts_of_the_engine_import_only_purer_ones(part: str) -> None:
    """types <- sequence <- cache <- scheduler; none of them knows the model or the engine."""
    path = IMAGE / f"serve/engine/{part}.py"
    assert {name.split(".")[2] for name in imports(path) if name.startswith("serve.engine.")} <= PURE[part]


def test_only_the_worker_knows_the_real_backend() -> None:
    """The engine runs on a Protocol."""
    users = {path for path in importing("serve.engine.llama") if not path.startswith("serve/engine/llama/")}
    assert users == {"serve/worker/worker.py"}


def test_templates_run_only_where_the_model_is() -> None:
    """Reading answers, in the HTTP process, needs nothing of Jinja, and nothing that does."""
    assert importing("jinja2") == {"serve/chat/template.py", "serve/chat/sandbox.py"}
    for path in (*(IMAGE / "serve/chat/formats").glob("*.py"), *(IMAGE / "serve/chat").glob("[a-z]*.py")):
        if path.stem in ("parse", "machine", "calls", "json_call", "thinking") or path.parent.name == "formats":
            names = {name.rsplit(".", 1)[0] for name in imports(path)}
            assert not names & {"serve.chat.template", "serve.chat.sandbox", "serve.chat.plan", "serve.chat.turns"}, (
                path
            )


def test_the_server_never_imports_the_hubs_client() -> None:
    """It takes half a second and ten megabytes, and knows the hub's token: all of it is for the child that pulls."""
    assert importing("huggingface_hub") == {"serve/pulls/huggingface.py"}
    assert importing("serve.pulls.huggingface") == {"serve/pulls/command.py"}
    assert importing("serve.pulls.command") == {"serve/commands.py"}


def test_a_worker_imports_no_server() -> None:
    """Its start and its memory are a model's: nothing of HTTP, settings or event loops comes with it."""
    code = "import sys, serve.worker.__main__, serve.worker.prompts; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(IMAGE)}, capture_output=True, text=True, check=True
    )
    assert {"serve.worker.worker", "jinja2"} <= set(found.stdout.split())
    assert not {"asyncio", "ssl", "pydantic", "fastapi", "argparse"} & set(found.stdout.split())


def test_a_server_starts_without_what_only_its_document_needs() -> None:
    """FastAPI would be a third of the start."""
    code = "import sys, serve.server, serve.http.front; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(IMAGE)}, capture_output=True, text=True, check=True
    )
    modules = set(found.stdout.split())
    assert {"starlette", "pydantic", "serve.routes.document"} <= modules
    assert not {"fastapi", "serve.openapi.document", "opentelemetry", "pydantic.v1", "jinja2"} & modules
