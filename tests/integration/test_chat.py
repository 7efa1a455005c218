"""From a conversation to calls on the real llama.cpp: the grammar makes a call of whatever a random model would say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serve.chat.parse import make_parser
from serve.chat.plan import plan_chat
from serve.chat.types import (
    Content,
    Conversation,
    FormKind,
    Piece,
    ResponseFormat,
    Tool,
    ToolArguments,
    ToolCallStart,
    ToolChoice,
    ToolMode,
)
from serve.engine.engine import Engine, Limits
from serve.engine.types import Delta, Failed, Grammar, LoadOptions, Request, Sampling
from tests.helpers.conversations import NAMES, chat, user

if TYPE_CHECKING:
    from serve.engine.llama.backend import Llama

pytestmark = pytest.mark.engine

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"unit": {"enum": ["C", "F"]}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
        "required": ["unit", "days"],
    }
)
TOOLS = (Tool("get_weather", "", SCHEMA), Tool("get_time", "", SCHEMA))
NUM_SLOTS, SEQUENCE_TOKENS, STEP_TOKENS = 2, 4096, 256


@pytest.fixture(scope="module")
def llama(tiny_model: Path) -> Iterator[Llama]:
    """The loaded tiny model."""
    from serve.engine.llama.backend import Llama

    with Llama(LoadOptions(tiny_model, NUM_SLOTS, SEQUENCE_TOKENS, STEP_TOKENS, num_threads=1)) as loaded:
        yield loaded


def thinks(name: str) -> bool:
    """May its answers begin with thoughts?"""
    found = chat(name).format
    return found.thoughts is not None or found.is_harmony


def answer(llama: Llama, name: str, conversation: Conversation, seed: int) -> list[Piece]:
    """Planned, generated, read."""
    plan = plan_chat(chat(name), conversation)
    assert plan.grammar is not None
    engine = Engine(llama, Limits(NUM_SLOTS, SEQUENCE_TOKENS, NUM_SLOTS * SEQUENCE_TOKENS, STEP_TOKENS, max_waiting=1))
    engine.submit(
        Request(
            0,
            llama.tokenize("Hi"),
            max_tokens=3000,
            sampling=Sampling(temperature=1.5, seed=seed),
            grammar=Grammar(plan.grammar, plan.triggers),
            show_special=plan.show_special,
        )
    )
    parser = make_parser(plan.format, plan.opened, tools=[tool.name for tool in conversation.tools])
    pieces: list[Piece] = []
    while not engine.is_idle:
        for event in engine.step():
            assert not isinstance(event, Failed), event.message
            if isinstance(event, Delta):
                pieces += parser.push(event.text)
    return pieces + parser.finish()


@pytest.mark.parametrize("name", [name for name in NAMES if not thinks(name)])
def test_a_random_model_makes_a_valid_call_when_it_must(llama: Llama, name: str) -> None:
    """In the form of every template that has no thoughts: those of a random model would not end."""
    conversation = Conversation((user("Hi"),), TOOLS, ToolChoice(ToolMode.REQUIRED), parallel=False)
    for seed in range(3):
        found = answer(llama, name, conversation, seed)
        (called,) = [piece.name for piece in found if isinstance(piece, ToolCallStart)]
        assert called in ("get_weather", "get_time")
        assert not [piece for piece in found if isinstance(piece, Content)]
        values = json.loads("".join(piece.text for piece in found if isinstance(piece, ToolArguments)))
        assert values["unit"] in ("C", "F")
        assert 1 <= values["days"] <= 9


@pytest.mark.parametrize("name", ["Qwen-Qwen2.5-7B-Instruct", "meta-llama-Llama-3.2-3B-Instruct"])
def test_a_random_model_answers_by_the_schema(llama: Llama, name: str) -> None:
    """response_format json_schema."""
    conversation = Conversation((user("Hi"),), response_format=ResponseFormat(FormKind.SCHEMA, SCHEMA))
    found = answer(llama, name, conversation, seed=1)
    values = json.loads("".join(piece.text for piece in found if isinstance(piece, Content)))
    assert values.keys() == {"unit", "days"}
