"""Texts are told apart by what they hold, and what holds no object is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube import sources
from kube.errors import SourceError
from kube.sources import Note, Source, read
from kube.sources.source import MAX_NOTES

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


def test_each_document_is_an_object_with_file_and_line() -> None:
    """And finds the lines of its own fields."""
    first, second = read(f"# a\n{POD}---\n{POD}spec:\n  hostNetwork: true\n", "f.yaml").objects
    assert (first.origin, second.origin) == ("f.yaml:2", "f.yaml:6")
    assert second.find_line is not None
    assert [second.find_line(path) for path in ("spec.hostNetwork", "spec.x", "y", "")] == [10, 9, 6, 6]


def test_each_item_of_a_list_is_an_object_with_its_own_line() -> None:
    """Also in a list of lists."""
    inner = "{kind: PodList, apiVersion: v1, items: [\n\n\n  {metadata: {\n  name: a}}]}"
    [found] = read(f"apiVersion: v1\nkind: List\nitems:\n- {inner}", "f.yaml").objects
    assert (found.kind, found.name, found.origin) == ("Pod", "a", "f.yaml:7")
    assert found.find_line is not None
    assert [found.find_line("metadata.name"), found.find_line("spec"), found.find_line("")] == [8, 7, 7]


def test_json_is_read_as_one_object_several_or_a_list() -> None:
    """With the line of each; lines of fields are not known."""
    text = '{"apiVersion": "v1", "kind": "Pod"}'
    found = read(f'{text}\n[{text},\n{text}]\n{{"kind": "List", "apiVersion": "v1", "items": [{text}]}}', "f").objects
    assert [each.origin for each in found] == ["f:1", "f:2", "f:2", "f:4"]
    assert {each.kind for each in found} == {"Pod"}
    assert [each.find_line for each in found] == [None] * 4


@pytest.mark.parametrize(
    "text",
    [
        "{apiVersion: v1, kind: Pod}",
        '{"apiVersion": v1, "kind": Pod,}',
        '{"apiVersion": "v1", "kind": "Pod"} # a',
        '{"apiVersion": "v1", "kind": "Pod"}\n---\n{"apiVersion": "v1", "kind": "Pod"}',
    ],
)
def test_yaml_may_begin_as_json_does(text: str) -> None:
    """Flow style, comments, separators."""
    assert {each.kind for each in read(text, "f").objects} == {"Pod"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "not judged: a document must be a mapping, this is text"),
        ("- a", "not judged: a document must be a mapping, this is a list"),
        ("7", "not judged: a document must be a mapping, this is a single value"),
        ('["a"]', "not judged: a document must be a mapping, this is text"),
        ("a: b", "not judged: it has no apiVersion and no kind, so it is no Kubernetes object"),
        ("apiVersion: v1", "not judged: it has no kind, so it is no Kubernetes object"),
        ("apiVersion: v1\nkind: [Pod]", "not judged: it has no kind, so it is no Kubernetes object"),
        (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization",
            "not judged: a kustomization is no object of the cluster; judge what `kustomize build` prints",
        ),
    ],
)
def test_what_is_no_object_is_told(text: str, message: str) -> None:
    """With file and line."""
    source = read(f"{text}\n", "f.yaml")
    assert (source.objects, source.notes) == ((), (Note("f.yaml:1", message),))


def test_an_object_without_a_version_is_judged_and_told() -> None:
    """Rules go by kind."""
    source = read("kind: Pod", "f")
    assert [each.kind for each in source.objects] == ["Pod"]
    assert source.notes == (Note("f:1", "Pod has no apiVersion: Kubernetes refuses it"),)


def test_an_item_that_is_no_object_is_told() -> None:
    """The others are judged."""
    source = read(f"kind: List\napiVersion: v1\nitems:\n- {{}}\n- {{{POD.replace(chr(10), ', ')}}}", "f")
    assert [each.name for each in source.objects] == ["a"]
    assert [note.origin for note in source.notes] == ["f:4"]


def test_of_very_many_notes_some_are_told_and_the_others_counted() -> None:
    """A text of a million dashes is no reason for a million lines."""
    notes = read("--- a\n" * (MAX_NOTES + 5), "f").notes
    assert len(notes) == MAX_NOTES + 1
    assert notes[-1].message == "5 more of these"


@pytest.mark.parametrize(
    "text", ["{}\n" * 11, "--- {}\n" * 11, f"[{'{}, ' * 10}{{}}]", "kind: List\nitems: [1" + ",1" * 10 + "]"]
)
def test_a_text_of_more_documents_than_any_cluster_has_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever they are; the text is not read to its end."""
    monkeypatch.setattr(sources.source, "MAX_FOUND", 10)
    with pytest.raises(SourceError, match="f: more than 10 documents: split it"):
        read(text, "f")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"kind": "Pod", "kind": "Pod"}', "f:1: not JSON: the key 'kind' is there twice"),
        ('{"kind": [', "f:1: not JSON"),
        ("{kind: [", "not YAML"),
        ("a: 1\na: 2", "f:2: the key 'a' is there twice"),
        ("kind: {{ .Values.kind }}", "it looks like a template: judge what `helm template` prints"),
        ("{{ if .Values.x }}\na: 1\n{{ end }}", "it looks like a template"),
    ],
)
def test_what_can_not_be_read_is_told_in_the_words_of_its_own_format(text: str, words: str) -> None:
    """Templates are the most common case."""
    with pytest.raises(SourceError) as caught:
        read(text, "f")
    assert words in str(caught.value)


@given(st.text(max_size=80) | st.text('{}[]:",-abkind \n', max_size=80))
def test_no_text_makes_it_fail(text: str) -> None:
    """Objects and notes, or one error."""
    told, source = "f:", Source()
    try:
        source = read(text, "f")
    except SourceError as error:
        told = str(error)
    assert told.startswith("f:")
    assert all(each.kind for each in source.objects)
