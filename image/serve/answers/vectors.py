"""Vectors and scores as APIs tell them."""

from __future__ import annotations

import base64
import math
import sys
from array import array
from collections.abc import Sequence

from serve.answers.frame import Chunk
from serve.engine.types import Embedded


def numbers(vector: bytes) -> array[float]:
    """As the engine tells them: float32, little-endian."""
    found = array("f", vector)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def normalized(vector: array[float], dimensions: int | None = None) -> array[float]:
    """The first so many, made of length 1. A vector of zeros stays one."""
    kept = vector if dimensions is None else vector[:dimensions]
    length = math.hypot(*kept)
    return array("f", (value / length for value in kept)) if length else kept


def openai_vectors(told: Sequence[Embedded], model: str, *, as_base64: bool, dimensions: int | None) -> Chunk:
    """OpenAI's list of embeddings."""
    data = []
    for index, each in enumerate(told):
        vector = normalized(numbers(each.vector), dimensions)
        shown = base64.b64encode(vector.tobytes()).decode() if as_base64 else vector.tolist()
        data.append({"object": "embedding", "index": index, "embedding": shown})
    return {"object": "list", "data": data, "model": model, "usage": _usage(told)}


def native_vectors(told: Sequence[Embedded], *, is_normalized: bool) -> list[Chunk]:
    """llama.cpp's: each text has a list of vectors, of which there is one."""
    vectors = [numbers(each.vector) for each in told]
    kept = [normalized(vector) for vector in vectors] if is_normalized else vectors
    return [{"index": index, "embedding": [vector.tolist()]} for index, vector in enumerate(kept)]


def ranking(told: Sequence[Embedded], top_n: int | None) -> list[tuple[int, float]]:
    """Documents by their score, the best first."""
    scores = [(index, numbers(each.vector)[0]) for index, each in enumerate(told)]
    return sorted(scores, key=lambda pair: -pair[1])[:top_n]


def jina_ranking(told: Sequence[Embedded], model: str, top_n: int | None, documents: Sequence[str] | None) -> Chunk:
    """Jina's and Cohere's form. `documents` None: they are not repeated."""
    results = []
    for index, score in ranking(told, top_n):
        document = {} if documents is None else {"document": {"text": documents[index]}}
        results.append({"index": index, "relevance_score": score} | document)
    return {"model": model, "object": "list", "usage": _usage(told), "results": results}


def tei_ranking(told: Sequence[Embedded], top_n: int | None, documents: Sequence[str] | None) -> list[Chunk]:
    """text-embeddings-inference's form."""
    return [
        {"index": index, "score": score} | ({} if documents is None else {"text": documents[index]})
        for index, score in ranking(told, top_n)
    ]


def _usage(told: Sequence[Embedded]) -> Chunk:
    num_tokens = sum(each.num_prompt_tokens for each in told)
    return {"prompt_tokens": num_tokens, "total_tokens": num_tokens}
