"""Checked requests -> tokens: chat template, beginning of text, tokenizer. In the worker, beside its model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from serve.chat.template import ChatTemplate
from serve.engine.types import FailureKind, LoadError, ModelInfo, RefusedError, Request
from serve.messages import Generate, GenerateRequest

# A token stands for four bytes on average, and every vocabulary has some that stand for more than this.
USUAL_BYTES = 12


class Prompts:
    """Checked requests -> tokens."""

    def __init__(
        self,
        tokenize: Callable[[str], tuple[int, ...]],
        template: ChatTemplate | None,
        bos: str,
        max_bytes: Callable[[], int | None] = lambda: None,
        plenty_bytes: int = 0,
    ) -> None:
        self._tokenize = tokenize
        self.template = template
        self._bos = bos  # what the tokenizer puts in front by itself
        self._max_bytes = max_bytes
        self._plenty_bytes = plenty_bytes  # so many are fine at any rate

    def prepare(self, message: Generate) -> Request:
        """Render, tokenize; raises RefusedError."""
        request = message.request
        text = self._text(request)
        if self._bos:
            text = text.removeprefix(self._bos)  # templates write it too, and two of them make answers worse
        self._check_size(text)
        return Request(
            id=message.id,
            prompt=self._tokenize(text),
            max_tokens=request.max_tokens,
            sampling=request.sampling,
            stop=request.stop,
            ignore_eos=request.ignore_eos,
            skip_first_space=bool(request.messages),
        )

    def _check_size(self, text: str) -> None:
        """Before the tokenizer, which takes long for a long text."""
        num_bytes = len(text.encode("utf-8", "replace"))
        if num_bytes <= self._plenty_bytes:
            return
        most = self._max_bytes()
        if most is not None and num_bytes > most:
            raise RefusedError(
                FailureKind.TOO_LONG,
                f"the prompt has {num_bytes} bytes: this model has room for {most} at the very most",
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


def make_prompts(
    tokenize: Callable[[str], tuple[int, ...]],
    info: ModelInfo,
    override: str | None,
    context_tokens: int,
    longest_token_bytes: Callable[[], int | None],
) -> Prompts:
    """For a loaded model: `override` is the template of models.json, which wins over the file's own.

    No token stands for more bytes than the longest one, so a prompt of more than that times the context never fits.
    (Only white space that a control token swallows is counted though it costs no token.) Which is the longest takes a
    moment to find: it is asked when the first prompt comes that is long enough to matter.
    """

    def max_bytes() -> int | None:
        longest = longest_token_bytes()
        return None if longest is None else context_tokens * longest

    bos = info.bos if info.adds_bos else ""
    return Prompts(tokenize, _template(override, info), bos, max_bytes, plenty_bytes=context_tokens * USUAL_BYTES)


def _template(override: str | None, info: ModelInfo) -> ChatTemplate | None:
    source = info.chat_template if override is None else override
    if source is None:
        return None
    try:
        return ChatTemplate(source, bos=info.bos, eos=info.eos, now=lambda: datetime.now(tz=UTC))
    except ValueError as error:
        raise LoadError(str(error)) from error
