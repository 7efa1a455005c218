"""Tests of serve.answers.vectors."""

from __future__ import annotations

import math
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.answers.vectors import jina_ranking, native_vectors, normalized, openai_vectors, ranking, tei_ranking
from serve.engine.types import Embedded

TOLD = [Embedded(1, struct.pack("<f", score), 5) for score in (0.5, 2.0, -1.0, 2.0)]


@given(
    st.lists(st.floats(-1e6, 1e6, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3), min_size=1), st.integers(1, 9)
)
def test_vectors_get_length_one_and_keep_their_direction(values: list[float], dimensions: int) -> None:
    """Also those that are made shorter. One of zeros stays one."""
    found = normalized(array("f", values), dimensions)
    kept = values[:dimensions]
    length = math.hypot(*kept)
    assert len(found) == len(kept)
    assert math.hypot(*found) == pytest.approx(1 if length else 0, abs=1e-5)
    assert [value * length for value in found] == pytest.approx(kept, rel=1e-4, abs=1e-4)


def test_the_best_document_comes_first() -> None:
    """Equals in the order in which they came; only so many as are wanted."""
    assert ranking(TOLD, None) == [(1, 2.0), (3, 2.0), (0, 0.5), (2, -1.0)]
    assert ranking(TOLD, 1) == [(1, 2.0)]
    assert len(ranking(TOLD, 99)) == 4


def test_documents_are_repeated_only_when_asked_for() -> None:
    """They may be long."""
    names = ["a", "b", "c", "d"]
    assert jina_ranking(TOLD, "m", 1, None)["results"] == [{"index": 1, "relevance_score": 2.0}]
    assert jina_ranking(TOLD, "m", 1, names)["results"][0]["document"] == {"text": "b"}
    assert tei_ranking(TOLD, 1, None) == [{"index": 1, "score": 2.0}]
    assert tei_ranking(TOLD, 1, names) == [{"index": 1, "score": 2.0, "text": "b"}]


def test_usage_counts_all_texts() -> None:
    """Nothing is generated."""
    usage = {"prompt_tokens": 20, "total_tokens": 20}
    assert openai_vectors(TOLD, "m", as_base64=False, dimensions=None)["usage"] == usage
    assert jina_ranking(TOLD, "m", None, None)["usage"] == usage


def test_llama_cpps_vectors_are_lists_of_lists() -> None:
    """As they are, or of length 1."""
    assert native_vectors(TOLD[:1], is_normalized=False) == [{"index": 0, "embedding": [[0.5]]}]
    assert native_vectors(TOLD[:1], is_normalized=True) == [{"index": 0, "embedding": [[1.0]]}]
