"""A Jinja environment in which a template can reach nothing, and can't run for ever or eat the memory either.

Jinja's own sandbox keeps templates away from Python. What it does not bound is work: nested loops, macros that call
themselves twice, strings that double. Here what repeats or grows is charged to a budget (budget.py). What is left (a
comparison of lists that hold themselves twice, again and again) is for the supervisor, which ends a stuck worker.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from serve.chat.budget import Budget, TooMuchWorkError, check_format, check_numbers, check_product, check_replacement

_CALL_WORK = 24
_MAX_INDENT = 64
# These look at the items of a list, or pass them on; all others may write the whole of it.
_LAZY_FILTERS = {
    *("attr", "batch", "count", "d", "default", "first", "groupby", "items", "last", "length", "list", "map"),
    *("reject", "rejectattr", "reverse", "select", "selectattr", "slice"),
}


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Renders one template at a time: `budget` is that of the current render."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        self.budget = Budget()
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[loopcontrols, _GenerationTag],
            autoescape=False,  # the output is a prompt, not HTML
            finalize=self._written,
        )
        self.filters["tojson"] = _to_json
        self.filters = {name: self._bounded(name, each) for name, each in self.filters.items()}
        self.filters |= {"_each": self._each, "_joined": self._joined, "_weighed": self._weighed}
        self.globals.pop("lipsum")  # writes any amount of text

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Look before what multiplies, weigh after the rest."""
        if operator == "*":
            check_product(left, right)
        elif operator == "**":
            check_numbers((right,), 64)
        elif operator == "%" and isinstance(left, str):
            check_format(left)
            self.budget.walk(right)
        return self.budget.weigh(super().call_binop(context, operator, left, right))

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  (jinja2 names them so)
        """Every call of a template: macros, methods, functions, recursive loops."""
        check_numbers((*args, *kwargs.values()))
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, str) and __obj.__name__ == "replace":
            check_replacement(owner, args)
        items = sum(len(a) for a in args if isinstance(a, Sized) and not isinstance(a, str))
        __self.budget.spend(_CALL_WORK + items)
        return __self.budget.weigh(super().call(__context, __obj, *args, **kwargs))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """The one method of strings that the sandbox wraps itself."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            check_format(value.__self__)
        return wrapped

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        """Jinja's own hook before it writes Python: charge loops and everything that joins texts."""
        for loop in source.find_all(nodes.For):
            literal = sum(len(text.data) for text in loop.find_all(nodes.TemplateData))
            loop.iter = _filtered(loop.iter, "_each", nodes.Const(literal))
        for block in source.find_all(nodes.AssignBlock):
            block.filter = _filtered(block.filter, "_weighed")
        return super()._generate(_without_concat(source), *args, **kwargs)

    def _each(self, items: Iterable[Any], literal: int) -> Iterator[Any]:
        for item in items:
            self.budget.write(literal)
            yield item

    def _joined(self, parts: list[Any]) -> str:
        for part in parts:
            self.budget.walk(part)
        return str(self.budget.weigh("".join(map(str, parts))))

    def _weighed(self, value: Any) -> Any:
        return self.budget.weigh(value)

    def _written(self, value: Any) -> Any:
        """Every expression that becomes text."""
        self.budget.walk(value)
        self.budget.write(len(value) if isinstance(value, str) else 0)
        return value

    def _bounded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter that looks at its arguments and pays for its result."""
        skipped = 1 if hasattr(function, "jinja_pass_arg") else 0  # the context, which comes before the value

        def bounded(*args: Any, **kwargs: Any) -> Any:
            value, *rest = args[skipped:]
            check_numbers((*rest, *kwargs.values()))
            if name not in _LAZY_FILTERS:
                self.budget.walk(value)
            if name == "format":
                check_format(str(value))
            elif name == "replace":
                check_replacement(str(value), (*rest, *kwargs.values()))
            return self.budget.weigh(function(*args, **kwargs))

        bounded.__dict__.update(getattr(function, "__dict__", {}))  # jinja2 marks there what a filter wants passed
        return bounded


def _filtered(node: nodes.Node | None, name: str, *args: nodes.Expr) -> nodes.Filter:
    made = nodes.Filter(node, name, list(args), [], None, None)
    made.set_lineno(0 if node is None else node.lineno)
    return made


def _without_concat(node: Any) -> Any:
    """`a ~ b` goes past every hook: it becomes the filter that joins."""
    for name, value in node.iter_fields():
        if isinstance(value, nodes.Node):
            setattr(node, name, _without_concat(value))
        elif isinstance(value, list):
            setattr(node, name, [_without_concat(each) if isinstance(each, nodes.Node) else each for each in value])
    if isinstance(node, nodes.Concat):
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "_joined")
    return node


class _GenerationTag(Extension):
    """Transformers' {% generation %} marks what to train on: pass its content through."""

    tags = {"generation"}  # noqa: RUF012  (jinja2 declares it so)

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        """Drop the tag, keep the body."""
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002  (the signature is Transformers', positions and all)
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002
) -> str:
    """As in Transformers: readable characters, no HTML escapes."""
    if indent is not None and indent > _MAX_INDENT:
        raise TooMuchWorkError(f"it indents by more than {_MAX_INDENT}")
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
