"""A private copy of some modules, one of them a mutant, beside the real ones. Knows imports and nothing of mutations.

A module that imports a private one is private too, for it holds the names that it imported. All others are shared. The
private ones get an `__import__` of their own, so that nothing in `sys.modules` changes.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import types
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = frozenset({"kube", "policies"})
FLAGS = 0x1000000
"""`from __future__ import annotations`, for statements that are compiled alone."""


@cache
def source_file(module: str) -> Path:
    """Where a module of our packages is."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def tree(module: str) -> ast.Module:
    """Its syntax tree."""
    return ast.parse(source_file(module).read_text())


@cache
def imports(module: str) -> frozenset[str]:
    """The modules of our packages that a module imports directly."""
    found = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in below if source_file(name).exists()} or {node.module}
    return frozenset(found)


@cache
def dependents(module: str, roots: tuple[str, ...]) -> frozenset[str]:
    """Those of the roots, and of what they import, that import a module, by however many steps; and itself."""
    return frozenset({module, *(name for name in closure(roots) if module in closure((name,)))})


@cache
def closure(roots: tuple[str, ...]) -> frozenset[str]:
    """All modules of our packages that the roots import, by however many steps, and themselves."""
    found, waiting = set(roots), list(roots)
    while waiting:
        new = imports(waiting.pop()) - found
        found |= new
        waiting += new
    return frozenset(found)


def compile_statement(module: str, statement: ast.stmt) -> types.CodeType:
    """One top-level statement of a module, as if compiled with the rest."""
    alone = ast.fix_missing_locations(ast.Module([statement], []))
    code: types.CodeType = compile(alone, str(source_file(module)), "exec", flags=FLAGS, dont_inherit=True)
    return code


@cache
def compiled(module: str) -> tuple[types.CodeType, ...]:
    """The top-level statements of a module, one by one."""
    statements = [each for each in tree(module).body if getattr(each, "module", "") != "__future__"]
    return tuple(compile_statement(module, each) for each in statements)


class World:
    """Private modules by name; what is not private is imported as usual."""

    def __init__(self, private: Iterable[str], changed: Mapping[str, Sequence[types.CodeType]]) -> None:
        self._private = frozenset(private)
        self._changed = changed
        self._loaded: dict[str, types.ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def load(self, name: str) -> Any:
        """The module of that name in this world."""
        if name not in self._private:
            return importlib.import_module(name)
        if name not in self._loaded:
            module = types.ModuleType(name)
            package = name if source_file(name).name == "__init__.py" else name.rpartition(".")[0]
            vars(module).update(__file__=str(source_file(name)), __builtins__=self._builtins, __package__=package)
            self._loaded[name] = module
            for code in self._changed.get(name) or compiled(name):
                exec(code, vars(module))
        return self._loaded[name]

    def _import(self, name: str, _globals: Any = None, _locals: Any = None, items: Any = (), level: int = 0) -> Any:
        if not items or name.split(".")[0] not in PACKAGES:
            return __import__(name, _globals, _locals, items, level)
        module = self.load(name)
        below = [item for item in items if f"{name}.{item}" in self._private]
        if not below:
            return module
        real = __import__(name, _globals, _locals, items, level)
        return types.SimpleNamespace(**{**vars(real), **{item: self.load(f"{name}.{item}") for item in below}})
