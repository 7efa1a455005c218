"""Checked requests -> tokens: chat template, beginning of text, tokenizer. In the worker, beside its model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from serve.chat import ChatTemplate
from serve.engine.types import FailureKind, LoadError, ModelInfo, RefusedError, Request
from serve.messages import Generate, GenerateRequest


class Prompts:
    """Checked requests -> tokens."""

    def __init__(self, tokenize: Callable[[str], tuple[int, ...]], template: ChatTemplate | None, bos: str) -> None:
        self._tokenize = tokenize
        self.template = template
        self._bos = bos  # what the tokenizer puts in front by itself

    def prepare(self, message: Generate) -> Request:
        """Render, tokenize; raises RefusedError."""
        request = message.request
        text = self._text(request)
        if self._bos:
            text = text.removeprefix(self._bos)  # templates write it too, and two of them make answers worse
        return Request(
            id=message.id,
            prompt=self._tokenize(text),
            max_tokens=request.max_tokens,
            sampling=request.sampling,
            stop=request.stop,
            ignore_eos=request.ignore_eos,
            skip_first_space=bool(request.messages),
        )

    def _text(self, request: GenerateRequest) -> str:
        if request.text is not None:
            return request.text
        if self.template is None:
            raise RefusedError(
                FailureKind.BAD_PROMPT,
                "this model has no chat template: set chat_template in its models.json entry, or use /v1/completions",
            )
        return self.template.render(request.messages)


def make_prompts(tokenize: Callable[[str], tuple[int, ...]], info: ModelInfo, override: str | None) -> Prompts:
    """For a loaded model: `override` is the template of models.json, which wins over the file's own."""
    return Prompts(tokenize, _template(override, info), info.bos if info.adds_bos else "")


def _template(override: str | None, info: ModelInfo) -> ChatTemplate | None:
    source = info.chat_template if override is None else override
    if source is None:
        return None
    try:
        return ChatTemplate(source, bos=info.bos, eos=info.eos, now=lambda: datetime.now(tz=UTC))
    except ValueError as error:
        raise LoadError(str(error)) from error
