"""Conversations -> prompt text, by the model's own Jinja template or the one in models.json.

Templates come with the weights, so they are as trusted as a download: they run sandboxed, in the worker, where a
hostile one can at worst end that worker.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from serve.chat.types import ChatMessage
from serve.engine.types import FailureKind, RefusedError


class ChatTemplate:
    """One compiled template."""

    def __init__(self, source: str, *, bos: str, eos: str, now: Callable[[], datetime]) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[loopcontrols, _GenerationTag],
            autoescape=False,  # the output is a prompt, not HTML
        )
        environment.filters["tojson"] = _to_json
        environment.globals.update(
            bos_token=bos, eos_token=eos, raise_exception=_refuse, strftime_now=lambda form: now().strftime(form)
        )
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateSyntaxError as error:
            raise ValueError(f"the chat template is not valid Jinja: {error}") from error

    def render(self, messages: tuple[ChatMessage, ...]) -> str:
        """The prompt for the assistant's next turn. RefusedError when the template does not take these messages."""
        turns = [{"role": m.role, "content": m.content} for m in messages]
        try:
            return self._template.render(messages=turns, add_generation_prompt=True, tools=None)
        except RefusedError:
            raise
        except Exception as error:  # whatever a template does, only this request may feel it
            raise RefusedError(FailureKind.BAD_PROMPT, f"the model's chat template failed: {error}") from error


class _GenerationTag(Extension):
    """Transformers' {% generation %} marks what to train on: pass its content through."""

    tags = {"generation"}  # noqa: RUF012  (jinja2 declares it so)

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        """Drop the tag, keep the body."""
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _refuse(message: str) -> NoReturn:
    raise RefusedError(FailureKind.BAD_PROMPT, f"the model's chat template refuses this conversation: {message}")


def _to_json(value: Any, indent: int | None = None, **_: object) -> str:
    """As in Transformers: readable characters, no HTML escapes."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
