"""The price list of genai-prices (`data.py` of its wheel) -> dollars per million tokens of hosted models.

The list is Python source; it is read as a tree, never run. A model whose price has changed has several, each with the
day from which it holds: the last one that holds on the day for which the book is made counts.
"""

from __future__ import annotations

import ast
import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tools.errors import ToolError


class NoSuchModel(ToolError):
    """The list does not have the model, or has no plain price for it."""


@dataclass(frozen=True, slots=True)
class HostedPrice:
    """Dollars per million tokens, as text; `since` is None where the list does not say."""

    read: str
    written: str
    since: str | None


def prices(source: str, wanted: Mapping[str, tuple[str, str]], day: datetime.date) -> dict[str, HostedPrice]:
    """`wanted`: a name of ours -> (provider, model) of the list."""
    listed = dict(_models(ast.parse(source)))
    found: dict[str, HostedPrice] = {}
    for name, key in wanted.items():
        if key not in listed:
            raise NoSuchModel(f"{name}: genai-prices has no model {key[1]!r} of provider {key[0]!r}")
        found[name] = _price(key, listed[key], day)
    return found


def _models(tree: ast.Module) -> Iterator[tuple[tuple[str, str], ast.expr]]:
    for provider in (node for node in ast.walk(tree) if _is_call(node, "Provider")):
        arguments = _arguments(provider)
        for model in arguments["models"].elts:
            of_model = _arguments(model)
            yield (arguments["id"].value, of_model["id"].value), of_model["prices"]


def _price(key: tuple[str, str], node: Any, day: datetime.date) -> HostedPrice:
    if _is_call(node, "ModelPrice"):
        return _plain(key, node, None)
    last: HostedPrice | None = None
    for each in node.elts:
        arguments = _arguments(each)
        since = _since(key, arguments.get("constraint"))
        if since is None or since <= day:
            last = _plain(key, arguments["prices"], since)
    if last is None:
        raise NoSuchModel(f"{key[0]} {key[1]}: no price holds on {day}")
    return last


def _since(key: tuple[str, str], constraint: Any) -> datetime.date | None:
    if constraint is None or (isinstance(constraint, ast.Constant) and constraint.value is None):
        return None
    if not _is_call(constraint, "StartDateConstraint"):
        raise NoSuchModel(f"{key[0]} {key[1]}: its price depends on more than the day")
    return datetime.date(*(part.value for part in _arguments(constraint)["start_date"].args))


def _plain(key: tuple[str, str], node: Any, since: datetime.date | None) -> HostedPrice:
    arguments = _arguments(node)
    both = [arguments.get(name) for name in ("input_mtok", "output_mtok")]
    if not all(_is_call(each, "Decimal") for each in both):
        raise NoSuchModel(f"{key[0]} {key[1]}: it has no plain price")
    read, written = (format(Decimal(each.args[0].value), "f") for each in both if each is not None)
    return HostedPrice(read, written, since.isoformat() if since else None)


def _is_call(node: Any, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _arguments(node: Any) -> dict[str, Any]:
    return {keyword.arg: keyword.value for keyword in node.keywords}
