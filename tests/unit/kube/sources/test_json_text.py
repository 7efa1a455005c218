"""JSON, strictly: what kubectl or the API server would refuse is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.errors import SourceError, TooMuch
from kube.sources import json_text
from kube.sources.json_text import values


def test_values_may_follow_one_another() -> None:
    """Each with the line on which it begins."""
    text = ' {"a": 1}\n\n{"b": [\n]} [1.0, 1e2, 1.5, true, null, "x"]\n'
    assert list(values(text, "f")) == [({"a": 1}, 1), ({"b": []}, 3), ([1, 100, 1.5, True, None, "x"], 4)]
    assert list(values(" \n", "f")) == []


def test_whole_numbers_are_whole_also_when_written_otherwise() -> None:
    """Go knows no other; what no computer can hold stays text."""
    [(found, _)] = values(f"[1.0, -2e1, 1e999, {'9' * 5000}]", "f")
    assert found == [1, -20, "1e999", "9" * 5000]
    assert [type(each) for each in found] == [int, int, str, str]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"a": 1,\n "a": 2}', 1, "the key 'a' is there twice in one object"),
        ('{}\n\n{"a": {"b": 1, "b": 1}}', 3, "the key 'b' is there twice in one object"),
        ('{"a": NaN}', 1, "NaN is no number"),
        ('{"a": -Infinity}', 1, "-Infinity is no number"),
        ('{"a": 1,\n}', 2, "not JSON"),
        ('{"a": 1}\n}', 2, "not JSON"),
        ('{"a": "x', 1, "not JSON"),
        ("[" * 100_000, 1, "nested deeper than 100 levels"),
        ("[" * 200 + "]" * 200, 1, "nested deeper than 100 levels"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(text: str, line: int, words: str) -> None:
    """One sentence, and never a traceback."""
    with pytest.raises(SourceError) as caught:
        list(values(text, "f.json"))
    assert str(caught.value).startswith(f"f.json:{line}: ")
    assert words in str(caught.value)


def test_very_many_values_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """No text of a cluster has as many."""
    monkeypatch.setattr(json_text, "MAX_COMMAS", 2)
    assert list(values("[1, 2, 3]", "f")) == [([1, 2, 3], 1)]
    with pytest.raises(TooMuch, match="f: more than 2 values"):
        list(values("[1, 2, 3, 4]", "f"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_what_is_written_is_read_as_it_was(data: Any) -> None:
    """Any JSON."""
    assert list(values(json.dumps(data), "f")) == [(data, 1)]


@given(st.text(max_size=50) | st.text('{}[],:"ab 1\n', max_size=50))
def test_no_text_makes_it_fail(text: str) -> None:
    """Values, or one error that names file and line."""
    told = "f:"
    try:
        list(values(text, "f"))
    except SourceError as error:
        told = str(error)
    assert told.startswith("f:")
