"""POST /v1/rerank as Jina, Cohere and llama.cpp have it, and as text-embeddings-inference has it (`texts`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest, PairPrompt
from serve.models import ModelEntry
from serve.wire.body import Body
from serve.wire.embedding import VectorFields

MAX_DOCUMENTS = 2048


class Document(Body):
    """A document with a name for its text."""

    text: str


Documents = Annotated[list[str | Document], Field(min_length=1, max_length=MAX_DOCUMENTS)]


class RerankRequest(VectorFields):
    """Which documents answer the query best?"""

    query: str
    documents: Documents | None = None
    texts: Documents | None = None
    top_n: Annotated[int, Field(ge=1)] | None = None
    return_documents: bool = False
    return_text: bool = False

    @property
    def is_tei(self) -> bool:
        """Does the client speak text-embeddings-inference's form?"""
        return self.texts is not None

    @property
    def returns_text(self) -> bool:
        """Does the answer repeat the documents?"""
        return self.return_text if self.is_tei else self.return_documents

    def plain_documents(self) -> list[str]:
        """Their texts."""
        given = self.documents if self.texts is None else self.texts
        if given is None:
            raise InvalidRequestError("documents is missing", param="documents")
        return [each if isinstance(each, str) else each.text for each in given]

    def to_generate(self, entry: ModelEntry) -> list[GenerateRequest]:
        """The checked requests, one for each document."""
        common = self.common(entry)
        return [GenerateRequest(PairPrompt(self.query, document), **common) for document in self.plain_documents()]
