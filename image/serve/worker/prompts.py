"""Checked requests -> what the engine takes: chat template, beginning of text, tokenizer, grammar. Beside its model."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from serve.chat.plan import Chat, make_chat, plan_chat
from serve.chat.types import ChatPlan, Conversation, FormKind
from serve.engine.errors import LoadError, RefusedError
from serve.engine.types import (
    FailureKind,
    Grammar,
    ModelInfo,
    Request,
    Task,
)
from serve.messages import Generate, GenerateRequest, PairPrompt, Prepared, TextPrompt, Tokenize, Tokenized
from serve.worker.forms import to_gbnf, without_regex

# A token stands for four bytes on average, and every vocabulary has some that stand for more than this.
USUAL_BYTES = 12


class TooManyBytesError(RefusedError):
    """The prompt is too long for its bytes alone; how many tokens it has at least follows from that."""

    def __init__(self, num_bytes: int, most: int, context_tokens: int) -> None:
        text = f"the prompt has {num_bytes} bytes: this model has room for {most} at the very most"
        super().__init__(FailureKind.TOO_LONG, text)
        self.num_prompt_tokens = math.ceil(num_bytes * context_tokens / most)


class Vocabulary(Protocol):
    """A model's way from text to tokens and back."""

    def tokenize(self, text: str, *, add_special: bool = True, parse_special: bool = True) -> tuple[int, ...]:
        """Text to tokens, with what the model wants around them."""

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """A token's bytes. Control tokens have some only if asked for."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """Checked requests -> what the engine takes. `max_bytes`: no prompt of more can fit; None: nobody knows."""

    vocabulary: Vocabulary
    info: ModelInfo
    chat: Chat | None
    max_bytes: Callable[[], int | None] = lambda: None
    plenty_bytes: int = 0  # so many are fine at any rate
    context_tokens: int = 0

    def prepare(self, message: Generate) -> tuple[Request, Prepared | None]:
        """The engine's request, and what the reader of the answer must know of it. Raises RefusedError."""
        request = message.request
        self._check_task(request)
        plan, tokens = self._plan(message)
        is_chat = isinstance(request.prompt, Conversation)
        grammar = plan.grammar if is_chat else to_gbnf(request.form)
        sampling = request.sampling
        made = Request(
            id=message.id,
            prompt=tokens,
            max_tokens=request.max_tokens,
            sampling=replace(sampling, logit_bias=sampling.logit_bias + self._bias(request.text_bias)),
            stop=request.stop + plan.stop,
            ignore_eos=request.ignore_eos,
            skip_first_space=is_chat,
            task=request.task,
            num_choices=request.num_choices,
            num_logprobs=request.num_logprobs,
            scores_prompt=request.scores_prompt,
            tells_progress=request.tells_progress,
            grammar=None if grammar is None else Grammar(grammar, plan.triggers),
            show_special=plan.show_special,
            adapters=request.adapters,
            priority=request.priority,
            wait_s=request.wait_s,
            num_draft_tokens=request.num_draft_tokens,
            slot=request.slot,
        )
        echo = plan.prompt if request.echoes else ""
        told = Prepared(message.id, plan.format, plan.opened, echo)
        return made, None if told == Prepared(message.id) else told

    def render(self, conversation: Conversation) -> str:
        """The prompt of a conversation."""
        return self._chat_plan(conversation).prompt

    def tokenized(self, message: Tokenize) -> Tokenized:
        """The tokens of a text, and what each stands for."""
        self._check_size(message.text)
        tokens = self.vocabulary.tokenize(
            message.text, add_special=message.adds_special, parse_special=message.parses_special
        )
        pieces = tuple(self.vocabulary.piece(token, special=True) for token in tokens)
        return Tokenized(message.id, tokens, pieces)

    def detokenize(self, tokens: tuple[int, ...]) -> str:
        """The text that tokens stand for."""
        self._check_tokens(tokens)
        return b"".join(self.vocabulary.piece(token, special=True) for token in tokens).decode("utf-8", "replace")

    def _check_task(self, request: GenerateRequest) -> None:
        if isinstance(request.prompt, PairPrompt) and not self.info.ranks:
            raise RefusedError(FailureKind.UNSUPPORTED, "this model can't rank: that takes a model made for it")
        if request.task is Task.GENERATE and not self.info.generates:
            raise RefusedError(FailureKind.UNSUPPORTED, "this model can't write text: it only makes embeddings")

    def _plan(self, message: Generate) -> tuple[ChatPlan, tuple[int, ...]]:
        request = message.request
        match request.prompt:
            case Conversation():
                plan = self._chat_plan(request.prompt)
                return plan, self._tokenize(plan.prompt)
            case TextPrompt():
                text = self._text(request.prompt) if request.echoes else ""
                return ChatPlan(text), self._mixed(request.prompt)
            case PairPrompt():
                return ChatPlan(""), self._pair(request.prompt)

    def _chat_plan(self, conversation: Conversation) -> ChatPlan:
        if self.chat is None:
            raise RefusedError(
                FailureKind.BAD_PROMPT,
                "this model has no chat template: set chat_template in its models.json entry, or use /v1/completions",
            )
        form = without_regex(conversation.response_format)
        if form.kind is FormKind.GRAMMAR:
            to_gbnf(form)  # the client's own: whether it can be used
        return plan_chat(self.chat, replace(conversation, response_format=form))

    def _tokenize(self, text: str, *, is_start: bool = True, parses_special: bool = True) -> tuple[int, ...]:
        if is_start and self.info.adds_bos:
            text = text.removeprefix(self.info.bos)  # templates write it too, and two of them make answers worse
        self._check_size(text)
        if is_start and parses_special:
            return self.vocabulary.tokenize(text)
        return self.vocabulary.tokenize(text, add_special=is_start, parse_special=parses_special)

    def _mixed(self, prompt: TextPrompt) -> tuple[int, ...]:
        """As in llama.cpp: only a text at the very beginning gets what the model wants there."""
        if len(prompt.parts) == 1 and isinstance(text := prompt.parts[0], str):
            return self._tokenize(text)
        tokens: list[int] = []
        for index, part in enumerate(prompt.parts):
            if isinstance(part, str):
                tokens += self._tokenize(part, is_start=index == 0)
            else:
                tokens.append(part)
        self._check_tokens(tokens)
        return tuple(tokens)

    def _pair(self, prompt: PairPrompt) -> tuple[int, ...]:
        """[beginning] query [end] [separator] document [end], each where the model has it."""
        info = self.info
        control = {
            name: self._control(text) for name, text in (("bos", info.bos), ("eos", info.eos), ("sep", info.sep))
        }
        end = control["eos"] or control["sep"] if info.adds_eos or info.sep else ()
        return (
            *(control["bos"] if info.adds_bos else ()),
            *self._tokenize(prompt.query, is_start=False, parses_special=False),
            *end,
            *control["sep"],
            *self._tokenize(prompt.document, is_start=False, parses_special=False),
            *end,
        )

    def _control(self, text: str) -> tuple[int, ...]:
        return self.vocabulary.tokenize(text, add_special=False, parse_special=True) if text else ()

    def _bias(self, biases: tuple[tuple[str, float], ...]) -> tuple[tuple[int, float], ...]:
        return tuple(
            (token, bias)
            for text, bias in biases
            for token in self._tokenize(text, is_start=False, parses_special=False)
        )

    def _text(self, prompt: TextPrompt) -> str:
        self._check_tokens([part for part in prompt.parts if isinstance(part, int)])
        return "".join(part if isinstance(part, str) else self.detokenize((part,)) for part in prompt.parts)

    def _check_tokens(self, tokens: tuple[int, ...] | list[int]) -> None:
        num_vocab = self.info.num_vocab
        if num_vocab and tokens and max(tokens) >= num_vocab:
            raise RefusedError(FailureKind.BAD_PROMPT, f"there is no token {max(tokens)}: this model has {num_vocab}")

    def _check_size(self, text: str) -> None:
        """Before the tokenizer, which takes long for a long text."""
        if len(text) * 4 <= self.plenty_bytes:
            return
        num_bytes = len(text.encode("utf-8", "replace"))
        if num_bytes <= self.plenty_bytes:
            return
        most = self.max_bytes()
        if most is not None and num_bytes > most:
            raise TooManyBytesError(num_bytes, most, self.context_tokens)


def make_prompts(
    vocabulary: Vocabulary,
    info: ModelInfo,
    override: str | None,
    context_tokens: int,
    longest_token_bytes: Callable[[], int | None],
    template_kwargs_json: str = "{}",
) -> Prompts:
    """For a loaded model: `override` is the template of models.json, which wins over the file's own, and
    `template_kwargs_json` what it is told where a request says nothing else.

    No token stands for more bytes than the longest one, so a prompt of more than that times the context never fits.
    (Only white space that a control token swallows is counted though it costs no token.) Which is the longest takes a
    moment to find: it is asked when the first prompt comes that is long enough to matter.
    """

    def max_bytes() -> int | None:
        longest = longest_token_bytes()
        return None if longest is None else context_tokens * longest

    chat = _chat(vocabulary, override, info, json.loads(template_kwargs_json))
    return Prompts(vocabulary, info, chat, max_bytes, context_tokens * USUAL_BYTES, context_tokens)


def _chat(vocabulary: Vocabulary, override: str | None, info: ModelInfo, defaults: dict[str, Any]) -> Chat | None:
    source = info.chat_template if override is None else override
    if source is None:
        return None

    def vocab_has(text: str) -> bool:
        return len(vocabulary.tokenize(text, add_special=False, parse_special=True)) == 1

    def now() -> datetime:
        return datetime.now(tz=UTC)

    try:
        return make_chat(source, bos=info.bos, eos=info.eos, vocab_has=vocab_has, now=now, defaults=defaults)
    except ValueError as error:
        raise LoadError(str(error)) from error
