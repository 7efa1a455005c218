"""Tests of serve.wire.rerank."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serve.engine.types import Task
from serve.errors import InvalidRequestError
from serve.messages import PairPrompt
from serve.wire.rerank import RerankRequest
from tests.unit.serve.wire.bodies import ENTRY


def test_each_document_is_paired_with_the_query() -> None:
    """Texts, plain or under their name."""
    body = RerankRequest.model_validate({"query": "q", "documents": ["a", {"text": "b"}]})
    found = body.to_generate(ENTRY)
    assert [each.prompt for each in found] == [PairPrompt("q", "a"), PairPrompt("q", "b")]
    assert {each.task for each in found} == {Task.EMBED}


def test_the_field_of_the_documents_tells_the_clients_form() -> None:
    """Each form has its own wish for the texts."""
    jina = RerankRequest.model_validate({"query": "q", "documents": ["a"], "return_documents": True})
    tei = RerankRequest.model_validate({"query": "q", "texts": ["a"], "return_documents": True})
    assert (jina.is_tei, jina.returns_text) == (False, True)
    assert (tei.is_tei, tei.returns_text) == (True, False)


@pytest.mark.parametrize(
    "fields",
    [
        {"documents": []},
        {"documents": 123},
        {"documents": [1, 2]},
        {"documents": None},
        {},
        {"texts": ["a"], "top_n": 0},
    ],
)
def test_what_cannot_be_ranked_is_refused(fields: dict[str, Any]) -> None:
    """Nothing, or no texts."""
    with pytest.raises((ValidationError, InvalidRequestError)):
        RerankRequest.model_validate({"query": "q"} | fields).to_generate(ENTRY)
