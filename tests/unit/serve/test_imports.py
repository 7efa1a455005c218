"""Imports inside image/ point one way; a wall that nobody checks does not stand for long."""

from __future__ import annotations

import ast
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
    """A new llama.cpp is one file's business."""
    assert importing("llama_cpp") == {"serve/engine/llama.py"}


def test_the_engine_imports_only_itself_and_the_standard_library() -> None:
    """No HTTP, no metrics, no settings, no processes."""
    for path in (IMAGE / "serve/engine").glob("*.py"):
        ours = {name for name in imports(path) if name.startswith("serve.")}
        assert all(name.startswith("serve.engine.") for name in ours), path
    engine = importing("fastapi", "pydantic", "starlette", "prometheus_client", "asyncio", "os")
    assert not {name for name in engine if name.startswith("serve/engine/")}


def test_the_pure_parts_of_the_engine_import_no_other_part() -> None:
    """types <- cache, text <- scheduler <- engine."""
    allowed = {
        "types": set(),
        "cache": set(),
        "text": set(),
        "scheduler": {"types", "cache"},
        "llama": {"types", "scheduler"},
        "engine": {"types", "cache", "text", "scheduler"},
    }
    for path in (IMAGE / "serve/engine").glob("[a-z]*.py"):
        used = {name.split(".")[2] for name in imports(path) if name.startswith("serve.engine.")}
        assert used <= allowed[path.stem], path


def test_only_the_metrics_know_prometheus() -> None:
    """Names are in one place; the route only needs the content type."""
    assert importing("prometheus_client") == {"serve/metrics.py", "serve/routes/metrics.py"}


def test_only_the_edges_see_the_environment() -> None:
    """Settings read it, the command line passes it on."""
    readers = {
        str(path.relative_to(IMAGE))
        for path in (IMAGE / "serve").rglob("*.py")
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    }
    assert readers == {"serve/__main__.py"}
    assert importing("pydantic_settings") == {"serve/settings.py"}


@pytest.mark.parametrize("module", ["fastapi", "starlette", "uvicorn", "pydantic"])
def test_a_worker_imports_nothing_of_http(module: str) -> None:
    """It is the process that counts its megabytes."""
    of_a_worker = {f"serve/{name}.py" for name in ("worker", "prompts", "ipc", "messages", "cpu", "errors")}
    of_a_worker |= {str(path.relative_to(IMAGE)) for path in (IMAGE / "serve/chat").rglob("*.py")}
    assert not importing(module) & of_a_worker
