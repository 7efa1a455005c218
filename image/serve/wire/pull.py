"""POST /v1/api/pull."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from serve.pulls.names import SHA256_PATTERN
from serve.pulls.types import PullOrder
from serve.wire.body import Body

Text = Annotated[str, Field(min_length=1, max_length=1000)]


class PullRequest(Body):
    """One file of a repository, any part of a split model, or a pattern that one model fits.

    Which names are allowed is said where all pulls begin: pulls/names.py.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF",
                    "filename": "tinyllama-1.1b-chat-v1.0.Q2_K.gguf",
                }
            ]
        }
    )

    model: Text
    filename: Text
    revision: Text = "main"
    sha256: Annotated[Text, Field(json_schema_extra={"pattern": f"^{SHA256_PATTERN}$"})] | None = None
    stream: bool = True

    def order(self) -> PullOrder:
        """The same in our words."""
        return PullOrder(self.model, self.filename, self.revision, self.sha256)
