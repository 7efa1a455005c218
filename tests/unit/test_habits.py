"""Habits that no linter checks: every test states its behaviour, and imports point one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent.parent


def test_functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every test function of the suite, with where it stands."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield f"{path.relative_to(TESTS)}::{node.name}", node


test_functions.__test__ = False  # type: ignore[attr-defined]


def test_every_test_states_its_behaviour_in_a_sentence() -> None:
    """A failing test must say what no longer holds: in its docstring, or in a name of several words."""
    silent = [where for where, node in test_functions() if not ast.get_docstring(node) and node.name.count("_") < 5]
    assert silent == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    """A test that never runs proves nothing."""
    for path in sorted(TESTS.rglob("*.py")):
        if path != Path(__file__):
            text = path.read_text()
            found = [word for word in ("pytest.skip", "mark.skip", "mark.xfail", "importorskip") if word in text]
            assert found == [], path
