"""The grammar package is pure: it knows neither the server around it nor llama.cpp's bindings."""

from __future__ import annotations

import ast
from pathlib import Path

import serve.grammar

FOLDER = Path(serve.grammar.__file__).parent
STANDARD = {"__future__", "collections", "dataclasses", "decimal", "functools", "re", "typing", "urllib"}


def test_it_imports_itself_and_a_little_of_the_standard_library() -> None:
    """So it can be used wherever a request is looked at, and tested without anything else."""
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            outside = [
                name for name in names if not name.startswith("serve.grammar") and name.split(".")[0] not in STANDARD
            ]
            assert outside == [], path
