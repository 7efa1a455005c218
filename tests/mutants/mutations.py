"""What can be taken away from a statement, one thing at a time. Knows the syntax tree, and which calls only say things.

A mutation is another value for one field of one node: `applied` puts it in, and takes it out again.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.mutants.replacements import called, replacements, text

SAYING: dict[str, slice] = {
    "bad": slice(1, 2),
    "expect": slice(1, 2),
    "Finding": slice(2, 3),
    "cast": slice(0, 1),
    "TypeVar": slice(None),
    "NewType": slice(None),
}
"""Calls with arguments that are prose or types, and which."""
RULE_DECORATORS = {"pod_rule", "object_rule", "stack_rule"}
"""Their positional arguments are clauses: the kinds; and so is a remedy. All other decorators are left alone."""
LEFT_ALONE = {"annotation", "returns", "decorator_list", "type_comment"}
"""Fields of nodes in which nothing is a clause."""
TUNING = {"strict", "maxsize", "default_factory"}
"""Keywords that change no answer."""
_TYPE_ALIAS = re.compile(r"_?[A-Z]+[a-z][A-Za-z]*")
_KEPT = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass)


@dataclass(frozen=True, slots=True)
class Mutation:
    """Another value for a field of a node; the lines that it touches, the function it is in, what changes."""

    node: ast.AST
    field: str
    value: Any
    lines: range
    function: str
    change: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: in which function, in the lines of which statement, and which names are prose there."""

    function: str
    lines: range
    prose: frozenset[str]
    asked_for_one: ast.AST | None = None
    """A generator whose first element is all that is taken."""


@contextmanager
def applied(mutation: Mutation) -> Iterator[None]:
    """The tree is a mutant inside."""
    original = getattr(mutation.node, mutation.field)
    setattr(mutation.node, mutation.field, mutation.value)
    try:
        yield
    finally:
        setattr(mutation.node, mutation.field, original)


def mutations(module: ast.Module, statement: ast.stmt) -> Iterator[Mutation]:
    """All mutations of a top-level statement of a module."""
    if not _is_left_alone(statement, prose := _names_that_are_prose(module)):
        yield from _of_statement(statement, _Place("", _lines(statement), prose))


def _names_that_are_prose(node: ast.AST) -> frozenset[str]:
    """Names in a module or a function that only messages use."""
    said: set[str] = set()
    used: set[str] = set()
    _collect_names(node, said, used)
    return frozenset(said - used)


def _collect_names(node: ast.AST, said: set[str], used: set[str]) -> None:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        used.add(node.id)
    prose = _said(node)
    said |= {name.id for each in prose for name in ast.walk(each) if isinstance(name, ast.Name)}
    for child in ast.iter_child_nodes(node):
        if not _is_one_of(child, prose):
            _collect_names(child, said, used)


def _said(node: ast.AST) -> list[ast.expr]:
    return node.args[SAYING[called(node)]] if isinstance(node, ast.Call) and called(node) in SAYING else []


# Statements


def _is_left_alone(node: ast.stmt, prose: frozenset[str]) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Pass() | ast.AnnAssign(value=None):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.FunctionDef():
            return node.name in prose
        case ast.Assign(targets=targets):
            return all(isinstance(each, ast.Name) and _is_prose(each.id, prose) for each in targets)
        case ast.AnnAssign(target=ast.Name(id=name)):
            return _is_prose(name, prose)
    return False


def _is_prose(name: str, prose: frozenset[str]) -> bool:
    return name in prose or name == "__all__" or _TYPE_ALIAS.fullmatch(name) is not None


def _of_statement(node: ast.stmt, place: _Place) -> Iterator[Mutation]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield from _of_definition(node, place)
        return
    head = _Place(place.function, _lines(node, head_only=True), place.prose)
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield _mutation(node, "value", None, head, f"{text(node)} -> return None")
    if isinstance(node, ast.If):
        for value in (True, False):
            yield _mutation(node, "test", ast.Constant(value), head, f"if {text(node.test)} -> if {value}")
    if isinstance(node, ast.For):
        yield _mutation(
            node, "iter", _first(node.iter), head, f"for {text(node.target)} in the first of {text(node.iter)}"
        )
    if isinstance(node, ast.Match):
        yield from _of_cases(node, place)
    yield from _of_bodies(node, place)
    yield from _of_expressions(node, head)


def _of_definition(node: ast.FunctionDef | ast.ClassDef, place: _Place) -> Iterator[Mutation]:
    name = f"{place.function}.{node.name}".strip(".")
    prose = place.prose | (_names_that_are_prose(node) if isinstance(node, ast.FunctionDef) else frozenset())
    inner = _Place(name, place.lines, prose)
    if isinstance(node, ast.FunctionDef):
        yield from _of_expressions(node.args, inner)
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and called(decorator) in RULE_DECORATORS:
            without_remedy = [keyword for keyword in decorator.keywords if keyword.arg != "remedy"]
            if without_remedy != decorator.keywords:
                yield _mutation(decorator, "keywords", without_remedy, inner, "drop the remedy")
            for index, kind in enumerate(decorator.args if len(decorator.args) > 1 else ()):
                rest = [*decorator.args[:index], *decorator.args[index + 1 :]]
                yield _mutation(decorator, "args", rest, inner, f"drop {text(kind)}")
            yield from _of_slots(decorator, ["args"], inner)
    yield from _of_bodies(node, inner)


def _of_bodies(node: ast.AST, place: _Place) -> Iterator[Mutation]:
    for field in ("body", "orelse", "finalbody"):
        body: Any = getattr(node, field, None)
        for index, each in enumerate(body) if isinstance(body, list) else ():
            if _is_left_alone(each, place.prose):
                continue
            if not isinstance(each, _KEPT):
                rest = [*body[:index], *body[index + 1 :]] or ([ast.Pass()] if field == "body" else [])
                lines = _Place(place.function, _lines(each), place.prose)
                yield _mutation(node, field, rest, lines, f"drop: {text(each)}")
            yield from _of_statement(each, place)
    for handler in getattr(node, "handlers", ()):
        yield from _of_bodies(handler, place)


def _of_cases(node: ast.Match, place: _Place) -> Iterator[Mutation]:
    whole = _Place(place.function, _lines(node), place.prose)
    for index, case in enumerate(node.cases):
        if len(node.cases) > 1:
            rest = [*node.cases[:index], *node.cases[index + 1 :]]
            yield _mutation(node, "cases", rest, whole, f"drop: case {text(case.pattern)}")
        if case.guard is not None:
            yield _mutation(case, "guard", None, whole, f"drop: if {text(case.guard)}")
            yield from _of_slots(case, ["guard"], whole)
        for pattern in ast.walk(case.pattern):
            if isinstance(pattern, ast.MatchOr):
                for at, one in enumerate(pattern.patterns):
                    others = [*pattern.patterns[:at], *pattern.patterns[at + 1 :]]
                    yield _mutation(pattern, "patterns", others, whole, f"case {text(pattern)}: drop {text(one)}")
            elif isinstance(pattern, ast.MatchValue):
                yield from _of_slots(pattern, ["value"], whole)
        yield from _of_bodies(case, place)


# Expressions


def _of_expressions(node: ast.AST, place: _Place) -> Iterator[Mutation]:
    yield from _of_slots(node, [field for field in node._fields if field not in LEFT_ALONE], place)


def _of_slots(node: ast.AST, fields: list[str], place: _Place) -> Iterator[Mutation]:
    """Mutations of all expressions in these fields of a node, and in the expressions below."""
    prose = _said(node)
    is_element = isinstance(node, ast.Tuple | ast.List | ast.Set)
    for field in fields:
        value = getattr(node, field)
        for index, each in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(each, ast.expr | ast.comprehension | ast.keyword | ast.withitem | ast.arg):
                continue
            if _is_one_of(each, prose) or isinstance(getattr(each, "ctx", None), ast.Store):
                continue
            if isinstance(each, ast.keyword) and each.arg in TUNING:
                continue
            if isinstance(each, ast.expr):
                for after, change in replacements(each, is_element=is_element):
                    new = after if index is None else [*value[:index], after, *value[index + 1 :]]
                    yield _mutation(node, field, new, place, change)
            elif isinstance(each, ast.comprehension):
                if not (isinstance(node, ast.GeneratorExp) and node is place.asked_for_one):
                    change = f"for {text(each.target)} in the first of {text(each.iter)}"
                    yield _mutation(each, "iter", _first(each.iter), place, change)
                for at, condition in enumerate(each.ifs):
                    rest = [*each.ifs[:at], *each.ifs[at + 1 :]]
                    yield _mutation(each, "ifs", rest, place, f"drop: if {text(condition)}")
            if not isinstance(each, ast.JoinedStr):  # prose, or a path that cases see
                inner = replace(place, asked_for_one=each) if _is_asked_for_one(node, each) else place
                yield from _of_expressions(each, inner)


def _is_asked_for_one(node: ast.AST, each: ast.AST) -> bool:
    """Whether `next` takes the first element of a generator that leaves none out."""
    is_next = isinstance(node, ast.Call) and called(node) == "next"
    return is_next and isinstance(each, ast.GeneratorExp) and not any(part.ifs for part in each.generators)


def _first(values: ast.expr) -> ast.expr:
    """The first element alone, as a list."""
    everything = ast.Call(ast.Name("list", ast.Load()), [values], [])
    return ast.Subscript(everything, ast.Slice(None, ast.Constant(1)), ast.Load())


def _mutation(node: ast.AST, field: str, value: Any, place: _Place, change: str) -> Mutation:
    return Mutation(node, field, value, place.lines, place.function, change)


def _lines(node: ast.stmt, *, head_only: bool = False) -> range:
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if head_only and isinstance(body, list):
        first = body[0].pattern if isinstance(body[0], ast.match_case) else body[0]
        return range(node.lineno, max(node.lineno + 1, first.lineno))
    decorators = getattr(node, "decorator_list", None)
    start = min([node.lineno, *(each.lineno for each in decorators or ())])
    return range(start, (node.end_lineno or node.lineno) + 1)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_one_of(node: ast.AST, others: list[ast.expr]) -> bool:
    return any(node is each for each in others)
