"""The mutator itself: what it takes away from a piece of Python, and that a missing clause is noticed."""

import ast

import pytest

from tests.mutants.mutations import applied, mutations
from tests.mutants.patterns import without_an_alternative


def mutants_of(source: str) -> list[str]:
    """The sources of all mutants of a module."""
    module = ast.parse(source)
    found = []
    for statement in module.body:
        for mutation in mutations(module, statement):
            with applied(mutation):
                found.append(ast.unparse(ast.fix_missing_locations(module)))
    assert ast.unparse(module) == ast.unparse(ast.parse(source))
    return found


@pytest.mark.parametrize(
    ("source", "mutant"),
    [
        ("x = a and b and c", "x = a and c"),
        ("x = a or b", "x = a"),
        ("x = a and b", "x = a or b"),
        ("x = not a", "x = a"),
        ("x = a < b", "x = a >= b"),
        ("x = a < b", "x = a <= b"),
        ("x = a in b", "x = a not in b"),
        ("x = a is None", "x = a is not None"),
        ("x = a + b", "x = b"),
        ("x = a if b else c", "x = c"),
        ("X = ('a', 'b')", "X = ('b',)"),
        ("X = {'a': 1, 'b': 2}", "X = {'b': 2}"),
        ("X = {'a'}", "X = set()"),
        ("X = 'a b c'.split()", "X = 'a c'.split()"),
        ("X = re.compile('a(?:b|c)')", "X = re.compile('a(?:c)')"),
        ("X = 1", "X = 2"),
        ("X = 1", "X = 0"),
        ("X = 0", "X = 1"),
        ("X = True", "X = False"),
        ("X = 'a'", "X = 'a-mutant'"),
        ("x = [a for a in b if c]", "x = [a for a in b]"),
        ("x = any(a)", "x = all(a)"),
        ("x = a.get('b', c)", "x = a.get('b')"),
        ("x = a.lower()", "x = a"),
        ("def f():\n    a()\n    return b", "def f():\n    return b"),
        ("def f():\n    a()\n    return b", "def f():\n    a()\n    return"),
        ("def f(a=1):\n    pass", "def f(a=2):\n    pass"),
        ("if a:\n    b()", "if True:\n    b()"),
        ("if a:\n    b()", "if False:\n    b()"),
        ("for a in b:\n    yield a", "for a in b:\n    pass"),
        ("for a in b:\n    yield a", "for a in list(b)[:1]:\n    yield a"),
        ("x = [a for a in b]", "x = [a for a in list(b)[:1]]"),
        ("for a in [*b, *c]:\n    yield a", "for a in [*c]:\n    yield a"),
        ("yield a.bad('b', 'a message', c, d)", "yield a.bad('b', 'a message', d)"),
        ("@object_rule('A', 'B', why='c')\ndef f():\n    pass", "@object_rule('B', why='c')\ndef f():\n    pass"),
        ("@pod_rule(why='c', remedy=d)\ndef f():\n    pass", "@pod_rule(why='c')\ndef f():\n    pass"),
        ("match a:\n    case 'b' | 'c':\n        d()", "match a:\n    case 'c':\n        d()"),
    ],
)
def test_a_clause_is_taken_away(source: str, mutant: str) -> None:
    """Each kind of clause has its mutant."""
    assert mutant in mutants_of(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "import a",
        "Key = str | int",
        "a: int",
        "if TYPE_CHECKING:\n    import a",
        "def _said(a):\n    return 1\nb.bad(c, _said(d))",
        "@cached(size=1)\ndef f() -> 'int':\n    pass",
    ],
)
def test_what_decides_nothing_is_left_alone(source: str) -> None:
    """Prose, types, imports and decorators have no mutants."""
    assert [mutant for mutant in mutants_of(source) if "_said" not in mutant] == []


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("a|b", ["b", "a"]),
        ("x(?:a|b|c)y", ["x(?:b|c)y", "x(?:a|c)y", "x(?:a|b)y"]),
        (r"[|]\|", []),
        ("(a|(b|c))", ["((b|c))", "(a)", "(a|(c))", "(a|(b))"]),
    ],
)
def test_a_pattern_loses_each_alternative_once(pattern: str, left: list[str]) -> None:
    """Bars in classes and escaped ones part nothing; groups in groups are parted on their own."""
    assert sorted(rest for _, rest in without_an_alternative(pattern)) == sorted(left)
