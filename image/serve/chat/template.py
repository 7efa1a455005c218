"""Turns -> prompt text, by the model's own Jinja template or the one in models.json.

Templates come with the weights, so they are as trusted as a download: they run sandboxed and bounded (sandbox.py), in
the worker, where a hostile one can at worst end that worker.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import jinja2

from serve.chat.budget import Budget
from serve.chat.sandbox import BoundedEnvironment
from serve.chat.types import ChatMessage
from serve.engine.errors import RefusedError
from serve.engine.types import FailureKind

Turn = dict[str, Any]  # a message as templates know it


class ChatTemplate:
    """One compiled template. Not for several threads at a time: a render has its budget in the environment."""

    def __init__(self, source: str, *, bos: str, eos: str, now: Callable[[], datetime]) -> None:
        self.source = source
        self._now = now
        self._environment = BoundedEnvironment()
        self._environment.globals.update(
            bos_token=bos, eos_token=eos, raise_exception=_refuse, strftime_now=lambda form: now().strftime(form)
        )
        try:
            self._template = self._environment.from_string(source)
        except (jinja2.TemplateSyntaxError, jinja2.TemplateAssertionError, RecursionError, OverflowError) as error:
            raise ValueError(f"the chat template is not valid Jinja: {error}") from error

    def _llama_cpps(self, tools: Sequence[dict[str, Any]] | None) -> dict[str, str]:
        """What llama.cpp tells, too, where a template asks: else Llama 3's is in 2024, and Firefunction's fails."""
        now = self._now()
        told = {
            "date_string": now.strftime("%d %b %Y"),
            "datetime": now.strftime("%b %d %Y %H:%M:%S GMT"),
            "functions": json.dumps(tools, indent=2, ensure_ascii=False) if tools else "",
        }
        return {name: value for name, value in told.items() if name in self.source}

    def render(self, messages: tuple[ChatMessage, ...]) -> str:
        """The prompt for the assistant's next turn. RefusedError when the template does not take these messages."""
        return self.render_turns([{"role": m.role, "content": m.content} for m in messages])

    def render_turns(
        self,
        turns: Sequence[Turn],
        *,
        tools: Sequence[dict[str, Any]] | None = None,
        more: Mapping[str, Any] | None = None,
        add_generation_prompt: bool = True,
    ) -> str:
        """The same for turns in the very form that the template wants. `more` are its further variables."""
        self._environment.budget = Budget()
        variables = {**self._llama_cpps(tools), **(more or {}), "add_generation_prompt": add_generation_prompt}
        try:
            return self._template.render(messages=turns, tools=tools, **variables)
        except RefusedError:
            raise
        except Exception as error:  # whatever a template does, only this request may feel it
            raise RefusedError(FailureKind.BAD_PROMPT, f"the model's chat template failed: {error}") from error


def _refuse(message: str) -> NoReturn:
    raise RefusedError(FailureKind.BAD_PROMPT, f"the model's chat template refuses this conversation: {message}")
