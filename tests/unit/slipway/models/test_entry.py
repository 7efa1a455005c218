"""Text for models.yaml and lock.yaml."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.catalog.load import HERE, LOCK, load_catalog, to_geometry
from infra.catalog.schema import GeometryEntry
from infra.catalog.types import Geometry, Layers
from infra.errors import CatalogError
from slipway.models.entry import LockLine, NewModel, id_from, lock_lines, model_text, with_locks, without_sizes

GEOMETRIES = [size.geometry for model in load_catalog().models.values() for size in (model.full, model.small)]
numbers = st.integers(1, 4096)
layers = st.builds(Layers, numbers, numbers, numbers, numbers, st.integers(0, 4096), st.integers(0, 2**30)) | st.builds(
    Layers, numbers, state_bytes=st.integers(0, 2**30)
)
geometries = st.builds(
    Geometry,
    st.from_regex(r"\A[a-z][a-z0-9-]{0,15}\Z"),
    st.sampled_from(["Q4_K_M", "MXFP4", "F16"]),
    st.integers(1, 10**13),
    st.lists(layers, min_size=1, max_size=4).map(tuple),
    numbers,
    numbers,
    numbers,
    numbers,
    numbers,
    st.integers(0, 2**40),
    st.booleans(),
    st.just(8),
    st.integers(1, 8),
)


def new(**values: object) -> NewModel:
    """A model of some name."""
    texts = {"id": "m", "title": "T", "licence": "L", "note": "N", "audience": "A", "tier": "batch"}
    rest = {"repo": "o/n", "revision": "main", "file": "m.gguf", "profile": "p", "num_slots": 1, "context_tokens": 512}
    return NewModel(**{**texts, **rest, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("Qwen2.5-7B-Instruct-Q4_K_M.gguf", "qwen2-5-7b-instruct"),
        ("Meta-Llama-3-70B-Instruct.Q4_K_M.gguf", "meta-llama-3-70b-instruct"),
        ("gpt-oss-20b-mxfp4.gguf", "gpt-oss-20b"),
        ("model-IQ3_XXS.gguf", "model"),
        ("7b-chat.gguf", "m-7b-chat"),
        (f"{'long-' * 12}Q8_0.gguf", "long-long-long-long-long-long-long-long"),
    ],
)
def test_an_id_is_what_a_service_may_be_called(file: str, expected: str) -> None:
    """Without the quantisation, dots and capitals."""
    assert id_from(file) == expected


def test_a_name_of_which_no_id_can_be_made_is_told() -> None:
    """With the option that helps."""
    with pytest.raises(CatalogError, match="give one with --id"):
        id_from("中文.gguf")


@settings(deadline=None)  # YAML is slow on a busy machine
@given(geometries | st.sampled_from(GEOMETRIES))
def test_a_geometry_that_was_written_reads_as_itself(of: Geometry) -> None:
    """Every field, for any geometry."""
    entry = yaml.safe_load(model_text(new(), of))["m"]["full"]["geometry"]
    assert to_geometry(GeometryEntry.model_validate(entry)) == of


@settings(deadline=None)
@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_any_title_and_revision_are_read_as_texts(title: str, revision: str) -> None:
    """A header may say anything: colons, quotes, `yes`, numbers, lines, brackets; it adds no key."""
    entry = yaml.safe_load(model_text(new(title=title, revision=revision), GEOMETRIES[0]))["m"]
    assert entry["title"] == " ".join(title.split())
    assert entry["full"]["source"]["hub"] == {"repo": "o/n", "revision": " ".join(revision.split())}
    assert set(entry) == {"title", "licence", "note", "audience", "tier", "full"}


def test_the_lock_file_is_written_as_it_was_read() -> None:
    """Comments, order and lines: nothing changes where nothing is new."""
    text = (HERE / LOCK).read_text()
    assert with_locks(text, []) == text


def test_a_lock_line_takes_its_place_in_the_order_of_the_keys() -> None:
    """New ones beside, old ones replaced."""
    one, other = LockLine("b/b/b.gguf", "main", None, "1" * 64, 5), LockLine("a/a/a.gguf", "v1", "2" * 40, "3" * 64, 6)
    text = with_locks("# top\n", [one, other])
    assert text.startswith("# top\n\na/a/a.gguf:\n  revision: v1\n")
    assert lock_lines(text) == {other.key: other, one.key: one}
    again = LockLine("b/b/b.gguf", "main", "4" * 40, "5" * 64, 7)
    assert lock_lines(with_locks(text, [again]))[one.key] == again


def test_sizes_that_the_lock_knows_leave_the_entry() -> None:
    """Only beside the file that was locked."""
    text = "a:\n    file: a.gguf\n    file_bytes: 5\nb:\n    file: b.gguf\n    file_bytes: 6\n"
    assert without_sizes(text, ["o/n/a.gguf"]) == "a:\n    file: a.gguf\nb:\n    file: b.gguf\n    file_bytes: 6\n"
