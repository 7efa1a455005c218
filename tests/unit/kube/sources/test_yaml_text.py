"""YAML as Kubernetes reads it, with lines, and safe on anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kube.errors import SourceError
from kube.sources import yaml_text
from kube.sources.yaml_text import documents, line_of, scalar

MANIFEST = """\
# a comment

apiVersion: v1
spec:
  containers:
    - name: a
      image: b

    - image: c
      env: [{name: d,
             value: e}]
  "a.b/c": &anchor
    f: 1
  g: *anchor
"""


def only(text: str) -> Any:
    """The data of the one document."""
    [node] = documents(text, "f")
    return node.data


def refused(text: str) -> str:
    """What is said of the text."""
    with pytest.raises(SourceError) as caught:
        list(documents(text, "f.yaml"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 3),
        ("apiVersion", 3),
        ("spec", 4),
        ("spec.containers", 5),
        ("spec.containers[0]", 6),
        ("spec.containers[0].image", 7),
        ("spec.containers[1]", 9),
        ("spec.containers[1].env[0].value", 11),
        ('spec["a.b/c"].f', 13),
        ("spec.g", 14),
        ("spec.g.f", 13),
    ],
)
def test_every_field_has_the_line_of_its_key(path: str, line: int) -> None:
    """An alias has its own line, what it stands for has the anchor's."""
    [node] = documents(MANIFEST, "f")
    assert line_of(node, path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [("spec.containers[1].securityContext.x", 9), ("spec.containers[7].name", 5), ("metadata.name", 3), ("spec.h", 4)],
)
def test_an_absent_field_has_the_line_of_what_should_hold_it(path: str, line: int) -> None:
    """There a person would write it."""
    [node] = documents(MANIFEST, "f")
    assert line_of(node, path) == line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("", None), ("~", None), ("null", None), ("yes", True), ("Off", False), ("true", True), ("y", "y")),
        *(("1", 1), ("-3", -3), ("+3", 3), ("0644", 420), ("0o644", 420), ("0x1F", 31), ("0b11", 3), ("1_000", 1000)),
        *(
            ("08", 8),
            ("1.5", 1.5),
            (".5", 0.5),
            ("1e3", 1000),
            ("3.0", 3),
            ("1.", 1),
            ("-", "-"),
            (".", "."),
            ("+", "+"),
        ),
        *(("10:30", "10:30"), ("2026-01-01", "2026-01-01"), ("1.2.3", "1.2.3"), (".inf", ".inf"), ("1e999", "1e999")),
        *(("100m", "100m"), ("2Gi", "2Gi"), ("0x", "0x"), ("nginx", "nginx"), ("9" * 500, "9" * 500)),
    ],
)
def test_a_plain_scalar_is_what_kubernetes_makes_of_it(text: str, value: Any) -> None:
    """No dates, no minutes: a port mapping 10:30 stays text."""
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_quoted_scalars_are_text_and_tags_of_plain_types_hold() -> None:
    """As written."""
    assert only('a: "1"\nb: \'true\'\nc: !!str 1\nd: !!int "1"\ne: |\n  1\n') == {
        "a": "1",
        "b": "true",
        "c": "1",
        "d": 1,
        "e": "1\n",
    }


def test_documents_that_are_empty_are_none() -> None:
    """Comments and bare separators hold nothing."""
    assert [node.data for node in documents("---\n# a\n---\na: 1\n---\n---\n- b\n...\n", "f")] == [{"a": 1}, ["b"]]
    assert list(documents("", "f")) == []
    assert list(documents("\n# only a comment\n", "f")) == []


def test_merged_mappings_fill_in_what_is_not_said() -> None:
    """As Helm charts do it; of a list, the first one wins."""
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: *a, x: 0}\nd: {<<: [*b, *a]}\n'<<': text"
    assert only(text) == {
        **{"a": {"x": 1, "y": 1}, "b": {"y": 2, "z": 2}, "c": {"x": 0, "y": 1}, "d": {"y": 2, "z": 2, "x": 1}},
        "<<": "text",
    }


def test_keys_are_text() -> None:
    """As in the JSON that the API server gets."""
    assert only("1: a\ntrue: b\n~: c\n") == {"1": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, "the key 'c' is there twice"),
        ("a: 1\n'a': 2\n", 2, "the key 'a' is there twice"),
        ("a: !!python/object/apply:os.system [ls]", 1, "has no meaning in a manifest"),
        ("a:\n  - !secret x", 2, "the tag !secret has no meaning"),
        ("!x {a: b}", 1, "the tag !x has no meaning"),
        ("a: !!binary aGk=", 1, "has no meaning"),
        ("a: &a [*a]", 1, "*a refers to a value that contains it"),
        ("a: *b", 1, "*b refers to no anchor"),
        ("a: &a 1\n---\nb: *a", 3, "*a refers to no anchor"),
        ("? [a]\n: b", 1, "the key of a mapping must be text"),
        ("? {a: b}\n: c", 1, "the key of a mapping must be text"),
        ("a: &a [1]\n*a : 1", 2, "the key of a mapping must be text"),
        ("a: 1\n<<: 1", 2, "must be followed by a mapping"),
        ("<<: [1]", 1, "must be followed by a mapping"),
        ("a: b: c", 1, "not YAML"),
        ("a:\n\t- b", 2, "not YAML"),
        ("a: 1\n b: 2", 2, "not YAML"),
        ("a: '", 1, "not YAML"),
        ("a: 1\nb: \x00", 2, "not YAML"),
        ("%YAML 7\n---\na", 1, "not YAML"),
        ("[" * 100_000, 1, "nested deeper than 100 levels"),
        ("{a: " * 1000, 1, "nested deeper than 100 levels"),
        ("- " * 10_000, 1, "nested deeper than 100 levels"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(text: str, line: int, words: str) -> None:
    """One sentence, and never a traceback."""
    told = refused(text)
    assert told.startswith(f"f.yaml:{line}: ")
    assert words in told


def test_aliases_that_stand_for_millions_of_values_are_refused_at_once() -> None:
    """Ten times ten times ten: a small text that would fill a memory."""
    levels = [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    assert "f.yaml:7: more than 2,000,000 values" in refused("\n".join(["a: &a [x]", *levels]))


def test_many_values_are_refused_also_when_they_are_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is for the whole text: many small documents are as many values."""
    monkeypatch.setattr(yaml_text, "MAX_VALUES", 10)
    assert [node.data for node in documents("[1, 2, 3, 4]\n---\n[5, 6, 7, 8]", "f")] == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert "f.yaml:3: more than 10 values" in refused("[1, 2, 3, 4]\n---\n[5, 6, 7, 8, 9]")
    assert "more than 10 values" in refused("a: &a [1, 2, 3]\nb: *a\nc: *a")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc.<", max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(_json.filter(lambda data: data is not None), st.booleans())
def test_what_is_written_as_yaml_is_read_as_it_was(data: Any, is_flow: bool) -> None:
    """Whatever style it is written in."""
    assert only(yaml.safe_dump(data, default_flow_style=is_flow, allow_unicode=True)) == data


@given(_json.filter(lambda data: data is not None))
def test_json_is_yaml(data: Any) -> None:
    """A text that begins as JSON but has a comment is read all the same."""
    assert only(f"# a\n{json.dumps(data, ensure_ascii=False)}") == data


@given(st.text(max_size=60) | st.text("ab:-&*[]{}?|>!'\"#, \n", max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    """Documents, or one error that names file and line."""
    told, lines = "f:", []
    try:
        lines = [line_of(node, "a.b[0]") for node in documents(text, "f")]
    except SourceError as error:
        told = str(error)
    assert told.startswith("f:")
    assert all(line >= 1 for line in lines)
