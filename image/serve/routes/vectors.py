"""Embeddings and ranking, in the forms of OpenAI, llama.cpp, Jina and text-embeddings-inference."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from serve.answers.vectors import jina_ranking, native_vectors, openai_vectors, tei_ranking
from serve.engine.types import Embedded
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.routes.answering import json_answer, with_headers
from serve.routes.table import Routes
from serve.services import Services, services_of
from serve.wire.embedding import EmbeddingRequest, NativeEmbeddingRequest
from serve.wire.rerank import RerankRequest

posts = Routes("vectors")


@posts.post("/v1/embeddings")
async def embeddings(body: EmbeddingRequest, request: Request) -> Response:
    """One vector of length 1 for each text."""
    services = services_of(request)
    entry = services.supervisor.models.find(body.model)
    told = await _embed(services, entry, with_headers(request, body.to_generate(entry)))
    size = len(told[0].vector) // 4
    if body.dimensions is not None and body.dimensions > size:
        raise InvalidRequestError(f"dimensions is {body.dimensions}: this model has {size}", param="dimensions")
    as_base64 = body.encoding_format == "base64"
    return json_answer(openai_vectors(told, entry.id, as_base64=as_base64, dimensions=body.dimensions))


@posts.post("/embedding")
@posts.post("/embeddings", in_document=False)
async def native_embeddings(body: NativeEmbeddingRequest, request: Request) -> Response:
    """The same as llama.cpp tells it."""
    services = services_of(request)
    entry = services.supervisor.models.find(body.model)
    told = await _embed(services, entry, with_headers(request, body.to_generate(entry)))
    return json_answer(native_vectors(told, is_normalized=body.embd_normalize == 2))


@posts.post("/v1/rerank")
@posts.post("/rerank")
@posts.post("/v2/rerank", in_document=False)  # of Cohere's newer client
@posts.post("/v1/reranking", in_document=False)
@posts.post("/reranking", in_document=False)
async def rerank(body: RerankRequest, request: Request) -> Response:
    """Documents by how well they answer the query."""
    services = services_of(request)
    entry = services.supervisor.models.find(body.model)
    told = await _embed(services, entry, with_headers(request, body.to_generate(entry)))
    documents = body.plain_documents() if body.returns_text else None
    if body.is_tei:
        return json_answer(tei_ranking(told, body.top_n, documents))
    return json_answer(jina_ranking(told, entry.id, body.top_n, documents))


async def _embed(services: Services, entry: ModelEntry, requests: Sequence[GenerateRequest]) -> list[Embedded]:
    """In the order of the requests."""
    found: dict[int, Embedded] = {}
    async with services.generation(entry.id, requests) as batches:
        async for batch in batches:
            found |= {index: told for index, told in batch if isinstance(told, Embedded)}
    return [found[index] for index in range(len(requests))]
