"""POST /v1/completions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.wire.body import Flag
from serve.wire.common import MAX_CHOICES, MAX_TOKENS, TextFields
from serve.wire.prompts import Prompts, read_prompts
from serve.wire.refuse import Neutral, refuse_what_is_not_served

DEFAULT_TOKENS = 16  # OpenAI's
MAX_LOGPROBS = 20
_NOT_SERVED: Neutral = {"suffix": ("",), "tools": ([],)}


class CompletionRequest(TextFields):
    """POST /v1/completions. With max_tokens 0 and echo, the prompt itself is measured."""

    prompt: Prompts
    max_tokens: Annotated[int, Field(ge=0, le=MAX_TOKENS)] | None = DEFAULT_TOKENS
    n_predict: Annotated[int, Field(ge=-1, le=MAX_TOKENS)] | None = None  # llama.cpp's name for max_tokens
    echo: Flag = False
    logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None

    def to_generate(self, entry: ModelEntry) -> list[GenerateRequest]:
        """The checked requests, one for each prompt."""
        refuse_what_is_not_served(self, _NOT_SERVED)
        common = self.common(entry)
        if self.n_predict is not None and "max_tokens" not in self.model_fields_set:
            common["max_tokens"] = None if self.n_predict < 0 else self.n_predict
        prompts = read_prompts(self.prompt)
        if len(prompts) * self.num_choices > MAX_CHOICES and len(prompts) > 1:
            raise InvalidRequestError(
                f"{len(prompts)} prompts with n {self.num_choices} make {len(prompts) * self.num_choices} answers: "
                f"{MAX_CHOICES} are allowed",
                param="prompt",
            )
        return [
            GenerateRequest(
                prompt=prompt,
                num_logprobs=self.logprobs,
                scores_prompt=self.echo and self.logprobs is not None,
                echoes=self.echo or bool(self.verbose),
                form=self.form(),
                **common,
            )
            for prompt in prompts
        ]
