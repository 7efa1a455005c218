"""What can stand in place of an expression so that one of its clauses is gone. Knows the syntax tree, no statements."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any

from tests.mutants.patterns import without_an_alternative

Replacement = tuple[ast.expr, str]
"""What stands there instead, and what has changed, for people."""

DECIDING = {"bad": 2, "Finding": 4}
"""Calls whose arguments from here on each count: the values on which a finding rests."""
_PATTERN_CALLS = {"compile", "match", "fullmatch", "search", "sub", "findall", "finditer", "split"}
_DEFAULT_CALLS = {"get": 1, "pop": 1, "next": 1, "getattr": 2}
"""Calls that have a default after so many arguments."""
_TRIMS = {"lower", "upper", "strip", "lstrip", "rstrip", "casefold", "removeprefix", "removesuffix"}
_SWAPPED = {"any": "all", "all": "any", "min": "max", "max": "min"}
_NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_BORDERS: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}


def replacements(node: ast.expr, *, is_element: bool) -> Iterator[Replacement]:
    """All of them; of the expression itself, not of what is in it. `is_element`: of a literal list, set or tuple."""
    match node:
        case ast.Constant(value=value):
            for instead in _other_constants(value, is_element=is_element):
                yield ast.Constant(instead), f"{value!r} -> {instead!r}"
        case ast.BoolOp():
            for rest, gone in _without_one(node.values):
                yield (rest[0] if len(rest) == 1 else _with(node, values=rest)), f"{text(node)}: drop {gone}"
            swapped = _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
            yield swapped, f"{text(node)} -> {text(swapped)}"
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand, f"{text(node)} -> {text(node.operand)}"
        case ast.BinOp() if not _is_text_formatting(node):
            for side in (node.left, node.right):
                yield side, f"{text(node)} -> {text(side)}"
        case ast.IfExp():
            yield node.body, f"{text(node)} -> {text(node.body)}"
            yield node.orelse, f"{text(node)} -> {text(node.orelse)}"
        case ast.Compare():
            for other in _compared_otherwise(node):
                yield other, f"{text(node)} -> {text(other)}"
        case ast.Tuple() | ast.List() | ast.Set():
            for rest, gone in _without_one(node.elts):
                after = _with(node, elts=rest) if rest or not isinstance(node, ast.Set) else _call("set", [])
                yield after, f"{text(node)}: drop {gone}"
        case ast.Dict():
            yield from _without_an_entry(node)
        case ast.Call():
            yield from _called_otherwise(node)


def called(call: ast.Call) -> str:
    """The name of what is called, without the object it belongs to."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def text(node: ast.AST) -> str:
    """The code, as much of it as fits a line of a report."""
    first = ast.unparse(node).partition("\n")[0]
    return first if len(first) <= 80 else f"{first[:77]}..."


def _other_constants(value: Any, *, is_element: bool) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value - 1] if value else [1]
    if isinstance(value, str) and (is_element or " " not in value.strip()):  # others are prose
        return [f"{value}-mutant"]
    return []


def _is_text_formatting(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant)


def _without_one(values: list[ast.expr]) -> Iterator[tuple[list[ast.expr], str]]:
    for index, value in enumerate(values):
        yield [*values[:index], *values[index + 1 :]], text(value)


def _without_an_entry(node: ast.Dict) -> Iterator[Replacement]:
    for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
        keys = [*node.keys[:index], *node.keys[index + 1 :]]
        values = [*node.values[:index], *node.values[index + 1 :]]
        yield ast.Dict(keys, values), f"drop entry {text(key or value)}"


def _compared_otherwise(node: ast.Compare) -> Iterator[ast.Compare]:
    for table in (_NEGATED, _BORDERS):
        for index, operator in enumerate(node.ops):
            if other := table.get(type(operator)):
                yield _with(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])


def _called_otherwise(node: ast.Call) -> Iterator[Replacement]:
    name = called(node)
    if isinstance(node.func, ast.Name) and name in _SWAPPED:
        yield _with(node, func=ast.Name(_SWAPPED[name], ast.Load())), f"{text(node)} -> {_SWAPPED[name]}"
    if len(node.args) > _DEFAULT_CALLS.get(name, len(node.args)):
        yield _with(node, args=node.args[:-1]), f"{text(node)}: drop the default"
    for index in range(DECIDING.get(name, len(node.args)), len(node.args)):
        rest = [*node.args[:index], *node.args[index + 1 :]]
        yield _with(node, args=rest), f"{name}(...): drop the value {text(node.args[index])}"
    if isinstance(node.func, ast.Attribute) and name in _TRIMS:
        yield node.func.value, f"{text(node)} -> {text(node.func.value)}"
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as words), attr="split"), args=[]):
            for word in words.split():
                rest_of_words = " ".join(other for other in words.split() if other != word)
                words_left = ast.Attribute(ast.Constant(rest_of_words), "split", ast.Load())
                yield ast.Call(words_left, [], []), f"drop word {word!r}"
        case ast.Call(args=[ast.Constant(value=str() as pattern), *others]) if name in _PATTERN_CALLS:
            for gone, left in without_an_alternative(pattern):
                yield _with(node, args=[ast.Constant(left), *others]), f"pattern without {gone!r}"


def _call(name: str, args: list[ast.expr]) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), args, [])


def _with(node: Any, **fields: Any) -> Any:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
