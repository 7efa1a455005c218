"""Tests of serve.chat.sandbox and its budget: templates that want too much get an error, and soon."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from serve.chat.template import ChatTemplate
from serve.engine.errors import RefusedError

GROW = "{% set ns = namespace(x=START) %}{% for i in range(60) %}STEP{% endfor %}{{ ns.x|length }}"


def render(source: str) -> str:
    """Compile and render for one user."""
    template = ChatTemplate(source, bos="", eos="", now=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    return template.render_turns([{"role": "user", "content": "Hi"}])


def growing(start: str, step: str) -> str:
    """The same step sixty times."""
    return GROW.replace("START", start).replace("STEP", step)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(100) }}",
        "{% for x in [[1, 2]] recursive %}{{ loop([[1, 2], [1, 2]]) }}{% endfor %}",
        "{% for i in range(9999) %}{{ range(9999)|list|join('a')|length }}{% endfor %}",
        "{{ range(10 ** 9)|list }}",
    ],
)
def test_loops_and_calls_without_end_are_ended(source: str) -> None:
    """Nested, recursive, exponential."""
    with pytest.raises(RefusedError, match="the model's chat template failed: "):
        render(source)


@pytest.mark.parametrize(
    "source",
    [
        growing("'a'", "{% set ns.x = ns.x ~ ns.x %}"),
        growing("'a'", "{% set ns.x = ns.x + ns.x %}"),
        growing("'a'", "{% set ns.x = '%s%s' % (ns.x, ns.x) %}"),
        growing("'a'", "{% set ns.x = '{0}{0}'.format(ns.x) %}"),
        growing("'a'", "{% set ns.x = [ns.x, ns.x]|join %}"),
        growing("'a'", "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}"),
        growing("'aaaaaaaa'", "{% set ns.x = ns.x|replace('a', 'aaaaaaaa') %}"),
        growing("'aaaaaaaa'", "{% set ns.x = ns.x.replace('a', 'aaaaaaaa') %}"),
        growing("[1]", "{% set ns.x = ns.x + ns.x %}"),
        growing("[1]", "{% set ns.x = [ns.x, ns.x] %}").replace("|length", ""),
        growing("[1]", "{% set ns.x = [ns.x, ns.x] %}").replace("|length", "|tojson"),
        growing("9", "{% set ns.x = ns.x * ns.x %}"),
        "{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}" + growing("'a'", "{% set ns.x = m(ns.x) %}"),
        "{{ 'a' * 10 ** 9 }}",
        "{{ 10 ** 9 * 'a' }}",
        "{{ [1] * 10 ** 9 }}",
        "{{ 2 ** 1000000000 }}",
        "{{ 'a'|center(10 ** 9) }}",
        "{{ 'a'.ljust(10 ** 9) }}",
        "{{ 'a\tb'.expandtabs(10 ** 9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' % (10 ** 9, 1) }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ [1]|tojson(indent=1000) }}",
        "{% set a = 'x' * 9999 %}{% for i in range(9999) %}{{ a }}{% endfor %}",
        "{% for i in range(9999) %}{% for j in range(9999) %}" + "long " * 100 + "{% endfor %}{% endfor %}",
        "{{ lipsum(n=10000) }}",
    ],
)
def test_texts_lists_and_numbers_that_grow_without_end_are_ended(source: str) -> None:
    """However they are made."""
    with pytest.raises(RefusedError, match="the model's chat template failed: "):
        render(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ 'a' ~ 1 ~ none ~ ['b'] }}", "a1None['b']"),
        ("{{ 'a' * 3 + 'b' }}{{ 7 // 2 }}{{ 2 ** 3 }}{{ -7 % 3 }}{{ 1 / 2 }}", "aaab3820.5"),
        ("{{ '%05.1f|%s' % (2.25, 'x') }}{{ '{:>4}'.format(1) }}{{ '**%s**' % 'b' }}", "002.2|x   1**b**"),
        ("{% set x %}a{{ 1 }}{% endset %}{{ x|upper }}{% set y | upper %}b{% endset %}{{ y }}", "A1B"),
        (
            "{% for a in [1, 2, 3] if a != 2 %}{{ loop.index }}{{ a }}{% if loop.last %}!{% endif %}{% endfor %}",
            "1123!",
        ),
        ("{% for a in [] %}{% else %}none{% endfor %}{% for a in nothing %}{% endfor %}", "none"),
        ("{% for a in [[1, [2]]] recursive %}{{ a[0] }}{% if a[1] %}{{ loop([a[1]]) }}{% endif %}{% endfor %}", "12"),
        (
            "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}"
            "{% for k in {'b': 1}|items %}{{ k }}{% endfor %}",
            "a1('b', 1)",
        ),
        ("{% macro m(x, y=2) %}{{ x }}{{ y }}{{ caller() }}{% endmacro %}{% call m(1) %}c{% endcall %}", "12c"),
        ("{{ 'abab'|replace('a', 'x') }}{{ 'abab'|replace('a', 'x', 1) }}{{ 'ab'.replace('b', '') }}", "xbxbxbaba"),
        ("{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|list|length }}", "1"),
        (
            "{{ {'b': 1, 'a': 'é'}|tojson(sort_keys=true, separators=(',', ':')) }}{{ [1]|tojson(indent=1) }}",
            '{"a":"é","b":1}[\n 1\n]',
        ),
        ("{{ nothing }}{{ none }}{{ true }}{{ [1, 'a'] }}", "NoneTrue[1, 'a']"),
    ],
)
def test_what_templates_do_is_as_ever(source: str, expected: str) -> None:
    """The bounds change no result."""
    assert render(source) == expected


def test_a_long_conversation_is_far_below_the_bounds() -> None:
    """A thousand turns of a thousand characters, with the loops inside loops that some templates have."""
    source = (
        "{% for m in messages %}{% for n in messages[loop.index:] %}{% if n.role == 'user' %}{% endif %}{% endfor %}"
        "{{ '<' + m.role + '>' ~ m.content|trim }}{% endfor %}"
    )
    template = ChatTemplate(source, bos="", eos="", now=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    turns = [{"role": "user", "content": "word " * 200}] * 1000
    assert len(template.render_turns(turns)) == 1000 * (6 + 999)


def test_each_render_has_a_budget_of_its_own() -> None:
    """The first one's work is not the second one's."""
    source = "{% for i in range(9999) %}{% for j in range(99) %}{% endfor %}{% endfor %}x"
    template = ChatTemplate(source, bos="", eos="", now=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    assert [template.render_turns([]) for _ in range(6)] == ["x"] * 6
